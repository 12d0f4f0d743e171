"""Reading a folder of CSV files: encodings, columns, rows that are none (IMP-4, IMP-6)."""

from pathlib import Path

import pytest
from sqlmodel import select

from portal_app.db.scope import reading
from portal_app.db.tables.families import Patient
from portal_app.domain.money import Money
from portal_app.services.imports.errors import (
    ColumnMissing,
    ColumnTwice,
    ColumnWithoutName,
    UnknownColumn,
    UnknownDateFormat,
    UnknownEncoding,
)
from tests.services.imports.import_helper import (
    ANA,
    CAL,
    IMPORT,
    INVOICE,
    INVOICES,
    LINE,
    LINES,
    PATIENTS,
    PAYMENTS,
    bring,
    everything,
    said,
    write,
)


def test_imp_4_the_line_is_the_one_where_the_record_starts(folder: Path):
    write(
        folder,
        "patients",
        PATIENTS + ",line1",
        ANA + ',"1 Main\n2nd floor\nNew York"',
        CAL.replace("2017", "x") + ",",
    )
    assert said(bring(folder)) == [("patients.csv", 5, "birth_date")]
    with reading(IMPORT) as tx:
        ana = tx.exec(select(Patient)).one()
    assert (ana.line1, ana.line2) == ("1 Main", "2nd floor, New York")


@pytest.mark.parametrize(
    "row",
    [
        "3,,Dee",
        "3,,Dee,Moss,1990-01-01,,,,",
        '3,,"Dee"x,Moss,1990-01-01,,',
        "3,,De\x00e,Moss,1990-01-01,,",
        f"3,,{'D' * 300},Moss,1990-01-01,,",
        ",,Dee,Moss,1990-01-01,,",
        "1,,Dee,Moss,1990-01-01,,",
        "3,99,Dee,Moss,1990-01-01,,",
    ],
)
def test_imp_4_rows_that_are_no_rows_do_not_spoil_the_others(folder: Path, row: str):
    write(folder, "patients", PATIENTS, ANA, row, CAL)
    assert [line for _, line, _ in said(bring(folder))] == [3]
    assert everything()["Patient"] == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_imp_6_names_survive_every_encoding(folder: Path, encoding: str):
    write(folder, "patients", PATIENTS, "1,,Zoë,D’Angelo-Muñoz Ÿ,1985-02-03,,", encoding=encoding)
    report = bring(folder)
    with reading(IMPORT) as tx:
        person = tx.exec(select(Patient)).one()
    assert (person.given_name, person.family_name) == ("Zoë", "D’Angelo-Muñoz Ÿ")
    assert bool(report.notes) == (encoding != "utf-8")


@pytest.mark.parametrize("name", ["ليلى", "יעל", "小野寺", "Nguyễn", "Ægir", "🙂"])
def test_imp_6_names_beyond_latin_survive(folder: Path, name: str):
    write(folder, "patients", PATIENTS, f"1,,{name},X,1985-02-03,,", encoding="utf-8-sig")
    bring(folder)
    with reading(IMPORT) as tx:
        assert tx.exec(select(Patient.given_name)).one() == name


@pytest.mark.parametrize("encoding", ["mac-roman", "utf-8", "cp1252"])
def test_imp_6_bytes_that_mean_nothing_stop_no_import(folder: Path, encoding: str):
    (folder / "patients.csv").write_bytes(
        (PATIENTS + "\n" + ANA + "\n").encode() + b"7,,Ad\x8f\x81le,Roy,1990-01-02,,\n"
    )
    assert bring(folder, encoding=encoding).counts["patients"].rows == 2


def test_an_encoding_that_does_not_exist_is_said(folder: Path):
    with pytest.raises(UnknownEncoding):
        bring(folder, encoding="bogus")


@pytest.mark.parametrize(
    ("name", "rows", "error"),
    [
        ("patients", ["chart_number,surname", "1,x"], UnknownColumn),
        ("patients", ["chart_number"], ColumnMissing),
        ("invoices", ["total,total"], ColumnTwice),
    ],
)
def test_a_file_with_other_columns_is_refused(
    folder: Path, name: str, rows: list[str], error: type[Exception]
):
    write(folder, name, *rows)
    with pytest.raises(error):
        bring(folder)
    assert set(everything().values()) == {0}


