"""Attackers who want to keep somebody out, or to guess a code: simulated hour by hour on the services, never slept for.

Who attacks has no device cookie of the person attacked. The simulations turn one clock: rate limits, locks and the
codes of authenticator apps all read it.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
import time_machine
from pyotp.totp import TOTP
from sqlmodel import col, func, select

from portal_app import clock
from portal_app.db.scope import reading
from portal_app.db.tables.messages import OutboxMessage
from portal_app.db.tables.staff import Task
from portal_app.domain.access import Principal, Role, Side, nobody, system_principal
from portal_app.domain.credentials.types import Proof
from portal_app.domain.errors import UserError
from portal_app.domain.sign_in import session_ref
from portal_app.services.credentials import passwords, second_factor
from portal_app.services.credentials.errors import WrongPassword
from portal_app.services.sign_in import rate_limits
from portal_app.services.sign_in.attack_notices import clean_up_tries, tell_of_attacks
from portal_app.services.sign_in.codes import check_birth_date, check_code, request_code
from portal_app.services.sign_in.errors import (
    SignInCodeOver,
    TooManyAttempts,
    WrongSignInCode,
    WrongStaffPassword,
)
from portal_app.services.sign_in.known_sources import remember
from portal_app.services.sign_in.sessions import hash_token, principal_of, redeem
from portal_app.services.sign_in.staff import add_staff_member, check_staff_password, check_staff_totp
from tests.people import MARIA, People
from tests.services.credentials_helper import code_sent, trail, with_password
from tests.services.sign_in.code_steps import PORTAL, code_for, wrong_code_for

pytestmark = pytest.mark.attack
EMAIL, PASSWORD = "nora.cohen@riverside.example", "seven quiet herons fly"
MARIAS = "maria@example.com"
NOW = datetime(2026, 11, 2, 9, 0, 5, tzinfo=UTC)
HOME = "203.0.113.7"
SIXTEEN = [f"198.51.{n}.77" for n in range(16)]


@dataclass
class Hours:
    """The one clock of a simulation."""

    traveller: time_machine.Traveller
    held: list[datetime] = field(default_factory=lambda: clock._held)

    def wait(self, seconds: float) -> None:
        self.traveller.shift(seconds)
        self.held[-1] = datetime.now(UTC)

    def tries(self, an_hour: int, hours: float) -> Iterator[int]:
        """One turn for each try, the time between them passing."""
        for n in range(int(an_hour * hours)):
            yield n
            self.wait(3600 / an_hour)


@pytest.fixture(autouse=True)
def hours() -> Iterator[Hours]:
    rate_limits.forget_all()
    with time_machine.travel(NOW, tick=False) as traveller, clock.held_at(NOW):
        yield Hours(traveller)
    rate_limits.forget_all()


@dataclass
class Nora:
    """A member of staff who knows her password and has her app."""

    app: TOTP
    device: str

    def signs_in(self, hours: Hours, ip: str, device: str = "", within: int = 60) -> bool:
        """Whether she gets in within so many seconds, trying again every ten."""
        visitor = nobody(ip, device=device)
        for _ in range(0, within, 10):
            with suppress(UserError):
                step = check_staff_password(visitor, EMAIL, PASSWORD)
                return bool(check_staff_totp(visitor, step.id, self.app.now()))
            hours.wait(10)
        return False


@pytest.fixture
def nora(sample_people: People, hours: Hours) -> Nora:
    add_staff_member(sample_people.olga, EMAIL, "Nora Cohen", Role.BILLING, PASSWORD)
    visitor = nobody(HOME)
    step = check_staff_password(visitor, EMAIL, PASSWORD)
    app = pyotp.parse_uri(step.secret_uri)
    assert isinstance(app, TOTP)
    device = sign_in_there(check_staff_totp(visitor, step.id, app.now()), Side.STAFF)
    hours.wait(60)
    return Nora(app, device)


def sign_in_there(ticket: str, side: Side = Side.PATIENT, ip: str = HOME) -> str:
    """Sign in with the ticket; the device as its principal names it afterwards."""
    made = redeem(ticket, ip=ip)
    return session_ref(remember(replace(principal_of(hash_token(made.value), side), ip=ip)))


def marias_device() -> str:
    return sign_in_there(code_ticket(nobody(HOME)))


def code_ticket(visitor: Principal) -> str:
    """Maria signs in by code from there."""
    asked = request_code(visitor, MARIAS)
    check_code(visitor, asked.id, code_for(asked))
    return check_birth_date(visitor, asked.id, MARIA.birth_date)


def wrong_staff(ip: str, email: str = EMAIL) -> type[UserError] | None:
    try:
        check_staff_password(nobody(ip), email, "not her password")
    except UserError as refused:
        return type(refused)
    return None


WAYS_IN = {
    "her device": (SIXTEEN[3], True),
    "her network": (HOME, False),
    "a new place": ("192.0.2.55", False),
}


def test_staff_sign_in_within_a_minute_while_sixteen_addresses_make_1000_tries_an_hour(
    nora: Nora, hours: Hours
):
    """From her device even in an attacker's network, from her network, and from where she never was."""
    for n in hours.tries(1_000, 1):
        wrong_staff(SIXTEEN[n % 16])
        if n % 330 == 329:
            for way, (ip, with_device) in WAYS_IN.items():
                assert nora.signs_in(hours, ip, nora.device if with_device else ""), (way, n)
                hours.wait(30)  # a code of her app works once


