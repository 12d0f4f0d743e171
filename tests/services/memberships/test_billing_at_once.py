"""Several billing runs at once, and runs that are killed: each period has one invoice, none is missing."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from itertools import cycle, islice

import pytest
from sqlmodel import select

from portal_app import clock
from portal_app.db import engine as db_engine
from portal_app.db.scope import reading
from portal_app.db.tables.billing import Invoice, LedgerEntry
from portal_app.db.tables.memberships import MembershipInvoice
from portal_app.domain.access import system_principal
from portal_app.services.memberships.billing_run import BillingRun, bill_memberships
from tests.conftest import NEW_YORK
from tests.memberships_helper import add_membership, add_plan
from tests.people import EVA, HILL, LUIS, LUIS_S, MARIA, OSCAR, PARK, RIVERA, ROSA, People

SYSTEM = system_principal("bill")
START = date(2026, 3, 15)
MOMENT = datetime(2026, 8, 20, 12, tzinfo=NEW_YORK)  # six periods of each are due
KILLS = int(os.environ.get("PORTAL_KILLS", "12"))
OWNERS = ((RIVERA, [MARIA.id, EVA.id]), (PARK, [ROSA.id]), (HILL, [OSCAR.id]), (LUIS_S, [LUIS.id]))


def add_memberships(count: int) -> None:
    plan = add_plan()
    for account, members in islice(cycle(OWNERS), count):
        add_membership(account, plan, members, start=START)


def check_each_period_once(memberships: int) -> None:
    """One invoice for each of six periods, posted to the cent."""
    with reading(SYSTEM) as tx:
        rows = tx.exec(select(MembershipInvoice)).all()
        invoices = {row.id: row for row in tx.exec(select(Invoice))}
        posted = Counter[str]()
        for entry in tx.exec(select(LedgerEntry)):
            posted[entry.invoice_id or ""] += entry.amount.minor
    assert len(rows) == 6 * memberships
    assert max(Counter((row.membership_id, row.period_start) for row in rows).values()) == 1
    assert {row.invoice_id: posted[row.invoice_id] for row in rows} == {
        row.invoice_id: invoices[row.invoice_id].total.minor for row in rows
    }
    numbers = [invoices[row.invoice_id].number for row in rows]
    assert len(set(numbers)) == len(numbers)


def test_bill_3_six_runs_at_once_make_each_invoice_once(db: str, sample_people: People):
    assert sample_people
    add_memberships(12)

    def run(_: int) -> BillingRun:
        with clock.held_at(MOMENT):
            return bill_memberships(SYSTEM, batch=2)

    with clock.held_at(MOMENT), ThreadPoolExecutor(6) as threads:
        runs = list(threads.map(run, range(6)))
    assert sum(each.invoices for each in runs) == 6 * 12
    assert not any(each.set_aside for each in runs)
    check_each_period_once(12)


@pytest.mark.slow
def test_bill_5_runs_killed_at_random_moments_leave_nothing_twice_and_nothing_out(
    db: str, sample_people: People
):
    assert sample_people
    add_memberships(40)
    dice = random.Random(7)
    db_engine.dispose()
    command = [sys.executable, "-m", "tests.services.memberships.billing_load", db, MOMENT.isoformat()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdin and starter.stdout
        for _ in range(KILLS):
            starter.stdin.write("next\n")
            starter.stdin.flush()
            child = int(starter.stdout.readline())
            time.sleep(dice.uniform(0.01, 0.25))  # a real process is killed at a real moment
            os.kill(child, signal.SIGKILL)
        starter.stdin.close()
    with clock.held_at(MOMENT):
        bill_memberships(SYSTEM)
        assert bill_memberships(SYSTEM).invoices == 0
    check_each_period_once(40)
