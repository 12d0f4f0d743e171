"""One payment of the source: recognised by our id, or new; nothing is subtracted twice (LEDG-2)."""

from collections.abc import Iterator
from typing import NamedTuple

from portal_app.db.tables.billing import Payment
from portal_app.domain.billing.payments import PayableInvoice, allocate
from portal_app.domain.billing.types import RECEIVED, EntryKind, InvoiceStatus, Method
from portal_app.domain.ids import AccountId, PaymentId
from portal_app.i18n import gettext_noop
from portal_app.services.billing.ledger.entries import post_payment
from portal_app.services.imports.account_batch import (
    AccountBatch,
    BatchInvoice,
    EntryAbout,
    KeptPayment,
    NewPayment,
)
from portal_app.services.imports.import_run import PaymentRows, Row, noon, task

Reason = tuple[str, str]


class PaidPart(NamedTuple):
    """What a payment pays of one invoice; of none, where its row names none."""

    invoice: BatchInvoice | None
    minor: int


def keep_payment(
    batch: AccountBatch, account: AccountId, payment: PaymentRows, claimed: set[PaymentId]
) -> Reason | None:
    """None, or why it is set aside. `claimed`: ids of ours that the files name for this account."""
    id_, parts = payment.id, payment.rows
    row, amount = parts[0], sum(part.amount.minor for part in parts)
    if row.currency not in ("", batch.run.options.currency):
        return "currency", f"{row.currency}: the portal keeps {batch.run.options.currency}"
    if row.date > batch.run.options.today:
        return "date", "is in the future"
    if before := batch.payments.get(id_):
        return _known(batch, parts, before, amount)
    if row.portal_payment_id:
        return "portal_payment_id", "there is no such payment in the portal"
    invoices: list[PaidPart] = []
    for part in parts:
        invoice = batch.invoices.get(part.invoice_number)
        if part.invoice_number and (invoice is None or invoice.account_id != account):
            return "invoice_number", f"{part.invoice_number} is no invoice of this guarantor"
        if invoice and _takes_no_money(batch, invoice):
            return "invoice_number", f"{invoice.number} is {invoice.status.value}: it receives no money"
        invoices.append(PaidPart(invoice, part.amount.minor))
    if ours := _paid_here(
        batch, account, amount, {invoice.id for invoice, _ in invoices if invoice}, claimed
    ):
        return _flagged(batch, row, ours, "looks like {id}, a payment made in the portal, without its id")
    _new(batch, account, payment, invoices, amount)
    batch.run.count("payments").added += len(parts)
    return None


def _known(batch: AccountBatch, parts: list[Row], before: KeptPayment, amount: int) -> Reason | None:
    row = parts[0]
    ours = before.amount.minor
    if ours != amount:
        return _flagged(batch, row, before, "{id} has another amount in the portal")
    if before.status not in RECEIVED:
        return _flagged(batch, row, before, "{id} did not succeed in the portal")
    batch.run.came_in(-amount)
    batch.run.ours -= ours
    if before.posted:
        batch.run.count("payments").unchanged += len(parts)
        return None
    # The practice's own system has posted it: so does the ledger, once.
    if not batch.run.check:
        post_payment(batch.tx, batch.tx.get_or_404(Payment, before.id), from_practice_system=True)
    batch.run.entered -= ours - before.refunded.minor
    batch.run.count("payments").changed += len(parts)
    return None


def _paid_here(
    batch: AccountBatch, account: AccountId, amount: int, invoices: set[str], claimed: set[PaymentId]
) -> Payment | None:
    """A payment of ours of the same amount for the same invoice that no row of the files names."""
    for payment, invoice_id in batch.portal_payments.get(account, ()):
        same = not invoices or invoice_id in invoices
        if same and payment.amount.minor == amount and payment.id not in claimed:
            return payment
    return None


def _flagged(batch: AccountBatch, row: Row, ours: KeptPayment | Payment, reason: str) -> Reason:
    batch.tasks.append(
        task(
            f"import:{ours.id}:{row.payment_key}",
            "import_differs",
            gettext_noop(
                "The import shows payment {key} differently. Compare it with {id}; nothing was subtracted twice."
            ),
            account_id=ours.account_id,
            key=row.payment_key,
            id=ours.id,
        )
    )
    return "portal_payment_id", reason.format(id=ours.id)


def _new(
    batch: AccountBatch, account: AccountId, payment: PaymentRows, invoices: list[PaidPart], amount: int
) -> None:
    row, id_ = payment.rows[0], payment.id
    only = invoices[0].invoice if len(invoices) == 1 else None
    about = EntryAbout(account, only.id if only else None, id_)
    batch.new_payments.append(
        NewPayment(
            id_,
            row.payment_key,
            account,
            batch.money(amount),
            Method(row.method),
            batch.run.guarantors.get(account),
            about.invoice_id,
            row.paid_with,
            row.note,
            noon(row.date, batch.run),
        )
    )
    batch.enter(EntryKind.PAYMENT, -amount, id_, row.date, about)
    _allocate(batch, account, id_, invoices)
    batch.run.came_in(-amount)


def _takes_no_money(batch: AccountBatch, invoice: BatchInvoice) -> bool:
    """Drafts and void ones (ALL-14); what was paid for one that was credited in full is the payer's credit."""
    if invoice.status is InvoiceStatus.VOID:
        return invoice.number not in batch.credited
    return invoice.status is InvoiceStatus.DRAFT


def _allocate(batch: AccountBatch, account: AccountId, id_: PaymentId, parts: list[PaidPart]) -> None:
    """To the invoice each part names; what names none in the domain's order; the rest is credit."""
    shares: dict[str, int] = {}
    for part in parts:
        if named := part.invoice:
            if (share := min(part.minor, named.due - shares.get(named.number, 0))) > 0:
                shares[named.number] = shares.get(named.number, 0) + share
            continue
        for target, share in allocate(batch.money(part.minor), _payable(batch, account, shares)):
            shares[target.number] = shares.get(target.number, 0) + share.minor
    for position, (number, share) in enumerate(shares.items()):
        batch.allocate(id_, batch.invoices[number], share, position)


def _payable(batch: AccountBatch, account: AccountId, shares: dict[str, int]) -> Iterator[PayableInvoice]:
    """What may be paid of the account's invoices, `shares` of it taken already."""
    for invoice in batch.open_invoices(account):
        left = batch.money(invoice.due - shares.get(invoice.number, 0))
        yield PayableInvoice(invoice.id, invoice.number, invoice.issue_date, invoice.due_date, left)
