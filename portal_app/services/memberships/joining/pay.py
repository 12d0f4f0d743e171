"""Pays the first invoice: rows are made under a lock, then the card is charged, then the payment is booked."""

from dataclasses import dataclass

from portal_app.clock import now, today
from portal_app.db.scope import Tx, reading, retried, transaction
from portal_app.db.tables.billing import Invoice
from portal_app.db.tables.memberships import JoinRequest
from portal_app.domain.access import Principal
from portal_app.domain.billing.errors import BelowProcessorMinimum
from portal_app.domain.billing.payability import InvoiceToPay, Payability, payability
from portal_app.domain.billing.types import PAYABLE, InvoiceStatus, PaymentStatus
from portal_app.domain.ids import InvoiceId, PaymentId
from portal_app.domain.memberships.types import UNFINISHED_JOINS, JoinStatus
from portal_app.domain.money import Money
from portal_app.gateways.payments import CardProcessor
from portal_app.services.as_system import as_system
from portal_app.services.billing.ledger.entries import lock_account
from portal_app.services.billing.payments.pay import cancel_payment, confirm_payment, pay_invoice
from portal_app.services.billing.payments.payability import online_channel
from portal_app.services.billing.views import PaymentOutcome
from portal_app.services.memberships.joining.draft import (
    check_choice,
    check_owner,
    check_owner_once,
    read_choice,
    read_owner,
)
from portal_app.services.memberships.joining.errors import (
    AlreadyJoined,
    ContactKnown,
    FirstInvoiceTooSmall,
    JoinPriceChanged,
    OwnerDetailsMissing,
)
from portal_app.services.memberships.joining.first_invoice import (
    first_invoice,
    is_being_paid,
    is_for_members,
    make_first_invoice,
    void_first_invoice,
)
from portal_app.services.memberships.joining.paid import complete_joining
from portal_app.services.memberships.joining.people import keep_people
from portal_app.services.memberships.joining.price import JoinPrice, price_choice, require_joining_on
from portal_app.services.memberships.joining.request import open_request, payer_of
from portal_app.services.sign_in import rate_limits
from portal_app.services.sign_in.codes import patients_with
from portal_app.services.sign_in.contacts import Contact


@dataclass(frozen=True, slots=True)
class _Prepared:
    """Whose invoice is paid. `invoice_id` None: nothing is to be paid, and they have joined."""

    payer: Principal
    invoice_id: InvoiceId | None


def pay_first_invoice(
    principal: Principal,
    code_id: str,
    payment_id: PaymentId,
    shown: Money,
    *,
    token: str,
    processor: CardProcessor,
    duplicate_confirmed: bool = False,
) -> PaymentOutcome:
    """Join: make account, patients and first invoice, and pay it. The same payment id again is the same payment.

    If the answer is lost after that, reconciliation books the payment, and the membership starts on that day: account
    and invoice are there.

    Args:
        shown: the first invoice's amount on the page. At 0.00 no card is charged.

    Raises: JoinOver, AlreadyJoined, JoiningOff, ContactKnown, OwnerDetailsMissing, PlanNotOffered, CouponUnknown,
        JoinPriceChanged, FirstInvoiceTooSmall, TooManyAttempts; what `check_choice` and `pay_invoice` raise.
    """
    with reading(as_system(principal)) as tx:
        request_id = open_request(tx, code_id).id
    rate_limits.count_attempt("join payment from", principal.ip)
    rate_limits.count_attempt("join payment", request_id)
    prepared = _prepare(principal, code_id, shown)
    if prepared.invoice_id is None:
        return PaymentOutcome(payment_id, PaymentStatus.SUCCEEDED, shown)
    return pay_invoice(
        prepared.payer,
        payment_id,
        prepared.invoice_id,
        shown,
        processor=processor,
        token=token,
        duplicate_confirmed=duplicate_confirmed,
    )


def confirm_join_payment(
    principal: Principal, code_id: str, payment_id: PaymentId, *, processor: CardProcessor
) -> PaymentOutcome:
    """Ask the processor what came of it. Raises: JoinOver; NotFound for a payment of somebody else."""
    return confirm_payment(_payer(principal, code_id), payment_id, processor=processor)


def cancel_join_payment(
    principal: Principal, code_id: str, payment_id: PaymentId, *, processor: CardProcessor
) -> PaymentOutcome:
    """Cancel a payment in progress. Raises: JoinOver; NotFound for a payment of somebody else."""
    return cancel_payment(_payer(principal, code_id), payment_id, processor=processor)


def _payer(principal: Principal, code_id: str) -> Principal:
    with reading(as_system(principal)) as tx:
        return payer_of(principal, open_request(tx, code_id))


def join_payability(tx: Tx, invoice: Invoice | None, amount: Money) -> Payability:
    """What may be paid now; `invoice` None: it is not made yet."""
    status = InvoiceStatus.OPEN if invoice is None else invoice.status
    return payability([InvoiceToPay(status, amount)], online_channel(tx), amount.currency)


@retried
def _prepare(principal: Principal, code_id: str, shown: Money) -> _Prepared:
    with transaction(as_system(principal)) as tx:
        request = _locked_request(tx, code_id)
        if request.status not in UNFINISHED_JOINS:
            raise AlreadyJoined
        require_joining_on(tx)
        invoice = first_invoice(tx, request)
        if invoice is not None and is_being_paid(tx, invoice):
            return _Prepared(payer_of(principal, request), invoice.id)
        contact = Contact(request.contact_kind, request.contact_value, request.contact_shown)
        if patients_with(tx, contact):
            raise ContactKnown
        price = _store_people(tx, request, shown)
        invoice = _invoice_for(tx, request, invoice, price)
        request.status, request.changed_at = JoinStatus.PAYING, now()
        if not price.first:
            complete_joining(tx, request, invoice)
            return _Prepared(payer_of(principal, request), None)
        return _Prepared(payer_of(principal, request), invoice.id)


def _locked_request(tx: Tx, code_id: str) -> JoinRequest:
    """The request, locked after its account: always in this order."""
    account_id = open_request(tx, code_id).account_id
    if account_id is not None:
        lock_account(tx, account_id)
    return open_request(tx, code_id, lock=True)


def _store_people(tx: Tx, request: JoinRequest, shown: Money) -> JoinPrice:
    """Check again what was chosen and typed, and make the rows of the people. Returns the price of now."""
    choice, owner = read_choice(request), read_owner(request)
    if choice is None or owner is None:
        raise OwnerDetailsMissing
    choice, owner = check_choice(tx, choice), check_owner(tx, owner)
    check_owner_once(owner, choice)
    price = price_choice(tx, choice, request.id)
    if price.first != shown:
        raise JoinPriceChanged(amount=price.first)
    if price.first:
        try:
            join_payability(tx, None, price.first).accept(price.first)
        except BelowProcessorMinimum as refusal:
            raise FirstInvoiceTooSmall(amount=price.first) from refusal
    keep_people(tx, request, owner, choice)
    return price


def _invoice_for(tx: Tx, request: JoinRequest, invoice: Invoice | None, price: JoinPrice) -> Invoice:
    """The invoice made at an earlier press of Pay, if price, day and members are the same; else a new one replaces it."""
    if invoice is not None:
        agreed = (request.price_id, request.coupon_id, request.fee, invoice.total, invoice.issue_date)
        now_agreed = (price.price_id, price.coupon_id, price.fee, price.first, today())
        if agreed == now_agreed and invoice.status in PAYABLE and is_for_members(tx, request, invoice):
            return invoice
        void_first_invoice(tx, request, invoice)
    return make_first_invoice(tx, request, price)
