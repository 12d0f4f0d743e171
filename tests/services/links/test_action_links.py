"""One-purpose links, access links, the public address, desk codes."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlmodel import col, select

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.billing import Invoice
from portal_app.db.tables.credentials import ActionLink
from portal_app.db.tables.families import Patient
from portal_app.db.tables.sign_in import PortalSession
from portal_app.domain.access import Permission, Side
from portal_app.domain.credentials import Purpose
from portal_app.domain.errors import NotFound, NotSignedIn, PermissionDenied
from portal_app.domain.families import ContactKind
from portal_app.domain.money import Money
from portal_app.domain.sign_in import SessionScope
from portal_app.services.credentials import desk_codes
from portal_app.services.credentials.errors import DeskCodeForDependent, WrongDeskCode
from portal_app.services.links import action_links, pay_links
from portal_app.services.links.errors import LinkNeedsBirthDate, LinkOver, WrongBirthDate
from portal_app.services.sign_in import rate_limits
from portal_app.services.sign_in.sessions import hash_token, principal_of, redeem
from tests.people import EVA, INVOICE, KIM, MARIA, RIVERA, People
from tests.services.credentials_helper import NOBODY, TEST, make_link, new_session, outbox, sign_in_as, trail


@pytest.fixture(autouse=True)
def _nobody_has_tried_yet() -> Iterator[None]:
    rate_limits.forget_all()
    yield
    rate_limits.forget_all()


def pay_link(sample_people: People) -> tuple[str, str]:
    """Its id and the token in its address."""
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
    this = action_links.link_session(guest)
    assert (this.subject_id, this.at_most, this.account_id) == (INVOICE, Money(120_00), RIVERA)


def test_code_14_only_that_purpose_and_nothing_of_the_chart(sample_people: People):
    _, token = pay_link(sample_people)
    guest = sign_in_as(action_links.open_link(NOBODY, token, MARIA.birth_date))
    with reading(guest) as tx:
        assert tx.exec(select(Patient)).all() == []
        assert tx.exec(select(Invoice)).all() == []
    payer, this = action_links.link_payer(guest)
    assert (payer.accounts, payer.patients, payer.patient_id) == ({RIVERA}, frozenset(), None)
    assert not payer.may(Permission.MY_RECORDS)
    assert this.purpose is Purpose.PAY
    with pytest.raises(NotFound):
        action_links.link_payer(guest, Purpose.CARD)
    with pytest.raises(PermissionDenied):
        action_links.link_session(new_session(MARIA))


def test_code_14_three_wrong_dates_close_the_link(sample_people: People):
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


def test_a_link_expires_is_revoked_and_is_done(sample_people: People):
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


def test_the_token_is_kept_as_a_hash_only(sample_people: People):
    link_id, token = pay_link(sample_people)
    with reading(TEST) as tx:
        row = tx.get_or_404(ActionLink, link_id)
    assert token not in (row.hash, row.id)
    assert len(token) >= 43


def test_who_makes_which_link(sample_people: People):
    assert pay_links.make_pay_link(sample_people.nora, INVOICE)
    with pytest.raises(PermissionDenied):
        pay_links.make_pay_link(new_session(MARIA), INVOICE)
    with pytest.raises(LinkNeedsBirthDate):  # a child opens no link
        make_link(sample_people.dana, Purpose.FORMS, "frm_1", patient_id=EVA.id)


def test_who_takes_which_link_back(sample_people: People):
    form = make_link(sample_people.dana, Purpose.FORMS, "frm_1", patient_id=MARIA.id)
    with pytest.raises(PermissionDenied):
        action_links.revoke_link(sample_people.nora, form.id)
    action_links.revoke_link(sample_people.dana, form.id)
    action_links.revoke_link(sample_people.nora, make_link(sample_people.nora, Purpose.PAY, INVOICE).id)


def test_two_parallel_openings_of_one_link_leave_one_session(db: str):
    _, token = pay_link(People.create())
    together = threading.Barrier(6)

    def open_it() -> None:
        together.wait()
        with clock.held_at(clock.now()):
            try:
                redeem(action_links.open_link(NOBODY, token, MARIA.birth_date))
            except NotSignedIn:
                return

    threads = [threading.Thread(target=open_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading(TEST) as tx:
        open_ones = tx.exec(select(PortalSession).where(col(PortalSession.revoked_at).is_(None))).all()
    assert [session.scope for session in open_ones] == [SessionScope.LINK]


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


def test_code_13_a_desk_code_with_birth_date_and_initials(sample_people: People):
    with pytest.raises(PermissionDenied):
        desk_codes.print_desk_code(sample_people.nora, KIM.id)
    slip = desk_codes.print_desk_code(sample_people.dana, KIM.id)
    assert slip.code in " ".join(slip.lines)
    assert "Kim" not in " ".join(slip.lines)
    for born, letters in ((MARIA.birth_date, "KO"), (KIM.birth_date, "MO")):
        with pytest.raises(WrongDeskCode):
            desk_codes.desk_sign_in(NOBODY, slip.code, born, letters)
    kim = sign_in_as(
        desk_codes.desk_sign_in(NOBODY, slip.code.lower().replace("-", " "), KIM.birth_date, "k. o.")
    )
    assert kim.patient_id == KIM.id
    with pytest.raises(WrongDeskCode):
        desk_codes.desk_sign_in(NOBODY, slip.code, KIM.birth_date, "KO")


def test_code_13_three_misses_a_day_or_a_newer_code_end_it(sample_people: People):
    burnt = desk_codes.print_desk_code(sample_people.dana, KIM.id).code
    for _ in range(3):
        with pytest.raises(WrongDeskCode):
            desk_codes.desk_sign_in(NOBODY, burnt, MARIA.birth_date, "KO")
    old = desk_codes.print_desk_code(sample_people.dana, KIM.id).code
    new = desk_codes.print_desk_code(sample_people.dana, KIM.id).code
    for code in (burnt, old, "AAAAA-AAAAA"):
        with pytest.raises(WrongDeskCode):
            desk_codes.desk_sign_in(NOBODY, code, KIM.birth_date, "KO")
    with clock.held_at(clock.now() + timedelta(hours=24)), pytest.raises(WrongDeskCode):
        desk_codes.desk_sign_in(NOBODY, new, KIM.birth_date, "KO")
    with pytest.raises(DeskCodeForDependent):
        desk_codes.print_desk_code(sample_people.dana, EVA.id)


def test_code_13_two_parallel_uses_make_one_session(db: str):
    code = desk_codes.print_desk_code(People.create().dana, KIM.id).code
    tickets: list[str] = []
    together = threading.Barrier(6)

    def use() -> None:
        together.wait()
        with clock.held_at(clock.now()):
            try:
                tickets.append(desk_codes.desk_sign_in(NOBODY, code, KIM.birth_date, "KO"))
            except WrongDeskCode:
                return

    threads = [threading.Thread(target=use) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tickets) == 1


def test_a_link_session_is_not_among_what_a_stranger_may_use(sample_people: People):
    _, token = pay_link(sample_people)
    with transaction(TEST) as tx:
        assert tx.exec(select(PortalSession)).all() == []
    guest = sign_in_as(action_links.open_link(NOBODY, token, MARIA.birth_date))
    assert principal_of(guest.session_ref, Side.PATIENT).name.startswith("link:lnk_")
    assert guest.session_ref != hash_token(token)
