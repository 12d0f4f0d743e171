"""Paying: the attempt is committed first, the processor asked outside of any transaction, then settled."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import col, select

from portal_app.clock import now
from portal_app.db.scope import Tx, reading, retried, transaction
from portal_app.db.select import columns
from portal_app.db.tables.billing import IntendedAllocation, Invoice, Payment, PaymentMethod
from portal_app.domain.access import Permission, Principal, system_principal
from portal_app.domain.billing.payment_methods import shown
from portal_app.domain.billing.payments import ASK_AGAIN_WITHIN, PayableInvoice, allocate, ask_again
from portal_app.domain.billing.types import IN_FLIGHT, PAYABLE, InvoiceStatus, Method, Origin, PaymentStatus
from portal_app.domain.errors import NotFound, UserError
from portal_app.domain.ids import AccountId, InvoiceId, PaymentId, PaymentMethodId, new_id
from portal_app.domain.money import Money
from portal_app.gateways.payments import CardProcessor, Charge, NoAnswer, Outcome
from portal_app.services.billing.accessible_accounts import accessible_account
from portal_app.services.billing.ledger.entries import lock_account
from portal_app.services.billing.notify.events import announce_account_change
from portal_app.services.billing.payments.payability import LinkLimit, ToPay, to_pay
from portal_app.services.billing.payments.processor_clock import KEY_LIFE
from portal_app.services.billing.payments.processor_customers import customer_of
from portal_app.services.billing.payments.settle import (
    listed_at_processor,
    outcome_of,
    refetch_charge,
    requested_total,
    settle,
)
from portal_app.services.billing.views import PaymentOutcome

# How long an attempt that never reached the processor may still be under way in some process.
_UNDER_WAY = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class PaymentRequest:
    """What the payer asked for."""

    payment_id: PaymentId
    account_id: AccountId
    offered: Money
    invoice_ids: tuple[InvoiceId, ...] | None  # None: whatever is open on the account
    invoice_id: InvoiceId | None  # the one bill it is for
    payment_method_id: PaymentMethodId | None
    token: str
    save: bool
    again: bool
    limit: LinkLimit | None = None


@dataclass(frozen=True, slots=True)
class StartedPayment:
    payment: Payment
    fresh: bool  # False: the same form came before
    source: str  # pm_… of the saved source
    description: str


def pay_invoice(
    principal: Principal,
    payment_id: PaymentId,
    invoice_id: InvoiceId,
    offered: Money,
    *,
    processor: CardProcessor,
    payment_method_id: PaymentMethodId | None = None,
    token: str = "",
    save: bool = False,
    again: bool = False,
    limit: LinkLimit | None = None,
) -> PaymentOutcome:
    """Pay some or all of one bill with a saved source or a typed card's token.

    The same id again is the same payment. Refused when it may not be; DuplicatePaymentWarning for the same
    amount within 10 minutes; Held while an earlier attempt's outcome is open. `limit`: whoever
    came by a pay link, who neither uses nor leaves a card.
    """
    principal.require(Permission.MY_PAYMENTS)
    payer = principal.with_granted_accounts()
    with reading(payer) as tx:
        invoice = tx.get_or_404(Invoice, invoice_id)
    if limit or invoice.account_id in principal.granted_accounts:
        only_a_new_card(payment_method_id, save)
    return _pay(
        payer,
        PaymentRequest(
            payment_id,
            invoice.account_id,
            offered,
            (invoice_id,),
            invoice_id,
            payment_method_id,
            token,
            save,
            again,
            limit,
        ),
        processor,
    )


def pay_account(
    principal: Principal,
    payment_id: PaymentId,
    offered: Money,
    *,
    processor: CardProcessor,
    account_id: AccountId | None = None,
    invoice_ids: Sequence[InvoiceId] | None = None,
    payment_method_id: PaymentMethodId | None = None,
    token: str = "",
    save: bool = False,
    again: bool = False,
) -> PaymentOutcome:
    """Pay into the account, oldest due first (PART-1, ALL-2), or into the chosen bills only."""
    principal.require(Permission.MY_PAYMENTS)
    with reading(principal) as tx:
        account_id = accessible_account(tx, account_id)
    chosen = None if invoice_ids is None else tuple(dict.fromkeys(invoice_ids))
    one = chosen[0] if chosen and len(chosen) == 1 else None
    return _pay(
        principal,
        PaymentRequest(payment_id, account_id, offered, chosen, one, payment_method_id, token, save, again),
        processor,
    )


def preview_account(
    principal: Principal,
    offered: Money,
    *,
    account_id: AccountId | None = None,
    invoice_ids: Sequence[InvoiceId] | None = None,
) -> tuple[tuple[InvoiceId, str, Money], ...]:
    """Which bill would get how much: (id, number, amount), shown before one confirms."""
    principal.require(Permission.MY_PAYMENTS)
    with reading(principal) as tx:
        found = asked_about(tx, accessible_account(tx, account_id), invoice_ids, lock=False)
        answer = to_pay(tx, found)
        answer.payability.accept(offered)
        parts = allocate(offered, invoices_of(found, answer))
        return tuple((invoice.id, invoice.number, part) for invoice, part in parts)


def only_a_new_card(payment_method_id: PaymentMethodId | None, save: bool) -> None:
    """Whoever pays another adult's bill neither uses nor leaves a card in that adult's wallet."""
    if payment_method_id is not None:
        raise NotFound
    if save:
        raise UserError("A card can be saved for your own bills only.")


def confirm_payment(
    principal: Principal, payment_id: PaymentId, *, processor: CardProcessor
) -> PaymentOutcome:
    """After the payer's bank has asked: what the processor says, never what the browser says."""
    payment = _theirs(principal, payment_id)
    if payment.status not in IN_FLIGHT:
        return outcome_of(payment)
    return settle(system_principal("settle"), payment.id, refetch_charge(payment, processor))


