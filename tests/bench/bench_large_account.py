"""An account with 10,000 entries answers like one with 10: lists page, openings and balances add in the database."""

import statistics
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import select

from portal_app import clock
from portal_app.db.engine import engine
from portal_app.db.scope import transaction
from portal_app.db.tables.billing import (
    Allocation,
    IntendedAllocation,
    Invoice,
    InvoiceLine,
    LedgerEntry,
    Payment,
)
from portal_app.domain.access import system_principal
from portal_app.domain.billing.types import EntryKind, InvoiceStatus, Method, Origin, PaymentStatus
from portal_app.domain.ids import AccountId, new_id
from portal_app.domain.money import Money
from portal_app.services.billing.accounts import view_account
from portal_app.services.billing.history import list_payments
from portal_app.services.billing.invoices.read import list_invoices
from portal_app.services.billing.ledger.person_shares import store_shares
from portal_app.services.billing.statements import view_statement
from tests import people
from tests.people import People

MANY, FEW = 10_000, 10
AT_MOST = 1.5
PORTAL = system_principal("test")


def fill(account: AccountId, person: people.Person, entries: int) -> None:
    """Half of them paid bills of former years, half the payments; this month's ten are the same for both."""
    rows: dict[Any, list[dict[str, Any]]] = {}
    for n in range(entries // 2):
        for table, row in past_visit(account, person, n):
            rows.setdefault(table, []).append({"account_id": account} | row)
    with transaction(PORTAL) as tx:
        for table, some in rows.items():
            tx.bulk_insert(table, some)
        store_shares(tx, tx.exec(select(LedgerEntry).where(LedgerEntry.account_id == account)).all())


def past_visit(account: AccountId, person: people.Person, n: int) -> Iterator[tuple[Any, dict[str, Any]]]:
    """A bill, paid the same day by card, and both in the ledger."""
    day = date(2010, 1, 1) + timedelta(days=n % 5000)
    at, amount, zero = clock.now() - timedelta(days=5500 - n % 5000), Money(50_00), Money(0)
    invoice, paid = new_id("inv"), new_id("pay")
    status = {"id": invoice, "number": f"{account[-3:]}-{n}", "status": InvoiceStatus.PAID}
    figures = {"total": amount, "adjusted": zero, "allocated": amount}
    days = {"issue_date": day, "due_date": day, "note": "", "created_at": at, "issued_at": at}
    yield Invoice, status | figures | days
    facts = {"invoice_id": invoice, "patient_id": person.id, "position": 0, "description": "Cleaning"}
    price = {"quantity": 1, "unit_amount": amount, "amount": amount}
    yield (
        InvoiceLine,
        {"id": new_id("lin"), "service_date": day, "provider": "", "code": ""} | facts | price,
    )
    facts = {"amount": amount, "refunded": zero, "allocated": amount, "status": PaymentStatus.SUCCEEDED}
    facts |= {"method": Method.CARD, "origin": Origin.PORTAL, "paid_by": "", "payer_id": person.id}
    facts |= {"invoice_id": invoice, "payment_method_id": None, "paid_with": "Visa ending in 4242"}
    facts |= {"save_payment_method": False, "processor_intent_id": f"pi_{paid}", "processor_charge_id": ""}
    facts |= {"decline_code": "", "outcome_known": False, "receipt_number": f"R-{paid}", "receipt_to": ""}
    yield Payment, {"id": paid, "note": "", "posted": True, "created_at": at, "settled_at": at} | facts
    part = {"payment_id": paid, "invoice_id": invoice, "amount": amount, "position": 0}
    yield IntendedAllocation, {"id": new_id("par")} | part
    yield Allocation, {"id": new_id("alc"), "made_at": at} | part
    days = {"happened_on": day, "posted_on": day, "posted_at": at, "posted_by": "", "text": ""}
    charge = {"kind": EntryKind.CHARGE, "amount": amount, "source": invoice, "payment_id": None}
    payment = {"kind": EntryKind.PAYMENT, "amount": -amount, "source": paid, "payment_id": paid}
    for entry, whose in ((charge, person.id), (payment, None)):
        yield LedgerEntry, {"id": new_id("ent"), "invoice_id": invoice, "patient_id": whose} | days | entry


def settle_down() -> None:
    """What PostgreSQL does by itself within a minute of such an import; SQLite goes without."""
    if engine().dialect.name == "postgresql":
        with engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")


def fastest(
    measure: Callable[[], float], *looks: Callable[[], object], rounds: int = 5, times: int = 20
) -> list[float]:
    """The median of the rounds' fastest looks, taken in turn: what else the machine does counts little."""
    best: list[list[float]] = [[] for _ in looks]
    for _ in range(rounds):
        least = [float("inf")] * len(looks)
        for _ in range(times):
            for n, look in enumerate(looks):
                begun = measure()
                look()
                least[n] = min(least[n], measure() - begun)
        for n, value in enumerate(least):
            best[n].append(value)
    return [statistics.median(values) for values in best]


@pytest.mark.bench
@pytest.mark.parametrize(
    "what",
    ["page of bills", "bills to pay", "paid bills", "payments", "statement", "statement of one", "account"],
)
def test_an_account_with_ten_thousand_entries_answers_like_one_with_ten(db: str, what: str) -> None:
    with clock.held_at(clock.now().replace(year=2026, month=6, day=15, hour=16)):
        sample_people = People.create()
        fill(people.RIVERA, people.MARIA, MANY)
        # Ten of what is listed: a page of bills is compared with ten bills, each charged and paid.
        few_entries = 2 * FEW if what in ("page of bills", "paid bills") else FEW
        fill(people.OKAFOR, people.KIM, few_entries)
        # A table that is one account's alone is read whole by PostgreSQL: no practice has such a one.
        fill(people.OSCAR.account, people.OSCAR, MANY)
        settle_down()
        first, last = date(2026, 6, 1), date(2026, 6, 30)
        looks: dict[str, Callable[[Any], object]] = {
            "page of bills": lambda who: list_invoices(who),
            "bills to pay": lambda who: list_invoices(who, show="to_pay"),
            "paid bills": lambda who: list_invoices(who, show="paid"),
            "payments": lambda who: list_payments(who),
            "statement": lambda who: view_statement(who, first, last),
            "statement of one": lambda who: view_statement(who, first, last, patient_id=who.patient_id),
            "account": lambda who: view_account(who),
        }
        look = looks[what]
        # PostgreSQL's part is another process's time: there the clock on the wall says it.
        measure = time.process_time if db.startswith("sqlite") else time.perf_counter
        few, many = fastest(measure, lambda: look(sample_people.kim), lambda: look(sample_people.maria))
    print(
        f"{what}: {few * 1000:.2f} ms with {few_entries} entries, {many * 1000:.2f} ms with {MANY}: × {many / few:.2f}"
    )
    assert many <= few * AT_MOST
