"""A thousand statements of fifty lines as PDF in under a minute, on the cores that the machine has."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest

from portal_app import clock
from portal_app.db.scope import transaction
from portal_app.db.tables.billing import LedgerEntry
from portal_app.domain.access import system_principal
from portal_app.domain.billing.types import EntryKind
from portal_app.domain.ids import new_id
from portal_app.domain.money import Money
from portal_app.services.documents import payment_documents
from portal_app.services.documents.account_documents import statement_document
from tests import people
from tests.people import People

assert payment_documents  # papers know each other: it is the first one
STATEMENTS, MONTHS, LINES, SECONDS = 1000, 100, 50, 60
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def month(n: int) -> tuple[date, date]:
    """The first and the last day of a month, the newest first."""
    years, months = divmod(2026 * 12 + 4 - n, 12)
    first = date(years, months + 1, 1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def fifty_lines_a_month() -> None:
    """Charges for four persons and payments; no two statements say the same, so that none is remembered."""
    family = (people.MARIA, people.EVA, people.TIM, people.TOM)
    rows = []
    for n in range(MONTHS):
        first, last = month(n)
        for line in range(LINES):
            paid = line % 3 == 2
            day = first + timedelta(days=line % last.day)
            kind = EntryKind.PAYMENT if paid else EntryKind.CHARGE
            rows.append(
                {"id": new_id("ent"), "account_id": people.RIVERA, "kind": kind, "source": f"{n}-{line}"}
                | {
                    "amount": Money(-40_00 - n if paid else 35_50 + n * 7 + line),
                    "text": f"Visa ending in {4000 + n}" if paid else f"P-{n}-{line}",
                }
                | {"patient_id": None if paid else family[line % 4].id, "invoice_id": None}
                | {"payment_id": None, "happened_on": day, "posted_on": day}
                | {"posted_at": clock.now(), "posted_by": ""}
            )
    with transaction(system_principal("bench")) as tx:
        tx.bulk_insert(LedgerEntry, rows)


@pytest.mark.bench
@pytest.mark.slow
def test_a_thousand_statements_of_fifty_lines_are_set_within_a_minute(sqlite_db: str) -> None:
    assert sqlite_db
    sample_people = People.create()
    fifty_lines_a_month()

    def set_one(n: int) -> int:
        return len(
            statement_document(sample_people.maria, *month(n % MONTHS), "es" if n % 2 else "en").content
        )

    with ThreadPoolExecutor(CORES) as desk:  # as the portal's own threads do; typst lets the others run
        assert min(desk.map(set_one, range(CORES))) > 10_000
        begun, busy = time.perf_counter(), time.process_time()
        assert min(desk.map(set_one, range(STATEMENTS))) > 10_000
        seconds, cpu = time.perf_counter() - begun, time.process_time() - busy
    print(
        f"{STATEMENTS} statements of {LINES} lines: {seconds:.1f} s, {cpu:.1f} s of CPU"
        f" = {cpu / CORES:.1f} s on {CORES} cores"
    )
    assert cpu / CORES < SECONDS  # what else the machine does is not counted
