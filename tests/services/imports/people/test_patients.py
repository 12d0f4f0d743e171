"""Patients, contacts, relations and marks come in (IMP cases, DEP-10)."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from sqlmodel import select

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.families import ContactPoint, DependentMark, Patient, Relation
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
    balance,
    bring,
    everything,
    said,
    tasks,
    write,
)


def test_imp_3_two_patients_with_one_phone_and_one_email_both_come_in(folder: Path):
    write(folder, "patients", PATIENTS, ANA, "2,,Ben,Reyes,1983-02-03,ANA@example.com,212-555-0142")
    assert bring(folder).problems == []
    with reading(IMPORT) as tx:
        points = Counter(point.value for point in tx.exec(select(ContactPoint)))
    assert points == {"ana@example.com": 2, "+12125550142": 2}


def test_imp_4_row_57_is_bad_and_said_with_row_column_and_reason(folder: Path):
    people = [f"{n},,Name{n},Reyes,1985-02-03,," for n in range(1, 70)]
    people[55] = "56,,Name56,Reyes,1985-02-31,,"  # the header is line 1
    write(folder, "patients", PATIENTS, *people)
    report = bring(folder)
    assert said(report) == [("patients.csv", 57, "birth_date")]
    assert str(report.problems[0]) == "patients.csv, line 57, birth_date: “1985-02-31” is not a date"
    assert everything()["Patient"] == 68


def test_imp_4_a_bad_patient_sets_aside_only_what_depends_on_them(folder: Path):
    write(folder, "patients", PATIENTS, "1,,Ana,Reyes,3.2.1985,,", CAL, "3,,Dee,Moss,1990-01-01,,")
    write(folder, "invoices", INVOICES, INVOICE, "B,3,2026-05-02,2026-06-02,50.00,")
    write(folder, "invoice_lines", LINES, LINE, "B,3,Visit,50.00")
    write(folder, "payments", PAYMENTS, "P1,A,40.00,2026-05-09,cash,")
    report = bring(folder)
    assert said(report) == [
        ("patients.csv", 2, "birth_date"),
        ("patients.csv", 3, "guarantor_chart_number"),
        ("invoices.csv", 2, "guarantor_chart_number"),
        ("payments.csv", 2, "invoice_number"),
    ]
    assert "patient 1 was set aside (patients.csv, line 2)" in report.problems[1].reason
    assert (everything()["Patient"], balance()) == (1, Money(50_00))
    assert report.totals["USD"].set_aside == Money(60_00)


def test_imp_8_dates_like_1_2_2026_are_refused_until_their_format_is_named(folder: Path):
    write(folder, "patients", PATIENTS, "1,,Ana,Reyes,1/2/1985,,")
    report = bring(folder)
    assert said(report) == [("patients.csv", 2, "birth_date")]
    assert "date format" in report.problems[0].reason
    for form, born in (("MM/DD/YYYY", date(1985, 1, 2)), ("DD/MM/YYYY", date(1985, 2, 1))):
        assert not bring(folder, date_format=form).set_aside
        with reading(IMPORT) as tx:
            assert tx.exec(select(Patient)).one().birth_date == born


def test_dep_10_a_birth_date_missing_or_in_the_future_is_flagged_to_staff_once(folder: Path):
    write(folder, "patients", PATIENTS, "1,,Ana,Reyes,,,", "2,,Bo,Reyes,2026-06-16,,")
    for _ in range(2):
        report = bring(folder)
        assert [(p.line, p.column) for p in report.problems if p.warning] == [
            (2, "birth_date"),
            (3, "birth_date"),
        ]
    assert [task.kind for task in tasks()] == ["birth_date", "birth_date"]
    assert everything()["Patient"] == 2


def test_a_contact_point_the_patient_confirmed_is_kept(folder: Path):
    bring(folder)
    with transaction(IMPORT) as tx:
        point = tx.exec(select(ContactPoint).where(ContactPoint.value == "ana@example.com")).one()
        point.value, point.verified_at = "new@example.com", clock.now()
    report = bring(folder)
    assert [p.column for p in report.problems if p.warning] == ["email"]
    with reading(IMPORT) as tx:
        emails = [p.value for p in tx.exec(select(ContactPoint)) if "@" in p.value]
    assert emails == ["new@example.com"]


def test_an_unusable_contact_is_a_warning_not_a_lost_patient(folder: Path):
    write(folder, "patients", PATIENTS, "1,,Ana,Reyes,1985-02-03,ana at home,12")
    report = bring(folder)
    assert [(p.column, p.warning) for p in report.problems] == [("email", True), ("phone", True)]
    assert everything()["Patient"] == 1


def test_a_mark_and_a_guardian_come_in_with_their_end(folder: Path):
    header = "chart_number,adult_chart_number,kind,until,reason"
    write(
        folder,
        "relations",
        header,
        "2,1,guardian,2027-01-01,",
        "2,1,dependent_of,,Form at the desk",
        "2,2,parent,,",
    )
    report = bring(folder)
    assert said(report) == [("relations.csv", 4, "adult_chart_number")]
    with reading(IMPORT) as tx:
        assert tx.exec(select(Relation)).one().until == date(2027, 1, 1)
        assert tx.exec(select(DependentMark)).one().reason == "Form at the desk"


@pytest.mark.parametrize("text", ["1985", "1985-02", "1985-02-00"])
def test_dep_10_a_partial_birth_date_is_called_partial(folder: Path, text: str):
    write(folder, "patients", PATIENTS, f"1,,Ana,Reyes,{text},,")
    for _ in range(2):
        (problem,) = bring(folder).problems
        assert (problem.column, problem.warning) == ("birth_date", True)
        assert "partial" in problem.reason
        assert ["partial" in task.message for task in tasks()] == [True]


def test_a_relation_that_comes_twice_counts_once(folder: Path):
    write(folder, "relations", "chart_number,adult_chart_number,kind", "2,1,parent", "2,1,parent")
    report = bring(folder)
    assert [p.reason for p in report.set_aside] == ["was in line 2 already"]
    assert report.counts["relations"].added == 1
