"""Invoices, payments and ledger entries that an import plans for some accounts, then writes in one transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import repeat
from typing import Any, NamedTuple

from sqlmodel import col, delete, select

from portal_app.clock import now
from portal_app.db.scope import Tx
from portal_app.db.select import columns
from portal_app.db.tables.billing import Allocation, Invoice, InvoiceLine, LedgerEntry, Payment
from portal_app.domain.billing.payments import status_for
from portal_app.domain.billing.types import PAYABLE, EntryKind, InvoiceStatus, Method, Origin, PaymentStatus
from portal_app.domain.ids import AccountId, InvoiceId, LineId, PatientId, PaymentId
from portal_app.domain.money import Money
from portal_app.services.billing.ledger.apportion import Weights, line_sums
from portal_app.services.billing.ledger.person_shares import NewEntry, bulk_insert_shares
from portal_app.services.imports.import_run import ImportRun, PaymentRows, chunks, noon, shared_values


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
        self.status = status_for(self.status, self.total, self.adjusted, self.allocated)


class NewInvoice(NamedTuple):
    """An invoice that will be written, as it stands when all that concerns it is planned."""

    invoice: BatchInvoice
    note: str
    issued_at: datetime | None


class NewLine(NamedTuple):
    """A line that will be written. Its columns."""

    account_id: AccountId
    invoice_id: InvoiceId
    patient_id: PatientId
    position: int
    description: str
    quantity: int
    unit_amount: Money
    amount: Money
    service_date: date | None
    provider: str
    code: str


class NewPayment(NamedTuple):
    """A payment that will be written. Its columns, but for what all payments of an import have in common."""

    id: str
    practice_key: str
    account_id: AccountId
    amount: Money
    method: Method
    payer_id: PatientId | None
    invoice_id: InvoiceId | None
    paid_with: str
    note: str
    created_at: datetime


class NewAllocation(NamedTuple):
    """An allocation that will be written. Its columns."""

    account_id: AccountId
    payment_id: str
    invoice_id: InvoiceId
    amount: int  # minor units
    position: int


class KeptLine(NamedTuple):
    """A line as the database has it."""

    id: LineId
    invoice_id: InvoiceId
    patient_id: PatientId
    amount: Money
    description: str
    quantity: int
    service_date: date | None
    provider: str
    code: str


class KeptPayment(NamedTuple):
    """A payment as the database has it."""

    id: PaymentId
    account_id: AccountId
    amount: Money
    refunded: Money
    status: PaymentStatus
    posted: bool
    practice_key: str | None


# Columns and not whole rows: most of what a nightly import reads is as it was.
_LINES = columns(*(getattr(InvoiceLine, name) for name in KeptLine._fields))
_PAYMENTS = columns(*(getattr(Payment, name) for name in KeptPayment._fields))
_INVOICES = columns(
    *(Invoice.id, Invoice.number, Invoice.account_id, Invoice.status, Invoice.issue_date, Invoice.due_date),
    *(Invoice.total, Invoice.adjusted, Invoice.allocated),
)


class EntryAbout(NamedTuple):
    """Whose a ledger entry is, and what it is of."""

    account_id: AccountId
    invoice_id: InvoiceId | None = None
    payment_id: PaymentId | None = None
    text: str = ""


@lru_cache(maxsize=20_000)  # immutable, and files repeat the same amounts
def _money(minor: int, currency: str) -> Money:
    return Money(minor, currency)


@dataclass(slots=True)
class AccountBatch:
    """One transaction's worth of accounts."""

    run: ImportRun
    tx: Tx
    invoices: dict[str, BatchInvoice] = field(default_factory=dict[str, BatchInvoice])  # by number
    by_account: dict[AccountId, list[BatchInvoice]] = field(
        default_factory=dict[AccountId, list[BatchInvoice]]
    )
    lines: dict[str, list[KeptLine]] = field(default_factory=dict[str, list[KeptLine]])  # by invoice id
    payments: dict[str, KeptPayment] = field(default_factory=dict[str, KeptPayment])
    portal_payments: dict[str, list[tuple[Payment, str]]] = field(
        default_factory=dict[str, list[tuple[Payment, str]]]
    )  # by account
    new_invoices: list[NewInvoice] = field(default_factory=list[NewInvoice])
    new_lines: list[NewLine] = field(default_factory=list[NewLine])
    new_payments: list[NewPayment] = field(default_factory=list[NewPayment])
    new_allocations: list[NewAllocation] = field(default_factory=list[NewAllocation])
    used: dict[str, int] = field(default_factory=dict[str, int])  # by payment: what its allocations pay
    entries: list[NewEntry] = field(default_factory=list[NewEntry])
    dropped_lines: list[KeptLine] = field(default_factory=list[KeptLine])
    tasks: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    closing: set[str] = field(default_factory=set[str])  # numbers that the files have written off
    credited: set[str] = field(
        default_factory=set[str]
    )  # numbers that the files credit in full, void ones apart

    def know(self, invoice: BatchInvoice) -> None:
        """From here on the invoice as it stands now is what its changes are compared with."""
        invoice.kept = invoice.now
        if invoice.number not in self.invoices:
            self.invoices[invoice.number] = invoice
            self.by_account.setdefault(invoice.account_id, []).append(invoice)

    def money(self, minor: int) -> Money:
        return _money(minor, self.run.options.currency)

    def open_invoices(self, account_id: AccountId) -> list[BatchInvoice]:
        """What an unnamed payment of the account may pay."""
        return [
            invoice
            for invoice in self.by_account.get(account_id, ())
            if invoice.status in PAYABLE and invoice.due > 0
            if invoice.number
            not in self.closing  # what it received is named; nothing else goes there (ALL-14)
        ]

    def enter(self, kind: EntryKind, minor: int, source: str, day: date, about: EntryAbout) -> None:
        """One line of the ledger; a charge or payment that came in before is not entered again."""
        self.run.entered += minor
        self.run.ours += minor
        # Of its own day, by which staff search; entries of one day in the order they were made.
        at = noon(day, self.run) + timedelta(microseconds=len(self.entries))
        self.entries.append(
            NewEntry(
                about.account_id,
                kind,
                self.money(minor),
                source,
                about.invoice_id,
                about.payment_id,
                about.text,
                day,
                at,
            )
        )

    def allocate(self, payment_id: str, invoice: BatchInvoice, minor: int, position: int) -> None:
        invoice.allocated += minor
        invoice.restate()
        self.used[payment_id] = self.used.get(payment_id, 0) + minor
        self.new_allocations.append(
            NewAllocation(invoice.account_id, payment_id, invoice.id, minor, position)
        )

    def write(self) -> None:
        run, tx = self.run, self.tx
        new = {row.invoice.id for row in self.new_invoices}
        moved = [i for i in self.invoices.values() if i.kept != i.now and i.id not in new]
        if not run.check:
            self._insert_invoices()
            for some in chunks(self.dropped_lines):
                tx.exec(delete(InvoiceLine).where(col(InvoiceLine.id).in_([line.id for line in some])))
            tx.bulk_insert_columns(InvoiceLine, self._columns(NewLine, self.new_lines, "lin"), {})
        run.bulk_update(tx, Invoice, [self._amended(invoice) for invoice in moved])
        if not run.check:
            self._insert_payments()
            self._insert_entries(new)
        run.add_staff_task(tx, self.tasks)

    def _insert_invoices(self) -> None:
        invoices = [row.invoice for row in self.new_invoices]
        kept = (
            "id",
            "account_id",
            "number",
            "status",
            "issue_date",
            "due_date",
            "total",
            "adjusted",
            "allocated",
        )
        columns = {name: [getattr(invoice, name) for invoice in invoices] for name in kept}
        columns |= {name: [getattr(row, name) for row in self.new_invoices] for name in ("note", "issued_at")}
        self.tx.bulk_insert_columns(Invoice, columns, {"created_at": now()})

    def _insert_payments(self) -> None:
        columns = self._columns(NewPayment, self.new_payments)
        columns["settled_at"] = columns["created_at"]
        columns["allocated"] = [self.used.get(row.id, 0) for row in self.new_payments]
        same = {
            "refunded": 0,
            "lost": 0,
            "status": PaymentStatus.SUCCEEDED,
            "origin": Origin.IMPORT,
            "paid_by": self.run.principal.name,
            "posted": True,
        }
        self.tx.bulk_insert_columns(Payment, columns, shared_values(Payment, columns, same))
        columns = self._columns(NewAllocation, self.new_allocations, "alc")
        self.tx.bulk_insert_columns(Allocation, columns, {"made_at": now(), "changes": []})

    def _insert_entries(self, new: set[InvoiceId]) -> None:
        columns = self._columns(NewEntry, self.entries, "ent")
        columns["happened_on"] = columns["posted_on"]
        self.tx.bulk_insert_columns(LedgerEntry, columns, {"posted_by": self.run.principal.name})
        bulk_insert_shares(self.tx, columns["id"], self.entries, self._weights(new))

    def _columns(self, kind: type[NamedTuple], rows: Sequence[Any], prefix: str = "") -> dict[str, Any]:
        """The rows column by column; with new ids, where a prefix is named."""
        values = zip(*rows, strict=True) if rows else repeat(())
        columns: dict[str, Any] = dict(zip(kind._fields, values, strict=False))
        if prefix:
            columns["id"] = self.run.next_ids(prefix, len(rows))
        return columns

    def _weights(self, new: set[InvoiceId]) -> Weights:
        """What the new entries are shared by: from the rows of this batch, else from the database."""
        lines: dict[InvoiceId, dict[PatientId, int]] = {}
        for line in self.new_lines:
            if line.invoice_id in new:
                sums = lines.setdefault(line.invoice_id, {})
                sums[line.patient_id] = sums.get(line.patient_id, 0) + line.amount.minor
        paid: dict[PaymentId, dict[InvoiceId, int]] = {}
        for row in self.new_allocations:
            paid.setdefault(PaymentId(row.payment_id), {})[row.invoice_id] = row.amount
        named = {row.invoice_id for rows in (self.entries, self.new_allocations) for row in rows}
        return Weights(line_sums(self.tx, {id_ for id_ in named - new if id_}) | lines, paid)

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
    run: ImportRun, tx: Tx, accounts: Iterable[AccountId], numbers: Iterable[str], payments: list[PaymentRows]
) -> AccountBatch:
    """What the database has of these invoices and payments, locked against payments meanwhile."""
    batch = AccountBatch(run, tx)
    accounts, numbers = sorted(accounts), sorted(numbers)
    for wanted in (
        col(Invoice.number).in_(numbers),
        col(Invoice.account_id).in_(accounts) & col(Invoice.status).in_(PAYABLE),
    ):
        query = _INVOICES.where(wanted).order_by(Invoice.id)
        for row in tx.exec(query if run.check else query.with_for_update()):
            id_, number, account_id, status, issued, due, *amounts = row
            batch.know(
                BatchInvoice(
                    id_, number, account_id, status, issued, due, *(amount.minor for amount in amounts)
                )
            )
    ids = [batch.invoices[number].id for number in numbers if number in batch.invoices]
    of_invoices = col(InvoiceLine.invoice_id).in_(ids)
    for values in tx.exec(_LINES.where(of_invoices).order_by(col(InvoiceLine.position))) if ids else ():
        line = KeptLine._make(values)
        batch.lines.setdefault(line.invoice_id, []).append(line)
    _find_payments(batch, payments)
    _portal_payments(batch, accounts)
    return batch


