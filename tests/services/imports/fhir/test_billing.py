"""Invoices and claims come in from FHIR."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from portal_app.domain.billing.types import InvoiceStatus
from portal_app.domain.money import Money
from tests.services.imports.import_helper import assert_invariants, balance, bring, everything, invoice, tasks

ANA = {
    "resourceType": "Patient",
    "id": "p1",
    "name": [{"family": "Reyes", "given": ["Ana"]}],
    "birthDate": "1985-02-03",
}
BILL = {
    "resourceType": "Invoice",
    "id": "i1",
    "status": "issued",
    "subject": {"reference": "Patient/p1"},
    "date": "2026-05-01",
    "totalNet": {"value": 60.0, "currency": "USD"},
}
CLAIM = {
    "resourceType": "Claim",
    "id": "c1",
    "status": "active",
    "use": "claim",
    "patient": {"reference": "Patient/p1"},
    "created": "2026-05-02",
    "total": {"value": 100.0, "currency": "USD"},
}


def explained(amount: float, code: str = "memberliability", **more: Any) -> dict[str, Any]:
    total = {"category": {"coding": [{"code": code}]}, "amount": {"value": amount, "currency": "USD"}}
    facts = {"resourceType": "ExplanationOfBenefit", "id": "e1", "status": "active", "outcome": "complete"}
    return facts | {"created": "2026-05-10", "claim": {"reference": "Claim/c1"}, "total": [total]} | more


def put(folder: Path, *resources: dict[str, Any]) -> None:
    (folder / "all.ndjson").write_text("\n".join(map(json.dumps, (ANA, *resources))))


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2026-04-01T02:30:00Z", date(2026, 3, 31)),
        ("2026-04-01T02:30:00+00:00", date(2026, 3, 31)),
        ("2026-04-01T00:30:00-04:00", date(2026, 4, 1)),
        ("2026-04-01T10:00:00.123Z", date(2026, 4, 1)),
        ("2026-04-01", date(2026, 4, 1)),
    ],
)
def test_a_moment_is_on_the_practices_day(folder: Path, written: str, day: date):
    put(folder, BILL | {"date": written})
    bring(folder, fhir=True)
    assert invoice("Invoice/i1").issue_date == day


@pytest.mark.parametrize(
    "explanation",
    [
        explained(20),
        explained(20, "patientresponsibility"),
        explained(20, total=[], item=[{"adjudication": [explained(n)["total"][0]]} for n in (12.5, 7.5)]),
        explained(20, status="active", use="claim"),
    ],
)
def test_a_claim_is_billed_with_the_patients_part(folder: Path, explanation: dict[str, Any]):
    put(folder, CLAIM, explanation)
    for _ in range(2):
        assert not bring(folder, fhir=True).set_aside
        assert (invoice("Claim/c1").due, balance()) == (Money(20_00), Money(20_00))
    assert_invariants()


@pytest.mark.parametrize(
    "more",
    [
        [],
        [explained(80, "benefit")],
        [explained(20, status="cancelled")],
        [explained(20, status="entered-in-error")],
        [explained(20, outcome="queued")],
        [explained(20, use="preauthorization")],
        [explained(20, claim={"reference": "Claim/other"})],
        [
            explained(
                20, total=[{"category": {"coding": [{"code": "memberliability"}]}, "amount": {"value": "x"}}]
            )
        ],
    ],
)
def test_a_claim_whose_part_of_the_patient_nobody_says_is_set_aside(folder: Path, more: list[dict[str, Any]]):
    put(folder, CLAIM, *more)
    assert "Claim/c1" in [p.about for p in bring(folder, fhir=True).set_aside]
    assert everything()["Invoice"] == 0


def in_euro(amount: float) -> dict[str, Any]:
    return {"value": amount, "currency": "EUR"}


def test_an_invoice_whose_line_has_another_currency_is_set_aside(folder: Path):
    put(folder, BILL | {"lineItem": [{"priceComponent": [{"type": "base", "amount": in_euro(60)}]}]})
    assert "Invoice/i1" in [p.about for p in bring(folder, fhir=True).set_aside]
    assert everything()["Invoice"] == 0


def test_parts_of_the_patient_in_several_currencies_are_not_added_up(folder: Path):
    parts = [explained(12.5)["total"][0], explained(7.5)["total"][0] | {"amount": in_euro(7.5)}]
    put(folder, CLAIM, explained(20, total=[], item=[{"adjudication": parts}]))
    assert "Claim/c1" in [p.about for p in bring(folder, fhir=True).set_aside]
    assert everything()["Invoice"] == 0


def test_the_newest_explanation_counts_whatever_comes_first(folder: Path):
    put(folder, CLAIM, explained(20, id="e2", created="2026-05-12"), explained(70))
    bring(folder, fhir=True)
    assert invoice("Claim/c1").due == Money(20_00)


@pytest.mark.parametrize(
    ("late", "early"),
    [
        ("2026-05-10T15:00:00Z", "2026-05-10T09:00:00Z"),
        ("2026-05-10T15:00:00+00:00", "2026-05-10T23:00:00+09:00"),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_of_two_explanations_of_one_day_the_later_counts(folder: Path, late: str, early: str, turned: bool):
    both = [explained(20, id="e2", created=late), explained(70, created=early)]
    put(folder, CLAIM, *(both[::-1] if turned else both))
    bring(folder, fhir=True)
    assert invoice("Claim/c1").due == Money(20_00)


def test_two_explanations_of_one_moment_that_differ_are_money_in_doubt(folder: Path):
    put(folder, CLAIM, explained(20), explained(70, id="e2"))
    assert "Claim/c1" in [p.about for p in bring(folder, fhir=True).set_aside]
    assert everything()["Invoice"] == 0
    put(folder, CLAIM, explained(20), explained(20, id="e2"))
    assert not bring(folder, fhir=True).set_aside


def test_what_an_insurer_added_to_a_claim_counts_too(folder: Path):
    parts = [{"adjudication": [explained(n)["total"][0]]} for n in (12.5, 7.5)]
    put(folder, CLAIM, explained(20, total=[], item=parts[:1], addItem=parts[1:]))
    bring(folder, fhir=True)
    assert invoice("Claim/c1").due == Money(20_00)


@pytest.mark.parametrize(
    "written",
    ["2026-04-01T02:30:00UTC", "2026-04-01T02:30:60Z", "2026-04-01T25:00:00Z", "2026-04-31T10:00:00Z"],
)
def test_no_day_is_guessed_of_a_moment_that_nobody_can_read(folder: Path, written: str):
    put(folder, BILL | {"date": written})
    assert "issue_date" in [p.column for p in bring(folder, fhir=True).set_aside]
    assert everything()["Invoice"] == 0


def test_a_payment_is_not_gone_because_its_line_cannot_be_read(folder: Path):
    put(folder, BILL | {"status": "balanced"})
    bring(folder, fhir=True)
    (folder / "all.ndjson").write_text(json.dumps(ANA) + '\n{"resourceType": "Invoice", "id": "i1", ')
    assert len(bring(folder, fhir=True).problems) == 1
    assert tasks() == []


def test_a_claim_that_asks_nothing_of_the_patient_is_paid(folder: Path):
    put(folder, CLAIM, explained(0))
    assert not bring(folder, fhir=True).set_aside
    assert balance() == Money(0)
    assert_invariants()


@pytest.mark.parametrize("status", ["cancelled", "entered-in-error"])
def test_what_is_taken_back_is_void_and_a_stranger_is_none(folder: Path, status: str):
    put(folder, BILL, CLAIM, explained(20))
    bring(folder, fhir=True)
    bare = {"resourceType": "Invoice", "id": "i1", "status": status}
    put(folder, bare, CLAIM | {"status": status}, {"resourceType": "Claim", "id": "c9", "status": status})
    for _ in range(2):
        report = bring(folder, fhir=True)
        assert [p.about for p in report.set_aside] == ["Claim/c9"]
        assert {invoice(n).status for n in ("Invoice/i1", "Claim/c1")} == {InvoiceStatus.VOID}
        assert balance() == Money(0)
    assert_invariants()


def test_an_invoice_that_is_balanced_no_longer_is_told(folder: Path):
    put(folder, BILL | {"status": "balanced"})
    bring(folder, fhir=True)
    put(folder, BILL)
    for _ in range(2):
        report = bring(folder, fhir=True)
        assert [p.column for p in report.problems] == ["payment_key"]
        assert len(tasks()) == 1
        assert not report.complete


def test_an_issued_invoice_that_is_a_draft_there_is_told(folder: Path):
    put(folder, BILL)
    bring(folder, fhir=True)
    put(folder, BILL | {"status": "draft"})
    for _ in range(2):
        report = bring(folder, fhir=True)
        assert [(p.about, p.column) for p in report.set_aside] == [("Invoice/i1", "status")]
        assert report.complete
        assert (invoice("Invoice/i1").due, len(tasks())) == (Money(60_00), 1)
    assert_invariants()
