"""Inputs made after public bug reports of systems like this one, each with its right result beside it."""

import os
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlmodel import select

from portal_app.db.scope import reading, transaction
from portal_app.db.tables.billing import Account, LedgerEntry
from portal_app.db.tables.families import ContactPoint, Patient
from portal_app.db.tables.practice import Practice
from portal_app.domain.billing.types import InvoiceStatus
from portal_app.domain.families import PatientStatus, seen_by
from portal_app.domain.imports.report import ImportReport
from portal_app.domain.money import Money
from portal_app.services.imports.errors import FilesNotRead
from portal_app.services.imports.run import run_import
from portal_app.services.patients.access import circle_of
from portal_app.settings import settings
from tests.services.imports.import_helper import IMPORT, ROOT, assert_invariants, balance, invoice, tasks

CASES = (ROOT / os.environ.get("PORTAL_SHARED", "../shared")).resolve() / "data" / "06_reported_cases"


@pytest.fixture
def run(db: str) -> Iterator[Callable[..., ImportReport]]:
    with transaction(IMPORT) as tx:
        tx.add(Practice(id="practice", name="Juniper Family Medicine", country="US"))

    def run_case(name: str, part: str = "", **how: object) -> ImportReport:
        if not (CASES / name).is_dir():
            pytest.skip(f"the reported case {name} is not beside the project (PORTAL_SHARED)")
        if isinstance(how.get("mapping"), str):
            how["mapping"] = CASES / name / str(how["mapping"])
        return run_import(IMPORT, CASES / name / part, **how)  # type: ignore[arg-type]

    yield run_case
    assert_invariants()


Run = Callable[..., ImportReport]


def people() -> dict[str, Patient]:
    with reading(IMPORT) as tx:
        return {one.chart_number: one for one in tx.exec(select(Patient))}


def contacts(chart: str) -> set[str]:
    with reading(IMPORT) as tx:
        patient = tx.exec(select(Patient).where(Patient.chart_number == chart)).one()
        return {p.value for p in tx.exec(select(ContactPoint).where(ContactPoint.patient_id == patient.id))}


def births() -> dict[str, date | None]:
    return {chart: one.birth_date for chart, one in people().items()}


def test_b01_an_unclosed_quote_is_said_with_the_rows_it_swallowed(run: Run):
    report = run("B01-unclosed-quote")
    count = report.counts["patients"]
    assert (count.rows, count.added, count.set_aside, count.unread) == (200, 2, 198, 197)
    assert not report.complete
    (problem,) = report.set_aside
    assert problem.line == 4
    assert "5 to 201" in problem.reason and "197 rows" in problem.reason


def test_b02_a_grouping_mark_anywhere_but_before_three_digits_is_refused(run: Run):
    report = run("B02-grouping-mark-german", mapping="mapping.toml")
    assert [(p.file, p.line, p.column) for p in report.set_aside] == [
        ("invoices.csv", 2, "total"),
        ("invoices.csv", 4, "total"),
    ]
    assert invoice("B").total == Money(1250_50)


def test_b04_a_payment_row_twice_counts_once(run: Run):
    report = run("B04-payment-row-twice")
    assert [(p.line, p.reason) for p in report.set_aside] == [(3, "was in line 2 already")]
    assert (invoice("A").status, balance()) == (InvoiceStatus.PAID, Money(0))


def test_b06_a_bounced_check_is_told(run: Run):
    run("B06-bounced-check", "first")
    for _ in range(2):
        report = run("B06-bounced-check", "second")
        said = [problem.reason for problem in report.problems]
        assert said[0] == "60.00 is due there and 40.00 here"
        assert "20.00 of 2026-05-09" in said[1]
        assert not report.totals["USD"].agree
        assert not report.complete
        assert len(tasks()) == 2
    assert balance() == Money(40_00)


def test_b07_two_digit_years_of_birth_are_never_ahead(run: Run):
    run("B07-two-digit-years", date_format="MM/DD/YY")
    assert births() == {"1": date(1952, 3, 4), "2": date(1968, 3, 4), "3": date(1969, 3, 4)}


def test_b08_a_placeholder_is_no_date_of_birth(run: Run):
    report = run("B08-no-date-placeholder")
    assert births() == {"1": None, "2": date(1985, 2, 3)}
    assert [(p.line, p.column, p.warning) for p in report.problems] == [(2, "birth_date", True)]
    assert [task.kind for task in tasks()] == ["birth_date"]


def test_b09_dates_with_midnight_are_dates(run: Run):
    run("B09-dates-with-midnight")
    assert births() == dict.fromkeys(("1", "2", "3"), date(1985, 2, 3))


def test_b10_four_decimals_may_be_zeros(run: Run):
    report = run("B10-four-decimals")
    assert invoice("A").total == Money(60_00)
    assert [problem.line for problem in report.set_aside] == [3]


