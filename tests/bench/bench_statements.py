"""A thousand statements of fifty lines as PDF, made one after the other in under a minute."""

import time
from datetime import date, timedelta

import pytest

from portal_app import clock
from portal_app.db.scope import transaction
from portal_app.db.tables.billing import LedgerEntry
from portal_app.domain.access import the_portal
from portal_app.domain.billing import EntryKind
from portal_app.domain.ids import new_id
from portal_app.domain.money import Money
from portal_app.services import documents
from portal_app.services.account_papers import statement_paper
from tests import cast as people
from tests.cast import Cast

assert documents  # papers know each other: it is the first one
STATEMENTS, LINES, SECONDS = 1000, 50, 60
FIRST, LAST = date(2026, 5, 1), date(2026, 5, 31)


def fifty_lines() -> None:
    """Charges for four persons and payments, over the month."""
    family = (people.MARIA, people.EVA, people.TIM, people.TOM)
    rows = []
    for n in range(LINES):
        day, paid = FIRST + timedelta(days=n % 31), n % 3 == 2
        kind = EntryKind.PAYMENT if paid else EntryKind.CHARGE
        rows.append(
            {"id": new_id("ent"), "account_id": people.RIVERA, "kind": kind, "source": f"line-{n}"}
            | {
                "amount": Money(-40_00 if paid else 35_50 + n),
                "text": "Visa ending in 4242" if paid else f"P-{n}",
            }
            | {"patient_id": None if paid else family[n % 4].id, "invoice_id": None, "payment_id": None}
            | {"happened_on": day, "posted_on": day, "posted_at": clock.now(), "posted_by": ""}
        )
    with transaction(the_portal("bench")) as tx:
        tx.pour(LedgerEntry, rows)


@pytest.mark.bench
@pytest.mark.slow
def test_a_thousand_statements_of_fifty_lines_are_set_within_a_minute(sqlite_db: str) -> None:
    assert sqlite_db
    cast = Cast.on_stage()
    fifty_lines()
    first = statement_paper(cast.maria, FIRST, LAST, "en")
    assert first.content.startswith(b"%PDF")
    begun, busy = time.perf_counter(), time.process_time()
    for n in range(STATEMENTS):
        statement_paper(cast.maria, FIRST, LAST, "es" if n % 2 else "en")
    seconds, cpu = time.perf_counter() - begun, time.process_time() - busy
    print(f"{STATEMENTS} statements of {LINES} lines: {seconds:.1f} s, {cpu:.1f} s of CPU")
    assert cpu < SECONDS  # of one core: what else the machine does is not counted
