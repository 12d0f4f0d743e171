"""The account as its guarantor sees it: balance, payments being posted, what is due, credit."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlmodel import bindparam, col, select

from portal_app.clock import local_date
from portal_app.db.scope import Tx, reading, retried, transaction
from portal_app.db.select import columns
from portal_app.db.tables.billing import Invoice, InvoiceLine, Payment
from portal_app.db.tables.families import Patient
from portal_app.domain.access import Permission, Principal
from portal_app.domain.billing.types import PAYABLE, RECEIVED
from portal_app.domain.ids import AccountId, InvoiceId, PatientId
from portal_app.domain.money import Money, total
from portal_app.services.billing.accessible_accounts import accessible_account
from portal_app.services.billing.errors import CreditFitsNoInvoice, NoCredit
from portal_app.services.billing.invoices.overdue import overdue_invoices
from portal_app.services.billing.invoices.read import require_invoice_access
from portal_app.services.billing.ledger.apportion import split_amounts_due
from portal_app.services.billing.ledger.entries import (
    balance_of,
    credit_of,
    currency,
    in_due_order,
    lock_account,
)
from portal_app.services.billing.notify.events import announce_account_change
from portal_app.services.billing.notify.reminders import refresh_pending_digests
from portal_app.services.billing.payments.credit import payable_by_credit, spend_account_credit
from portal_app.services.billing.payments.payability import InvoicesPayability, read_payability
from portal_app.services.billing.payments.saved_methods import payment_methods_of
from portal_app.services.billing.views import (
    AccountView,
    OpenInvoice,
    PastDueOffer,
    PersonBalance,
    RecentPayment,
)


def view_account(principal: Principal, account_id: AccountId | None = None) -> AccountView:
    """The payments page: balance, payments being posted, balance after posting (LEDG-1), open invoices."""
    require_invoice_access(principal)
    with reading(principal) as tx:
        account_id = accessible_account(tx, account_id)
        rows = _open_invoices(tx, account_id)
        answer = read_payability(tx, rows)
        waiting = list_being_posted(tx, account_id)
        on_its_way = total((p.kept for p in waiting), currency())
        balance = balance_of(tx, account_id)
        return AccountView(
            account_id=account_id,
            balance=balance,
            being_posted=tuple(waiting),
            being_posted_total=on_its_way,
            will_owe=balance - on_its_way,
            payability=answer.payability,
            credit=credit_of(tx, account_id),
            people=_due_by_person(tx, rows),
            open=_to_open_invoices(tx, rows, answer),
            payment_methods=payment_methods_of(tx, account_id) if answer.channel.online else (),
        )


def past_due_offer(
    principal: Principal,
    account_id: AccountId | None = None,
    *,
    invoice_ids: Collection[InvoiceId] | None = None,
) -> PastDueOffer:
    """The overdue invoices that could be paid now (SRC-3); none when paying them together would be refused.

    None that a scheduled try of automatic payment will pay: that would be paid twice or pay ahead of the try.

    Args:
        invoice_ids: these instead, as far as they are open: what a membership's automatic payment did not take.
    """
    require_invoice_access(principal)
    with reading(principal) as tx:
        account_id = accessible_account(tx, account_id)
        rows = _open_invoices(tx, account_id)
        wanted = overdue_invoices(tx, rows, account_id) if invoice_ids is None else invoice_ids
        asked = [row for row in rows if row.id in wanted]
        answer = read_payability(tx, asked)
        if answer.payability.why_not is not None:
            return PastDueOffer((), Money(0, currency()))
        offered = tuple(row for row in _to_open_invoices(tx, asked, answer) if row.payable)
        return PastDueOffer(offered, answer.payability.payable)


@retried
def use_credit(
    principal: Principal,
    account_id: AccountId | None = None,
    *,
    invoice_ids: Sequence[InvoiceId] | None = None,
) -> Money:
    """Pay open invoices with unused credit, oldest due first; never one with a payment in flight (CRED-2, CRED-5).

    No money moves: no ledger entry, no receipt, nothing in today's payments.

    Returns: how much was used.

    Raises: NoCredit, CreditFitsNoInvoice.
    """
    staff = principal.may(Permission.TAKE_PAYMENTS)
    principal.require(Permission.TAKE_PAYMENTS if staff else Permission.MY_PAYMENTS)
    with transaction(principal) as tx:
        account_id = accessible_account(tx, account_id)
        lock_account(tx, account_id)
        if not credit_of(tx, account_id):
            raise NoCredit
        spent = spend_account_credit(tx, account_id, payable_by_credit(tx, account_id, invoice_ids))
        if not spent:
            raise CreditFitsNoInvoice
        announce_account_change(tx, account_id, account_id)
    refresh_pending_digests(principal, account_id)
    return spent


def list_being_posted(tx: Tx, account_id: AccountId) -> list[RecentPayment]:
    """Payments that were received and are not in the ledger yet, oldest first."""
    # Filtered by status here: in the query it would make SQLite choose another index.
    rows = tx.exec(_NOT_POSTED, params={"account": account_id})
    return [to_recent_payment(row) for row in rows if row.status in RECEIVED]


PAYMENT_COLUMNS = (
    Payment.id,
    Payment.settled_at,
    Payment.created_at,
    Payment.amount,
    Payment.refunded,
    Payment.lost,
    Payment.status,
    Payment.paid_with,
    Payment.receipt_number,
    Payment.posted,
)


_NOT_POSTED = (
    columns(*PAYMENT_COLUMNS)
    .where(Payment.account_id == bindparam("account"), col(Payment.posted).is_(False))
    .order_by(col(Payment.settled_at), col(Payment.id))
)


def to_recent_payment(row: Any) -> RecentPayment:
    """From a row with PAYMENT_COLUMNS."""
    return RecentPayment(
        id=row.id,
        on=local_date(row.settled_at or row.created_at),
        amount=row.amount,
        refunded=row.refunded,
        lost=row.lost,
        status=row.status,
        shown=row.paid_with,
        receipt_number=row.receipt_number or "",
        posted=row.posted,
    )


def _open_invoices(tx: Tx, account_id: AccountId) -> list[Invoice]:
    """The account's open invoices, oldest due first."""
    wanted = select(Invoice).where(Invoice.account_id == account_id, col(Invoice.status).in_(sorted(PAYABLE)))
    return in_due_order(tx.exec(wanted).all())