@pytest.mark.parametrize("form", ["M/D/YYYY", "mm/dd/yyyy"])
def test_b11_a_date_format_is_read_however_it_is_spelled(run: Run, form: str):
    run("B11-date-format-nobody-knows", date_format=form)
    assert births() == {"1": date(1985, 2, 3)}


def test_b12_a_ruler_is_no_person(run: Run):
    report = run("B12-row-that-is-no-person")
    assert set(people()) == {"1"}
    assert report.counts["patients"].rows == 1
    assert any("a ruler" in note and "a count of rows" in note for note in report.notes)


def test_b13_a_column_without_name_and_values_is_none(run: Run):
    assert run("B13-header-with-trailing-comma").problems == []
    assert set(people()) == {"1"}


def test_b14_a_word_beside_a_phone_number_does_not_matter(run: Run):
    assert run("B14-phone-with-a-word").problems == []
    assert [contacts(chart) for chart in "123"] == [{"+12125550142"}, {"+12125550143"}, {"+12125550144"}]


def test_b15_a_placeholder_is_no_email(run: Run):
    report = run("B15-placeholder-email")
    assert [(p.line, p.column, p.warning) for p in report.problems] == [
        (line, "email", True) for line in (2, 3, 4)
    ]
    assert not any(contacts(chart) for chart in "123")


def test_b16_a_guarantor_who_is_a_child_is_told(run: Run):
    report = run("B16-guarantor-is-a-child")
    assert {(p.line, p.column) for p in report.problems if p.warning} == {
        (2, "guarantor_chart_number"),
        (3, "guarantor_chart_number"),
    }
    assert [task.kind for task in tasks()] == ["guarantor"]


def test_b17_the_country_of_a_phone_is_the_practices(run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PORTAL_LOCALE", "es_419")
    settings.cache_clear()
    try:
        assert run("B17-locale-without-country").problems == []
    finally:
        monkeypatch.undo()
        settings.cache_clear()
    assert contacts("1") == {"+12125550142"}


@pytest.mark.parametrize("name", ["B20-old-name-first", "B21-name-as-text"])
def test_b20_b21_the_name_of_today_is_taken(run: Run, name: str):
    run(name, fhir=True)
    assert people()["p1"].full_name == "Ana Reyes"


def test_b22_what_has_ended_is_no_contact(run: Run):
    run("B22-ended-email", fhir=True)
    assert contacts("p1") == {"new@example.com", "+12125550142"}


@pytest.mark.parametrize("name", ["B24-merged-record-without-a-name", "B25-balance-of-a-merged-chart"])
def test_b24_b25_a_merged_chart_ends_and_its_survivor_answers_for_it(run: Run, name: str):
    run(name, "first", fhir=True)
    for n in range(2):
        report = run(name, "second", fhir=True)
        assert people()["p1"].status is PatientStatus.MERGED
        with reading(IMPORT) as tx:
            account = tx.get(Account, invoice("Invoice/i1").account_id)
            assert account and account.guarantor_id == people()["p2"].id
        assert not report.set_aside
        assert report.changes == (0 if n else 1)
    assert balance() == Money(60_00)


def test_b26_a_relation_that_ended_makes_nobody_a_guarantor(run: Run):
    run("B26-relation-that-ended", fhir=True)
    with reading(IMPORT) as tx:
        kid = people()["kid"]
        account = tx.get(Account, kid.account_id)
        assert account and account.guarantor_id == kid.id
        circle = circle_of(tx, people()["RelatedPerson/r1"].id)
    assert circle and seen_by(circle, 16, date(2026, 6, 15)).patients == {circle.viewer.id}


def test_b29_a_moment_is_on_the_practices_day(run: Run):
    run("B29-utc-date", fhir=True)
    assert invoice("Invoice/i1").issue_date == date(2026, 3, 31)


def test_b30_only_the_patients_part_is_billed(run: Run):
    report = run("B30-insurer-paid-eighty", fhir=True)
    assert not report.set_aside
    assert invoice("Claim/c1").due == Money(20_00)


def test_b31_an_invoice_entered_in_error_is_void(run: Run):
    run("B31-entered-in-error", "first", fhir=True)
    for _ in range(2):
        report = run("B31-entered-in-error", "second", fhir=True)
        assert not report.set_aside
        assert (invoice("Invoice/i1").status, balance()) == (InvoiceStatus.VOID, Money(0))
    with reading(IMPORT) as tx:
        assert len(tx.exec(select(LedgerEntry)).all()) == 2


def test_b32_a_gzipped_export_is_read(run: Run):
    run("B32-gzipped-export", fhir=True)
    assert len(people()) == 1


def test_b32b_arrays_and_lines_in_json_are_read(run: Run):
    report = run("B32b-array-and-lines-in-json", fhir=True)
    assert set(people()) == {"p1", "p2", "p3", "p4"}
    assert report.problems == []


def test_a_packed_file_that_cannot_be_read_is_named(tmp_path: Path, db: str):
    (tmp_path / "patients.csv.zip").write_bytes(b"PK")
    with pytest.raises(FilesNotRead):
        run_import(IMPORT, tmp_path)
