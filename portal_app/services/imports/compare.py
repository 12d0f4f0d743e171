"""The files' own figures against the portal's: balances, and payments that the files no longer have (IMP-2)."""

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any, NamedTuple

from sqlmodel import col

from portal_app.db.scope import Tx
from portal_app.db.select import columns
from portal_app.db.tables.billing import Allocation, Invoice, Payment
from portal_app.domain.billing.types import RECEIVED, Origin
from portal_app.domain.ids import AccountId, PaymentId
from portal_app.domain.imports.report import Problem, Where
from portal_app.domain.money import Money
from portal_app.i18n import gettext_noop
from portal_app.services.imports.account_batch import AccountBatch, BatchInvoice
from portal_app.services.imports.import_run import (
    ImportRun,
    PaymentRows,
    PaymentsSaid,
    Row,
    chunks,
    task,
)
from portal_app.services.imports.invoices import shown_balance


class _Imported(NamedTuple):
    """A payment that an import brought, as the database has it."""

    id: PaymentId
    account_id: AccountId
    amount: Money
    created_at: datetime
    practice_key: str | None


def payments_said(payments: Iterable[Row], bad: dict[str, Where]) -> PaymentsSaid:
    """Which payments the files name, also those that were set aside, and since when."""
    rows = list(payments)
    keys = {row.payment_key for row in rows}
    return PaymentsSaid(keys | bad.keys(), min((row.date for row in rows), default=date.max))


def compare_balances(batch: AccountBatch, rows: list[Row], payments: list[PaymentRows]) -> None:
    """Is due here what the files say is due? `payments` are theirs of this account."""
    run = batch.run
    for row in rows:
        shown = shown_balance(row)
        if shown is None:
            _compare_status(batch, row, payments)
            continue
        invoice = batch.invoices[row.invoice_number]
        explained = 0 if invoice.due == shown else _explained(batch, invoice, payments)
        run.balance_there += shown
        run.balance_here += invoice.due
        run.balance_explained += explained
        if invoice.due + explained == shown:
            continue
        reason = f"{run.plain(shown)} is due there and {run.plain(invoice.due)} here"
        run.warn(row, "balance", reason)
        run.doubted[invoice.id] = row
        said = gettext_noop("Invoice {number}: {there} is due in the practice's system and {here} here.")
        batch.tasks.append(
            task(
                f"import:{invoice.id}:{shown}:{invoice.due}",
                "import_differs",
                said,
                account_id=invoice.account_id,
                number=invoice.number,
                there=_json(batch.money(shown)),
                here=_json(batch.money(invoice.due)),
            )
        )


def _compare_status(batch: AccountBatch, row: Row, payments: list[PaymentRows]) -> None:
    """Is paid here what the files, without a balance, call open or partly paid? A check that bounced looks like that."""
    if "status" not in row.given or row.status not in ("open", "partly_paid"):
        return
    if row.shape.about:  # FHIR's invoices that are balanced no longer: see `PaymentsSaid.gone`
        return
    invoice = batch.invoices[row.invoice_number]
    if invoice.due > 0 or not invoice.allocated:
        return
    parts = (part for payment in payments for part in payment.rows)
    paid_there = sum(part.amount.minor for part in parts if part.invoice_number == invoice.number)
    if paid_there >= invoice.allocated or _explained(batch, invoice, payments):
        return
    run = batch.run
    run.warn(row, "status", f"is {row.status.replace('_', ' ')} there and paid here")
    run.doubted[invoice.id] = row
    said = gettext_noop(
        "Invoice {number} is not paid in the practice's system, and it is here. Was a payment taken back?"
    )
    once, about = f"import:{invoice.id}:paid here only", invoice.account_id
    batch.tasks.append(task(once, "import_differs", said, account_id=about, number=invoice.number))


