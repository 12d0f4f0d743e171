"""One payment of the source: recognised by our id, or new; nothing is subtracted twice (LEDG-2)."""

from typing import Any

from portal_app.db.tables.billing import Payment
from portal_app.domain.billing.paying import Bill as PayableBill
from portal_app.domain.billing.paying import allocate
from portal_app.domain.billing.words import RECEIVED, EntryKind, InvoiceStatus, Method, Origin, PaymentStatus
from portal_app.domain.ids import AccountId
from portal_app.services.billing.books import post_payment
from portal_app.services.imports.books import Bill, Books
from portal_app.services.imports.desk import Row, noon, task, whole
from portal_app.speech import mark

Reason = tuple[str, str]


def keep_payment(
    books: Books, account: AccountId, parts: list[Row], id_: str, claimed: set[str]
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
    bills: list[tuple[Bill | None, int]] = []
    for part in parts:
        bill = books.bills.get(part["invoice_number"])
        if part["invoice_number"] and (bill is None or bill.account_id != account):
            return "invoice_number", f"{part['invoice_number']} is no invoice of this guarantor"
        if bill and _takes_no_money(books, bill):
            return "invoice_number", f"{bill.number} is {bill.status.value}: it receives no money"
        bills.append((bill, part["amount"].minor))
    if ours := _paid_here(books, account, amount, {bill.id for bill, _ in bills if bill}, claimed):
        return _flagged(books, row, ours, "looks like {id}, a payment made in the portal, without its id")
    _new(books, account, row, bills, amount, id_)
    books.desk.count("payments").added += len(parts)
    return None


def _known(books: Books, parts: list[Row], before: Payment, amount: int) -> Reason | None:
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
        post_payment(books.tx, before, told_by_practice=True)
    books.desk.entered -= ours - before.refunded.minor
    books.desk.count("payments").changed += len(parts)
    return None


def _paid_here(
    books: Books, account: AccountId, amount: int, invoices: set[str], claimed: set[str]
) -> Payment | None:
    """A payment of ours of the same amount for the same invoice that no row of the files names."""
    for payment, invoice_id in books.portal_payments.get(account, ()):
        same = not invoices or invoice_id in invoices
        if same and payment.amount.minor == amount and payment.id not in claimed:
            return payment
    return None


def _flagged(books: Books, row: Row, ours: Payment, reason: str) -> Reason:
    books.tasks.append(
        task(
            f"import:{ours.id}:{row['payment_key']}",
            "import_differs",
            mark(
                "The import shows payment {key} differently. Compare it with {id}; nothing was subtracted twice."
            ),
            account_id=ours.account_id,
            key=row["payment_key"],
            id=ours.id,
        )
    )
    return "portal_payment_id", reason.format(id=ours.id)


def _new(
    books: Books,
    account: AccountId,
    row: Row,
    bills: list[tuple[Bill | None, int]],
    amount: int,
    id_: str,
) -> None:
    when = noon(row["date"], books.desk)
    only = bills[0][0] if len(bills) == 1 else None
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
        "source_shown": row["paid_with"],
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
    _allocate(books, account, id_, bills)
    books.desk.came_in(-amount)


def _takes_no_money(books: Books, bill: Bill) -> bool:
    """Drafts and void ones (ALL-14); what was paid for one that was credited in full is the payer's credit."""
    if bill.status is InvoiceStatus.VOID:
        return bill.number not in books.credited
    return bill.status is InvoiceStatus.DRAFT


def _allocate(books: Books, account: AccountId, id_: str, bills: list[tuple[Bill | None, int]]) -> None:
    """To the invoice each part names; what names none in the domain's order; the rest is credit."""
    shares: dict[str, int] = {}
    for bill, minor in bills:
        targets = [bill] if bill else books.open_bills(account)
        free = (
            PayableBill(
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
        books.allocate(id_, books.bills[number], share, position)
