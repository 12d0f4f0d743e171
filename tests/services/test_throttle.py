"""How often one may try: by contact or name, by address, and all together."""

from collections.abc import Iterator

import pytest

from portal_app.domain.access import Principal, nobody
from portal_app.domain.errors import Refused
from portal_app.services import credentials, sign_in
from portal_app.services.sign_in import throttle
from tests.cast import Cast

HERE = nobody("203.0.113.7")


@pytest.fixture(autouse=True)
def fresh_throttle() -> Iterator[None]:
    throttle.forget_all()
    yield
    throttle.forget_all()


def from_(last: int) -> Principal:
    return nobody(f"198.51.100.{last}")


def test_a_contact_is_asked_for_three_times_in_five_minutes_wherever_from(cast: Cast):
    for n in range(3):
        sign_in.request_code(from_(n), "maria@example.com")
    with pytest.raises(Refused, match="tried often"):
        sign_in.request_code(from_(9), "Maria@Example.com ")
    sign_in.request_code(from_(9), "kim@example.com")


def test_a_name_is_tried_ten_times_a_minute_wherever_from(cast: Cast):
    for n in range(10):
        with pytest.raises(credentials.WrongPassword):
            credentials.password_sign_in(from_(n), "maria", "x")
    with pytest.raises(Refused, match="tried often"):
        credentials.password_sign_in(from_(11), "MARIA", "x")


def test_a_staff_address_is_tried_five_times_a_minute_wherever_from(cast: Cast):
    for n in range(5):
        with pytest.raises(Refused, match="wrong, or the sign-in is locked"):
            sign_in.staff_password(from_(n), "nobody@example.com", "x")
    with pytest.raises(Refused, match="tried often"):
        sign_in.staff_password(from_(9), "nobody@example.com", "x")


def test_codes_are_limited_in_total(cast: Cast, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(throttle._LIMITS, "code all", ("4/5 minutes",))
    throttle._limits.cache_clear()
    for n in range(4):
        sign_in.request_code(from_(n), f"a{n}@example.com")
    with pytest.raises(Refused, match="tried often"):
        sign_in.request_code(from_(9), "b@example.com")
    throttle._limits.cache_clear()


def test_who_is_refused_for_their_address_uses_up_nobody_elses_tries(cast: Cast):
    """Else one browser could keep everybody from signing in."""
    for n in range(330):
        try:
            sign_in.request_code(HERE, f"somebody{n}@example.com")
        except Refused:
            assert n >= 20
    sign_in.request_code(from_(1), "maria@example.com")


def test_a_household_on_ipv6_is_one_address(cast: Cast):
    """It has 2**64 of them, and may change at every try."""
    for n in range(20):
        sign_in.request_code(nobody(f"2001:db8:1:2::{n:x}"), f"somebody{n}@example.com")
    with pytest.raises(Refused, match="tried often"):
        sign_in.request_code(nobody("2001:db8:1:2:ffff::1"), "another@example.com")
    sign_in.request_code(nobody("2001:db8:1:3::1"), "another@example.com")


@pytest.mark.parametrize(("window", "tries", "at_least"), [(0, 3, 1), (1, 6, 6), (2, 12, 61)])
def test_whoever_goes_on_waits_longer(
    monkeypatch: pytest.MonkeyPatch, window: int, tries: int, at_least: int
):
    only = (throttle._limits("code")[window],)
    monkeypatch.setattr(throttle, "_limits", lambda _: only)
    for _ in range(tries):
        throttle.count("code", "maria")
    with pytest.raises(Refused) as refused:
        throttle.count("code", "maria")
    assert int(refused.value.values["minutes"]) >= at_least
