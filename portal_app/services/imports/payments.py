"""One payment of the source: recognised by our id, or new; nothing is subtracted twice (LEDG-2)."""

from typing import Any

from portal_app.db.tables.billing import Payment
from portal_app.domain.billing.payments import PayableInvoice as PayableInvoice
from portal_app.domain.billing.payments import allocate
from portal_app.domain.billing.types import RECEIVED, EntryKind, InvoiceStatus, Method, Origin, PaymentStatus
from portal_app.domain.ids import AccountId
from portal_app.i18n import gettext_noop
from portal_app.services.billing.ledger.entries import post_payment
from portal_app.services.imports.account_batch import AccountBatch, BatchInvoice
from portal_app.services.imports.import_run import Row, noon, task, whole

Reason = tuple[str, str]


def keep_payment(
    books: AccountBatch, account: AccountId, parts: list[Row], id_: str, claimed: set[str]
) -> Reason | None:
    """None, or why it is set aside. `claimed`: ids of ours that the files name for this account."""
    row, amount = parts[0], sum(part["amount"].minor for part in parts)
    if row["currency"] not in ("", books.desk.manner.currency):
        return "currency", f"{row['currency']}: the portal keeps {books.desk.manner.currency}"
    if row["date"] > books.desk.manner.today:
        return "date", "is in the future"
    if before := books.payments.get(id_):
        return _known(books, parts, before, amount)
    if row["portal_payment_id"]:
        return "portal_payment_id", "there is no such payment in the portal"
    invoices: list[tuple[BatchInvoice | None, int]] = []
    for part in parts:
        invoice = books.invoices.get(part["invoice_number"])
        if part["invoice_number"] and (invoice is None or invoice.account_id != account):
            return "invoice_number", f"{part['invoice_number']} is no invoice of this guarantor"
        if invoice and _takes_no_money(books, invoice):
            return "invoice_number", f"{invoice.number} is {invoice.status.value}: it receives no money"
        invoices.append((invoice, part["amount"].minor))
    if ours := _paid_here(
        books, account, amount, {invoice.id for invoice, _ in invoices if invoice}, claimed
    ):
        return _flagged(books, row, ours, "looks like {id}, a payment made in the portal, without its id")
    _new(books, account, row, invoices, amount, id_)
    books.desk.count("payments").added += len(parts)
    return None


def _known(books: AccountBatch, parts: list[Row], before: Payment, amount: int) -> Reason | None:
    row = parts[0]
    ours = before.amount.minor
    if ours != amount:
        return _flagged(books, row, before, "{id} has another amount in the portal")
    if before.status not in RECEIVED:
        return _flagged(books, row, before, "{id} did not succeed in the portal")
    books.desk.came_in(-amount)
    books.desk.ours -= ours
    if before.posted:
        books.desk.count("payments").unchanged += len(parts)
        return None
    # The practice's own system has posted it: so does the ledger, once.
    if not books.desk.check:
        post_payment(books.tx, before, from_practice_system=True)
    books.desk.entered -= ours - before.refunded.minor
    books.desk.count("payments").changed += len(parts)
    return None


def _paid_here(
    books: AccountBatch, account: AccountId, amount: int, invoices: set[str], claimed: set[str]
) -> Payment | None:
    """A payment of ours of the same amount for the same invoice that no row of the files names."""
    for payment, invoice_id in books.portal_payments.get(account, ()):
        same = not invoices or invoice_id in invoices
        if same and payment.amount.minor == amount and payment.id not in claimed:
            return payment
    return None


def _flagged(books: AccountBatch, row: Row, ours: Payment, reason: str) -> Reason:
    books.tasks.append(
        task(
            f"import:{ours.id}:{row['payment_key']}",
            "import_differs",
            gettext_noop(
                "The import shows payment {key} differently. Compare it with {id}; nothing was subtracted twice."
            ),
            account_id=ours.account_id,
            key=row["payment_key"],
            id=ours.id,
        )
    )
    return "portal_payment_id", reason.format(id=ours.id)


def _new(
    books: AccountBatch,
    account: AccountId,
    row: Row,
    invoices: list[tuple[BatchInvoice | None, int]],
    amount: int,
    id_: str,
) -> None:
    when = noon(row["date"], books.desk)
    only = invoices[0][0] if len(invoices) == 1 else None
    facts: dict[str, Any] = {
        "id": id_,
        "account_id": account,
        "amount": books.money(amount),
        "refunded": books.money(0),
        "status": PaymentStatus.SUCCEEDED,
        "method": Method(row["method"]),
        "origin": Origin.IMPORT,
        "paid_by": books.desk.principal.name,
        "payer_id": books.desk.guarantors.get(account),
        "invoice_id": only.id if only else None,
        "paid_with": row["paid_with"],
        "note": row["note"],
        "posted": True,
        "created_at": when,
        "settled_at": when,
    }
    books.new_payments.append(whole(Payment, **facts))
    books.enter(
        EntryKind.PAYMENT,
        -amount,
        id_,
        row["date"],
        account_id=account,
        payment_id=id_,
        invoice_id=only.id if only else None,
    )
    _allocate(books, account, id_, invoices)
    books.desk.came_in(-amount)


def _takes_no_money(books: AccountBatch, invoice: BatchInvoice) -> bool:
    """Drafts and void ones (ALL-14); what was paid for one that was credited in full is the payer's credit."""
    if invoice.status is InvoiceStatus.VOID:
        return invoice.number not in books.credited
    return invoice.status is InvoiceStatus.DRAFT


def _allocate(
    books: AccountBatch, account: AccountId, id_: str, invoices: list[tuple[BatchInvoice | None, int]]
) -> None:
    """To the invoice each part names; what names none in the domain's order; the rest is credit."""
    shares: dict[str, int] = {}
    for invoice, minor in invoices:
        targets = [invoice] if invoice else books.open_invoices(account)
        free = (
            PayableInvoice(
                target.id,
                target.number,
                target.issue_date,
                target.due_date,
                books.money(target.due - shares.get(target.number, 0)),
            )
            for target in targets
        )
        for target, share in allocate(books.money(minor), free):
            shares[target.number] = shares.get(target.number, 0) + share.minor
    for position, (number, share) in enumerate(shares.items()):
        books.allocate(id_, books.invoices[number], share, position)
