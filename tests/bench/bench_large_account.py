"""An account with 10,000 entries answers like one with 10: lists page, openings and balances add in the database."""

import time
from collections.abc import Callable
from datetime import date, timedelta

import pytest

from portal_app import clock
from portal_app.db.scope import transaction
from portal_app.db.tables.billing import Invoice, InvoiceLine, LedgerEntry
from portal_app.domain.access import the_portal
from portal_app.domain.billing import EntryKind, InvoiceStatus
from portal_app.domain.ids import AccountId, new_id
from portal_app.domain.money import Money
from portal_app.services import billing
from tests import cast as people
from tests.cast import Cast

MANY, FEW = 10_000, 10
AT_MOST = 1.5
PORTAL = the_portal("test")


def fill(account: AccountId, person: people.Person, entries: int) -> None:
    """Half of them paid bills of former years, half the payments; this month's ten are the same for both."""
    first = date(2010, 1, 1)
    invoices, lines, ledger = [], [], []
    for n in range(entries // 2):
        day = first + timedelta(days=n % 5000)
        id_, amount, zero = new_id("inv"), Money(50_00), Money(0)
        facts = {"account_id": account, "created_at": clock.now()}
        invoices.append(
            facts
            | {"id": id_, "number": f"{account[-3:]}-{n}", "status": InvoiceStatus.PAID, "issue_date": day}
            | {"due_date": day, "total": amount, "adjusted": zero, "allocated": amount}
            | {"note": "", "issued_at": clock.now()}
        )
        lines.append(
            {"id": new_id("lin"), "account_id": account, "invoice_id": id_, "patient_id": person.id}
            | {"position": 0, "description": "Cleaning", "quantity": 1, "unit_amount": amount}
            | {"amount": amount, "service_date": day, "provider": "", "code": ""}
        )
        for kind, sign in ((EntryKind.CHARGE, 1), (EntryKind.PAYMENT, -1)):
            ledger.append(
                {"id": new_id("ent"), "account_id": account, "kind": kind, "amount": Money(sign * 50_00)}
                | {"source": id_, "invoice_id": None, "payment_id": None, "patient_id": person.id}
                | {
                    "text": "",
                    "happened_on": day,
                    "posted_on": day,
                    "posted_at": clock.now(),
                    "posted_by": "",
                }
            )
    with transaction(PORTAL) as tx:
        for table, rows in ((Invoice, invoices), (InvoiceLine, lines), (LedgerEntry, ledger)):
            tx.pour(table, rows)


def cpu(*looks: Callable[[], object], times: int = 40) -> list[float]:
    """The least of many looks, taken in turn, in CPU seconds: what else the machine does counts little."""
    least = [float("inf")] * len(looks)
    for _ in range(times):
        for n, look in enumerate(looks):
            begun = time.process_time()
            look()
            least[n] = min(least[n], time.process_time() - begun)
    return least


@pytest.mark.bench
@pytest.mark.parametrize("what", ["page of bills", "bills to pay", "statement", "account"])
def test_an_account_with_ten_thousand_entries_answers_like_one_with_ten(sqlite_db: str, what: str) -> None:
    with clock.held_at(clock.now().replace(year=2026, month=6, day=15, hour=16)):
        cast = Cast.on_stage()
        fill(people.RIVERA, people.MARIA, MANY)
        fill(people.OKAFOR, people.KIM, FEW)
        first, last = date(2026, 6, 1), date(2026, 6, 30)
        looks: dict[str, Callable[[object], object]] = {
            "page of bills": lambda who: billing.list_invoices(who),  # type: ignore[arg-type]
            "bills to pay": lambda who: billing.list_invoices(who, show="to_pay"),  # type: ignore[arg-type]
            "statement": lambda who: billing.view_statement(who, first, last),  # type: ignore[arg-type]
            "account": lambda who: billing.view_account(who),  # type: ignore[arg-type]
        }
        look = looks[what]
        few, many = cpu(lambda: look(cast.kim), lambda: look(cast.maria))
    print(
        f"{what}: {few * 1000:.2f} ms with {FEW} entries, {many * 1000:.2f} ms with {MANY}: × {many / few:.2f}"
    )
    assert many <= few * AT_MOST
