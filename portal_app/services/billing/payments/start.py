"""Storing a payment before it is charged, under the account's lock: what it pays, from whom and with what."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, select

from portal_app.clock import now
from portal_app.db.scope import Tx, retried, transaction
from portal_app.db.select import columns
from portal_app.db.tables.billing import IntendedAllocation, Invoice, Payment, PaymentMethod
from portal_app.domain.access import Permission, Principal
from portal_app.domain.billing.payment_methods import display_name, method_of_kind
from portal_app.domain.billing.payments import DUPLICATE_WINDOW, PayableInvoice, allocate, warn_of_duplicate
from portal_app.domain.billing.types import PAYABLE, InvoiceStatus, Method, Origin, PaymentStatus
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import AccountId, InvoiceId, PaymentId, PaymentMethodId, new_id
from portal_app.domain.money import Money
from portal_app.services.billing.errors import (
    PaymentIdReused,
)
from portal_app.services.billing.ledger.entries import lock_account
from portal_app.services.billing.notify.events import announce_account_change
from portal_app.services.billing.payments.credit import (
    credit_for,
    payable_by_credit,
    spend_account_credit,
)
from portal_app.services.billing.payments.payability import InvoicesPayability, LinkLimit, read_payability
from portal_app.services.billing.payments.settle import (
    requested_total,
)


@dataclass(frozen=True, slots=True)
class PaymentRequest:
    """One press of "Pay"."""

    payment_id: PaymentId
    account_id: AccountId
    amount: Money
    invoice_ids: tuple[InvoiceId, ...] | None  # None: whatever is open on the account
    invoice_id: InvoiceId | None  # the one invoice it is for
    payment_method_id: PaymentMethodId | None
    token: str  # of a new card, made by the processor in the payer's browser
    save: bool
    duplicate_confirmed: bool  # the payer has answered DuplicatePaymentWarning
    limit: LinkLimit | None = None
    use_credit: bool = False  # the account's credit pays first, in the same step (CRED-6)
    off_session: bool = False  # automatic payment: the payer is not there to answer their bank


@dataclass(frozen=True, slots=True)
class StartedPayment:
    """A stored payment that is ready to be charged."""

    payment: Payment
    is_new: bool  # False: the same form was sent before
    source: str  # pm_… of the saved payment method
    description: str  # invoice numbers


def read_requested_invoices(
    tx: Tx, account_id: AccountId, invoice_ids: Sequence[InvoiceId] | None, *, lock: bool
) -> list[Invoice]:
    """The account's open invoices, or the named ones.

    Raises: NotFound when a named one does not exist or is a draft.
    """
    wanted = select(Invoice).where(Invoice.account_id == account_id)
    if invoice_ids is None:
        wanted = wanted.where(col(Invoice.status).in_(sorted(PAYABLE)))
    else:
        wanted = wanted.where(col(Invoice.id).in_(invoice_ids))
    if lock:
        wanted = wanted.order_by(col(Invoice.id)).with_for_update()
        wanted = wanted.execution_options(populate_existing=True)
    visible = [row for row in tx.exec(wanted).all() if row.status is not InvoiceStatus.DRAFT]
    if invoice_ids is not None and len(visible) != len(set(invoice_ids)):
        raise NotFound
    return visible


def to_payable_invoices(found: Sequence[Invoice], answer: InvoicesPayability) -> list[PayableInvoice]:
    """The invoices as `allocate` needs them."""
    return [
        PayableInvoice(row.id, row.number, row.issue_date, row.due_date, answer.payable[row.id])
        for row in found
    ]


@retried
def start_payment(principal: Principal, request: PaymentRequest) -> StartedPayment:
    """Store the payment under the account's lock, or find the one that the same form started."""
    with transaction(principal) as tx:
        lock_account(tx, request.account_id)
        return store_payment(tx, request)


def store_payment(tx: Tx, request: PaymentRequest) -> StartedPayment:
    """The same in a transaction that has locked the account."""
    method = _requested_payment_method(tx, request)
    payment = _find_started_payment(tx, request)
    if payment is not None:
        return stored_payment(tx, payment, is_new=False)
    return stored_payment(tx, _create_payment(tx, request, method), is_new=True)


def store_new_payment(
    tx: Tx, request: PaymentRequest, invoices: Sequence[Invoice], answer: InvoicesPayability
) -> StartedPayment:
    """The same for an id that is new, where this transaction has locked the invoices and read what may be paid.

    Raises: what `Payability.accept` raises.
    """
    method = _requested_payment_method(tx, request)
    answer.payability.accept(request.amount)
    payment = _add_payment(tx, request, method, to_payable_invoices(invoices, answer))
    return stored_payment(tx, payment, is_new=True)


def stored_payment(tx: Tx, payment: Payment, *, is_new: bool) -> StartedPayment:
    """A stored payment with what the processor is asked: the same for the same payment, however often."""
    method = tx.get(PaymentMethod, payment.payment_method_id) if payment.payment_method_id else None
    numbers = columns(Invoice.number).join(
        IntendedAllocation, col(IntendedAllocation.invoice_id) == Invoice.id
    )
    named = tx.exec(numbers.where(IntendedAllocation.payment_id == payment.id).order_by(Invoice.number)).all()
    return StartedPayment(payment, is_new, method.processor_id if method else "", ", ".join(named))


