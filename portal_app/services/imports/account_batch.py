"""The books of some accounts while invoices and payments come in: planned first, then written at once."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlmodel import col, select

from portal_app.clock import now
from portal_app.db.scope import Tx
from portal_app.db.tables.billing import Allocation, Invoice, InvoiceLine, LedgerEntry, Payment
from portal_app.domain.billing.payments import status_for
from portal_app.domain.billing.types import PAYABLE, EntryKind, InvoiceStatus
from portal_app.domain.ids import AccountId, InvoiceId, PatientId, new_id
from portal_app.domain.money import Money
from portal_app.services.billing.ledger.person_shares import bulk_insert_shares
from portal_app.services.imports.import_run import ImportRun, noon, whole


@dataclass(slots=True)
class BatchInvoice:
    """An invoice as it stands at this point of the import; amounts in minor units."""

    id: InvoiceId
    number: str
    account_id: AccountId
    status: InvoiceStatus
    issue_date: date
    due_date: date
    total: int
    adjusted: int = 0
    allocated: int = 0
    kept: tuple[Any, ...] = ()  # as the database has it

    @property
    def due(self) -> int:
        return self.total + self.adjusted - self.allocated

    @property
    def now(self) -> tuple[Any, ...]:
        return (self.status, self.due_date, self.total, self.adjusted, self.allocated)

    def restate(self) -> None:
        """The state that the amounts say, by the domain's rule."""
        amounts = (Money(minor) for minor in (self.total, self.adjusted, self.allocated))
        self.status = status_for(self.status, *amounts)


@dataclass(slots=True)
class AccountBatch:
    """One transaction's worth of accounts."""

    desk: ImportRun
    tx: Tx
    invoices: dict[str, BatchInvoice] = field(default_factory=dict)  # by number
    lines: dict[str, list[InvoiceLine]] = field(default_factory=dict)  # by invoice id
    payments: dict[str, Payment] = field(default_factory=dict)
    portal_payments: dict[str, list[tuple[Payment, str]]] = field(default_factory=dict)  # by account
    new_invoices: list[dict[str, Any]] = field(default_factory=list)
    new_lines: list[dict[str, Any]] = field(default_factory=list)
    new_payments: list[dict[str, Any]] = field(default_factory=list)
    new_allocations: list[dict[str, Any]] = field(default_factory=list)
    used: dict[str, int] = field(default_factory=dict)  # by payment: what its allocations pay
    entries: list[dict[str, Any]] = field(default_factory=list)
    dropped_lines: list[InvoiceLine] = field(default_factory=list)
    tasks: list[dict[str, Any]] = field(default_factory=list)
    closing: set[str] = field(default_factory=set)  # numbers that the files have written off
    credited: set[str] = field(default_factory=set)  # numbers that the files credit in full, void ones apart

    def money(self, minor: int) -> Money:
        return Money(minor, self.desk.manner.currency)

    def open_invoices(self, account_id: AccountId) -> list[BatchInvoice]:
        """What an unnamed payment of the account may pay."""
        return [
            invoice
            for invoice in self.invoices.values()
            if invoice.account_id == account_id and invoice.status in PAYABLE and invoice.due > 0
            if invoice.number
            not in self.closing  # what it received is named; nothing else goes there (ALL-14)
        ]

    def enter(self, kind: EntryKind, minor: int, source: str, day: date, **facts: Any) -> None:
        """One line of the ledger; a charge or payment that came in before is not entered again."""
        self.desk.entered += minor
        self.desk.ours += minor
        self.entries.append(
            whole(
                LedgerEntry,
                id=new_id("ent"),
                kind=kind,
                amount=self.money(minor),
                source=source,
                happened_on=day,
                posted_on=day,
                # Of its own day, by which staff search; entries of one day in the order they were made.
                posted_at=noon(day, self.desk) + timedelta(microseconds=len(self.entries)),
                posted_by=self.desk.principal.name,
                **facts,
            )
        )

    def allocate(self, payment_id: str, invoice: BatchInvoice, minor: int, position: int) -> None:
        invoice.allocated += minor
        invoice.restate()
        self.used[payment_id] = self.used.get(payment_id, 0) + minor
        self.new_allocations.append(
            whole(
                Allocation,
                id=new_id("alc"),
                account_id=invoice.account_id,
                payment_id=payment_id,
                invoice_id=invoice.id,
                amount=self.money(minor),
                made_at=now(),
                position=position,
            )
        )

    def write(self) -> None:
        desk, tx = self.desk, self.tx
        desk.bulk_insert(tx, Invoice, self.new_invoices)
        if not desk.check:
            for line in self.dropped_lines:
                tx.delete(line)
            tx.flush()
        desk.bulk_insert(tx, InvoiceLine, self.new_lines)
        desk.bulk_update(
            tx,
            Invoice,
            [self._amended(invoice) for invoice in self.invoices.values() if invoice.kept != invoice.now],
        )
        for row in self.new_payments:
            row["allocated"] = self.money(self.used.get(row["id"], 0))
        desk.bulk_insert(tx, Payment, self.new_payments)
        desk.bulk_insert(tx, Allocation, self.new_allocations)
        desk.bulk_insert(tx, LedgerEntry, self.entries)
        if not desk.check:
            bulk_insert_shares(tx, [row["id"] for row in self.entries])
        desk.add_staff_task(tx, self.tasks)

    def _amended(self, invoice: BatchInvoice) -> dict[str, Any]:
        return {
            "id": invoice.id,
            "status": invoice.status,
            "due_date": invoice.due_date,
            "total": self.money(invoice.total),
            "adjusted": self.money(invoice.adjusted),
            "allocated": self.money(invoice.allocated),
        }


