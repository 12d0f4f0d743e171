"""Writes small files, imports them and reads what came in: for the tests of the importer."""

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest
from sqlmodel import func, select

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.billing import Account, Allocation, Invoice, InvoiceLine, LedgerEntry, Payment
from portal_app.db.tables.families import ContactPoint, Patient, Relation
from portal_app.db.tables.staff import Task
from portal_app.domain.access import system_principal
from portal_app.domain.billing.types import EntryKind, InvoiceStatus, Method, Origin, PaymentStatus
from portal_app.domain.imports.report import ImportReport
from portal_app.domain.money import Money
from portal_app.services.billing.ledger.person_shares import store_shares
from portal_app.services.imports.run import run_import

IMPORT = system_principal("import")
ROOT = Path(__file__).parents[3]
SHARED = (ROOT / os.environ.get("PORTAL_SHARED", "../shared")).resolve() / "data" / "02_patients"
TABLES = (
    Patient,
    Account,
    ContactPoint,
    Relation,
    Invoice,
    InvoiceLine,
    LedgerEntry,
    Payment,
    Allocation,
    Task,
)

PATIENTS = "chart_number,guarantor_chart_number,given_name,family_name,birth_date,email,phone"
ANA = "1,,Ana,Reyes,1985-02-03,ana@example.com,(212) 555-0142"
CAL = "2,1,Cal,Reyes,2017-05-06,,"
INVOICES = "invoice_number,guarantor_chart_number,issue_date,due_date,total,balance"
LINES = "invoice_number,chart_number,description,unit_amount"
PAYMENTS = "payment_key,invoice_number,amount,date,method,portal_payment_id"
INVOICE = "A,1,2026-05-01,2026-06-01,100.00,"
LINE = "A,1,Visit,100.00"


def write(folder: Path, name: str, *rows: str, encoding: str = "utf-8") -> None:
    (folder / f"{name}.csv").write_bytes(("\n".join(rows) + "\n").encode(encoding))


def bring(folder: Path, **how: object) -> ImportReport:
    return run_import(IMPORT, folder, **how)  # type: ignore[arg-type]


def everything() -> dict[str, int]:
    with reading(IMPORT) as tx:
        return {table.__name__: len(tx.exec(select(table)).all()) for table in TABLES}


def said(report: ImportReport) -> list[tuple[str, int, str]]:
    return [(p.file, p.line, p.column) for p in report.set_aside]


def invoice(number: str) -> Invoice:
    with reading(IMPORT) as tx:
        return tx.exec(select(Invoice).where(Invoice.number == number)).one()


def balance() -> Money:
    with reading(IMPORT) as tx:
        return sum_of(entry.amount for entry in tx.exec(select(LedgerEntry)))


def sum_of(amounts: Iterable[Money]) -> Money:
    return sum(amounts, Money(0))  # type: ignore[arg-type]


def tasks() -> list[Task]:
    with reading(IMPORT) as tx:
        return list(tx.exec(select(Task)))


def paid_in_the_portal(amount: Money, *, posted: bool) -> str:
    """A card payment of invoice A, made in the portal."""
    this_invoice, now = invoice("A"), clock.now()
    payment_id = "pay_" + "7" * 32
    with transaction(IMPORT) as tx:
        tx.add(
            Payment(
                id=payment_id,  # type: ignore[arg-type]
                account_id=this_invoice.account_id,
                amount=amount,
                refunded=Money(0),
                allocated=amount,
                status=PaymentStatus.SUCCEEDED,
                method=Method.CARD,
                origin=Origin.PORTAL,
                invoice_id=this_invoice.id,
                receipt_number="R-1",
                posted=posted,
                created_at=now,
                settled_at=now,
            )
        )
        tx.flush()
        facts = {
            "account_id": this_invoice.account_id,
            "payment_id": payment_id,
            "invoice_id": this_invoice.id,
        }
        tx.add(Allocation(id="alc_1", amount=amount, made_at=now, **facts))  # type: ignore[arg-type]
        if posted:
            days = {"happened_on": clock.today(), "posted_on": clock.today(), "posted_at": now}
            entry = {"kind": EntryKind.PAYMENT, "amount": -amount, "source": payment_id}
            posted_entry = tx.add(LedgerEntry(id="ent_1", **entry, **days, **facts))  # type: ignore[arg-type]
            tx.flush()
            store_shares(tx, [posted_entry])
        row = tx.get_or_404(Invoice, this_invoice.id)
        row.allocated = amount
        row.status = InvoiceStatus.PARTLY_PAID if row.due else InvoiceStatus.PAID
    return payment_id


def assert_invariants() -> None:
    """DOMAIN.md, Money, invariants 1 and 2, for every account."""
    with reading(IMPORT) as tx:
        entries: Counter[str] = Counter()
        for entry in tx.exec(select(LedgerEntry)):
            entries[entry.account_id] += entry.amount.minor
        allocated: Counter[str] = Counter()
        used: Counter[str] = Counter()
        for allocation in tx.exec(select(Allocation)):
            allocated[allocation.invoice_id] += allocation.amount.minor
            used[allocation.payment_id] += allocation.amount.minor
        owed: Counter[str] = Counter()
        lines = {
            id_: Money(int(total.minor))
            for id_, total in tx.exec(
                select(InvoiceLine.invoice_id, func.sum(InvoiceLine.amount)).group_by(InvoiceLine.invoice_id)  # type: ignore[arg-type]
            )
        }
        for invoice in tx.exec(select(Invoice)):
            assert invoice.due >= Money(0)
            assert invoice.allocated.minor == allocated[invoice.id]
            assert lines[invoice.id] == invoice.total
            if invoice.status is not InvoiceStatus.DRAFT:
                owed[invoice.account_id] += invoice.due.minor
        for payment in tx.exec(select(Payment)):
            assert 0 <= used[payment.id] <= payment.amount.minor
            owed[payment.account_id] -= payment.amount.minor - used[payment.id]
        assert {a: n for a, n in entries.items() if n} == {a: n for a, n in owed.items() if n}


def shared(name: str) -> Path:
    if not (SHARED / name).is_dir():
        pytest.skip(f"the data set {name} is not beside the project (PORTAL_SHARED)")
    return SHARED / name