def cancel_payment(
    principal: Principal, payment_id: PaymentId, *, processor: CardProcessor
) -> PaymentOutcome:
    """Give up an open attempt: cancelled at the processor first, released then. Too late means paid."""
    payment = _theirs(principal, payment_id)
    if payment.status not in IN_FLIGHT:
        return outcome_of(payment)
    try:
        charge = _cancelled(payment, processor)
    except NoAnswer:  # silence is no proof that nothing was charged
        charge = Charge(Outcome.UNKNOWN)
    return settle(system_principal("settle"), payment.id, charge)


def _cancelled(payment: Payment, processor: CardProcessor) -> Charge:
    intent = payment.processor_intent_id
    if not intent and (found := listed_at_processor(payment, processor)):
        intent = found.intent_id
    if intent:
        charge = processor.cancel(intent)
        return refetch_charge(payment, processor) if charge.outcome is Outcome.REFUSED else charge
    over = now() - payment.created_at >= _UNDER_WAY
    return Charge(Outcome.CANCELLED if over else Outcome.UNKNOWN)


def asked_about(
    tx: Tx, account_id: AccountId, invoice_ids: Sequence[InvoiceId] | None, *, lock: bool
) -> list[Invoice]:
    """The open invoices of an account, or the named ones; NotFound when one of these is not there."""
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


def invoices_of(found: Sequence[Invoice], answer: ToPay) -> list[PayableInvoice]:
    """The invoices as allocation sees them."""
    return [
        PayableInvoice(row.id, row.number, row.issue_date, row.due_date, answer.payable[row.id])
        for row in found
    ]


def _pay(principal: Principal, ask: PaymentRequest, processor: CardProcessor) -> PaymentOutcome:
    if bool(ask.payment_method_id) == bool(ask.token):
        raise UserError("Choose a card or enter a new one.")
    customer = customer_of(
        principal, ask.account_id, processor, allowed=lambda tx: _refuse_what_may_not_be_paid(tx, ask)
    )
    if ask.payment_method_id and not customer:
        raise UserError("We cannot reach the card processor. Try again in a few minutes.")
    attempted = _attempt(principal, ask)
    payment = attempted.payment
    if payment.status not in IN_FLIGHT:
        return outcome_of(payment)
    charge = _charge(attempted, ask, customer, processor)
    return settle(system_principal("settle"), payment.id, charge)


def _charge(
    attempted: StartedPayment, ask: PaymentRequest, customer: str, processor: CardProcessor
) -> Charge:
    payment = attempted.payment
    if payment.processor_intent_id or now() - payment.created_at >= KEY_LIFE:
        return refetch_charge(payment, processor)
    charge = processor.charge(
        customer,
        payment.amount,
        key=payment.id,
        description=attempted.description,
        payment_method=attempted.source,
        token=ask.token,
        save=ask.save and bool(customer),
    )
    if attempted.fresh:
        return charge
    # A key answers again what it answered first; what has become of it since is looked up. And
    # a second form that differs is refused by the processor, which says nothing of the first.
    if charge.intent_id:
        return processor.look_up(charge.intent_id)
    return refetch_charge(payment, processor)


