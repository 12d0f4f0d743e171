"""A record of an import file becomes a row, or says each column that cannot be read."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from portal_app.domain.imports.sheets import ReadRow, SheetReader
from portal_app.domain.imports.values import ImportOptions

PLAIN = ImportOptions("USD", ZoneInfo("America/New_York"), date(2026, 6, 15))


def read_row(sheet: str, raw: dict[str, str], options: ImportOptions) -> ReadRow:
    return SheetReader(sheet, options).read(raw)


def test_every_column_that_cannot_be_read_is_said():
    row = read_row("payments", {"payment_key": "P", "amount": "0", "method": "barter"}, PLAIN)
    assert [column for column, _ in row.wrong] == ["amount", "date", "method"]
    assert row.values["payment_key"] == "P"


def test_a_placeholder_leaves_an_optional_column_empty_and_is_said():
    row = read_row(
        "enrolments",
        {"membership_key": "M", "chart_number": "1", "start": "2026-01-01", "end": "9999-12-31"},
        PLAIN,
    )
    assert (row.values["end"], row.wrong) == (None, [])
    assert [column for column, _ in row.doubtful] == ["end"]


def test_a_placeholder_in_a_required_column_is_wrong():
    row = read_row("payments", {"payment_key": "P", "amount": "1.00", "date": "0001-01-01"}, PLAIN)
    assert [column for column, _ in row.wrong] == ["date"]


@pytest.mark.parametrize(
    "text",
    [
        "-----",
        "200",
        ".",
        "(1)",
        "--- ---",
        "─────",
        "———",
        "…",
        "•",
        "\u200b",
        "١٢",
        "═╪═",
        "Ana\n2,Bob",
        "\u2060-",
    ],
)
def test_imp_4_what_has_no_letter_is_no_name(text: str):
    row = read_row("patients", {"chart_number": "1", "given_name": text, "family_name": "Reyes"}, PLAIN)
    assert [column for column, _ in row.wrong] == ["given_name"]


@pytest.mark.parametrize("text", ["\u200b1", "1\ufeff", "1\n2", "\u202e1", "1\u2060"])
def test_imp_4_a_key_has_nothing_that_nobody_sees(text: str):
    row = read_row("patients", {"chart_number": text, "given_name": "Ana", "family_name": "Reyes"}, PLAIN)
    assert [column for column, _ in row.wrong] == ["chart_number"]


LINE = {"invoice_number": "A1", "chart_number": "7", "description": "Visit", "unit_amount": "12.50"}


@pytest.mark.parametrize("kept", [None, frozenset(LINE)], ids=["all columns", "only those of the file"])
@pytest.mark.parametrize("names", [[*LINE], [*reversed(LINE)]], ids=["in order", "reversed"])
def test_values_are_found_by_column_in_whatever_order_the_file_has_them(
    names: list[str], kept: frozenset[str] | None
):
    reader = SheetReader("invoice_lines", PLAIN, kept)
    values = reader.values_of(tuple(names), [LINE[name] for name in names])
    assert values is not None
    assert values == reader.values_in(reader.read(LINE))
    found = reader.defaults | dict(zip(reader.kept, values, strict=True))
    assert found == reader.read(LINE).values


@pytest.mark.parametrize(
    "changed",
    [{"unit_amount": "12.5x"}, {"unit_amount": ""}, {"service_date": "0001-01-01"}],
    ids=["unreadable", "missing", "placeholder"],
)
def test_values_of_a_row_of_which_something_is_to_be_said_are_not_given(changed: dict[str, str]):
    row, reader = LINE | changed, SheetReader("invoice_lines", PLAIN)
    assert reader.values_of(tuple(row), list(row.values())) is None


def test_values_of_a_row_without_a_required_column_are_not_given():
    row = {name: text for name, text in LINE.items() if name != "description"}
    assert SheetReader("invoice_lines", PLAIN).values_of(tuple(row), list(row.values())) is None
