"""Action links, access links and the portal's public address."""

import threading
from datetime import timedelta

import pytest
from sqlmodel import col, select

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.billing import Invoice
from portal_app.db.tables.credentials import ActionLink
from portal_app.db.tables.families import Patient
from portal_app.db.tables.sign_in import PortalSession
from portal_app.domain.access import Permission, Side, nobody
from portal_app.domain.credentials.types import Purpose
from portal_app.domain.errors import NotFound, NotSignedIn, PermissionDenied
from portal_app.domain.families import ContactKind
from portal_app.domain.money import Money
from portal_app.domain.sign_in import SessionScope
from portal_app.services.links import action_links, pay_links
from portal_app.services.links.errors import LinkNeedsBirthDate, LinkOver, WrongBirthDate
from portal_app.services.sign_in import rate_limits
from portal_app.services.sign_in.sessions import hash_token, principal_of, redeem
from tests.people import EVA, INVOICE, KIM, MARIA, RIVERA, People
from tests.services.credentials_helper import NOBODY, TEST, make_link, new_session, outbox, sign_in_as, trail


def pay_link(sample_people: People) -> tuple[str, str]:
    """A pay link's id and the token in its address."""
    made = make_link(sample_people.dana, Purpose.PAY, INVOICE, at_most=Money(120_00))
    address, _, token = made.address.partition("#")
    assert address.endswith("/links")
    return made.id, token


def test_code_14_a_forwarded_pay_link_asks_for_the_date_of_birth(sample_people: People):
    _, token = pay_link(sample_people)
    with pytest.raises(WrongBirthDate):
        action_links.open_link(NOBODY, token, KIM.birth_date)
    guest = sign_in_as(action_links.open_link(NOBODY, token, MARIA.birth_date))
    assert guest.permissions == {Permission.ACTION_LINK}
    session = action_links.link_session(guest)
    assert (session.subject_id, session.at_most, session.account_id) == (INVOICE, Money(120_00), RIVERA)


def test_code_14_a_link_session_reads_no_patient_and_has_one_purpose(sample_people: People):
    _, token = pay_link(sample_people)
    guest = sign_in_as(action_links.open_link(NOBODY, token, MARIA.birth_date))
    with reading(guest) as tx:
        assert tx.exec(select(Patient)).all() == []
        assert tx.exec(select(Invoice)).all() == []
    payer, session = action_links.link_payer(guest)
    assert (payer.accounts, payer.patients, payer.patient_id) == ({RIVERA}, frozenset(), None)
    assert not payer.may(Permission.MY_RECORDS)
    assert session.purpose is Purpose.PAY
    with pytest.raises(NotFound):
        action_links.link_payer(guest, Purpose.CARD)
    with pytest.raises(PermissionDenied):
        action_links.link_session(new_session(MARIA))


def test_code_14_three_wrong_birth_dates_block_the_link(sample_people: People):
    link_id, token = pay_link(sample_people)
    for attempt in range(3):
        with pytest.raises(LinkOver if attempt == 2 else WrongBirthDate):
            action_links.open_link(NOBODY, token, KIM.birth_date)
    with pytest.raises(LinkOver):
        action_links.open_link(NOBODY, token, MARIA.birth_date)
    assert [v.state for v in action_links.list_links(sample_people.dana, MARIA.id) if v.id == link_id] == [
        "blocked"
    ]
    assert [e.outcome for e in trail() if e.action == "open_link_failed"] == ["refused"] * 4


def test_links_that_nobody_has_fill_no_trail(sample_people: People):
    """One try from each of many networks passes every limit of one address."""
    rate_limits.forget_all()
    _, token = pay_link(sample_people)
    while rate_limits.has_room("nobody all"):
        pass
    for number in range(3):
        with pytest.raises(LinkOver):
            action_links.open_link(nobody(f"2001:db8:0:{number}::1"), "unknown", KIM.birth_date)
    assert not [e for e in trail() if e.action == "open_link_failed"]
    with pytest.raises(WrongBirthDate):  # what is about somebody is always written
        action_links.open_link(NOBODY, token, KIM.birth_date)
    assert [e.patient_id for e in trail() if e.action == "open_link_failed"] == [MARIA.id]
    rate_limits.forget_all()


