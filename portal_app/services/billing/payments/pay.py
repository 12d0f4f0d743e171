"""Paying: the payment is stored first, then charged outside of any transaction, then its outcome is booked."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from portal_app.clock import now
from portal_app.db.scope import reading
from portal_app.db.tables.billing import Invoice, Payment
from portal_app.domain.access import Permission, Principal, system_principal
from portal_app.domain.billing.declines import REQUEST_REFUSED
from portal_app.domain.billing.payments import allocate
from portal_app.domain.billing.types import IN_FLIGHT
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import AccountId, InvoiceId, PaymentId, PaymentMethodId
from portal_app.domain.money import Money
from portal_app.gateways.payments import CardProcessor, Charge, NoAnswer, Outcome
from portal_app.services.billing.accessible_accounts import accessible_account
from portal_app.services.billing.errors import (
    CardCannotBeSaved,
    PaymentMethodMissing,
    ProcessorUnreachable,
)
from portal_app.services.billing.payments.credit import after_credit
from portal_app.services.billing.payments.payability import LinkLimit, read_payability
from portal_app.services.billing.payments.processor_clock import KEY_LIFE
from portal_app.services.billing.payments.processor_customers import (
    get_or_create_customer,
    mark_method_gone,
    online_payments_broken,
    renew_customer,
)
from portal_app.services.billing.payments.settle import (
    find_charge,
    find_listed_charge,
    outcome_of,
    refetch_charge,
    settle,
)
from portal_app.services.billing.payments.start import (
    PaymentRequest,
    StartedPayment,
    check_request,
    read_requested_invoices,
    start_payment,
    to_payable_invoices,
)
from portal_app.services.billing.views import PaymentOutcome

# A payment that the processor does not know may still be on its way there for this long.
_CHARGE_TAKES_AT_MOST = timedelta(minutes=15)


class PreviewedAllocation(NamedTuple):
    """What of a payment would pay one invoice."""

    invoice_id: InvoiceId
    number: str
    amount: Money


def pay_invoice(
    principal: Principal,
    payment_id: PaymentId,
    invoice_id: InvoiceId,
    amount: Money,
    *,
    processor: CardProcessor,
    payment_method_id: PaymentMethodId | None = None,
    token: str = "",
    save: bool = False,
    duplicate_confirmed: bool = False,
    use_credit: bool = False,
    limit: LinkLimit | None = None,
) -> PaymentOutcome:
    """Pay some or all of one invoice with a saved payment method or a new card's token.

    The same id again is the same payment (ALL-12). `limit` is the limit of the pay link by which the payer
    came: such a payer neither uses nor saves a payment method.

    Raises: what `Payability.accept` raises; DuplicatePaymentWarning unless `duplicate_confirmed`;
        PaymentMethodMissing, CardCannotBeSaved, PaymentIdReused, ProcessorUnreachable.
    """
    principal.require(Permission.MY_PAYMENTS)
    payer = principal.with_granted_accounts()
    account_id = _account_of_invoice(payer, invoice_id)
    if limit or account_id in principal.granted_accounts:
        require_new_card(payment_method_id, save)
    request = PaymentRequest(
        payment_id,
        account_id,
        amount,
        (invoice_id,),
        invoice_id,
        payment_method_id,
        token,
        save,
        duplicate_confirmed,
        limit,
        use_credit,
    )
    return _pay(payer, request, processor)


def _account_of_invoice(payer: Principal, invoice_id: InvoiceId) -> AccountId:
    with reading(payer) as tx:
        return tx.get_or_404(Invoice, invoice_id).account_id


def pay_account(
    principal: Principal,
    payment_id: PaymentId,
    amount: Money,
    *,
    processor: CardProcessor,
    account_id: AccountId | None = None,
    invoice_ids: Sequence[InvoiceId] | None = None,
    payment_method_id: PaymentMethodId | None = None,
    token: str = "",
    save: bool = False,
    duplicate_confirmed: bool = False,
    use_credit: bool = False,
) -> PaymentOutcome:
    """Pay the account's open invoices, oldest due first (PART-1, ALL-2), or only the chosen ones.

    Raises: the same as `pay_invoice`.
    """
    principal.require(Permission.MY_PAYMENTS)
    with reading(principal) as tx:
        account_id = accessible_account(tx, account_id)
    chosen = None if invoice_ids is None else tuple(dict.fromkeys(invoice_ids))
    one = chosen[0] if chosen and len(chosen) == 1 else None
    return _pay(
        principal,
        PaymentRequest(
            payment_id,
            account_id,
            amount,
            chosen,
            one,
            payment_method_id,
            token,
            save,
            duplicate_confirmed,
            use_credit=use_credit,
        ),
        processor,
    )


def preview_account(
    principal: Principal,
    amount: Money,
    *,
    account_id: AccountId | None = None,
    invoice_ids: Sequence[InvoiceId] | None = None,
    use_credit: bool = False,
) -> tuple[PreviewedAllocation, ...]:
    """What a payment of `amount` would pay of each invoice: shown before the payer confirms."""
    principal.require(Permission.MY_PAYMENTS)
    with reading(principal) as tx:
        found = read_requested_invoices(tx, accessible_account(tx, account_id), invoice_ids, lock=False)
        answer = read_payability(tx, found)
        answer.payability.accept(amount)
        payable = to_payable_invoices(found, answer)
        if use_credit and answer.payability.credit:
            payable = after_credit(payable, answer.payability.credit)
        parts = allocate(amount, payable)
        return tuple(PreviewedAllocation(invoice.id, invoice.number, part) for invoice, part in parts)


def require_new_card(payment_method_id: PaymentMethodId | None, save: bool) -> None:
    """A payer of another adult's invoice neither uses nor saves a payment method on that adult's account.

    Raises: NotFound, CardCannotBeSaved.
    """
    if payment_method_id is not None:
        raise NotFound
    if save:
        raise CardCannotBeSaved


def confirm_payment(
    principal: Principal, payment_id: PaymentId, *, processor: CardProcessor
) -> PaymentOutcome:
    """Book the outcome after the payer has answered their bank, as the processor reports it."""
    payment = _read_own_payment(principal, payment_id)
    if payment.status not in IN_FLIGHT:
        return outcome_of(payment)
    return settle(system_principal("settle"), payment.id, refetch_charge(payment, processor))


def cancel_payment(
    principal: Principal, payment_id: PaymentId, *, processor: CardProcessor
) -> PaymentOutcome:
    """Cancel an open payment, at the processor first. When that comes too late, it was paid."""
    payment = _read_own_payment(principal, payment_id)
    if payment.status not in IN_FLIGHT:
        return outcome_of(payment)
    try:
        charge = _cancel_at_processor(payment, processor)
    except NoAnswer:  # no answer does not prove that nothing was charged
        charge = Charge(Outcome.UNKNOWN)
    return settle(system_principal("settle"), payment.id, charge)


def _cancel_at_processor(payment: Payment, processor: CardProcessor) -> Charge:
    """Cancel the charge; what never reached the processor within 15 minutes never will."""
    intent = payment.processor_intent_id
    if not intent and (found := find_listed_charge(payment, processor)):
        intent = found.intent_id
    if intent:
        charge = processor.cancel(intent)
        return refetch_charge(payment, processor) if charge.outcome is Outcome.REFUSED else charge
    never_sent = now() - payment.created_at >= _CHARGE_TAKES_AT_MOST
    return Charge(Outcome.CANCELLED if never_sent else Outcome.UNKNOWN)


def _pay(principal: Principal, request: PaymentRequest, processor: CardProcessor) -> PaymentOutcome:
    if bool(request.payment_method_id) == bool(request.token):
        raise PaymentMethodMissing
    customer = get_or_create_customer(
        principal, request.account_id, processor, check=lambda tx: check_request(tx, request)
    )
    if request.payment_method_id and not customer:
        raise ProcessorUnreachable
    started = start_payment(principal, request)
    payment = started.payment
    if payment.status not in IN_FLIGHT:
        return outcome_of(payment)
    charge = charge_started(principal, started, request, customer, processor)
    outcome = settle(system_principal("settle"), payment.id, charge)
    if outcome.decline_code == REQUEST_REFUSED:
        raise online_payments_broken(principal)
    return outcome


def charge_started(
    principal: Principal,
    started: StartedPayment,
    request: PaymentRequest,
    customer: str,
    processor: CardProcessor,
) -> Charge:
    """Charge a new payment; for one that was sent before, fetch what became of it."""
    payment = started.payment
    if payment.processor_intent_id or now() - payment.created_at >= KEY_LIFE:
        return refetch_charge(payment, processor)
    if not started.is_new and (found := find_charge(payment, processor)).outcome is not Outcome.UNKNOWN:
        return found  # also under the key of a renewed customer
    charge = _send(started, request, customer, processor)
    if charge.unknown == "customer":
        customer = renew_customer(principal, request.account_id, customer, processor)
        if request.payment_method_id:  # it went with its customer
            return Charge(Outcome.REFUSED, payment_id=payment.id, unknown="payment_method")
        charge = _send(started, request, customer, processor, renewed=True) if customer else charge
    elif charge.unknown == "payment_method" and request.payment_method_id:
        mark_method_gone(principal, request.payment_method_id)
    if started.is_new:
        return charge
    # For a repeated key the processor repeats its first answer, so the present state is looked up. A second
    # form that differs is refused by the processor, which says nothing about the first.
    if charge.intent_id:
        return processor.look_up(charge.intent_id)
    return refetch_charge(payment, processor)


def _send(
    started: StartedPayment,
    request: PaymentRequest,
    customer: str,
    processor: CardProcessor,
    *,
    renewed: bool = False,
) -> Charge:
    return processor.charge(
        customer,
        started.payment.amount,
        key=started.payment.id,
        description=started.description,
        payment_method=started.source,
        token=request.token,
        save=request.save and bool(customer),
        off_session=request.off_session,
        renewed=renewed,
    )


def _read_own_payment(principal: Principal, payment_id: PaymentId) -> Payment:
    """A payment on the viewer's accounts, or the viewer's own payment on another adult's."""
    principal.require(Permission.MY_PAYMENTS)
    with reading(principal.with_granted_accounts()) as tx:
        payment = tx.get_or_404(Payment, payment_id)
    if payment.account_id in principal.granted_accounts and payment.payer_id != principal.patient_id:
        raise NotFound
    return payment