@pytest.mark.parametrize(
    ("rows", "count", "aside"),
    [
        (['3,,"Dee,Moss,1990-01-01,,', "4,,Eli,Moss,1990-01-01,,", "5,,Fay,Moss,1990-01-01,,"], 5, 3),
        (['3,,"Dee,Moss,1990-01-01,,', '4,,"Eli, Jr",Moss,1990-01-01,,', "5,,Fay,Moss,1990-01-01,,"], 5, 2),
        (['3,,"Dee,Moss,1990-01-01,,', '4,,Eli",Moss,1990-01-01,,', "5,,Fay,Moss,1990-01-01,,"], 5, 2),
        (['3,,Dee,Moss,1990-01-01,,"', "4,,Eli,Moss,1990-01-01,,", '5,,Fay,Moss,1990-01-01,,""'], 5, 3),
        (["3,,Dee,Moss,1990-01-01,,", '4,,"Eli,Moss,1990-01-01,,'], 4, 1),
        (['3,,"Dee,Moss,1990-01-01,,', "", "4,,Eli,Moss,1990-01-01,,", ""], 4, 2),
    ],
)
def test_imp_4_every_row_that_an_open_quote_swallows_is_counted(
    folder: Path, rows: list[str], count: int, aside: int
):
    write(folder, "patients", PATIENTS, ANA, CAL, *rows)
    report = bring(folder)
    patients = report.counts["patients"]
    assert (patients.rows, patients.set_aside) == (count, aside)
    assert patients.added == count - aside == everything()["Patient"]
    assert report.complete == (aside == 1)


def test_imp_4_swallowed_payments_are_missing_from_the_sums_and_said(folder: Path):
    write(folder, "invoices", INVOICES, INVOICE)
    write(folder, "invoice_lines", LINES, LINE)
    write(folder, "payments", PAYMENTS, 'P1,A,40.00,2026-05-09,"cash,', "P2,A,5.00,2026-05-09,cash,")
    report = bring(folder)
    assert report.totals["USD"].set_aside == Money(-45_00)
    assert not report.complete


def test_an_address_over_several_lines_swallows_nothing(folder: Path):
    write(
        folder,
        "patients",
        PATIENTS + ",line1",
        ANA + ',"1 Main, Apt 2, Floor 3, B, C, D\nNew York, NY, 1, 2"',
    )
    assert bring(folder).complete


@pytest.mark.parametrize(
    "line",
    [
        "---,---,---,---,---,---,---",
        "===,,====,====,,,",
        "───,───,────,────,,,",
        "———,———,————,————,,,",
        PATIENTS,
        "\ufeff" + PATIENTS,
        "(2 rows affected)",
        "(2 row(s) affected)",
        "2 rows",
        ",,,,,,",
    ],
)
def test_imp_4_a_line_that_is_no_record_is_skipped(folder: Path, line: str):
    write(folder, "patients", PATIENTS, ANA, line, CAL)
    report = bring(folder)
    assert (report.problems, report.counts["patients"].rows) == ([], 2)
    assert bool(report.notes) == (line != ",,,,,,")


@pytest.mark.parametrize("line", ["Total,,2,patients,,,", "Totals,,,,,,", "Page 1 of 2,,,,,,", "*** end ***"])
def test_imp_4_a_line_of_totals_is_nobody(folder: Path, line: str):
    write(folder, "patients", PATIENTS, ANA, line)
    report = bring(folder)
    assert everything()["Patient"] == 1
    assert [problem.line for problem in report.set_aside] == [3]


def test_a_column_without_a_name_is_refused_where_something_stands_in_it(folder: Path):
    write(folder, "patients", "," + PATIENTS, "0," + ANA)
    with pytest.raises(ColumnWithoutName):
        bring(folder)
    write(folder, "patients", PATIENTS + ",,", ANA + ",,", CAL + ",,x")
    assert said(bring(folder)) == [("patients.csv", 3, "9")]


def test_the_line_that_names_the_delimiter_is_read(folder: Path):
    write(folder, "patients", "sep=;", PATIENTS.replace(",", ";"), ANA.replace(",", ";"), "2;x")
    assert said(bring(folder)) == [("patients.csv", 4, "")]
    assert everything()["Patient"] == 1


def test_files_that_are_not_read_are_named(folder: Path):
    write(folder, "patient", "x")
    (folder / "invoices.csv.gz").write_bytes(b"")
    assert any("invoices.csv.gz, patient.csv" in note for note in bring(folder).notes)


@pytest.mark.parametrize("form", ["MON/DD/YYYY", "DD/MM", "%m/%d/%Y"])
def test_imp_8_a_date_format_that_says_nothing_is_refused(folder: Path, form: str):
    with pytest.raises(UnknownDateFormat):
        bring(folder, date_format=form)
    assert set(everything().values()) == {0}


def test_imp_4_a_quote_that_swallows_more_than_a_cell_may_hold_is_counted_too(folder: Path):
    rows = [f"{n},,Name,Reyes,1985-02-03,," for n in range(10, 6000)]
    write(folder, "patients", PATIENTS, ANA, '2,,"Cal,Reyes,2017-05-06,,', *rows)
    patients = bring(folder, check=True).counts["patients"]
    assert patients.rows == patients.added + patients.set_aside == 5992


def test_lines_may_end_as_on_an_old_mac(folder: Path):
    (folder / "patients.csv").write_bytes("\r".join([PATIENTS, ANA, CAL]).encode())
    assert bring(folder).counts["patients"].added == 2


def test_the_columns_names_again_in_capitals_are_nobody(folder: Path):
    write(folder, "patients", PATIENTS, ANA, PATIENTS.upper(), CAL)
    report = bring(folder)
    assert (report.counts["patients"].rows, report.counts["patients"].added) == (2, 2)
    assert any("the columns' names again" in note for note in report.notes)
