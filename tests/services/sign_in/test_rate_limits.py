"""Rate limits of sign-in: per contact or username, per network, and in total."""

import sys
import threading
from collections.abc import Callable
from contextlib import suppress

import pytest

from portal_app.domain.access import Principal, nobody
from portal_app.domain.credentials.types import Proof
from portal_app.domain.errors import UserError
from portal_app.services.credentials import desk_codes, passkeys, passwords, second_factor
from portal_app.services.credentials.errors import WrongPassword
from portal_app.services.links import action_links
from portal_app.services.sign_in import rate_limits
from portal_app.services.sign_in.codes import check_birth_date, check_code, request_code
from portal_app.services.sign_in.errors import TooManyAttempts, WrongStaffPassword
from portal_app.services.sign_in.staff import check_staff_password, check_staff_totp
from tests.people import KIM, MARIA, People
from tests.services.credentials_helper import with_password

VISITOR = nobody("203.0.113.7")


def visitor_from(last: int) -> Principal:
    return nobody(f"198.51.100.{last}")


def test_a_contact_gets_three_codes_in_five_minutes_from_all_networks_together(sample_people: People):
    for n in range(3):
        request_code(visitor_from(n), "maria@example.com")
    with pytest.raises(TooManyAttempts):
        request_code(visitor_from(9), "Maria@Example.com ")
    request_code(visitor_from(9), "kim@example.com")


def test_of_attempts_at_the_same_moment_no_more_pass_than_there_is_room_for():
    """Each looks for room and then takes it: between the two, others may have taken it."""
    threads = 32
    gate = threading.Barrier(threads)
    passed: list[bool] = []

    def guess() -> None:
        gate.wait(30)
        passed.append(rate_limits.has_room("guess", "maria@example.com"))

    running = [threading.Thread(target=guess) for _ in range(threads)]
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for each in running:
            each.start()
        for each in running:
            each.join(60)
    finally:
        sys.setswitchinterval(usual)
    assert (passed.count(True), len(passed)) == (7, threads)


@pytest.mark.parametrize("kind", ["username", "staff email"])
def test_strangers_together_have_a_limit_on_one_account(
    sample_people: People, monkeypatch: pytest.MonkeyPatch, kind: str
):
    monkeypatch.setitem(rate_limits._LIMITS, "password", ("8/hour",))
    rate_limits._limits.cache_clear()

    def attempt(last: int) -> None:
        visitor = nobody(f"198.51.{last}.7")
        if kind == "username":
            passwords.password_sign_in(visitor, "maria", "x")
        check_staff_password(visitor, "nobody@example.com", "x")

    for n in range(8):
        with pytest.raises((WrongPassword, WrongStaffPassword)):
            attempt(n)
    with pytest.raises(TooManyAttempts):
        attempt(9)
    rate_limits._limits.cache_clear()


TRIES: dict[str, tuple[int, Callable[[int], object]]] = {
    "codes asked for": (20, lambda n: request_code(VISITOR, f"somebody{n}@example.com")),
    "passwords": (20, lambda n: passwords.password_sign_in(VISITOR, f"somebody{n}", "x")),
    "staff passwords": (20, lambda n: check_staff_password(VISITOR, f"somebody{n}@example.com", "x")),
    "staff codes": (60, lambda n: check_staff_totp(VISITOR, f"stp_{n:032x}", "123456")),
    "codes": (60, lambda n: check_code(VISITOR, f"cod_{n:032x}", "123456")),
    "birth dates": (60, lambda n: check_birth_date(VISITOR, f"cod_{n:032x}", MARIA.birth_date)),
    "second factors": (
        60,
        lambda n: second_factor.answer_challenge(VISITOR, f"chl_{n:032x}", Proof.TOTP, "123456"),
    ),
    "desk codes": (60, lambda n: desk_codes.desk_sign_in(VISITOR, f"ABCD-{n}", MARIA.birth_date, "MR")),
    "links": (60, lambda n: action_links.open_link(VISITOR, f"token {n}", MARIA.birth_date)),
    "passkey challenges": (120, lambda _: passkeys.ask_passkey(VISITOR)),  # each is a row
    "passkeys": (60, lambda n: passkeys.passkey_sign_in(VISITOR, f'"{n}"')),
}


@pytest.mark.parametrize("what", TRIES)
def test_every_kind_of_try_has_a_rate_limit_per_network(sqlite_db: str, what: str):
    People.create()
    most, attempt = TRIES[what]
    for n in range(most):
        with suppress(UserError):
            attempt(n)
    with pytest.raises(TooManyAttempts):
        attempt(most)


def test_attempts_refused_for_one_network_do_not_count_in_the_total(sample_people: People):
    """Otherwise one browser could keep everybody from signing in."""
    for n in range(330):
        try:
            request_code(VISITOR, f"somebody{n}@example.com")
        except TooManyAttempts:
            assert n >= 20
    request_code(visitor_from(1), "maria@example.com")


def test_a_64_bit_network_of_ipv6_shares_one_rate_limit(sample_people: People):
    """A home has 2**64 addresses, and may use another one for each try."""
    for n in range(20):
        request_code(nobody(f"2001:db8:1:2::{n:x}"), f"somebody{n}@example.com")
    with pytest.raises(TooManyAttempts):
        request_code(nobody("2001:db8:1:2:ffff::1"), "another@example.com")
    request_code(nobody("2001:db8:1:3::1"), "another@example.com")


@pytest.mark.parametrize(("window", "tries", "at_least"), [(0, 3, 1), (1, 6, 6), (2, 12, 61)])
def test_further_attempts_wait_longer(
    monkeypatch: pytest.MonkeyPatch, window: int, tries: int, at_least: int
):
    only = (rate_limits._limits("code")[window],)
    monkeypatch.setattr(rate_limits, "_limits", lambda _: only)
    for _ in range(tries):
        rate_limits.count_attempt("code", "maria")
    with pytest.raises(TooManyAttempts) as refused:
        rate_limits.count_attempt("code", "maria")
    assert int(refused.value.values["minutes"]) >= at_least


def test_codes_of_reauthentication_have_a_rate_limit(sample_people: People):
    """Each challenge sends up to three codes, and text messages cost the practice."""
    kim = with_password(KIM)

    def send_code() -> None:
        second_factor.send_second_code(kim, second_factor.start_reauth(kim).id, Proof.EMAIL)

    for _ in range(6):
        send_code()
    with pytest.raises(TooManyAttempts):
        send_code()