@retried
def _attempt(principal: Principal, ask: PaymentRequest) -> StartedPayment:
    """Commit the attempt under the account's lock, or find the same one; Refused with nothing written."""
    with transaction(principal) as tx:
        lock_account(tx, ask.account_id)
        source = _source(tx, ask)
        payment = _begun_before(tx, ask)
        fresh = payment is None
        if payment is None:
            payment = _new_attempt(tx, ask, source)
        numbers = columns(Invoice.number).join(
            IntendedAllocation, col(IntendedAllocation.invoice_id) == Invoice.id
        )
        named = tx.exec(
            numbers.where(IntendedAllocation.payment_id == payment.id).order_by(Invoice.number)
        ).all()
        return StartedPayment(payment, fresh, source.processor_id if source else "", ", ".join(named))


def _refuse_what_may_not_be_paid(tx: Tx, ask: PaymentRequest) -> None:
    """What the attempt will ask again under the lock: here before the processor hears of the payer."""
    _source(tx, ask)
    if _begun_before(tx, ask) is None:
        _invoices_to_pay(tx, ask, lock=False)


def _invoices_to_pay(tx: Tx, ask: PaymentRequest, *, lock: bool) -> list[PayableInvoice]:
    """The bills that what is offered would pay; Refused, Held or DuplicatePaymentWarning when it may not be."""
    found = asked_about(tx, ask.account_id, ask.invoice_ids, lock=lock)
    answer = to_pay(tx, found, limit=ask.limit)
    answer.payability.accept(ask.offered)
    if not ask.again:
        ask_again(ask.offered, _paid_at(tx, ask), now())
    return invoices_of(found, answer)


def _new_attempt(tx: Tx, ask: PaymentRequest, source: PaymentMethod | None) -> Payment:
    invoices, amount = _invoices_to_pay(tx, ask, lock=True), ask.offered
    payment = Payment(
        id=ask.payment_id,
        account_id=ask.account_id,
        amount=amount,
        refunded=amount.zero(),
        allocated=amount.zero(),
        status=PaymentStatus.PROCESSING,
        method=Method.BANK if source and source.kind == "bank" else Method.CARD,
        origin=Origin.PAY_LINK if ask.limit else _origin(tx.principal),
        paid_by=tx.principal.name,
        payer_id=tx.principal.patient_id,
        invoice_id=ask.invoice_id,
        payment_method_id=source.id if source else None,
        paid_with=shown(source.brand, source.last4, source.kind) if source else "",
        save_payment_method=ask.save and not source,
        created_at=now(),
    )
    if not tx.add_if_absent(payment):
        raise NotFound  # somebody else's id
    keep_parts(tx, payment, allocate(amount, invoices))
    announce_account_change(tx, payment.account_id, payment.id)
    return payment


def keep_parts(tx: Tx, payment: Payment, parts: Sequence[tuple[PayableInvoice, Money]]) -> None:
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


def _begun_before(tx: Tx, ask: PaymentRequest) -> Payment | None:
    """The same form, sent before: an id stands for one amount and one bill (ALL-12) of who began it."""
    payment = tx.get(Payment, ask.payment_id)
    if payment is None:
        return None
    if payment.paid_by != tx.principal.name:
        raise NotFound
    same = (payment.account_id, payment.invoice_id, requested_total(tx, payment)) == (
        ask.account_id,
        ask.invoice_id,
        ask.offered,
    )
    if not same:
        raise UserError("This payment was already sent with another amount. Check your payments.")
    return payment


def _source(tx: Tx, ask: PaymentRequest) -> PaymentMethod | None:
    if ask.payment_method_id is None:
        return None
    source = tx.get_or_404(PaymentMethod, ask.payment_method_id)
    if source.account_id != ask.account_id or source.removed_at is not None:
        raise NotFound
    return source


def _paid_at(tx: Tx, ask: PaymentRequest) -> datetime | None:
    """When the same amount was last paid on the same bill, or on the account as a whole."""
    found = columns(Payment.settled_at).where(
        Payment.account_id == ask.account_id,
        Payment.amount == ask.offered,
        Payment.status == PaymentStatus.SUCCEEDED,
        col(Payment.settled_at) > now() - ASK_AGAIN_WITHIN,
    )
    if ask.invoice_id:
        parts = columns(IntendedAllocation.payment_id).where(IntendedAllocation.invoice_id == ask.invoice_id)
        found = found.where(col(Payment.id).in_(parts))
    return tx.exec(found.order_by(col(Payment.settled_at).desc())).first()


def _origin(principal: Principal) -> Origin:
    return Origin.PORTAL if principal.may(Permission.MY_RECORDS) else Origin.EMBED


def _theirs(principal: Principal, payment_id: PaymentId) -> Payment:
    principal.require(Permission.MY_PAYMENTS)
    with reading(principal.with_granted_accounts()) as tx:
        payment = tx.get_or_404(Payment, payment_id)
    if payment.account_id in principal.granted_accounts and payment.payer_id != principal.patient_id:
        raise NotFound
    return payment