def open_account_batch(
    desk: ImportRun, tx: Tx, accounts: Iterable[AccountId], numbers: Iterable[str], payment_ids: Iterable[str]
) -> AccountBatch:
    """What the database has of these invoices and payments, locked against payments meanwhile."""
    books = AccountBatch(desk, tx)
    accounts, numbers, payment_ids = sorted(accounts), sorted(numbers), sorted(payment_ids)
    for wanted in (
        col(Invoice.number).in_(numbers),
        col(Invoice.account_id).in_(accounts) & col(Invoice.status).in_(PAYABLE),
    ):
        query = select(Invoice).where(wanted).order_by(Invoice.id)
        for row in tx.exec(query if desk.check else query.with_for_update()):
            invoice = BatchInvoice(
                row.id,
                row.number,
                row.account_id,
                row.status,
                row.issue_date,
                row.due_date,
                row.total.minor,
                row.adjusted.minor,
                row.allocated.minor,
            )
            invoice.kept = invoice.now
            books.invoices[row.number] = invoice
    ids = [books.invoices[number].id for number in numbers if number in books.invoices]
    for line in tx.exec(
        select(InvoiceLine).where(col(InvoiceLine.invoice_id).in_(ids)).order_by(col(InvoiceLine.position))
    ):
        books.lines.setdefault(line.invoice_id, []).append(line)
    for payment in tx.exec(select(Payment).where(col(Payment.id).in_(payment_ids))):
        books.payments[payment.id] = payment
    _portal_payments(books, accounts)
    return books


def _portal_payments(books: AccountBatch, accounts: list[AccountId]) -> None:
    """Payments these accounts made through the portal, with the invoice each paid."""
    found = books.tx.exec(
        select(Payment, Allocation.invoice_id)
        .join(Allocation, Allocation.payment_id == Payment.id)  # type: ignore[arg-type]
        .where(col(Payment.account_id).in_(accounts), Payment.origin != "import")
    )
    for payment, invoice_id in found:
        books.portal_payments.setdefault(payment.account_id, []).append((payment, invoice_id))


def line_row(invoice: BatchInvoice, patient_id: PatientId, position: int, **values: Any) -> dict[str, Any]:
    return whole(
        InvoiceLine,
        id=new_id("lin"),
        account_id=invoice.account_id,
        invoice_id=invoice.id,
        patient_id=patient_id,
        position=position,
        **values,
    )
