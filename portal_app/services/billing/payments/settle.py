"""Writing down what the processor said: the answer, the webhook and reconcile all come through here."""

import secrets
from dataclasses import replace
from datetime import timedelta

from sqlmodel import col, func, select

from portal_app.clock import now
from portal_app.db.scope import Tx, retried, transaction
from portal_app.db.select import columns
from portal_app.db.tables.billing import Account, IntendedAllocation, Invoice, Payment, PaymentMethod
from portal_app.domain.access import Principal, Side
from portal_app.domain.billing.payment_methods import shown
from portal_app.domain.billing.payments import payable
from portal_app.domain.billing.types import IN_FLIGHT, PAYABLE, RECEIVED, Method, Origin, PaymentStatus
from portal_app.domain.errors import PermissionDenied
from portal_app.domain.ids import PaymentId, PaymentMethodId, new_id
from portal_app.domain.money import Money, total
from portal_app.gateways.payments import CardProcessor, Charge, NoAnswer, Outcome, PaymentMethodFacts
from portal_app.services.billing.ledger.entries import (
    allocate,
    in_flight_payments,
    lock_account,
    post_payment,
)
from portal_app.services.billing.notify.events import (
    announce_account_change,
    send_failure_note,
    send_receipt,
    tell_staff,
)
from portal_app.services.billing.notify.reminders import refresh_digest_of_account
from portal_app.services.billing.payments.processor_clock import lookback_start
from portal_app.services.billing.views import PaymentOutcome
from portal_app.services.practice.facts import practice

# Without the letters and digits that are read wrongly over the phone.
_STILL_THERE = timedelta(minutes=10)
_ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ23456789"


@retried
def settle(principal: Principal, payment_id: PaymentId, charge: Charge) -> PaymentOutcome:
    """Write down what became of an attempt. Said twice, late or in any order, it counts once."""
    if principal.side is not Side.PORTAL:
        raise PermissionDenied("portal:settle")
    with transaction(principal) as tx:
        lock_account(tx, tx.get_or_404(Payment, payment_id).account_id)
        payment = tx.get_or_404(Payment, payment_id, lock=True)
        before = (payment.status, payment.accepted_by_processor)
        if not _is_its_own(tx, payment, charge):
            return outcome_of(payment)
        _note_facts(payment, charge)
        if charge.outcome is Outcome.SUCCEEDED:
            _succeeded(tx, payment, charge)
        elif payment.status in IN_FLIGHT:
            on_its_way = payment.accepted_by_processor
            _still_open_or_over(payment, charge)
            if payment.status is PaymentStatus.FAILED and payer_has_left(payment, on_its_way):
                send_failure_note(tx, payment)
        if before != (payment.status, payment.accepted_by_processor):
            announce_account_change(tx, payment.account_id, payment.id)
        return replace(outcome_of(payment), client_secret=charge.client_secret)


def outcome_of(payment: Payment) -> PaymentOutcome:
    return PaymentOutcome(
        payment_id=payment.id,
        status=payment.status,
        amount=payment.amount,
        decline_code=payment.decline_code,
        accepted_by_processor=payment.status not in IN_FLIGHT
        or payment.accepted_by_processor
        or payment.status is PaymentStatus.REQUIRES_ACTION,
    )


def refetch_charge(payment: Payment, processor: CardProcessor) -> Charge:
    """The attempt as the processor knows it now; UNKNOWN when it does not say."""
    if payment.processor_intent_id:
        return cancel_if_abandoned(payment, processor.look_up(payment.processor_intent_id), processor)
    return cancel_if_abandoned(payment, find_at_processor(payment, processor), processor)


