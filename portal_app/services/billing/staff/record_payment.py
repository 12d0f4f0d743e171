"""Payments that staff handle: record what was paid at the front desk, post payments to the ledger."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlmodel import col, select

from portal_app.clock import now
from portal_app.db.scope import Tx, retried, transaction
from portal_app.db.tables.billing import Payment
from portal_app.domain.access import Permission, Principal, system_principal
from portal_app.domain.billing.payability import DESK
from portal_app.domain.billing.payments import allocate
from portal_app.domain.billing.types import RECEIVED, Method, Origin, PaymentStatus
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import AccountId, InvoiceId, PaymentId
from portal_app.domain.money import Money
from portal_app.services.billing.errors import DeskMethodMissing, PaymentIdReused, PaymentNotReceived
from portal_app.services.billing.ledger.entries import credit_of, lock_account, post_payment
from portal_app.services.billing.notify.events import announce_account_change
from portal_app.services.billing.payments.payability import read_payability
from portal_app.services.billing.payments.settle import book_receipt
from portal_app.services.billing.payments.start import (
    read_requested_invoices,
    store_intended_allocations,
    to_payable_invoices,
)
from portal_app.services.billing.views import PaymentOutcome

DESK_METHODS = frozenset({Method.CASH, Method.CHECK, Method.TERMINAL, Method.OTHER})


@retried
def record_payment(
    principal: Principal,
    payment_id: PaymentId,
    account_id: AccountId,
    amount: Money,
    *,
    method: Method,
    invoice_ids: Sequence[InvoiceId] | None = None,
    note: str = "",
    deposit_confirmed: bool = False,
) -> PaymentOutcome:
    """Record a payment by cash, check or terminal. The same id again is the same payment.

    It pays the oldest due invoices first, or only the named ones; no minimum applies. What exceeds them is a
    deposit, kept as credit, once staff have confirmed it.

    Args:
        deposit_confirmed: staff have answered DepositWarning.

    Raises: DeskMethodMissing, PaymentIdReused, DepositWarning, InvoiceClosed, and what `Payability.split_at_desk` raises.
    """
    principal.require(Permission.TAKE_PAYMENTS)
    if method not in DESK_METHODS:
        raise DeskMethodMissing
    with transaction(principal) as tx:
        lock_account(tx, account_id)  # NotFound when it is not theirs to change
    with transaction(_system_for(principal)) as tx:
        lock_account(tx, account_id)
        before = tx.get(Payment, payment_id)
        if before is None:
            request = _DeskPayment(
                payment_id, account_id, amount, method, tuple(invoice_ids or ()), note, deposit_confirmed
            )
            before = _record(tx, principal, request)
        elif (before.account_id, before.amount, before.method) != (account_id, amount, method):
            raise PaymentIdReused
        return PaymentOutcome(before.id, before.status, before.amount)


def _system_for(principal: Principal) -> Principal:
    """The system, for staff whose permission was checked: receipts and messages are rows of the system."""
    return system_principal(f"desk for {principal.name}")


class _DeskPayment(NamedTuple):
    """One press of "Record the payment"."""

    payment_id: PaymentId
    account_id: AccountId
    amount: Money
    method: Method
    invoice_ids: tuple[InvoiceId, ...]
    note: str
    deposit_confirmed: bool


def _record(tx: Tx, principal: Principal, request: _DeskPayment) -> Payment:
    account_id, amount, chosen = request.account_id, request.amount, request.invoice_ids
    found = read_requested_invoices(tx, account_id, chosen or None, lock=True)
    answer = read_payability(tx, found, channel=DESK)
    if chosen:
        answer.payability.require()  # a closed or paid invoice is not paid, and not meant by a deposit
    pays = answer.payability.split_at_desk(
        amount, credit_of(tx, account_id), confirmed=request.deposit_confirmed
    )
    payment = tx.add(
        Payment(
            id=request.payment_id,
            account_id=account_id,
            amount=amount,
            refunded=amount.zero(),
            allocated=amount.zero(),
            status=PaymentStatus.PROCESSING,
            method=request.method,
            origin=Origin.STAFF,
            paid_by=principal.name,
            invoice_id=chosen[0] if len(chosen) == 1 else None,
            paid_with=request.method.value.title(),
            note=request.note,
            created_at=now(),
        )
    )
    tx.flush()
    store_intended_allocations(tx, payment, allocate(pays, to_payable_invoices(found, answer)))
    book_receipt(tx, payment)
    announce_account_change(tx, account_id, payment.id)
    return payment


@retried
def post_payments(principal: Principal, payment_ids: Sequence[PaymentId]) -> int:
    """Post payments to the ledger.

    Returns: how many were not posted before.

    Raises: PaymentNotReceived, and then none is posted; NotFound.
    """
    principal.require(Permission.POST_TO_LEDGER)
    wanted = set(payment_ids)
    with transaction(principal) as tx:
        rows = tx.exec(select(Payment).where(col(Payment.id).in_(wanted))).all()
        if len(rows) != len(wanted):
            raise NotFound
        for account_id in sorted({row.account_id for row in rows}):
            lock_account(tx, account_id)
        done = 0
        for row in rows:
            payment = tx.get_or_404(Payment, row.id, lock=True)
            if payment.status not in RECEIVED:
                raise PaymentNotReceived
            if post_payment(tx, payment):
                done += 1
                announce_account_change(tx, payment.account_id, payment.id)
        return done