def check_request(tx: Tx, request: PaymentRequest) -> None:
    """Check the request before the processor learns of the payer; it is checked again under the lock."""
    _requested_payment_method(tx, request)
    if _find_started_payment(tx, request) is None:
        _invoices_to_pay(tx, request, lock=False)


def _invoices_to_pay(tx: Tx, request: PaymentRequest, *, lock: bool) -> list[PayableInvoice]:
    """The invoices that the request pays.

    Raises: what `Payability.accept` raises, and DuplicatePaymentWarning.
    """
    found = read_requested_invoices(tx, request.account_id, request.invoice_ids, lock=lock)
    answer = read_payability(tx, found, limit=request.limit)
    answer.payability.accept(request.amount)
    if not request.duplicate_confirmed:
        warn_of_duplicate(request.amount, _last_same_payment_at(tx, request), now())
    return to_payable_invoices(found, answer)


def _create_payment(tx: Tx, request: PaymentRequest, method: PaymentMethod | None) -> Payment:
    invoices = _invoices_to_pay(tx, request, lock=True)
    if request.use_credit:
        _use_credit(tx, request)
        invoices = _invoices_to_pay(tx, request, lock=True)
    return _add_payment(tx, request, method, invoices)


def _add_payment(
    tx: Tx, request: PaymentRequest, method: PaymentMethod | None, invoices: Sequence[PayableInvoice]
) -> Payment:
    amount = request.amount
    payment = Payment(
        id=request.payment_id,
        account_id=request.account_id,
        amount=amount,
        refunded=amount.zero(),
        allocated=amount.zero(),
        status=PaymentStatus.PROCESSING,
        method=method_of_kind(method.kind) if method else Method.CARD,
        origin=_origin(tx.principal, request),
        paid_by=tx.principal.name,
        payer_id=tx.principal.patient_id,
        invoice_id=request.invoice_id,
        payment_method_id=method.id if method else None,
        paid_with=display_name(method.brand, method.last4, method.kind) if method else "",
        save_payment_method=request.save and not method,
        created_at=now(),
    )
    if not tx.add_if_absent(payment):
        raise NotFound  # another account's id
    store_intended_allocations(tx, payment, allocate(amount, invoices))
    announce_account_change(tx, payment.account_id, payment.id)
    return payment


def _use_credit(tx: Tx, request: PaymentRequest) -> None:
    """Let the account's credit pay what it can of the request's invoices, before a card pays the rest."""
    found = read_requested_invoices(tx, request.account_id, request.invoice_ids, lock=True)
    credit = credit_for(tx, found)
    if credit:
        payable = payable_by_credit(tx, request.account_id, {row.id for row in found})
        spend_account_credit(tx, request.account_id, payable, credit)


def store_intended_allocations(
    tx: Tx, payment: Payment, parts: Sequence[tuple[PayableInvoice, Money]]
) -> None:
    """Store what the payment is meant to pay of each invoice: held while it is in flight (ALL-13)."""
    for position, (invoice, part) in enumerate(parts):
        tx.add(
            IntendedAllocation(
                id=new_id("par"),
                account_id=payment.account_id,
                payment_id=payment.id,
                invoice_id=invoice.id,
                amount=part,
                position=position,
            )
        )
    tx.flush()


def _find_started_payment(tx: Tx, request: PaymentRequest) -> Payment | None:
    """The payment that the same form started; an id stands for one amount and one invoice (ALL-12).

    Raises: NotFound for another payer's id, PaymentIdReused.
    """
    payment = tx.get(Payment, request.payment_id)
    if payment is None:
        return None
    if payment.paid_by != tx.principal.name:
        raise NotFound
    same = (payment.account_id, payment.invoice_id, requested_total(tx, payment)) == (
        request.account_id,
        request.invoice_id,
        request.amount,
    )
    if not same:
        raise PaymentIdReused
    return payment


def _requested_payment_method(tx: Tx, request: PaymentRequest) -> PaymentMethod | None:
    """The saved payment method to pay with, None for a new card. NotFound when it is not the account's."""
    if request.payment_method_id is None:
        return None
    method = tx.get_or_404(PaymentMethod, request.payment_method_id)
    if method.account_id != request.account_id or method.removed_at is not None:
        raise NotFound
    return method


def _last_same_payment_at(tx: Tx, request: PaymentRequest) -> datetime | None:
    """When the same amount was last paid on the same invoice or, without one, on the account."""
    found = columns(Payment.settled_at).where(
        Payment.account_id == request.account_id,
        Payment.amount == request.amount,
        Payment.status == PaymentStatus.SUCCEEDED,
        col(Payment.settled_at) > now() - DUPLICATE_WINDOW,
    )
    if request.invoice_id:
        parts = columns(IntendedAllocation.payment_id).where(
            IntendedAllocation.invoice_id == request.invoice_id
        )
        found = found.where(col(Payment.id).in_(parts))
    return tx.exec(found.order_by(col(Payment.settled_at).desc())).first()


def _origin(principal: Principal, request: PaymentRequest) -> Origin:
    """A session in a frame on the practice's site sees no records."""
    if request.limit or request.off_session:
        return Origin.PAY_LINK if request.limit else Origin.AUTOPAY
    return Origin.PORTAL if principal.may(Permission.MY_RECORDS) else Origin.EMBED
