"""A session in a frame of the practice's site: what it may do, for how long, and what it is nowhere else."""

from datetime import timedelta

import pytest

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.billing import Payment
from portal_app.domain.access import Permission, Principal, Side, nobody, system_principal
from portal_app.domain.billing.types import Origin
from portal_app.domain.errors import NotSignedIn, PermissionDenied
from portal_app.domain.ids import PaymentId, new_id
from portal_app.domain.money import Money
from portal_app.domain.sign_in import SessionScope, session_ref
from portal_app.domain.sites.errors import SiteUnusable
from portal_app.services.billing.invoices.read import list_invoices
from portal_app.services.billing.payments.pay import pay_invoice
from portal_app.services.billing.payments.receipts import view_receipt
from portal_app.services.documents.payment_documents import invoice_document
from portal_app.services.practice.embedding import framed_by
from portal_app.services.practice.settings import change_setting
from portal_app.services.sign_in.sessions import keep_alive, principal_of, redeem, write_ticket
from tests.payments_helper import fake_processor
from tests.people import INVOICE, MARIA, VISA, People

SITE = "https://www.juniper.example"


def ticket(scope: SessionScope) -> str:
    with transaction(system_principal("test")) as tx:
        return write_ticket(tx, way="code", patient_id=MARIA.id, scope=scope)


def in_a_frame() -> tuple[str, str]:
    """The cookie's value, and what the portal knows of it."""
    value = redeem(ticket(SessionScope.EMBED), scope=SessionScope.EMBED).value
    return value, session_ref(value, SessionScope.EMBED)


def framed_maria() -> Principal:
    return principal_of(in_a_frame()[1], Side.PATIENT)


def test_it_sees_and_pays_invoices_and_the_payment_says_where(sample_people: People):
    maria = framed_maria()
    assert list_invoices(maria).owed
    payment = PaymentId(new_id("pay"))
    pay_invoice(maria, payment, INVOICE, Money(20_00), processor=fake_processor(), payment_method_id=VISA)
    with reading(system_principal("test")) as tx:
        assert tx.get_or_404(Payment, payment).origin is Origin.EMBED
    assert view_receipt(maria, payment).amount == Money(20_00)
    assert invoice_document(maria, INVOICE, "en").content.startswith(b"%PDF")


def test_it_sees_no_record_not_even_the_next_appointment(sample_people: People):
    maria = framed_maria()
    assert list_invoices(maria).next_appointment is None
    for kept in (Permission.MY_RECORDS, Permission.MY_ACCOUNT):
        with pytest.raises(PermissionDenied):
            maria.require(kept)


def test_its_cookie_is_nobody_where_the_portals_own_is_read(sample_people: People):
    value, _ = in_a_frame()
    with pytest.raises(NotSignedIn):
        principal_of(session_ref(value), Side.PATIENT)


def test_the_portals_own_cookie_is_nobody_in_a_frame(sample_people: People):
    value = redeem(ticket(SessionScope.FULL)).value
    assert principal_of(session_ref(value), Side.PATIENT).may(Permission.MY_ACCOUNT)
    with pytest.raises(NotSignedIn):
        principal_of(session_ref(value, SessionScope.EMBED), Side.PATIENT)


def test_a_ticket_makes_the_session_it_was_written_for_and_no_other(sample_people: People):
    for written, asked in ((SessionScope.EMBED, SessionScope.FULL), (SessionScope.FULL, SessionScope.EMBED)):
        with pytest.raises(NotSignedIn):
            redeem(ticket(written), scope=asked)


def test_it_lasts_an_hour_whatever_one_does(sample_people: People):
    _, ref = in_a_frame()
    began = clock.now()
    for minutes in range(0, 60, 10):
        with clock.held_at(began + timedelta(minutes=minutes)):
            keep_alive(principal_of(ref, Side.PATIENT))
    with clock.held_at(began + timedelta(minutes=60)), pytest.raises(NotSignedIn):
        principal_of(ref, Side.PATIENT)


def test_the_practice_names_the_sites_that_may_frame_it(sample_people: People):
    assert framed_by(nobody()) == ()
    change_setting(sample_people.olga, "embed_origins", [f"{SITE}/", SITE])
    assert framed_by(nobody()) == (SITE,)
    change_setting(sample_people.olga, "embed_origins", [])
    assert framed_by(nobody()) == ()


@pytest.mark.parametrize("site", ["http://juniper.example", "*", f"{SITE}; script-src *"])
def test_what_is_no_site_is_refused(sample_people: People, site: str):
    with pytest.raises(SiteUnusable):
        change_setting(sample_people.olga, "embed_origins", [site])


def test_only_who_manages_settings_may_name_them(sample_people: People):
    for person in (sample_people.dana, sample_people.nora, sample_people.maria):
        with pytest.raises(PermissionDenied):
            change_setting(person, "embed_origins", [SITE])
