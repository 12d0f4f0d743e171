"""The contact of who joins: equal before the code, led to sign in after it, floods held (JOIN-2)."""

import pytest
from sqlmodel import select

from portal_app import clock
from portal_app.db.scope import reading
from portal_app.db.tables.families import Patient
from portal_app.db.tables.memberships import JoinRequest
from portal_app.db.tables.messages import OutboxMessage
from portal_app.db.tables.sign_in import SignInCode
from portal_app.domain.access import nobody
from portal_app.domain.errors import UserError
from portal_app.domain.memberships.types import JoinStatus
from portal_app.domain.money import Money
from portal_app.domain.sign_in import JOIN_LIFE
from portal_app.services.memberships.joining import errors
from portal_app.services.memberships.joining.contact import request_join_code, verify_join_contact
from portal_app.services.memberships.joining.view import keep_join_owner, view_join
from portal_app.services.sign_in import rate_limits
from portal_app.services.sign_in.codes import check_birth_date, check_code, request_code
from portal_app.services.sign_in.errors import (
    InvalidContact,
    SignInCodeOver,
    TooManyAttempts,
    WrongSignInCode,
)
from portal_app.services.sign_in.sessions import redeem
from tests.people import MARIA, People
from tests.services.memberships.joining.helper import (
    SYSTEM,
    VISITOR,
    ZOE,
    ZOE_MAIL,
    both,
    code_sent,
    count,
    join_settings,
    offer,
    verified,
)
from tests.services.sign_in.code_steps import code_for, code_in


@pytest.fixture(autouse=True)
def people(sample_people: People) -> None:
    """The people of the examples are there, and joining is on."""
    join_settings()


def test_join_2_before_the_code_a_known_and_an_unknown_contact_are_the_same(db: str):
    known, unknown = request_join_code(VISITOR, "maria@example.com"), request_join_code(VISITOR, ZOE_MAIL)
    assert (known.channel, len(known.reference)) == (unknown.channel, len(unknown.reference))
    ours, theirs = code_sent(known.id), code_sent(unknown.id)
    for name in ("kind", "channel", "language", "subject", "body"):
        one, other = (
            str(getattr(row, name)).replace(code_in(row), "######").replace(asked.reference, "REF")
            for row, asked in ((ours, known), (theirs, unknown))
        )
        assert one == other
    assert ours.to == "maria@example.com"
    assert theirs.to == ZOE_MAIL
    assert ours.expires_at == theirs.expires_at
    for asked in (known, unknown):
        with pytest.raises(WrongSignInCode):
            verify_join_contact(VISITOR, asked.id, "x", "maria@example.com")


def test_join_2_who_is_known_signs_in_after_the_code_and_nobody_is_made(db: str):
    plan, before = offer(), count(Patient)
    request = request_join_code(VISITOR, "maria@example.com")
    contact = verify_join_contact(
        VISITOR, request.id, code_in(code_sent(request.id)), "maria@example.com", both(plan)
    )
    assert contact.known
    assert redeem(check_birth_date(VISITOR, request.id, MARIA.birth_date, "Maria"))
    assert count(Patient) == before
    assert count(JoinRequest) == 0
    with pytest.raises(errors.JoinOver):
        keep_join_owner(VISITOR, request.id, ZOE)


def test_who_is_new_goes_on_after_the_code_with_what_they_chose(db: str):
    plan = offer()
    code = verified(both(plan))
    seen = view_join(VISITOR, code)
    assert seen.choice == both(plan)
    assert seen.price and seen.price.first == Money(110_00)
    assert seen.status is JoinStatus.OPEN


def test_a_lost_tab_goes_on_with_another_code_and_two_tabs_share_one_request(db: str):
    plan = offer()
    first = verified(both(plan))
    second = verified(None)
    keep_join_owner(VISITOR, second, ZOE)
    assert view_join(VISITOR, first) == view_join(VISITOR, second)
    assert view_join(VISITOR, first).owner == ZOE
    assert count(JoinRequest) == 1


def test_a_code_for_joining_signs_nobody_in_whom_it_does_not_name(db: str):
    code = verified(both(offer()))
    with pytest.raises(UserError) as refusal:
        check_birth_date(VISITOR, code, MARIA.birth_date)
    assert refusal.value.code == "sign_in.wrong_birth_date"


