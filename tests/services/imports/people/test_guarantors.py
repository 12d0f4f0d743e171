"""Who answers for an account and cannot: children, people who are gone, merged charts."""

from pathlib import Path

import pytest
from sqlmodel import select

from portal_app.db.scope import reading
from portal_app.db.tables.billing import Account
from portal_app.db.tables.families import Patient
from portal_app.domain.families import PatientStatus
from portal_app.domain.money import Money
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
    assert_invariants,
    balance,
    bring,
    invoice,
    tasks,
    write,
)

COLUMNS = PATIENTS + ",status,merged_into"
BEA = "3,,Bea,Reyes,1985-02-03,,"


def guarantor_of(chart: str) -> str:
    """The chart that answers for this one's account."""
    with reading(IMPORT) as tx:
        patient = tx.exec(select(Patient).where(Patient.chart_number == chart)).one()
        account = tx.get_or_404(Account, patient.account_id)
        return tx.get_or_404(Patient, account.guarantor_id).chart_number


def payer_of(number: str) -> str:
    with reading(IMPORT) as tx:
        account = tx.get_or_404(Account, invoice(number).account_id)
        return tx.get_or_404(Patient, account.guarantor_id).chart_number


@pytest.fixture
def billed(folder: Path) -> Path:
    """Ana answers for Cal and owes 100.00; Bea is another chart."""
    write(folder, "patients", PATIENTS, ANA, CAL, BEA)
    write(folder, "invoices", INVOICES, INVOICE)
    write(folder, "invoice_lines", LINES, LINE)
    bring(folder)
    return folder


def test_what_a_merged_chart_answers_for_goes_to_the_survivor(billed: Path):
    write(billed, "patients", COLUMNS, ANA + ",merged,3", CAL + ",,", BEA + ",,")
    write(billed, "payments", PAYMENTS, "P1,A,40.00,2026-05-09,cash,")
    write(billed, "invoices", INVOICES, INVOICE + "60.00", "B,1,2026-05-02,2026-06-02,10.00,")
    write(billed, "invoice_lines", LINES, LINE, "B,2,Visit,10.00")
    for n in range(3):
        report = bring(billed)
        assert (report.problems, report.complete) == ([], True)
        assert any("merged" in note for note in report.notes) == (n == 0)
        assert n == 0 or report.changes == 0
        assert (guarantor_of("2"), payer_of("A"), payer_of("B")) == ("3", "3", "3")
        assert balance() == Money(70_00)
    assert tasks() == []
    assert_invariants()


def test_a_chain_of_merged_charts_ends_with_the_last(billed: Path):
    dee = "4,,Dee,Reyes,1985-02-03,,"
    write(billed, "patients", COLUMNS, ANA + ",merged,3", CAL + ",,", BEA + ",merged,4", dee + ",,")
    bring(billed)
    assert (guarantor_of("2"), payer_of("A")) == ("4", "4")


@pytest.mark.parametrize(
    ("ana", "bea"),
    [
        (",merged,", ",,"),  # nobody says into whom
        (",merged,99", ",,"),  # nobody we know
        (",merged,3", ",merged,1"),  # into each other
        (",merged,1", ",,"),  # into itself
        (",deceased,", ",,"),
        (",inactive,", ",,"),
    ],
)
def test_staff_hear_once_of_what_somebody_who_is_gone_leaves_open(billed: Path, ana: str, bea: str):
    write(billed, "patients", COLUMNS, ANA + ana, CAL + ",,", BEA + bea)
    for _ in range(2):
        bring(billed)
        assert [(task.kind, task.values["chart"]) for task in tasks()] == [("guarantor", "1")]
    assert payer_of("A") == "1"
    assert_invariants()


def test_a_survivor_with_another_guarantor_is_for_staff_to_decide(billed: Path):
    write(
        billed,
        "patients",
        COLUMNS,
        ANA + ",merged,3",
        CAL + ",,",
        "4,,Dee,Reyes,1980-01-01,,,,",
        BEA.replace("3,,", "3,4,") + ",,",
    )
    bring(billed)
    assert [(task.kind, task.values["chart"]) for task in tasks()] == [("guarantor", "1")]
    assert payer_of("A") == "1"


def test_a_merged_dependents_open_invoice_on_anothers_account_is_for_staff(billed: Path):
    write(billed, "invoices", INVOICES, INVOICE, "B,1,2026-05-02,2026-06-02,10.00,")
    write(billed, "invoice_lines", LINES, LINE, "B,2,Visit,10.00")
    write(billed, "patients", COLUMNS, ANA + ",,", CAL + ",merged,3", BEA + ",,")
    bring(billed)
    bring(billed)
    assert [(task.kind, task.values["chart"]) for task in tasks()] == [("merged", "2")]


def test_nothing_open_is_no_task(folder: Path):
    write(folder, "patients", COLUMNS, ANA + ",deceased,", BEA + ",merged,")
    bring(folder)
    assert tasks() == []


@pytest.mark.parametrize("status", ["merged", "deceased", "inactive"])
def test_a_row_that_only_says_that_somebody_is_gone_is_enough(billed: Path, status: str):
    write(billed, "patients", COLUMNS, f"1,,,,,,,{status},3", CAL + ",,", BEA + ",,")
    for n in range(2):
        report = bring(billed)
        assert not report.set_aside
        assert report.counts["patients"].changed == (1 + (status == "merged") if n == 0 else 0)
    with reading(IMPORT) as tx:
        ana = tx.exec(select(Patient).where(Patient.chart_number == "1")).one()
    assert (ana.status, ana.full_name) == (PatientStatus(status), "Ana Reyes")


def test_a_row_that_only_says_that_a_stranger_is_gone_is_set_aside(folder: Path):
    write(folder, "patients", COLUMNS, ANA + ",,", "9,,,,,,,merged,1")
    assert [problem.line for problem in bring(folder).set_aside] == [3]


def test_a_guarantor_under_18_is_told_and_one_of_18_is_not(folder: Path):
    write(
        folder,
        "patients",
        PATIENTS,
        "1,,Teen,Reyes,2008-06-16,,",
        "2,,Adult,Reyes,2008-06-15,,",
        "3,2,Kid,Reyes,2018-01-01,,",
    )
    for _ in range(2):
        report = bring(folder)
        assert [(p.line, p.column) for p in report.problems] == [(2, "guarantor_chart_number")]
        assert [task.values["chart"] for task in tasks()] == ["1"]