def test_a_patient_signs_in_within_a_minute_while_sixteen_addresses_make_1000_tries_an_hour(
    sample_people: People, hours: Hours
):
    with_password(MARIA, "maria")
    device = marias_device()
    for n in hours.tries(1_000, 1):
        with suppress(UserError):
            passwords.password_sign_in(nobody(SIXTEEN[n % 16]), "maria", "not her password")
        if n % 330 == 329:
            for ip, with_device in WAYS_IN.values():
                maria = nobody(ip, device=device if with_device else "")
                asked = passwords.password_sign_in(maria, "maria", "violet kettle on the moon")
                second_factor.send_second_code(maria, asked.id, Proof.EMAIL)
                code = code_sent("second_code", MARIAS)
                assert second_factor.answer_challenge(maria, asked.id, Proof.EMAIL, code)
                hours.wait(10)


def test_one_wrong_password_an_hour_keeps_nobody_out(nora: Nora, hours: Hours):
    """For two days, from her own network too, where she has her device."""
    for n in hours.tries(1, 48):
        wrong_staff(HOME if n % 2 else SIXTEEN[0])
        if n % 12 == 11:
            assert nora.signs_in(hours, HOME, nora.device)


def test_who_shares_her_network_locks_the_network_and_not_her_device(nora: Nora, hours: Hours):
    for _ in hours.tries(60, 1):
        wrong_staff(HOME)
    assert not nora.signs_in(hours, HOME)
    assert nora.signs_in(hours, HOME, nora.device)
    assert nora.signs_in(hours, "192.0.2.55")


def test_who_makes_up_or_copies_an_old_cookie_is_a_stranger(nora: Nora, hours: Hours):
    newer = sign_in_there(ticket_of(nora, hours), Side.STAFF)
    for device in ("f" * 64, session_ref("guess"), "", newer[:-1]):
        for _ in range(3):
            with suppress(UserError):
                check_staff_password(nobody(SIXTEEN[0], device=device), EMAIL, "not her password")
    with pytest.raises(WrongStaffPassword):  # all of them were one stranger, who is locked out now
        check_staff_password(nobody(SIXTEEN[0]), EMAIL, PASSWORD)
    assert nora.signs_in(hours, SIXTEEN[0], newer)


def ticket_of(nora: Nora, hours: Hours) -> str:
    hours.wait(60)
    visitor = nobody(HOME, device=nora.device)
    return check_staff_totp(visitor, check_staff_password(visitor, EMAIL, PASSWORD).id, nora.app.now())


def test_an_attacker_who_rotates_through_ipv6_uses_up_what_strangers_have(nora: Nora, hours: Hours):
    """400 networks of /56 in an hour: each is new, so no lock stops them; the budget of all strangers does."""
    answers = [wrong_staff(f"2001:db8:{n // 256:x}:{n % 256:02x}00::1") for n in hours.tries(400, 1)]
    assert answers.count(WrongStaffPassword) <= 240
    assert nora.signs_in(hours, "192.0.2.55", nora.device)
    assert nora.signs_in(hours, HOME)


def test_staff_and_strangers_are_answered_the_same_however_long_it_goes_on(nora: Nora, hours: Hours):
    for n in hours.tries(60, 1.2):
        ip = SIXTEEN[n % 2]
        assert wrong_staff(ip) is wrong_staff(ip.replace("77", "78"), "nobody@riverside.example")


GUESSERS: dict[str, Callable[[int], str]] = {
    "sixteen addresses": lambda n: SIXTEEN[n % 16],
    "her own network": lambda n: f"203.0.113.{n % 200 + 20}",
    "both": lambda n: SIXTEEN[n % 16] if n % 2 else HOME,
    "rotating ipv6": lambda n: f"2001:db8:{n // 256:x}:{n % 256:02x}00::1",
}


@pytest.mark.parametrize("who", GUESSERS)
def test_at_most_ten_code_guesses_an_hour_reach_one_contact(sample_people: People, hours: Hours, who: str):
    device = marias_device()
    hours.wait(86_400)
    guesses: list[datetime] = []
    for n in hours.tries(40, 3):
        attacker = nobody(GUESSERS[who](n))
        with suppress(TooManyAttempts):
            asked = request_code(attacker, MARIAS)
            for _ in range(5):
                try:
                    check_code(attacker, asked.id, wrong_code_for(asked))
                except WrongSignInCode:
                    guesses.append(datetime.now(UTC))
                except SignInCodeOver:
                    guesses.append(datetime.now(UTC))  # the fifth wrong code of one message
                    break
        if n % 40 == 39:
            assert code_ticket(nobody(SIXTEEN[0], device=device)), "the patient herself, from her device"
    busiest = max(sum(timedelta() <= later - at < timedelta(hours=1) for later in guesses) for at in guesses)
    assert 0 < busiest <= 10


