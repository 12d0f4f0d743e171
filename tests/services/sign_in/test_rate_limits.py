"""How often one may try: by contact or name, by address, and all together."""

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from portal_app.domain.access import Principal, nobody
from portal_app.domain.credentials import Proof
from portal_app.domain.errors import UserError
from portal_app.services.credentials import desk_codes, passkeys, passwords, second_factor
from portal_app.services.links import action_links
from portal_app.services.sign_in import rate_limits
from portal_app.services.sign_in.codes import check_birth_date, check_code, request_code
from portal_app.services.sign_in.errors import TooManyAttempts, WrongStaffPassword
from portal_app.services.sign_in.staff import check_staff_password, check_staff_totp
from tests.people import KIM, MARIA, People
from tests.services.credentials_helper import with_password

HERE = nobody("203.0.113.7")


@pytest.fixture(autouse=True)
def fresh_throttle() -> Iterator[None]:
    rate_limits.forget_all()
    yield
    rate_limits.forget_all()


def from_(last: int) -> Principal:
    return nobody(f"198.51.100.{last}")


def test_a_contact_is_asked_for_three_times_in_five_minutes_wherever_from(sample_people: People):
    for n in range(3):
        request_code(from_(n), "maria@example.com")
    with pytest.raises(TooManyAttempts):
        request_code(from_(9), "Maria@Example.com ")
    request_code(from_(9), "kim@example.com")


def test_a_name_is_tried_ten_times_a_minute_wherever_from(sample_people: People):
    for n in range(10):
        with pytest.raises(passwords.WrongPassword):
            passwords.password_sign_in(from_(n), "maria", "x")
    with pytest.raises(TooManyAttempts):
        passwords.password_sign_in(from_(11), "MARIA", "x")


def test_a_staff_address_is_tried_five_times_a_minute_wherever_from(sample_people: People):
    for n in range(5):
        with pytest.raises(WrongStaffPassword):
            check_staff_password(from_(n), "nobody@example.com", "x")
    with pytest.raises(TooManyAttempts):
        check_staff_password(from_(9), "nobody@example.com", "x")


TRIES: dict[str, tuple[int, Callable[[int], object]]] = {
    "codes asked for": (20, lambda n: request_code(HERE, f"somebody{n}@example.com")),
    "passwords": (20, lambda n: passwords.password_sign_in(HERE, f"somebody{n}", "x")),
    "staff passwords": (20, lambda n: check_staff_password(HERE, f"somebody{n}@example.com", "x")),
    "staff codes": (20, lambda n: check_staff_totp(HERE, f"stp_{n:032x}", "123456")),
    "codes": (60, lambda n: check_code(HERE, f"cod_{n:032x}", "123456")),
    "birth dates": (60, lambda n: check_birth_date(HERE, f"cod_{n:032x}", MARIA.birth_date)),
    "second factors": (
        60,
        lambda n: second_factor.answer_challenge(HERE, f"chl_{n:032x}", Proof.TOTP, "123456"),
    ),
    "desk codes": (60, lambda n: desk_codes.desk_sign_in(HERE, f"ABCD-{n}", MARIA.birth_date, "MR")),
    "links": (60, lambda n: action_links.open_link(HERE, f"token {n}", MARIA.birth_date)),
    "questions for a passkey": (120, lambda _: passkeys.ask_passkey(HERE)),  # each is a row
    "passkeys": (60, lambda n: passkeys.passkey_sign_in(HERE, f'"{n}"')),
}


@pytest.mark.parametrize("what", TRIES)
def test_one_address_tries_so_often_whatever_it_tries(sqlite_db: str, what: str):
    People.create()
    most, attempt = TRIES[what]
    for n in range(most):
        with suppress(UserError):
            attempt(n)
    with pytest.raises(TooManyAttempts):
        attempt(most)


def test_codes_are_limited_in_total(sample_people: People, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(rate_limits._LIMITS, "code all", ("4/5 minutes",))
    rate_limits._limits.cache_clear()
    for n in range(4):
        request_code(from_(n), f"a{n}@example.com")
    with pytest.raises(TooManyAttempts):
        request_code(from_(9), "b@example.com")
    rate_limits._limits.cache_clear()


def test_who_is_refused_for_their_address_uses_up_nobody_elses_tries(sample_people: People):
    """Else one browser could keep everybody from signing in."""
    for n in range(330):
        try:
            request_code(HERE, f"somebody{n}@example.com")
        except TooManyAttempts:
            assert n >= 20
    request_code(from_(1), "maria@example.com")


def test_a_household_on_ipv6_is_one_address(sample_people: People):
    """It has 2**64 of them, and may change at every try."""
    for n in range(20):
        request_code(nobody(f"2001:db8:1:2::{n:x}"), f"somebody{n}@example.com")
    with pytest.raises(TooManyAttempts):
        request_code(nobody("2001:db8:1:2:ffff::1"), "another@example.com")
    request_code(nobody("2001:db8:1:3::1"), "another@example.com")


@pytest.mark.parametrize(("window", "tries", "at_least"), [(0, 3, 1), (1, 6, 6), (2, 12, 61)])
def test_whoever_goes_on_waits_longer(
    monkeypatch: pytest.MonkeyPatch, window: int, tries: int, at_least: int
):
    only = (rate_limits._limits("code")[window],)
    monkeypatch.setattr(rate_limits, "_limits", lambda _: only)
    for _ in range(tries):
        rate_limits.count_attempt("code", "maria")
    with pytest.raises(TooManyAttempts) as refused:
        rate_limits.count_attempt("code", "maria")
    assert int(refused.value.values["minutes"]) >= at_least


def test_whoever_is_signed_in_cannot_have_codes_sent_for_ever(sample_people: People):
    """Each challenge sends three, and another begins at every press: text messages cost the practice."""
    kim = with_password(KIM)

    def press() -> None:
        second_factor.send_second_code(kim, second_factor.start_reauth(kim).id, Proof.EMAIL)

    for _ in range(6):
        press()
    with pytest.raises(TooManyAttempts):
        press()
