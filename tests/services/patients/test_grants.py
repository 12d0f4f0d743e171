"""What a grant really opens, and nothing beside it: paying, contact details, appointments."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.appointments import Appointment
from portal_app.db.tables.billing import Account, PaymentMethod
from portal_app.db.tables.families import Patient
from portal_app.domain.access import Principal, Side
from portal_app.domain.appointments import AppointmentStatus
from portal_app.domain.billing.types import PaymentStatus
from portal_app.domain.errors import NotFound
from portal_app.domain.families import GrantKind, PatientStatus
from portal_app.domain.ids import AppointmentId, PaymentId, new_id
from portal_app.domain.money import Money
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.billing.accounts import use_credit, view_account
from portal_app.services.billing.errors import CardCannotBeSaved
from portal_app.services.billing.invoices.read import list_invoices, view_invoice
from portal_app.services.billing.invoices.shared_invoices import list_shared_invoices
from portal_app.services.billing.payments.pay import pay_invoice
from portal_app.services.billing.payments.payment_methods import rename_payment_method
from portal_app.services.billing.payments.receipts import view_receipt
from portal_app.services.billing.statements import view_statement
from portal_app.services.documents import payment_documents
from portal_app.services.patients import access, grants, members
from portal_app.services.sign_in import rate_limits
from portal_app.services.sign_in.sessions import principal_of
from tests.memberships_helper import add_membership, add_plan
from tests.people import INVOICE, KIM, LUIS, LUIS_S, MARIA, RIVERA, VISA, People, Person, add_payment
from tests.services.credentials_helper import TEST, new_session, recipients_of


@pytest.fixture(autouse=True)
def _nobody_has_tried_yet() -> Iterator[None]:
    rate_limits.forget_all()
    yield
    rate_limits.forget_all()


def again(principal: Principal) -> Principal:
    return principal_of(principal.session_ref, Side.PATIENT)


def let(granter: Person, to: Person, kind: GrantKind) -> str:
    return grants.share(new_session(granter), kind, to.given_name, to.family_name, to.birth_date)


def test_pay_for_me_shows_amount_and_due_date_and_nothing_of_what_it_was_for(sample_people: People):
    luis = new_session(LUIS)
    assert list_shared_invoices(luis) == ()
    with pytest.raises(NotFound):
        view_invoice(luis, INVOICE)
    let(MARIA, LUIS, GrantKind.PAY)
    luis = again(luis)  # with the next event
    (invoice,) = list_shared_invoices(luis)
    assert (invoice.shared_by, invoice.due, invoice.number) == ("Maria Rivera", Money(120_00), "INV-1001")
    shown = view_invoice(luis, INVOICE)
    assert (shown.title, shown.people, shown.provider, shown.shared_by) == ("", (), "", "Maria Rivera")
    assert [(line.description, line.amount) for line in shown.lines] == [("", Money(120_00))]
    assert "Crown" not in str(payment_documents.invoice_facts(shown, "en"))


def test_what_another_adult_owes_is_never_ones_own_figure(sample_people: People):
    let(MARIA, LUIS, GrantKind.PAY)
    shown = list_invoices(new_session(LUIS))
    assert (shown.owed, shown.owed_count, shown.count) == (Money(60_00), 1, 1)


def test_the_granters_cards_receipts_account_and_statement_stay_shut(sample_people: People):
    paid = add_payment(INVOICE, 20_00)
    let(MARIA, LUIS, GrantKind.PAY)
    luis = new_session(LUIS)
    shown = view_invoice(luis, INVOICE)
    assert shown.payment_methods == ()
    assert [(p.shown, p.receipt_number) for p in shown.payments] == [("", "")]
    with pytest.raises(NotFound):
        view_receipt(luis, paid)
    with pytest.raises(NotFound):
        view_account(luis, RIVERA)
    with pytest.raises(NotFound):
        view_statement(luis, date(2026, 1, 1), date(2026, 6, 30), account_id=RIVERA)
    with pytest.raises(NotFound):
        rename_payment_method(luis, VISA, "mine")
    with pytest.raises(NotFound):
        use_credit(luis, RIVERA)
    with reading(luis) as tx:
        assert tx.get(Account, RIVERA) is None and tx.get(PaymentMethod, VISA) is None


def test_the_named_adult_pays_with_a_card_of_their_own_and_has_the_receipt(sample_people: People):
    let(MARIA, LUIS, GrantKind.PAY)
    luis, processor = new_session(LUIS), FakeProcessor()
    payment = PaymentId(new_id("pay"))
    with pytest.raises(NotFound):
        pay_invoice(luis, payment, INVOICE, Money(120_00), processor=processor, payment_method_id=VISA)
    with pytest.raises(CardCannotBeSaved):
        pay_invoice(
            luis, payment, INVOICE, Money(120_00), processor=processor, token=processor.token(), save=True
        )
    outcome = pay_invoice(luis, payment, INVOICE, Money(120_00), processor=processor, token=processor.token())
    assert outcome.status is PaymentStatus.SUCCEEDED
    assert view_receipt(luis, payment).amount == Money(120_00)
    assert view_invoice(new_session(MARIA), INVOICE).due == Money(0)
    assert list_shared_invoices(luis) == ()


def test_withdrawn_it_ends_in_the_open_session(sample_people: People):
    wish = let(MARIA, LUIS, GrantKind.PAY)
    luis = new_session(LUIS)
    grants.stop_sharing(new_session(MARIA), wish)
    luis = again(luis)
    assert luis.granted_accounts == frozenset()
    with pytest.raises(NotFound):
        view_invoice(luis, INVOICE)
    with pytest.raises(NotFound):
        pay_invoice(
            luis, PaymentId(new_id("pay")), INVOICE, Money(1_00), processor=FakeProcessor(), token="tok_visa"
        )
    assert recipients_of("sharing_changed") == {"maria@example.com", "+12125550142"}


def test_it_ends_with_whoever_shared_it(sample_people: People):
    let(MARIA, LUIS, GrantKind.PAY)
    luis = new_session(LUIS)
    with transaction(TEST) as tx:
        maria = tx.get_or_404(Patient, MARIA.id)
        maria.status = PatientStatus.DECEASED
        tx.add(maria)
        access.families_changed(tx)
    assert again(luis).granted_accounts == frozenset()


def test_appointments_are_shared_alone(sample_people: People):
    with transaction(TEST) as tx:
        tx.add(
            Appointment(
                id=AppointmentId(new_id("apt")),
                practice_key="A-1",
                patient_id=KIM.id,
                provider="Dr. Ada Osei",
                start=clock.now() + timedelta(days=3),
                status=AppointmentStatus.BOOKED,
            )
        )
    luis = new_session(LUIS)
    assert list_invoices(luis).next_appointment is None
    wish = let(KIM, LUIS, GrantKind.APPOINTMENTS_AND_FORMS)
    luis = again(luis)
    prefetch = list_invoices(luis).next_appointment
    assert prefetch and prefetch.patient_name == "Kim"
    assert KIM.id not in luis.patients and luis.granted_accounts == frozenset()
    with pytest.raises(NotFound):
        grants.contacts_of(luis, KIM.id)
    grants.stop_sharing(new_session(KIM), wish)
    assert list_invoices(again(luis)).next_appointment is None


def test_dep_11_others_on_ones_membership_are_a_name_dates_and_a_price(sample_people: People):
    start = date(2026, 1, 1)
    add_membership(LUIS_S, add_plan("Care"), [LUIS.id, MARIA.id], start=start)
    (row,) = members.view_coverage(new_session(LUIS)).others
    assert (row.name, row.plan, row.start, row.end, row.price) == (
        "Maria Rivera",
        "Care",
        start,
        None,
        Money(80_00),
    )
    assert members.view_coverage(new_session(MARIA)).others == ()
