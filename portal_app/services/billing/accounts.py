"""The account as its guarantor sees it: balance, what is being posted, what is due when, credit."""

from collections.abc import Sequence
from typing import Any

from sqlmodel import bindparam, col, select

from portal_app.clock import local_date, now, today
from portal_app.db.scope import Tx, reading, retried, transaction
from portal_app.db.select import columns
from portal_app.db.tables.billing import Invoice, InvoiceLine, Payment
from portal_app.db.tables.families import Patient
from portal_app.domain.access import Permission, Principal
from portal_app.domain.billing.payments import PayableInvoice, overdue, spend_credit
from portal_app.domain.billing.types import PAYABLE, RECEIVED
from portal_app.domain.ids import AccountId, InvoiceId, PatientId
from portal_app.domain.money import Money, total
from portal_app.services.billing.accessible_accounts import accessible_account
from portal_app.services.billing.errors import CreditFitsNoInvoice, NoCredit
from portal_app.services.billing.invoices.read import may_see_invoices
from portal_app.services.billing.ledger.apportion import left
from portal_app.services.billing.ledger.entries import (
    allocate,
    balance_of,
    credit_of,
    credits_of,
    currency,
    in_due_order,
    in_flight_payments,
    lock_account,
)
from portal_app.services.billing.notify.events import announce_account_change
from portal_app.services.billing.notify.reminders import refresh_pending_digests
from portal_app.services.billing.payments.payability import ToPay, to_pay
from portal_app.services.billing.payments.saved_methods import payment_methods_of
from portal_app.services.billing.views import (
    AccountView,
    OpenInvoice,
    PastDueOffer,
    PersonBalance,
    RecentPayment,
)


def view_account(principal: Principal, account_id: AccountId | None = None) -> AccountView:
    """Balance · Recent payment, being posted · You will owe (LEDG-1), and all that is open."""
    may_see_invoices(principal)
    with reading(principal) as tx:
        account_id = accessible_account(tx, account_id)
        rows = _open(tx, account_id)
        answer = to_pay(tx, rows)
        waiting = being_posted(tx, account_id)
        on_its_way = total((p.amount - p.refunded for p in waiting), currency())
        balance = balance_of(tx, account_id)
        return AccountView(
            account_id=account_id,
            balance=balance,
            being_posted=tuple(waiting),
            being_posted_total=on_its_way,
            will_owe=balance - on_its_way,
            payability=answer.payability,
            credit=credit_of(tx, account_id),
            people=_by_person(tx, rows),
            open=_shown(tx, rows, answer),
            sources=payment_methods_of(tx, account_id) if answer.channel.online else (),
        )


def past_due_offer(principal: Principal, account_id: AccountId | None = None) -> PastDueOffer:
    """Bills past due that could be paid now (SRC-3); none where paying them together would be refused."""
    may_see_invoices(principal)
    with reading(principal) as tx:
        rows = _open(tx, accessible_account(tx, account_id))
        late = [row for row in rows if overdue(row.status, row.due_date, today())]
        answer = to_pay(tx, late)
        if answer.payability.why_not is not None:
            return PastDueOffer((), Money(0, currency()))
        offered = tuple(row for row in _shown(tx, late, answer) if row.payable)
        return PastDueOffer(offered, answer.payability.payable)


