"""How a file's words become dates, moments, amounts."""

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal_app.domain.imports.values import (
    ImportOptions,
    Unreadable,
    loses_decimals,
    read_amount,
    whole_number,
)
from portal_app.domain.money import Money

PLAIN = ImportOptions("USD", ZoneInfo("America/New_York"), date(2026, 6, 15))
NAMED = ImportOptions(
    "USD", PLAIN.zone, PLAIN.today, date_format="DD.MM.YYYY", decimal_mark=",", thousands="."
)
ROUND = ImportOptions("USD", PLAIN.zone, PLAIN.today, round="half_even")


@given(st.integers(-99_999_999_999, 99_999_999_999))
def test_imp_2_an_amount_survives_to_the_cent(minor: int):
    sign = "-" if minor < 0 else ""
    assert read_amount(f"{sign}{abs(minor) // 100}.{abs(minor) % 100:02}", PLAIN) == Money(minor)


@given(st.text(max_size=20))
def test_no_text_makes_reading_an_amount_fail_otherwise_than_by_refusing(text: str):
    for options in (PLAIN, NAMED, ROUND):
        try:
            read_amount(text, options)
        except Unreadable:
            continue


@pytest.mark.parametrize(
    ("text", "minor"),
    [("2508.893502059906", 250889), ("0.125", 12), ("0.135", 14), ("1420.566104735685", 142057)],
)
def test_more_decimals_are_rounded_only_when_the_mapping_says_so(text: str, minor: int):
    assert read_amount(text, ROUND).minor == minor
    assert loses_decimals(text, ROUND)
    with pytest.raises(Unreadable):
        read_amount(text, PLAIN)


@pytest.mark.parametrize("text", ["1.250", "-1.000", "12.345"])
def test_imp_4_what_may_be_a_thousand_is_refused_also_where_amounts_are_rounded(text: str):
    with pytest.raises(Unreadable, match="may be a thousand"):
        read_amount(text, ROUND)
    assert read_amount(text, replace(ROUND, decimal_mark="."))


def test_a_named_decimal_mark_is_read():
    assert read_amount("1.250,50", NAMED) == Money(1250_50)
    with pytest.raises(Unreadable):
        read_amount("1,250.50", NAMED)


GERMAN = ImportOptions("USD", PLAIN.zone, PLAIN.today, decimal_mark=",", thousands=".")


@pytest.mark.parametrize(
    ("text", "minor"),
    [("1.250,50", 1250_50), ("1.250", 1250_00), ("1250,5", 1250_50), ("12.345.678,90", 12345678_90)],
)
def test_imp_4_a_grouping_mark_stands_before_three_digits(text: str, minor: int):
    assert read_amount(text, GERMAN).minor == minor


@pytest.mark.parametrize(
    "text",
    ["12.50", "1.2.3,4", "1250.50", ".250", "1.2500", "1..250", "1.250.", "1,250.50", "-.250,00", "1250.000"],
)
def test_imp_4_a_grouping_mark_anywhere_else_is_refused(text: str):
    with pytest.raises(Unreadable):
        read_amount(text, GERMAN)


@pytest.mark.parametrize("text", ["1 250.50", "1\u00a0250.50", "1\u202f250.50"])
def test_a_space_that_groups_may_be_any_space(text: str):
    spaced = ImportOptions("USD", PLAIN.zone, PLAIN.today, thousands=" ")
    assert read_amount(text, spaced) == Money(1250_50)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("60.0000", "USD", 60_00),
        ("60.100000", "USD", 60_10),
        ("-5.5000", "USD", -5_50),
        ("60.00", "JPY", 60),
        ("1.250", "KWD", 1250),
        ("1.2500", "KWD", 1250),
    ],
)
def test_imp_4_surplus_zeros_are_no_decimals(text: str, currency: str, minor: int):
    assert read_amount(text, ImportOptions(currency, PLAIN.zone, PLAIN.today)) == Money(minor, currency)


@pytest.mark.parametrize(
    ("text", "currency"),
    [("60.0050", "USD"), ("1.000", "USD"), ("1.250", "USD"), ("1.000", "JPY"), ("5.1", "JPY")],
)
def test_imp_4_decimals_that_mean_something_are_refused(text: str, currency: str):
    """Three zeros may be a thousand in another country's way of writing."""
    with pytest.raises(Unreadable):
        read_amount(text, ImportOptions(currency, PLAIN.zone, PLAIN.today))


def test_three_decimals_are_read_where_the_mapping_names_the_decimal_mark():
    named = ImportOptions("USD", PLAIN.zone, PLAIN.today, decimal_mark=".")
    assert read_amount("60.000", named) == Money(60_00)


def test_a_whole_number_is_read_within_its_limits():
    read = whole_number(1, 24)
    assert [read(text, PLAIN) for text in ("1", "007", "24")] == [1, 7, 24]
    for text in ("0", "25", "1.5", "-1", "one", "", "١"):
        with pytest.raises(Unreadable):
            read(text, PLAIN)
