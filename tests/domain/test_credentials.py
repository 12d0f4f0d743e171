"""Rules of passwords, codes and names; one-time codes against the test vectors of their standards."""

import base64
import csv
import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path

import pyotp.hotp
import pyotp.totp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal_app.domain.credentials.codes import (
    bare_code,
    new_desk_code,
    new_recovery_code,
    steps_near,
    unused_step,
)
from portal_app.domain.credentials.devices import browser_and_system
from portal_app.domain.credentials.errors import (
    PasswordHasOwnName,
    PasswordTooCommon,
    PasswordTooLong,
    PasswordTooShort,
    UsernameCharacters,
    UsernameLength,
)
from portal_app.domain.credentials.names import initials, name_key
from portal_app.domain.credentials.passwords import (
    check_new_password,
    checked_username,
    username_key,
)
from portal_app.domain.credentials.types import Proof, is_strong
from portal_app.domain.errors import UserError

COMMON = {"password", "iloveyou", "correcthorse", "qwertyuiop"}
PERSONAL_WORDS = ["Maria", "Rivera", "maria.rivera", "19810412"]


def check(password: str) -> None:
    check_new_password(password, personal_words=PERSONAL_WORDS, is_common=COMMON.__contains__)


def facts(name: str) -> Path:
    """The file of test vectors, in the folder that PORTAL_SHARED names or beside the project."""
    shared = Path(os.environ.get("PORTAL_SHARED", Path(__file__).parents[3] / "shared"))
    file = shared / "data" / "05_peer_facts" / name
    if not file.exists():
        pytest.skip(f"test vectors: {name} is not beside the project (PORTAL_SHARED)")
    return file


@pytest.mark.parametrize(
    "password",
    [
        "violet kettle on the moon",
        "пароль из слов",
        "            a lot of room ",
        "🐢🐇🐢🐇🦔🦔🐢🐇🐢🐇🦔🦊",
        "x7" * 3 + "Kp!9zQw",
        "violet moon!",  # twelve characters
        "violet kettle " * 14 + "moon",  # two hundred
    ],
)
def test_a_password_may_have_any_characters(password: str):
    check(password)


@pytest.mark.parametrize(
    ("password", "error"),
    [
        ("short one", PasswordTooShort),
        ("violet moon", PasswordTooShort),
        ("violet kettle " * 14 + "moon!", PasswordTooLong),
        ("Password12345", PasswordTooCommon),
        ("correct horse", PasswordTooCommon),
        ("iloveyouiloveyou", PasswordTooCommon),
        ("aaaaaaaaaaaaaaaa", PasswordTooCommon),
        ("!!qwertyuiop!!", PasswordTooCommon),
        ("maria.rivera1981", PasswordHasOwnName),
        ("Rivera-19810412", PasswordHasOwnName),
    ],
)
def test_short_long_common_and_personal_passwords_are_refused(password: str, error: type[UserError]):
    with pytest.raises(error):
        check(password)


def test_a_long_phrase_may_hold_ones_name():
    check("Maria keeps eleven quiet hedgehogs")


def test_usernames_are_the_same_whatever_the_case_and_keyboard():
    assert username_key("Maria") == username_key(" MARIA ") == username_key("Ｍａｒｉａ")
    assert username_key("straße") == username_key("STRASSE")
    with pytest.raises(UsernameLength):
        checked_username("ma")
    with pytest.raises(UsernameCharacters):
        checked_username("maria rivera")


def test_recovery_codes_are_long_and_typed_in_any_way():
    codes = {new_recovery_code() for _ in range(500)}
    assert len(codes) == 500
    code = codes.pop()
    assert len(bare_code(code)) == 16  # 30 letters: 78 bits
    assert bare_code(code.lower().replace("-", " ")) == bare_code(code)
    assert len(bare_code(new_desk_code())) == 10


@pytest.mark.parametrize(
    "typed",
    ["k7qx–3mpd", "K7QX—3MPD", "K7QX‑3MPD", "ｋ７ｑｘ３ｍｐｄ", "k7qx. 3mpd", "K٧QX\u200b3MPD", "k7qx_3mpd"],
)
def test_b50_a_code_of_letters_is_read_with_any_dash_and_the_digits_of_any_script(typed: str):
    assert bare_code(typed) == "K7QX3MPD"


def test_two_different_proofs_or_one_strong_one():
    assert is_strong([Proof.PASSKEY])
    assert is_strong([Proof.EMAIL, Proof.SMS])
    assert not is_strong([Proof.EMAIL])
    assert not is_strong([])


def test_names_are_compared_without_accents_case_and_hyphens():
    assert name_key("José  Luis-Peña") == name_key("jose luis pena")
    assert initials("Ángela", "de la Ó") == "AD"


def test_browser_and_system_are_read_from_the_user_agent():
    android = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36"
    iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit Version/18.0 Safari/604.1"
    edge = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit Chrome/126.0 Safari/537.36 Edg/126.0"
    assert browser_and_system(android) == ("Chrome", "Android")
    assert browser_and_system(iphone) == ("Safari", "iPhone")
    assert browser_and_system(edge) == ("Edge", "Windows")
    assert browser_and_system("curl/8") == ("", "")


@given(st.integers(min_value=10**9, max_value=2 * 10**9))
def test_a_clock_20_seconds_off_is_accepted_60_seconds_is_not(second: int):
    now = datetime.fromtimestamp(second, UTC)
    for off, accepted in ((0, True), (20, True), (-20, True), (60, False), (-60, False)):
        assert ((second + off) // 30 in steps_near(now)) == accepted


def test_a_totp_step_is_accepted_once():
    assert unused_step([99, 100, 101], last_used=99) == 101
    assert unused_step([100], last_used=100) is None
    assert unused_step([], last_used=0) is None


def test_totp_gives_the_codes_of_rfc_6238():
    rows = list(csv.DictReader(facts("totp_rfc6238.csv").read_text().splitlines()))
    assert rows
    for row in rows:
        secret = base64.b32encode(row["secret_ascii"].encode()).decode()
        digest = getattr(hashlib, row["algo"].lower())
        app = pyotp.totp.TOTP(secret, digits=8, digest=digest)
        assert app.at(int(row["unix_time"])) == row["code8"]


def test_hotp_gives_the_codes_of_rfc_4226():
    rows = list(csv.DictReader(facts("hotp_rfc4226.csv").read_text().splitlines()))
    assert rows
    for row in rows:
        secret = base64.b32encode(row["secret_ascii"].encode()).decode()
        assert pyotp.hotp.HOTP(secret).at(int(row["counter"])) == row["code6"]