@retried
def use_credit(
    principal: Principal,
    account_id: AccountId | None = None,
    *,
    invoice_ids: Sequence[InvoiceId] | None = None,
) -> Money:
    """Unused money pays bills, oldest due first, never one with a payment in flight (CRED-2, CRED-5).

    How much was used. No money moves: no entry, no receipt, no takings of today.
    """
    staff = principal.may(Permission.TAKE_PAYMENTS)
    principal.require(Permission.TAKE_PAYMENTS if staff else Permission.MY_PAYMENTS)
    with transaction(principal) as tx:
        account_id = accessible_account(tx, account_id)
        lock_account(tx, account_id)
        credits = credits_of(tx, account_id)
        if not credits:
            raise NoCredit
        rows = _open(tx, account_id)
        attempts = in_flight_payments(tx, [row.id for row in rows])
        free = [
            PayableInvoice(row.id, row.number, row.issue_date, row.due_date, row.due)
            for row in rows
            if not attempts.get(row.id) and (invoice_ids is None or row.id in invoice_ids)
        ]
        payments = {payment.id: payment for payment, _ in credits}
        spent = spend_credit([(payment.id, left) for payment, left in credits], free)
        if not spent:
            raise CreditFitsNoInvoice
        for payment_id, invoice_id, part in spent:
            allocate(tx, payments[payment_id], tx.get_or_404(Invoice, invoice_id, lock=True), part, now())
        announce_account_change(tx, account_id, account_id)
    refresh_pending_digests(principal, account_id)
    return total((part for _, _, part in spent), currency())


def being_posted(tx: Tx, account_id: AccountId) -> list[RecentPayment]:
    """Received and not in the ledger yet, oldest first."""
    # The few that their index holds; a status besides would lead SQLite to another one.
    rows = tx.exec(_NOT_POSTED, params={"account": account_id})
    return [recent(row) for row in rows if row.status in RECEIVED]


RECENT = (
    Payment.id,
    Payment.settled_at,
    Payment.created_at,
    Payment.amount,
    Payment.refunded,
    Payment.status,
    Payment.paid_with,
    Payment.receipt_number,
    Payment.posted,
)


_NOT_POSTED = (
    columns(*RECENT)
    .where(Payment.account_id == bindparam("account"), col(Payment.posted).is_(False))
    .order_by(col(Payment.settled_at), col(Payment.id))
)


def recent(row: Any) -> RecentPayment:
    """Of a row with the columns of RECENT."""
    return RecentPayment(
        id=row.id,
        on=local_date(row.settled_at or row.created_at),
        amount=row.amount,
        refunded=row.refunded,
        status=row.status,
        shown=row.paid_with,
        receipt_number=row.receipt_number or "",
        posted=row.posted,
    )


def _open(tx: Tx, account_id: AccountId) -> list[Invoice]:
    """Open bills, oldest due first."""
    wanted = select(Invoice).where(Invoice.account_id == account_id, col(Invoice.status).in_(sorted(PAYABLE)))
    return in_due_order(tx.exec(wanted).all())


def _shown(tx: Tx, invoices: list[Invoice], answer: ToPay) -> tuple[OpenInvoice, ...]:
    titles: dict[InvoiceId, str] = {}
    lines = (
        columns(InvoiceLine.invoice_id, InvoiceLine.description)
        .join(Patient, col(Patient.id) == InvoiceLine.patient_id)
        .where(col(InvoiceLine.invoice_id).in_([row.id for row in invoices]))
        .order_by(col(InvoiceLine.position))
    )
    for invoice_id, what in tx.exec(lines):
        titles.setdefault(invoice_id, what)
    return tuple(
        OpenInvoice(
            id=row.id,
            number=row.number,
            title=titles.get(row.id, ""),
            due_date=row.due_date,
            overdue=overdue(row.status, row.due_date, today()),
            due=row.due,
            payable=answer.payable[row.id],
        )
        for row in invoices
    )


def _by_person(tx: Tx, invoices: list[Invoice]) -> tuple[PersonBalance, ...]:
    """Each person's share of what is due; whom one may not see is one line without a name."""
    parts = left(tx, invoices)
    wanted = {who for of in parts for who in of}
    names = dict(tx.exec(columns(Patient.id, Patient.given_name).where(col(Patient.id).in_(wanted))).all())
    owed: dict[PatientId | None, Money] = {}
    for of in parts:
        for who, part in of.items():
            key = who if who in names else None
            owed[key] = owed.get(key, part.zero()) + part
    return tuple(
        PersonBalance(who, names.get(who, "") if who else "", amount) for who, amount in owed.items()
    )
