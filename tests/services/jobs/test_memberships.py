"""The job `bill`: another process goes on where one died, and late runs are seen (BILL-6)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest
from sqlmodel import col, select

from portal_app import clock
from portal_app.db.scope import reading
from portal_app.db.tables.memberships import Membership, MembershipInvoice
from portal_app.domain.access import system_principal
from portal_app.services.jobs.base import JobRun, LeaseLost
from portal_app.services.jobs.memberships import make_membership_invoices
from portal_app.services.jobs.registry import JOBS
from tests.conftest import NEW_YORK
from tests.memberships_helper import add_membership, add_plan
from tests.people import MARIA, RIVERA, People
from tests.services.jobs.helpers import fake_gateways

SYSTEM = system_principal("bill")
MARCH_15 = datetime(2026, 3, 15, 12, tzinfo=NEW_YORK)


def billed() -> list[str]:
    with reading(SYSTEM) as tx:
        return list(tx.exec(select(MembershipInvoice.membership_id)))


def test_bill_6_a_run_goes_on_where_the_process_before_it_died(db: str, sample_people: People):
    assert sample_people
    plan = add_plan()
    for _ in range(3):
        add_membership(RIVERA, plan, [MARIA.id], start=date(2026, 3, 15))
    with reading(SYSTEM) as tx:
        first = tx.exec(select(Membership.id).order_by(col(Membership.id))).first()
    noted: list[Mapping[str, Any]] = []

    def keep(cursor: Mapping[str, Any]) -> bool:
        noted.append(cursor)
        return "billed_after" not in cursor  # the lease is another's by the time the batch is noted

    run = JobRun(SYSTEM, fake_gateways(), keep_cursor=keep)
    with clock.held_at(MARCH_15):
        with pytest.raises(LeaseLost):
            make_membership_invoices(run)
        assert len(billed()) == 3
        result = make_membership_invoices(
            replace(run, cursor={"billed_after": first}, keep_cursor=lambda _: True)
        )
    assert result.values["invoices"] == 0
    assert len(set(billed())) == 3
    assert noted[-1]["billed_after"] == max(billed())


def test_bill_6_the_job_is_one_that_is_taken_over_and_said_to_be_late():
    assert JOBS["bill"].function is make_membership_invoices
    assert JOBS["bill"].lease.total_seconds() <= 60
