"""How a file's words become dates, moments, amounts."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal_app.domain.imports import (
    ImportOptions,
    Unreadable,
    read_amount,
    read_date,
    read_moment,
    read_row,
    rounded,
)
from portal_app.domain.money import Money

PLAIN = ImportOptions("USD", ZoneInfo("America/New_York"), date(2026, 6, 15))
NAMED = ImportOptions(
    "USD", PLAIN.zone, PLAIN.today, date_format="DD.MM.YYYY", decimal_mark=",", thousands="."
)
ROUND = ImportOptions("USD", PLAIN.zone, PLAIN.today, round="half_even")


@given(st.dates())
def test_imp_8_an_iso_date_is_always_read(day: date):
    assert read_date(day.isoformat(), NAMED) == read_date(day.isoformat(), PLAIN) == day


@pytest.mark.parametrize(
    "text", ["1/2/2026", "01.02.2026", "2026-2-1", "2026-02-30", "20260201", "", "today"]
)
def test_imp_8_other_dates_are_not_guessed(text: str):
    with pytest.raises(Unreadable):
        read_date(text, PLAIN)


def test_imp_8_a_named_format_is_read():
    assert read_date("01.02.2026", NAMED) == date(2026, 2, 1)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-06-15 10:20", datetime(2026, 6, 15, 14, 20, tzinfo=UTC)),
        ("2026-06-15T10:20:30", datetime(2026, 6, 15, 14, 20, 30, tzinfo=UTC)),
        ("2026-01-15 9:05", datetime(2026, 1, 15, 14, 5, tzinfo=UTC)),
        ("2005-02-04T19:08:38+00:00", datetime(2005, 2, 4, 19, 8, 38, tzinfo=UTC)),
        ("2013-12-10T09:00:00.123Z", datetime(2013, 12, 10, 9, 0, tzinfo=UTC)),
    ],
)
def test_an_appointments_time_is_the_practices_unless_it_says_otherwise(text: str, moment: datetime):
    assert read_moment(text, PLAIN) == moment


@pytest.mark.parametrize(
    "text",
    [
        "2026-06-15",
        "10:20",
        "2026-03-08 02:30",
        "2026-06-15 25:00",
        "tomorrow at noon",
        "9999-12-31 23:59",
        "9999-12-31 23:59-05:00",
        "0001-01-01T00:00:00+05:00",
        "0001-01-01T00:00:00Z",
    ],
)
def test_a_time_that_does_not_exist_is_refused(text: str):
    with pytest.raises(Unreadable):
        read_moment(text, PLAIN)


@given(st.integers(-99_999_999_999, 99_999_999_999))
def test_imp_2_an_amount_survives_to_the_cent(minor: int):
    sign = "-" if minor < 0 else ""
    assert read_amount(f"{sign}{abs(minor) // 100}.{abs(minor) % 100:02}", PLAIN) == Money(minor)


@given(st.text(max_size=20))
def test_no_text_makes_reading_an_amount_fail_otherwise_than_by_refusing(text: str):
    for manner in (PLAIN, NAMED, ROUND):
        try:
            read_amount(text, manner)
        except Unreadable:
            continue


@pytest.mark.parametrize(
    ("text", "minor"),
    [("2508.893502059906", 250889), ("0.125", 12), ("0.135", 14), ("1420.566104735685", 142057)],
)
def test_more_decimals_are_rounded_only_when_the_mapping_says_so(text: str, minor: int):
    assert read_amount(text, ROUND).minor == minor
    assert rounded(text, ROUND)
    with pytest.raises(Unreadable):
        read_amount(text, PLAIN)


def test_a_named_decimal_mark_is_read():
    assert read_amount("1.250,50", NAMED) == Money(1250_50)
    with pytest.raises(Unreadable):
        read_amount("1,250.50", NAMED)


def test_every_column_that_cannot_be_read_is_said():
    values, wrong = read_row("payments", {"payment_key": "P", "amount": "0", "method": "barter"}, PLAIN)
    assert [column for column, _ in wrong] == ["amount", "date", "method"]
    assert values["payment_key"] == "P"