def cancel_if_abandoned(payment: Payment, charge: Charge, processor: CardProcessor) -> Charge:
    """An attempt that the payer's bank refused ends at the processor first, then here.

    Its secret is in a browser: from an old tab it could still be paid. When cancelling comes
    too late, it was paid.
    """
    if charge.outcome is Outcome.DECLINED and payment.status is PaymentStatus.REQUIRES_ACTION:
        answer = processor.cancel(charge.intent_id)
        if answer.outcome in (Outcome.SUCCEEDED, Outcome.PROCESSING, Outcome.UNKNOWN):
            return answer
    # "No such intent" says nothing about this payment.
    return Charge(Outcome.UNKNOWN) if charge.outcome is Outcome.REFUSED else charge


def find_at_processor(payment: Payment, processor: CardProcessor) -> Charge:
    """By our id in the intent's metadata, where its answer was lost. UNKNOWN when it is not there."""
    try:
        return listed_at_processor(payment, processor) or Charge(Outcome.UNKNOWN)
    except NoAnswer:
        return Charge(Outcome.UNKNOWN)


def listed_at_processor(payment: Payment, processor: CardProcessor) -> Charge | None:
    """None when the processor says that it has no such intent; NoAnswer when it says nothing."""
    charges = processor.charges_since(lookback_start(payment.created_at))
    return next((charge for charge in charges if charge.payment_id == payment.id), None)


def _is_its_own(tx: Tx, payment: Payment, charge: Charge) -> bool:
    """One charge at the processor, one payment here. Anything else is for a person to look at."""
    ours, theirs = payment.processor_intent_id, charge.intent_id
    if (charge.payment_id or payment.id) == payment.id and (not ours or not theirs or ours == theirs):
        return True
    tell_staff(
        tx,
        "charged_twice",
        theirs or payment.id,
        "The card processor reports a second charge, {intent}, for one payment. Check it there.",
        payment.account_id,
        intent=theirs,
    )
    return False


def payer_has_left(payment: Payment, on_its_way: bool) -> bool:
    """Who still looks at the page reads there that it failed; a failed autopay has words of its own."""
    late = on_its_way or now() - payment.created_at >= _STILL_THERE
    return late and payment.origin is not Origin.AUTOPAY


def _note_facts(payment: Payment, charge: Charge) -> None:
    if charge.intent_id:
        payment.processor_intent_id = charge.intent_id
    if charge.charge_id:
        payment.processor_charge_id = charge.charge_id
    if charge.payment_method and charge.payment_method.last4:
        facts = charge.payment_method
        payment.paid_with = shown(facts.brand, facts.last4, facts.kind)
        payment.method = Method.BANK if facts.kind == "bank" else Method.CARD


def _still_open_or_over(payment: Payment, charge: Charge) -> None:
    """Only ever called for an attempt in flight: nothing that ended is opened again."""
    if charge.outcome is Outcome.PROCESSING:
        payment.status, payment.accepted_by_processor = PaymentStatus.PROCESSING, True
    elif charge.outcome is Outcome.REQUIRES_ACTION:
        payment.status = PaymentStatus.REQUIRES_ACTION
    elif charge.outcome in (Outcome.DECLINED, Outcome.REFUSED):
        payment.status = PaymentStatus.FAILED
        payment.decline_code = charge.decline_code or "processing_error"
        payment.settled_at = now()
    elif charge.outcome is Outcome.CANCELLED:
        payment.status = PaymentStatus.CANCELLED
        payment.settled_at = now()


def _succeeded(tx: Tx, payment: Payment, charge: Charge) -> None:
    if payment.status in RECEIVED:
        if charge.disputed and payment.status is not PaymentStatus.DISPUTED:
            mark_disputed(tx, payment)
        return
    late = payment.status not in IN_FLIGHT
    asked, received = payment.amount, charge.received or payment.amount
    payment.amount = received
    book_receipt(tx, payment)
    source = _save_payment_method(tx, payment, charge.payment_method) if payment.save_payment_method else None
    if source:
        payment.payment_method_id = source.id
    if received != asked:
        tell_staff(
            tx,
            "amount_differs",
            payment.id,
            "{received} was received where {asked} was asked for. What was received is booked.",
            payment.account_id,
            received=received,
            asked=asked,
        )
    if late:
        tell_staff(
            tx,
            "paid_late",
            payment.id,
            "{received} arrived for a payment that had already ended. It is booked: check it.",
            payment.account_id,
            received=received,
        )
    if charge.disputed:
        mark_disputed(tx, payment)


