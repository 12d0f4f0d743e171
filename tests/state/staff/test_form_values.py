"""What staff type into forms, read or refused."""

from datetime import date

import pytest

from portal_app.domain.errors import ReasonMissing
from portal_app.domain.money import InvalidAmount, Money
from portal_app.state.errors import InvalidDate
from portal_app.state.staff.form_values import (
    read_amount,
    read_date,
    read_reason,
    read_whole_number,
)


@pytest.mark.parametrize(("typed", "minor"), [("25", 25_00), (" 25.5 ", 25_50), ("$25.50", 25_50)])
def test_an_amount_is_read_as_people_type_it(typed: str, minor: int):
    assert read_amount({"amount": typed}) == Money(minor)


@pytest.mark.parametrize("typed", ["", "25,50", "twenty", "-1", "1e3"])
def test_what_is_no_amount_is_refused(typed: str):
    with pytest.raises(InvalidAmount):
        read_amount({"amount": typed})


def test_a_date_is_optional_and_an_impossible_one_is_refused_at_its_field():
    assert read_date({"until": " 2026-12-31 "}, "until") == date(2026, 12, 31)
    assert read_date({"until": " "}, "until") is read_date({}, "until") is None
    with pytest.raises(InvalidDate) as error:
        read_date({"until": "2026-02-30"}, "until")
    assert (error.value.code, error.value.field) == ("date.invalid", "until")


def test_a_reason_has_three_characters_at_least_and_300_at_most():
    assert read_reason({"reason": "  paid \n twice "}) == "paid twice"
    assert len(read_reason({"reason": "x" * 400})) == 300
    with pytest.raises(ReasonMissing) as error:
        read_reason({"reason": " ab "})
    assert (error.value.code, error.value.field) == ("reason.missing", "reason")


@pytest.mark.parametrize(
    ("typed", "number"), [("14", 14), (" 7 ", 7), ("", 0), ("-3", 0), ("1.5", 0), ("1000", 0), ("٣", 0)]
)
def test_a_whole_number_or_zero(typed: str, number: int):
    assert read_whole_number({"days": typed}, "days") == number


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Money(25_00), "25.00"),
        (Money(5), "0.05"),
        (Money(2500, "JPY"), "2500"),
        (Money(1_005, "KWD"), "1.005"),
    ],
)
def test_an_amount_fills_a_field_with_the_digits_of_its_currency(amount: Money, text: str):
    assert amount.plain() == text
    assert Money.parse(text, amount.currency) == amount
