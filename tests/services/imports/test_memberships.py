"""Plans, memberships and enrolments come in (MEM-11)."""

from datetime import date
from pathlib import Path

import pytest
from sqlmodel import col, select

from portal_app.db.scope import reading, transaction
from portal_app.db.tables.families import Patient
from portal_app.db.tables.memberships import Enrolment, Membership, MembershipTerm, PlanPrice
from tests.services.imports.import_helper import IMPORT, bring, said, write


def test_mem_11_a_membership_without_its_next_bill_date_is_set_aside(folder: Path):
    write(folder, "plans", "plan_key,name,adult_price,child_price,family_cap", "CARE,Care,80.00,30.00,190.00")
    write(
        folder,
        "memberships",
        "membership_key,owner_chart_number,plan_key,start,next_bill_date,billed_by",
        "M1,1,CARE,2025-01-15,,portal",
        "M2,1,CARE,2025-01-31,2026-06-30,portal",
    )
    write(folder, "enrolments", "membership_key,chart_number,start", "M1,1,2025-01-15", "M2,2,2025-01-31")
    report = bring(folder)
    assert said(report) == [("memberships.csv", 2, "next_bill_date"), ("enrolments.csv", 2, "membership_key")]
    with reading(IMPORT) as tx:
        kept = tx.exec(select(Membership)).one()
        assert (kept.practice_key, kept.anchor) == ("M2", date(2025, 1, 31))
        assert len(tx.exec(select(Enrolment)).all()) == 1


def test_imp_4_a_key_twice_sets_the_second_row_aside(folder: Path):
    write(folder, "plans", "plan_key,name,adult_price", "CARE,Care,80.00", "CARE,Care again,90.00")
    write(
        folder,
        "memberships",
        "membership_key,owner_chart_number,plan_key,start,next_bill_date",
        *["M1,1,CARE,2025-01-15,2026-07-15"] * 2,
    )
    expected = [("plans.csv", 3, "plan_key"), ("memberships.csv", 3, "membership_key")]
    assert said(bring(folder, check=True)) == expected
    assert said(bring(folder)) == expected
    with reading(IMPORT) as tx:
        assert len(tx.exec(select(Membership)).all()) == 1


def test_bill_9_a_file_does_not_move_the_next_bill_date_of_what_the_portal_bills(folder: Path):
    write(folder, "plans", "plan_key,name,adult_price", "CARE,Care,80.00")
    header = "membership_key,owner_chart_number,plan_key,start,next_bill_date,billed_by"
    for billed_by, kept in (("portal", date(2026, 7, 15)), ("practice", date(2026, 9, 15))):
        key = f"M-{billed_by}"
        write(folder, "memberships", header, f"{key},1,CARE,2025-01-15,2026-07-15,{billed_by}")
        assert said(bring(folder)) == []
        write(folder, "memberships", header, f"{key},1,CARE,2025-01-15,2026-09-15,{billed_by}")
        aside = [("memberships.csv", 2, "next_bill_date")] if billed_by == "portal" else []
        assert said(bring(folder)) == aside
        with reading(IMPORT) as tx:
            row = tx.exec(select(Membership).where(Membership.practice_key == key)).one()
            assert row.next_bill_date == kept


def test_another_price_in_a_file_is_that_of_the_memberships_that_the_practices_system_bills(folder: Path):
    header = "membership_key,owner_chart_number,plan_key,start,next_bill_date,billed_by"
    rows = ("M1,1,CARE,2025-01-15,2026-07-15,practice", "M2,1,CARE,2025-01-15,2026-07-15,portal")
    for price in ("80.00", "95.00"):
        write(folder, "plans", "plan_key,name,adult_price", f"CARE,Care,{price}")
        write(folder, "memberships", header, *rows)
        bring(folder)
    with reading(IMPORT) as tx:
        found = tx.exec(
            select(Membership.practice_key, PlanPrice.bands)
            .join(MembershipTerm, col(MembershipTerm.membership_id) == col(Membership.id))
            .join(PlanPrice, col(PlanPrice.id) == col(MembershipTerm.price_id))
        )
        prices = {key: bands[-1]["minor"] for key, bands in found}
    assert prices == {"M1": 95_00, "M2": 80_00}  # what the portal bills keeps the price it was agreed at


ENROLMENTS = "membership_key,chart_number,start,end"


def on_a_plan(folder: Path, *enrolments: str) -> None:
    write(folder, "plans", "plan_key,name,adult_price", "CARE,Care,80.00")
    header = "membership_key,owner_chart_number,plan_key,start,next_bill_date,billed_by"
    write(folder, "memberships", header, "M1,1,CARE,2025-01-15,2026-07-15,portal")
    write(folder, "enrolments", ENROLMENTS, *enrolments)


@pytest.mark.parametrize(
    "second", ["M1,1,2025-02-15,", "M1,1,2025-02-15,2025-03-14", "M1,1,2024-12-15,2025-01-15"]
)
def test_imp_4_nobody_is_on_one_membership_twice(folder: Path, second: str):
    on_a_plan(folder, "M1,1,2025-01-15,", second)
    for _ in range(2):
        assert said(bring(folder)) == [("enrolments.csv", 3, "start")]
    on_a_plan(folder, second)  # the start was corrected at the source
    assert said(bring(folder)) == [("enrolments.csv", 2, "start")]
    with reading(IMPORT) as tx:
        assert [(one.start, one.end) for one in tx.exec(select(Enrolment))] == [(date(2025, 1, 15), None)]


def test_somebody_may_come_back_to_a_membership(folder: Path):
    on_a_plan(folder, "M1,1,2025-01-15,2025-03-14", "M1,1,2025-03-15,")
    for n in range(2):
        report = bring(folder)
        assert (said(report), report.counts["enrolments"].added) == ([], 0 if n else 2)


def test_a_member_whom_the_owner_added_is_the_one_in_the_file(folder: Path):
    on_a_plan(folder, "M1,1,2025-01-15,")
    bring(folder)
    with transaction(IMPORT) as tx:
        row = tx.exec(select(Enrolment)).one()
        owner = tx.get_or_404(Patient, row.patient_id)
        child = tx.exec(select(Patient).where(Patient.chart_number == "2")).one()
        facts = {"account_id": owner.account_id, "membership_id": row.membership_id}
        tx.add(Enrolment(id="enr_portal", patient_id=child.id, start=date(2026, 7, 15), **facts))
    on_a_plan(folder, "M1,1,2025-01-15,", "M1,2,2026-07-15,")
    report = bring(folder)
    assert (said(report), report.changes) == ([], 0)
