"""How a file's words become dates and moments (IMP-8)."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal_app.domain.imports.dates import (
    NoValue,
    PartialDate,
    date_pattern,
    happens_twice,
    last_day,
    read_birth_date,
    read_date,
    read_moment,
)
from portal_app.domain.imports.values import ImportOptions, Unreadable

TODAY = date(2026, 6, 15)
PLAIN = ImportOptions("USD", ZoneInfo("America/New_York"), TODAY)


def named(form: str) -> ImportOptions:
    return ImportOptions("USD", PLAIN.zone, TODAY, date_format=form)


NAMED = named("DD.MM.YYYY")


@given(st.dates(date(1901, 1, 1), date(2199, 12, 31)))
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


@pytest.mark.parametrize(
    ("text", "born"),
    [
        ("03/04/52", 1952),
        ("03/04/68", 1968),
        ("03/04/69", 1969),
        ("03/04/26", 2026),
        ("12/31/26", 1926),
        ("6/15/26", 2026),
    ],
)
def test_imp_8_two_digit_years_of_birth_are_never_ahead(text: str, born: int):
    assert read_birth_date(text, named("MM/DD/YY")).year == born


@pytest.mark.parametrize(
    ("text", "year"), [("12/31/26", 2026), ("1/1/45", 2045), ("1/1/46", 1946), ("1/1/99", 1999)]
)
def test_imp_8_other_two_digit_years_are_eighty_back_to_nineteen_ahead(text: str, year: int):
    assert read_date(text, named("MM/DD/YY")).year == year


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01",
        "1753-01-01",
        "1899-12-30",
        "1900-01-01",
        "1800-12-31",
        "0000-00-00",
        "1111-11-11",
        "1901-01-01",
    ],
)
def test_imp_8_a_placeholder_is_no_date_of_birth(text: str):
    with pytest.raises(NoValue):
        read_birth_date(text, PLAIN)


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("", "9999-12-31"),
        ("", "7000-01-01"),
        ("", "9999-99-99"),
        ("", "0000-00-00 00:00:00"),
        ("", "NULL"),
        ("", r"\N"),
        ("", "N/A"),
        ("", "--"),
        ("MM/DD/YYYY", "12/31/9999"),
        ("MM/DD/YYYY", "00/00/0000"),
        ("MM/DD/YYYY", "0/0/0000"),
        ("MM/DD/YYYY", "99/99/9999"),
        ("MM/DD/YYYY", "/  /"),
        ("MM/DD/YYYY", "__/__/____"),
        ("MM/DD/YYYY", "00/00/0000 00:00:00"),
        ("MM/DD/YY", "00/00/00"),
        ("YYYYMMDD", "00000000"),
        ("YYYYMMDD", "99991231"),
        ("YYYYMMDD", "99999999"),
        ("DD.MM.YYYY", "00.00.0000"),
    ],
)
def test_imp_8_a_placeholder_is_none_in_every_format(form: str, text: str):
    for read in (read_birth_date, read_date):
        with pytest.raises(NoValue) as refused:
            read(text, named(form))
        assert refused.value.kind == "placeholder"


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("MM/DD/YYYY", "02/00/1985"),
        ("MM/DD/YYYY", "00/00/1985"),
        ("MM/DD/YYYY", "02/1985"),
        ("MM/DD/YY", "02/00/85"),
        ("YYYYMMDD", "19850200"),
        ("DD.MM.YYYY", "00.02.1985"),
        ("DD.MM.YYYY", "1985-02-00"),
        ("", "1985-02-00 00:00:00"),
    ],
)
def test_dep_10_a_partial_date_of_birth_is_partial_in_every_format(form: str, text: str):
    with pytest.raises(PartialDate):
        read_birth_date(text, named(form))
    with pytest.raises(Unreadable) as refused:  # an end that nobody can read is not "no end"
        read_date(text, named(form))
    assert not isinstance(refused.value, NoValue)


@pytest.mark.parametrize("text", ["1/0/1900", "00/00/1900", "01/00/9998"])
def test_imp_8_a_part_of_a_placeholder_is_no_partial_date(text: str):
    with pytest.raises(NoValue) as refused:
        read_birth_date(text, named("MM/DD/YYYY"))
    assert refused.value.kind == "placeholder"


@given(st.text(alphabet="0123456789/-. TZ:", max_size=24))
def test_no_text_makes_reading_a_date_fail_otherwise_than_by_refusing(text: str):
    for form in ("", "MM/DD/YYYY", "MM/DD/YY", "YYYYMMDD"):
        for read in (read_birth_date, read_date, read_moment):
            try:
                read(text, named(form))
            except Unreadable:
                continue


def test_imp_8_somebody_of_110_has_a_date_of_birth():
    assert read_birth_date("1916-06-15", PLAIN) == date(1916, 6, 15)


@pytest.mark.parametrize(
    "text", ["0001-01-01", "0000-00-00", "9999-12-31", "1753-01-01 00:00:00", "1900-01-01"]
)
def test_imp_8_a_placeholder_is_no_date_anywhere(text: str):
    with pytest.raises(NoValue):
        read_date(text, PLAIN)


@pytest.mark.parametrize("text", ["1985", "1985-02", "1985-00-00", "1985-02-00"])
def test_dep_10_a_partial_date_of_birth_is_partial(text: str):
    with pytest.raises(PartialDate):
        read_birth_date(text, PLAIN)


@pytest.mark.parametrize(
    "text",
    [
        "1985-02-03 00:00:00",
        "1985-02-03 00:00:00.000",
        "1985-02-03T00:00:00",
        "1985-02-03 00:00",
        "1985-02-03 0:00:00",
        "1985-02-03 00:00:00.0000000",
        "1985-02-03 12:00:00 AM",
    ],
)
def test_imp_8_a_date_with_midnight_is_that_date(text: str):
    assert read_date(text, PLAIN) == read_birth_date(text, PLAIN) == date(1985, 2, 3)


def test_imp_8_midnight_stands_behind_a_named_format_too():
    assert read_date("2/3/1985 12:00:00 AM", named("M/D/YYYY")) == date(1985, 2, 3)


@pytest.mark.parametrize(
    "text",
    [
        "1985-02-03 00:00:01",
        "1985-02-03 12:00:00",
        "1985-02-03T00:00:00Z",
        "1985-02-03 00:00:00+02:00",
        "1985-02-03 00:00:00 x",
    ],
)
def test_imp_8_a_date_with_another_time_or_zone_is_refused(text: str):
    with pytest.raises(Unreadable):
        read_date(text, PLAIN)


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("M/D/YYYY", "2/3/1985"),
        ("mm/dd/yyyy", "2/3/1985"),
        ("MM/DD/YYYY", "02/03/1985"),
        ("YYYYMMDD", "19850203"),
        ("YYYY-DD-MM", "1985-03-02"),
        ("D. M. YYYY", "3. 2. 1985"),
        ("MM-DD-YY", "02-03-85"),
    ],
)
def test_imp_8_a_named_format_is_read_however_it_is_spelled(form: str, text: str):
    assert read_birth_date(text, named(form)) == date(1985, 2, 3)


@pytest.mark.parametrize(
    "form",
    [
        "MON/DD/YYYY",
        "%m/%d/%Y",
        "MM/DD",
        "YYYYMD",
        "MM/MM/YYYY",
        "DDMMMYYYY",
        "american",
        "YYY-MM-DD",
        "DD/MM/YYYY HH:MM",
        "年",
    ],
)
def test_imp_8_a_format_that_says_nothing_is_refused(form: str):
    with pytest.raises(Unreadable):
        date_pattern(form)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2020", date(2020, 12, 31)),
        ("2020-02", date(2020, 2, 29)),
        ("2020-02-03", date(2020, 2, 3)),
        ("", None),
        ("2020-13", None),
    ],
)
def test_a_partial_end_is_its_last_day(text: str, day: date | None):
    assert last_day(text) == day


@pytest.mark.parametrize(
    ("text", "twice"),
    [
        ("2026-11-01 01:30", True),
        ("2026-11-01 00:59", False),
        ("2026-11-01 02:00", False),
        ("2026-11-01T01:30-05:00", False),
        ("2026-11-01T05:30Z", False),
    ],
)
def test_an_hour_that_happens_twice_is_said(text: str, twice: bool):
    assert bool(happens_twice(text, read_moment(text, PLAIN), PLAIN)) == twice