def test_one_code_request_in_ten_minutes_leaves_the_patient_every_hour(sample_people: People, hours: Hours):
    device = marias_device()
    for n in hours.tries(6, 24):
        with suppress(TooManyAttempts):
            request_code(nobody(SIXTEEN[n % 16]), MARIAS)
        if n % 12 == 11:  # at eight of the hours by her phone, at four by another browser at home
            assert code_ticket(nobody(HOME, device=device if n % 36 else ""))


def test_a_flood_of_unknown_contacts_uses_up_nobodys_codes(sample_people: People, hours: Hours):
    """Sixteen addresses, then a hundred: those who are known and new patients get their codes, and answers are alike."""
    device = marias_device()
    for address in (*SIXTEEN, *(f"100.64.{n}.1" for n in range(2))):
        for n in range(20):
            request_code(nobody(address), f"somebody{n}@{address}.example")
    with reading(PORTAL) as tx:
        unsent = tx.exec(select(func.count()).where(col(OutboxMessage.to) == "")).one()
    assert unsent == 300, "the others left no message behind"
    assert code_ticket(nobody(HOME, device=device))
    stranger = nobody("192.0.2.55")
    answers = [request_code(stranger, contact) for contact in ("kim@example.com", "unknown@example.com")]
    assert {(len(a.id), len(a.reference), a.channel) for a in answers} == {(36, 4, answers[0].channel)}
    for asked in answers:
        with pytest.raises(WrongSignInCode):
            check_code(stranger, asked.id, "000000" if code_of(asked.id) != "000000" else "000001")


def code_of(code_id: str) -> str:
    with reading(PORTAL) as tx:
        found = tx.exec(
            select(OutboxMessage.body).where(OutboxMessage.once == f"sign_in_code:{code_id}")
        ).first()
    return found or ""


def test_when_strangers_ask_for_many_patients_all_strangers_wait_and_nobody_learns_who_is_one(
    sample_people: People, monkeypatch: pytest.MonkeyPatch
):
    """One address for each contact: the total refuses known and unknown contacts alike; a known device goes on."""
    device = marias_device()
    monkeypatch.setitem(rate_limits._LIMITS, "code all", ("3/5 minutes",))
    rate_limits._limits.cache_clear()
    for n in range(3):
        request_code(nobody(SIXTEEN[n]), "kim@example.com")
    for contact in (MARIAS, "unknown@example.com"):
        with pytest.raises(TooManyAttempts):
            request_code(nobody(SIXTEEN[9]), contact)
    assert code_ticket(nobody(HOME, device=device))
    rate_limits._limits.cache_clear()


def test_the_owners_are_told_once_a_day_and_nobody_of_names_that_do_not_exist(nora: Nora, hours: Hours):
    job = system_principal("sign-in-attacks")
    assert tell_of_attacks(job) == 0
    for n in hours.tries(60, 1):
        wrong_staff(SIXTEEN[n % 16])
        wrong_staff(SIXTEEN[n % 16].replace("77", "78"), "nobody@riverside.example")
    assert (tell_of_attacks(job), tell_of_attacks(job)) == (1, 0)
    with reading(PORTAL) as tx:
        mails = tx.exec(select(OutboxMessage).where(OutboxMessage.kind == "staff_sign_in_attacked")).all()
        tasks = tx.exec(select(Task.values).where(Task.kind == "staff_sign_in_attacked")).all()
    assert tasks == [{"name": "Nora Cohen"}] and mails and "Nora Cohen" in mails[0].body
    assert [entry.outcome for entry in trail() if entry.action == "sign_in:password"].count("refused") == 120


def test_a_patient_and_the_front_desk_are_told_too(sample_people: People, hours: Hours):
    with_password(MARIA, "maria")
    for n in hours.tries(60, 1):
        with suppress(WrongPassword, TooManyAttempts):
            passwords.password_sign_in(nobody(SIXTEEN[n % 16]), "maria", "not her password")
    assert (tell_of_attacks(PORTAL), tell_of_attacks(PORTAL)) == (1, 0)
    with reading(PORTAL) as tx:
        assert tx.exec(select(Task.patient_id).where(Task.kind == "sign_in_attacked")).all() == [MARIA.id]
        assert tx.exec(select(OutboxMessage.to).where(OutboxMessage.kind == "sign_in_attacked")).all()


def test_what_an_attack_leaves_behind_is_gone_two_days_later(nora: Nora, hours: Hours):
    for n in hours.tries(60, 1):
        wrong_staff(SIXTEEN[n % 16])
        request_code(nobody(SIXTEEN[n % 16]), f"somebody{n}@example.com")
    assert clean_up_tries(PORTAL) == 0
    hours.wait(2 * 86_400)
    assert clean_up_tries(PORTAL) >= 60 + 16
    assert clean_up_tries(PORTAL) == 0