def book_receipt(tx: Tx, payment: Payment) -> None:
    """Money is here: allocate it, number it, post it if the practice posts by itself, send the receipt."""
    payment.status = PaymentStatus.SUCCEEDED
    payment.decline_code = ""
    payment.accepted_by_processor = True
    payment.settled_at = now()
    payment.receipt_number = _new_receipt_number(tx)
    left = payment.amount
    parts = select(IntendedAllocation).where(IntendedAllocation.payment_id == payment.id)
    for part in tx.exec(parts.order_by(col(IntendedAllocation.position))).all():
        invoice = tx.get_or_404(Invoice, part.invoice_id, lock=True)
        others = (
            a.amount for a in in_flight_payments(tx, [invoice.id]).get(invoice.id, ()) if a.id != payment.id
        )
        free = payable(invoice.due, others)  # money that comes late leaves alone what others hold
        fits = min(part.amount, left, free) if invoice.status in PAYABLE else left.zero()
        if fits:
            allocate(tx, payment, invoice, fits, payment.settled_at)
            left = left - fits
    if left and requested_total(tx, payment):
        tell_staff(
            tx,
            "became_credit",
            payment.id,
            "{amount} of a payment fits no bill any more. It is kept as credit.",
            payment.account_id,
            amount=left,
        )
    if practice(tx).post_automatically:
        post_payment(tx, payment)
    tx.flush()
    send_receipt(tx, payment)
    refresh_digest_of_account(tx, payment.account_id)


def requested_total(tx: Tx, payment: Payment) -> Money:
    """What the attempt meant to pay, as it was asked for."""
    rows = tx.exec(columns(IntendedAllocation.amount).where(IntendedAllocation.payment_id == payment.id))
    return total(rows, payment.amount.currency)


def mark_disputed(tx: Tx, payment: Payment) -> None:
    payment.status = PaymentStatus.DISPUTED
    tell_staff(
        tx,
        "disputed",
        payment.id,
        "The payer disputes the payment of {amount} with their bank. Answer it at the card processor.",
        payment.account_id,
        amount=payment.amount,
    )


def _new_receipt_number(tx: Tx) -> str:
    year = f"{now():%y}"
    while True:
        number = f"R-{year}-{''.join(secrets.choice(_ALPHABET) for _ in range(6))}"
        if tx.exec(columns(Payment.id).where(Payment.receipt_number == number)).first() is None:
            return number


def _save_payment_method(tx: Tx, payment: Payment, facts: PaymentMethodFacts | None) -> PaymentMethod | None:
    """The card the payer wanted kept; the first one on file becomes the default."""
    account = tx.get_or_404(Account, payment.account_id)
    if facts is None or facts.customer not in ("", account.processor_customer_id):
        return None
    return save_payment_method_row(tx, account, facts)


def save_payment_method_row(tx: Tx, account: Account, facts: PaymentMethodFacts) -> PaymentMethod:
    row = tx.exec(select(PaymentMethod).where(PaymentMethod.processor_id == facts.processor_id)).first()
    on_file = columns(func.count()).where(
        PaymentMethod.account_id == account.id, col(PaymentMethod.removed_at).is_(None)
    )
    if row is None:
        row = tx.add(
            PaymentMethod(
                id=PaymentMethodId(new_id("src")),
                account_id=account.id,
                processor_id=facts.processor_id,
                kind=facts.kind,
                brand=facts.brand,
                last4=facts.last4,
                exp_month=facts.exp_month,
                exp_year=facts.exp_year,
                is_default=tx.exec(on_file).one() == 0,
                created_at=now(),
            )
        )
        tx.flush()
    return row