def test_an_expired_revoked_or_done_link_opens_nothing(sample_people: People):
    link_id, token = pay_link(sample_people)
    guest = sign_in_as(action_links.open_link(NOBODY, token, MARIA.birth_date))
    with pytest.raises(PermissionDenied):
        action_links.revoke_link(new_session(MARIA), link_id)
    action_links.revoke_link(sample_people.nora, link_id)
    with pytest.raises(NotSignedIn):
        principal_of(guest.session_ref, Side.PATIENT)
    link_id, token = pay_link(sample_people)
    with clock.held_at(clock.now() + timedelta(days=14)), pytest.raises(LinkOver):
        action_links.open_link(NOBODY, token, MARIA.birth_date)
    guest = sign_in_as(action_links.open_link(NOBODY, token, MARIA.birth_date))
    with transaction(TEST) as tx:
        tx.get_or_404(ActionLink, link_id).done_at = clock.now()
    with pytest.raises(LinkOver):
        action_links.open_link(NOBODY, token, MARIA.birth_date)
    with pytest.raises(NotSignedIn):
        action_links.link_session(guest)


def test_only_the_hash_of_a_link_is_stored(sample_people: People):
    link_id, token = pay_link(sample_people)
    with reading(TEST) as tx:
        row = tx.get_or_404(ActionLink, link_id)
    assert token not in (row.hash, row.id)
    assert len(token) >= 43


def test_links_are_made_with_a_permission_and_for_adults(sample_people: People):
    assert pay_links.make_pay_link(sample_people.nora, INVOICE)
    with pytest.raises(PermissionDenied):
        pay_links.make_pay_link(new_session(MARIA), INVOICE)
    with pytest.raises(LinkNeedsBirthDate):  # a child opens no link
        make_link(sample_people.dana, Purpose.FORMS, "frm_1", patient_id=EVA.id)


def test_links_are_revoked_with_the_permission_to_make_them(sample_people: People):
    form = make_link(sample_people.dana, Purpose.FORMS, "frm_1", patient_id=MARIA.id)
    with pytest.raises(PermissionDenied):
        action_links.revoke_link(sample_people.nora, form.id)
    action_links.revoke_link(sample_people.dana, form.id)
    action_links.revoke_link(sample_people.nora, make_link(sample_people.nora, Purpose.PAY, INVOICE).id)


def test_two_parallel_openings_of_one_link_leave_one_session(db: str):
    _, token = pay_link(People.create())
    barrier = threading.Barrier(6)

    def open_link() -> None:
        barrier.wait()
        with clock.held_at(clock.now()):
            try:
                redeem(action_links.open_link(NOBODY, token, MARIA.birth_date))
            except NotSignedIn:
                return

    threads = [threading.Thread(target=open_link) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading(TEST) as tx:
        open_sessions = tx.exec(select(PortalSession).where(col(PortalSession.revoked_at).is_(None))).all()
    assert [session.scope for session in open_sessions] == [SessionScope.LINK]


def test_an_access_link_fills_in_the_contact_and_opens_nothing(sample_people: People):
    address = action_links.make_access_link(sample_people.dana, ContactKind.EMAIL, "maria@example.com")
    page, _, token = address.partition("#")
    assert page.endswith("/sign-in")
    assert "maria" not in token
    assert action_links.open_access_link(NOBODY, token) == "maria@example.com"
    for wrong in (token[:-4] + "AAAA", "", "nonsense"):
        with pytest.raises(LinkOver):
            action_links.open_access_link(NOBODY, wrong)
    with clock.held_at(clock.now() + timedelta(days=8)), pytest.raises(LinkOver):
        action_links.open_access_link(NOBODY, token)
    gone = action_links.make_access_link(sample_people.dana, ContactKind.EMAIL, "nobody@example.com")
    with pytest.raises(LinkOver):
        action_links.open_access_link(NOBODY, gone.partition("#")[2])


def test_an_access_link_is_sent_to_each_address(sample_people: People):
    assert action_links.send_access_link(sample_people.dana, MARIA.id) == 2
    assert {m.to for m in outbox("access_link")} == {"maria@example.com", "+12125550142"}
    with pytest.raises(PermissionDenied):
        action_links.send_access_link(sample_people.nora, MARIA.id)


def test_the_public_address_has_a_qr_code(sample_people: People):
    shown = action_links.make_portal_link(sample_people.dana, "desk")
    assert shown.address.endswith("/sign-in?by=desk")
    assert shown.qr_svg.startswith("<svg")
    with pytest.raises(PermissionDenied):
        action_links.make_portal_link(sample_people.nora)


def test_opening_a_link_makes_a_session_of_its_own(sample_people: People):
    _, token = pay_link(sample_people)
    with transaction(TEST) as tx:
        assert tx.exec(select(PortalSession)).all() == []
    guest = sign_in_as(action_links.open_link(NOBODY, token, MARIA.birth_date))
    assert principal_of(guest.session_ref, Side.PATIENT).name.startswith("link:lnk_")
    assert guest.session_ref != hash_token(token)