def _explained(batch: AccountBatch, invoice: BatchInvoice, payments: list[PaymentRows]) -> int:
    """What payments took off here that the files cannot have taken off this invoice.

    Those made in the portal that no row names yet, and those whose rows name no invoice or another one.
    """

    named: dict[str, set[str]] = {
        payment.id: {part.invoice_number for part in payment.rows} for payment in payments
    }

    def unknown(payment_id: str, origin: Origin) -> bool:
        if payment_id in named:
            return "" in named[payment_id] and invoice.number not in named[payment_id]
        return origin is not Origin.IMPORT

    new = sum(
        row.amount
        for row in batch.new_allocations
        if row.invoice_id == invoice.id and unknown(row.payment_id, Origin.IMPORT)
    )
    found = batch.tx.exec(
        columns(Allocation.amount, Payment.id, Payment.origin)
        .join(Payment, col(Payment.id) == Allocation.payment_id)
        .where(Allocation.invoice_id == invoice.id)
    )
    return new + sum(amount.minor for amount, payment_id, origin in found if unknown(payment_id, origin))


def find_missing_payments(run: ImportRun) -> None:
    """Tell of payments that an import brought and that the files, complete as they are, no longer have.

    Judged are those of the days that the files cover, if the files have at least half of these (otherwise they
    are an extract), and those of invoices that have another balance there.
    """
    said = run.payments_said
    if said is None or not run.had_payments:
        return
    with run.opened() as tx:
        missing = _payments_missing(run, tx, said)
        run.add_staff_task(tx, [_missing(run, payment) for payment in missing])


def _payments_missing(run: ImportRun, tx: Tx, said: PaymentsSaid) -> list[_Imported]:
    imported = (col(Payment.origin) == Origin.IMPORT) & col(Payment.status).in_(RECEIVED)
    payments = columns(*(getattr(Payment, name) for name in _Imported._fields))
    missing: dict[str, _Imported] = {}
    said_by_id = {id_: key for key, id_ in run.older_payments.items()}

    def is_said(payment: _Imported) -> bool:
        return (payment.practice_key or said_by_id.get(payment.id)) in said.keys

    known = 0
    if said.since < date.max:
        start = datetime.combine(said.since, time(), run.options.zone)
        for values in tx.exec(payments.where(imported, col(Payment.created_at) >= start)):
            payment = _Imported._make(values)
            known += 1
            if not is_said(payment):
                missing[payment.id] = payment
    if len(missing) * 2 > known:
        run.report.notes.append(
            f"payments: the files have {known - len(missing)} of {known} payments that came in before."
        )
        missing.clear()
    if run.doubted:
        wanted = (
            payments.join(Allocation, col(Allocation.payment_id) == Payment.id)
            .join(Invoice, col(Invoice.id) == Allocation.invoice_id)
            .where(imported, col(Invoice.id).in_(list(run.doubted)))
        )
        found = map(_Imported._make, tx.exec(wanted))
        missing |= {payment.id: payment for payment in found if not is_said(payment)}
    for some in chunks(said.gone, 500):
        older = [run.older_payments[key] for key in some if key in run.older_payments]
        gone = col(Payment.practice_key).in_(some) | col(Payment.id).in_(older)
        found = map(_Imported._make, tx.exec(payments.where(imported, gone)))
        missing |= {payment.id: payment for payment in found}
    return list(missing.values())


def _missing(run: ImportRun, payment: _Imported) -> dict[str, Any]:
    id_, account_id, amount = payment.id, payment.account_id, payment.amount
    day = payment.created_at.astimezone(run.options.zone).date().isoformat()
    run.ours -= amount.minor
    reason = f"the payment of {amount.plain()} of {day} that came in before ({id_}) is no longer in the files"
    run.report.problems.append(Problem("payments", 0, "payment_key", reason, warning=True))
    said = gettext_noop(
        "A payment of {amount} of {day} came from the practice's system and is no longer in its files. "
        "Was it taken back? Nothing was changed here."
    )
    return task(
        f"import:{id_}:missing", "import_differs", said, account_id=account_id, amount=_json(amount), day=day
    )


def _json(amount: Money) -> dict[str, Any]:
    return {"minor": amount.minor, "currency": amount.currency}