def _find_payments(batch: AccountBatch, payments: list[PaymentRows]) -> None:
    """Which of the files' payments are here: by the practice's key, or by our id where a row names it."""
    run = batch.run
    named = {payment.key: PaymentId(payment.rows[0].portal_payment_id) for payment in payments}
    named = {key: id_ or run.older_payments.get(key) for key, id_ in named.items()}
    keys = sorted(key for key, id_ in named.items() if not id_) if run.had_payments else []
    ids = sorted({id_ for id_ in named.values() if id_})
    here: dict[str, PaymentId] = {}
    for column, wanted in ((Payment.practice_key, keys), (Payment.id, ids)):
        for values in batch.tx.exec(_PAYMENTS.where(col(column).in_(wanted))) if wanted else ():
            kept = KeptPayment._make(values)
            batch.payments[kept.id] = kept
            if kept.practice_key:
                here[kept.practice_key] = kept.id
    for payment in payments:
        id_ = named[payment.key] or here.get(payment.key)
        payment.id = id_ or PaymentId(run.next_id("pay"))


def _portal_payments(batch: AccountBatch, accounts: list[AccountId]) -> None:
    """Payments these accounts made through the portal, with the invoice each paid."""
    found = batch.tx.exec(
        select(Payment, Allocation.invoice_id)
        .join(Allocation, Allocation.payment_id == Payment.id)  # type: ignore[arg-type]
        .where(col(Payment.account_id).in_(accounts), Payment.origin != "import")
    )
    for payment, invoice_id in found:
        batch.portal_payments.setdefault(payment.account_id, []).append((payment, invoice_id))
