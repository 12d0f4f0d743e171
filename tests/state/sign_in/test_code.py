from datetime import date

import pytest

from portal_app.domain.access import nobody
from portal_app.domain.errors import UserError
from portal_app.services.sign_in.errors import NeedsFirstName
from portal_app.state.errors import (
    BirthDateIncomplete,
    BirthYearTooShort,
    CodeNotSixDigits,
    ContactMissing,
    InvalidDate,
)
from portal_app.state.sign_in.code import SignInState
from portal_app.state.typed_fields import birth_date, six_digits
from tests.state_helper import happens, look_from, on_screen, shows_refusal


def typed(month: str, day: str, year: str) -> dict[str, str]:
    return {"born_month": month, "born_day": day, "born_year": year}


@pytest.mark.parametrize("month", ["3", "03", "March", "mar", "MAR.", "marzo", " march "])
def test_a_month_may_be_a_number_or_a_name_in_either_language(month: str):
    assert birth_date(typed(month, "14", "1981")) == date(1981, 3, 14)


def test_digits_of_any_script_make_a_birth_date():
    assert birth_date(typed("٣", "１４", "१९८१")) == date(1981, 3, 14)


@pytest.mark.parametrize(
    "code",
    [
        *(f"123{dash}456" for dash in "-‐‑‒–—―−﹘－\u00ad"),
        *("１２３４５６", "١٢٣٤٥٦", "۱۲۳۴۵۶", "१२३४५६", "১২৩৪৫৬", "１２３–４５６"),
        *(
            "123\u200b456",
            "\u2066123456\u2069",
            "123\u00a0456",
            "123 – 456",
            "1-2-3-4-5-6",
            "123·456",
            "【123456】",
        ),
        "Su código es 123–456. No lo comparta.",
        "Call 555-123-4567 if this was not you. Code: 123456",
    ],
)
def test_b50_a_code_is_read_with_any_dash_and_the_digits_of_any_script(code: str):
    assert six_digits(code) == "123456"


def test_no_leading_zeros_are_needed():
    assert birth_date(typed("8", "2", "1960")) == date(1960, 8, 2)


@pytest.mark.parametrize(
    ("form", "error"),
    [
        (typed("", "14", "1981"), BirthDateIncomplete),
        ({}, BirthDateIncomplete),
        (typed("3", "14", "81"), BirthYearTooShort),
        (typed("13", "14", "1981"), InvalidDate),
        (typed("2", "30", "1981"), InvalidDate),
        (typed("ma", "14", "1981"), InvalidDate),
        (typed("mayonnaise", "14", "1981"), InvalidDate),
    ],
)
def test_a_birth_date_that_cannot_be_read_says_what_is_wrong_with_it(
    form: dict[str, str], error: type[UserError]
):
    with pytest.raises(error) as refusal:
        birth_date(form)
    assert refusal.value.field == "born"


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> SignInState:
    look_from(monkeypatch, nobody())
    return on_screen(SignInState, "/sign-in")


async def test_an_empty_field_shows_its_error_at_the_field(page: SignInState):
    await happens(page.send_code, form={"contact": "  "})
    assert (page.step, page.busy) == ("contact", False) and shows_refusal(page, ContactMissing, "contact")


@pytest.mark.parametrize("code", ["12345", "1234567", "abcdef", "१२३४५", "123456 654321", ""])
async def test_a_code_that_is_not_six_digits_is_refused(page: SignInState, code: str):
    page.step = "code"
    await happens(page.check_code, form={"code": code})
    assert page.step == "code" and shows_refusal(page, CodeNotSixDigits, "code")


async def test_a_pasted_code_may_have_a_space(page: SignInState, monkeypatch: pytest.MonkeyPatch):
    got: list[str] = []
    monkeypatch.setattr("portal_app.state.sign_in.code.check_code", lambda _who, _id, code: got.append(code))
    await happens(page.check_code, form={"code": " 402 817 "})
    assert (got, page.step) == (["402817"], "birth_date")


async def test_a_first_name_is_asked_only_where_two_match(page: SignInState, monkeypatch: pytest.MonkeyPatch):
    def two_match(*_: object, **__: object) -> str:
        raise NeedsFirstName

    monkeypatch.setattr("portal_app.state.sign_in.code.check_birth_date", two_match)
    await happens(page.check_birth_date, form=typed("3", "14", "1981"))
    assert (page.ask_first_name, page.step != "done", page.ticket) == (True, True, "")


async def test_starting_over_empties_the_page(page: SignInState):
    page.step, page.field_errors, page.ticket = "done", {"code": "x"}, "secret"
    await happens(page.start_over)
    assert (page.step, page.field_errors, page.ticket) == ("contact", {}, "")