def _to_open_invoices(tx: Tx, invoices: list[Invoice], answer: InvoicesPayability) -> tuple[OpenInvoice, ...]:
    titles: dict[InvoiceId, str] = {}
    lines = (
        columns(InvoiceLine.invoice_id, InvoiceLine.description)
        .join(Patient, col(Patient.id) == InvoiceLine.patient_id)
        .where(col(InvoiceLine.invoice_id).in_([row.id for row in invoices]))
        .order_by(col(InvoiceLine.position))
    )
    for invoice_id, description in tx.exec(lines):
        titles.setdefault(invoice_id, description)
    late = overdue_invoices(tx, invoices, invoices[0].account_id) if invoices else frozenset[InvoiceId]()
    return tuple(
        OpenInvoice(
            id=row.id,
            number=row.number,
            title=titles.get(row.id, ""),
            due_date=row.due_date,
            overdue=row.id in late,
            due=row.due,
            payable=answer.payable[row.id],
        )
        for row in invoices
    )


def _due_by_person(tx: Tx, invoices: list[Invoice]) -> tuple[PersonBalance, ...]:
    """Each person's share of what is due; people whom the viewer may not see are one line without a name."""
    parts = split_amounts_due(tx, invoices)
    people = {person for shares in parts for person in shares}
    names = dict(tx.exec(columns(Patient.id, Patient.given_name).where(col(Patient.id).in_(people))).all())
    owed: dict[PatientId | None, Money] = {}
    for shares in parts:
        for person, part in shares.items():
            key = person if person in names else None
            owed[key] = owed.get(key, part.zero()) + part
    return tuple(
        PersonBalance(person, names.get(person, "") if person else "", amount)
        for person, amount in owed.items()
    )
