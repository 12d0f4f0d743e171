"""Signing in by password, desk code and link, and "My sign-in", as a tab holds them."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from sqlmodel import select

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.sign_in import PortalSession
from portal_app.domain.access import Principal, Side
from portal_app.domain.credentials.errors import PasswordTooShort
from portal_app.domain.credentials.types import Proof, Purpose
from portal_app.domain.errors import NotSignedIn
from portal_app.domain.money import Money
from portal_app.domain.sign_in import SessionScope
from portal_app.services.credentials import desk_codes, passwords
from portal_app.services.credentials.errors import ChallengeOver
from portal_app.services.links import action_links
from portal_app.services.patients.errors import SearchTooShort
from portal_app.services.sign_in.idle_sessions import ended_sessions, seconds_left
from portal_app.services.sign_in.sessions import keep_alive, principal_of
from portal_app.state.base import PortalState
from portal_app.state.billing.pay_link import PayLinkState
from portal_app.state.errors import BirthDateIncomplete
from portal_app.state.sign_in.other_methods import DeskCodeState, LinkSignInState, PasswordState
from portal_app.state.sign_in_settings.overview import AccountState
from portal_app.state.staff.front_desk import FrontDeskState
from portal_app.state.typed_fields import six_digits
from tests.people import INVOICE, KIM, MARIA, People, Person
from tests.services.credentials_helper import (
    NOBODY,
    PASSWORD,
    TEST,
    code_sent,
    make_link,
    new_session,
    next_code,
    sign_in_as,
    with_app,
    with_password,
)
from tests.state_helper import happens, look_from, on_screen, shows_refusal


@pytest.fixture
def seen_by(monkeypatch: pytest.MonkeyPatch) -> Callable[[Principal], None]:
    return lambda who: look_from(monkeypatch, who)


def opened(page: PortalState) -> None:
    """The page is loaded, or moved to: the guards count visits."""
    page._visit += 1


def born(who: Person) -> dict[str, str]:
    day = who.birth_date
    return {"born_month": str(day.month), "born_day": str(day.day), "born_year": str(day.year)}


@pytest.mark.parametrize(
    "typed",
    [
        "402817",
        "402 817",
        "402-817",
        "Your code is 402817 (K7QX).",
        "402817 is your code. @example.com #402817",
    ],
)
def test_a_pasted_message_gives_its_code(typed: str):
    assert six_digits(typed) == "402817"


async def test_the_same_words_for_a_wrong_password_and_an_unknown_name(
    sample_people: People, seen_by: Callable[[Principal], None]
):
    with_password(KIM, "kim")
    seen_by(NOBODY)
    messages = set()
    for username in ("kim", "nobody"):
        page = on_screen(PasswordState, "/sign-in/password")
        await happens(page.check_password, form={"username": username, "password": "not this one at all"})
        assert page.step == "password"
        messages.add(page.message)
    assert len(messages) == 1 and "" not in messages


async def test_the_app_is_asked_for_and_five_wrong_codes_start_over(
    sample_people: People, seen_by: Callable[[Principal], None]
):
    app, _ = with_app(with_password(KIM, "kim"))
    seen_by(NOBODY)
    page = on_screen(PasswordState, "/sign-in/password")
    await happens(page.check_password, form={"username": "KIM", "password": PASSWORD})
    assert (page.step, page.way, page.sent_to) == ("factor", "totp", "")
    assert "email" not in [choice.way for choice in page.choices]  # the app replaced codes
    await happens(page.check_factor, form={"code": next_code(app)})
    assert page.step == "done"
    assert sign_in_as(page.ticket).patient_id == KIM.id
    page = on_screen(PasswordState, "/sign-in/password")
    await happens(page.check_password, form={"username": "kim", "password": PASSWORD})
    for _ in range(5):
        await happens(page.check_factor, form={"code": "000000"})
    assert (page.step, page.ticket) == ("password", "") and shows_refusal(page, ChallengeOver)


async def test_a_form_sent_before_the_page_has_loaded_is_not_forgotten_by_its_load(
    sample_people: People, seen_by: Callable[[Principal], None]
):
    with_app(with_password(KIM, "kim"))
    seen_by(NOBODY)
    page = on_screen(PasswordState, "/sign-in/password")
    opened(page)
    await happens(page.check_password, form={"username": "kim", "password": PASSWORD})
    await happens(page.load)
    assert page.step == "factor"
    await happens(page.load)  # the connection was lost and is there again
    assert page.step == "factor"
    opened(page)
    await happens(page.load)
    assert (page.step, page.choices, page._challenge) == ("password", [], "")


async def test_the_set_up_of_an_app_goes_on_after_a_lost_connection(
    sample_people: People, seen_by: Callable[[Principal], None]
):
    seen_by(new_session(KIM))
    page = on_screen(AccountState, "/account")
    opened(page)
    await happens(page.load)
    await happens(page.start_change, change="app", passkey="")
    secret = page.secret
    await happens(page.load)
    assert (page.panel, page.secret) == ("app", secret)
    opened(page)
    await happens(page.load)
    assert (page.panel, page.secret) == ("", "")


async def test_without_an_app_a_code_is_sent_at_once(
    sample_people: People, seen_by: Callable[[Principal], None]
):
    with_password(KIM, "kim")
    seen_by(NOBODY)
    page = on_screen(PasswordState, "/sign-in/password")
    await happens(page.check_password, form={"username": "kim", "password": PASSWORD})
    assert (page.way, page.sent_to) == ("email", "k•••@example.com")
    await happens(page.check_factor, form={"code": code_sent("second_code", "kim@example.com")})
    assert sign_in_as(page.ticket).patient_id == KIM.id


async def test_code_13_a_desk_code_signs_in_with_birth_date_and_initials(
    sample_people: People, seen_by: Callable[[Principal], None]
):
    slip = desk_codes.print_desk_code(sample_people.dana, KIM.id)
    seen_by(NOBODY)
    page = on_screen(DeskCodeState, "/sign-in/desk")
    await happens(page.sign_in, form={"code": slip.code, "initials": "zz", "born_month": "13"})
    assert shows_refusal(page, BirthDateIncomplete, "born")
    await happens(page.sign_in, form={"code": slip.code, "initials": "zz", **born(KIM)})
    assert page.message and not page.field_errors
    assert not page.ticket
    await happens(page.sign_in, form={"code": slip.code, "initials": "K.O.", **born(KIM)})
    assert sign_in_as(page.ticket).patient_id == KIM.id


def pay_link(sample_people: People, at_most: int) -> str:
    made = make_link(sample_people.olga, Purpose.PAY, INVOICE, at_most=Money(at_most, "USD"))
    return urlsplit(made.address).fragment


@pytest.mark.parametrize(
    ("at_most", "shown"),
    [(5000, "$50.00"), (12000, "$120.00"), (99900, "$120.00")],
    ids=["ALL-8", "whole", "ALL-9"],
)
async def test_code_14_a_pay_link_shows_one_invoice_and_no_more_than_it_says(
    sample_people: People, seen_by: Callable[[Principal], None], at_most: int, shown: str
):
    token = pay_link(sample_people, at_most)
    seen_by(NOBODY)
    sign_in = on_screen(LinkSignInState, "/links")
    await happens(sign_in.open_link, form={"token": token, **born(KIM)})
    assert sign_in.field_errors["born"]
    assert not sign_in.ticket
    await happens(sign_in.open_link, form={"token": token, **born(MARIA)})
    visitor = sign_in_as(sign_in.ticket)
    seen_by(visitor)
    page = on_screen(PayLinkState, "/links/bill")
    await happens(page.load)
    assert (page.ready, page.figure) == (True, shown)
    words = " ".join(str(value) for value in page.dict()[page.get_full_name()].values())
    for word in ("Maria", "Rivera", "Eva", "Office", "visit"):
        assert word not in words


async def test_a_link_session_opens_nothing_else(sample_people: People, seen_by: Callable[[Principal], None]):
    ticket = action_links.open_link(NOBODY, pay_link(sample_people, 5000), MARIA.birth_date)
    seen_by(sign_in_as(ticket))
    page = on_screen(AccountState, "/account")
    said = await happens(page.load)
    assert not page.ready
    assert "/sign-in" in str(said[-1].args)


async def my_sign_in(seen_by: Callable[[Principal], None], who: Principal) -> AccountState:
    seen_by(who)
    page = on_screen(AccountState, "/account")
    await happens(page.load)
    assert page.ready
    return page


async def test_a_password_is_set_and_an_old_sign_in_needs_re_authentication_first(
    sample_people: People, seen_by: Callable[[Principal], None]
):
    page = await my_sign_in(seen_by, new_session(KIM))
    await happens(page.start_change, change="password", passkey="")
    assert page.panel == "password"
    await happens(page.set_password, form={"username": "kim", "password": "short"})
    assert page.panel == "password" and shows_refusal(page, PasswordTooShort)
    await happens(page.set_password, form={"username": "kim", "password": PASSWORD})
    assert (page.panel, page.has_password, page.username) == ("", True, "kim")
    await happens(page.start_change, change="recovery", passkey="")
    assert (page.panel, page.way) == ("prove", "password")
    await happens(page.check_proof, form={"code": "not the password"})
    assert page.panel == "prove" and page.field_errors["code"]
    await happens(page.check_proof, form={"code": PASSWORD})
    assert page.panel == "confirm"
    await happens(page.confirm_change)
    assert page.panel == "codes"
    assert len(set(page.codes)) == 10
    await happens(page.close_panel)
    assert (page.codes, page.recovery_left) == ([], 10)


async def test_a_forgotten_password_needs_the_second_step_not_the_email_alone(
    sample_people: People, seen_by: Callable[[Principal], None]
):
    _, codes = with_app(with_password(KIM, "kim"))
    page = await my_sign_in(seen_by, new_session(KIM))
    await happens(page.start_change, change="password", passkey="")
    assert page.panel == "prove"
    await happens(page.choose_factor, way="email")
    await happens(page.check_proof, form={"code": code_sent("second_code", "kim@example.com")})
    assert (page.panel, page.ask_another_proof) == ("prove", True)
    await happens(page.choose_factor, way="recovery")
    await happens(page.check_proof, form={"code": codes[0]})
    assert page.panel == "password"
    await happens(page.set_password, form={"username": "kim", "password": "seven green umbrellas dancing"})
    assert passwords.password_sign_in(NOBODY, "kim", "seven green umbrellas dancing").ways[0] is Proof.TOTP


async def test_a_change_that_is_confirmed_first_is_refused_without_its_panel(
    sample_people: People, seen_by: Callable[[Principal], None]
):
    page = await my_sign_in(seen_by, with_password(KIM, "kim"))
    page.change = "no_password"
    await happens(page.confirm_change)
    assert page.message
    assert passwords.view_sign_in(new_session(KIM)).has_password
    await happens(page.start_change, change="owner", passkey="")
    assert page.message


async def test_devices_are_listed_and_signed_out_there(
    sample_people: People, seen_by: Callable[[Principal], None]
):
    elsewhere = new_session(KIM, device="Mozilla/5.0 (iPhone) Safari/604.1")
    page = await my_sign_in(seen_by, new_session(KIM))
    assert [item.here for item in page.devices] == [True, False]
    assert page.devices[1].words == "Safari on iPhone"
    await happens(page.end_device, device=page.devices[1].id)
    assert len(page.devices) == 1
    assert (page.message, page.tone) == ("That device is signed out.", "paid")
    with pytest.raises(NotSignedIn):
        principal_of(elsewhere.session_ref, Side.PATIENT)


async def test_the_front_desk_finds_prints_and_forgets(
    sample_people: People, seen_by: Callable[[Principal], None]
):
    seen_by(sample_people.dana)
    page = on_screen(FrontDeskState, "/staff/desk")
    await happens(page.search_patients, form={"words": "oka"})
    assert [item.name for item in page.found] == ["Kim Okafor"]
    await happens(page.open_patient, patient=KIM.id)
    assert (page.name, page.contacts) == ("Kim Okafor", "k•••@example.com · ••• 0145")
    await happens(page.print_code)
    assert page.print_view == "slip"
    assert any("-" in line for line in page.slip_lines)
    await happens(page.close_patient)
    assert (page.name, page.slip_lines, page.patient) == ("", [], "")
    await happens(page.share_portal, way="")
    assert page.address.endswith("/welcome")


async def test_billing_staff_find_nobody_at_the_front_desk(
    sample_people: People, seen_by: Callable[[Principal], None]
):
    seen_by(sample_people.nora)
    page = on_screen(FrontDeskState, "/staff/desk")
    await happens(page.search_patients, form={"words": "Okafor"})
    assert page.found == []


async def test_a_search_for_wildcards_finds_nobody(
    sample_people: People, seen_by: Callable[[Principal], None]
):
    seen_by(sample_people.dana)
    page = on_screen(FrontDeskState, "/staff/desk")
    await happens(page.search_patients, form={"words": "%%"})
    assert page.found == []
    await happens(page.search_patients, form={"words": "k"})
    assert shows_refusal(page, SearchTooShort)


def test_a_session_says_how_many_seconds_it_still_lasts(sample_people: People):
    kim = new_session(KIM)
    assert seconds_left(kim) == 900
    with clock.held_at(clock.now() + timedelta(minutes=13)):
        assert seconds_left(kim) == 120
        assert ended_sessions(TEST, [kim.session_ref, "x" * 64]) == ["x" * 64]
        keep_alive(principal_of(kim.session_ref, Side.PATIENT))
        assert seconds_left(kim) == 900
    with clock.held_at(clock.now() + timedelta(minutes=28)):
        assert ended_sessions(TEST, [kim.session_ref]) == [kim.session_ref]
        with pytest.raises(NotSignedIn):
            seconds_left(kim)


def test_a_session_ends_after_twelve_hours_of_activity(sample_people: People):
    kim = new_session(KIM)
    late = clock.now() + timedelta(hours=11, minutes=59)
    with transaction(TEST) as tx:
        row = tx.get(PortalSession, kim.session_ref)
        assert row
        row.seen_at = late
        tx.add(row)
    with clock.held_at(late):
        assert seconds_left(kim) == 60
    with reading(TEST) as tx:
        assert tx.exec(select(PortalSession)).first()


@pytest.mark.parametrize("scope", [SessionScope.EMBED, SessionScope.LINK])
def test_a_frame_or_link_session_ends_after_an_hour_of_activity(sample_people: People, scope: SessionScope):
    kim = new_session(KIM)
    late = clock.now() + timedelta(minutes=59)
    with transaction(TEST) as tx:
        row = tx.get(PortalSession, kim.session_ref)
        assert row
        row.seen_at, row.scope = late, scope
        tx.add(row)
    with clock.held_at(late):
        assert seconds_left(kim) == 60
        assert ended_sessions(TEST, [kim.session_ref]) == []
    with clock.held_at(late + timedelta(minutes=1)):
        assert ended_sessions(TEST, [kim.session_ref]) == [kim.session_ref]
        with pytest.raises(NotSignedIn):
            seconds_left(kim)