def test_a_code_for_signing_in_joins_nobody(db: str):
    asked = request_code(VISITOR, "maria@example.com")
    with pytest.raises(errors.JoinOver):
        verify_join_contact(VISITOR, asked.id, code_for(asked), "maria@example.com")
    with pytest.raises(errors.JoinOver):
        view_join(VISITOR, asked.id)


def test_a_contact_other_than_the_one_the_code_went_to_is_refused(db: str):
    asked = request_join_code(VISITOR, ZOE_MAIL)
    with pytest.raises(errors.JoinOver):
        verify_join_contact(VISITOR, asked.id, code_in(code_sent(asked.id)), "maria@example.com")
    assert count(JoinRequest) == 0


def test_nothing_is_open_without_the_code_or_two_hours_after_it(db: str):
    asked = request_join_code(VISITOR, ZOE_MAIL)
    for code in (asked.id, "", "cod_00000000000000000000000000000000"):
        with pytest.raises(errors.JoinOver):
            view_join(VISITOR, code)
    code = verified(both(offer()), "other@example.org")
    with clock.held_at(clock.now() + JOIN_LIFE), pytest.raises(errors.JoinOver):
        view_join(VISITOR, code)


def test_a_used_up_code_is_over_and_a_bad_contact_is_refused(db: str):
    asked = request_join_code(VISITOR, ZOE_MAIL)
    for _ in range(4):
        with pytest.raises(WrongSignInCode):
            check_code(VISITOR, asked.id, "000000x")
    with pytest.raises(SignInCodeOver):
        check_code(VISITOR, asked.id, "000000x")
    for typed in ("", "zoe", "zoe@", "555", "x" * 300 + "@example.org"):
        with pytest.raises(InvalidContact):
            request_join_code(VISITOR, typed)


def test_joining_is_closed_where_the_practice_did_not_turn_it_on(db: str):
    join_settings(join_online=False)
    with pytest.raises(errors.JoiningOff):
        request_join_code(VISITOR, ZOE_MAIL)
    with reading(SYSTEM) as tx:
        assert not tx.exec(select(SignInCode)).all()
        assert not tx.exec(select(OutboxMessage)).all()


def test_a_flood_from_one_address_shuts_nobody_else_out(db: str):
    for number in range(6):
        request_join_code(VISITOR, f"flood{number}@example.org")
    for known in ("maria@example.com", "another@example.org"):  # the same answer for both
        with pytest.raises(TooManyAttempts):
            request_join_code(VISITOR, known)
    assert request_join_code(nobody("198.51.100.4"), ZOE_MAIL)
    assert request_code(VISITOR, "maria@example.com")  # signing in has limits of its own


def test_a_flood_on_one_contact_leaves_other_contacts_and_its_own_sign_in(db: str):
    for number in range(3):
        request_join_code(nobody(f"198.51.{number}.4"), "maria@example.com")
    with pytest.raises(TooManyAttempts):
        request_join_code(nobody("192.0.2.4"), "maria@example.com")
    assert request_join_code(nobody("192.0.2.4"), ZOE_MAIL)
    assert request_code(nobody("192.0.2.4"), "maria@example.com")


def test_a_flood_in_all_is_held_and_leaves_newcomers_and_signing_in_alone(db: str):
    sent = 0
    for number in range(60):  # each address three times: the first has room of its own
        for again in range(3):
            try:
                request_join_code(nobody(f"100.{number}.1.1"), f"flood{number}.{again}@example.org")
            except TooManyAttempts:
                continue
            sent += 1
    assert sent == 60 + 120
    with pytest.raises(TooManyAttempts):
        request_join_code(nobody("100.0.1.1"), "more@example.org")
    assert request_join_code(nobody("192.0.2.9"), ZOE_MAIL)
    assert request_code(nobody("192.0.2.9"), "maria@example.com")


def test_newcomers_too_are_held_in_all_known_or_not(db: str):
    for _ in range(600):
        rate_limits.count_attempt("join code newcomers")
    for address, contact in (("192.0.2.9", "maria@example.com"), ("198.51.100.9", "new@example.org")):
        with pytest.raises(TooManyAttempts):
            request_join_code(nobody(address), contact)
    assert request_code(nobody("192.0.2.9"), "maria@example.com")
