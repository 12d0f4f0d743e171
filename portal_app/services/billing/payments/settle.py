"""Booking what the card processor answers: the answer to a charge, a webhook and reconciliation all end here."""

import secrets
from dataclasses import replace
from datetime import datetime, timedelta

from sqlmodel import col, func, select

from portal_app.clock import now
from portal_app.db.scope import Tx, retried, transaction
from portal_app.db.select import columns
from portal_app.db.tables.billing import Account, IntendedAllocation, Invoice, Payment, PaymentMethod
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import Principal
from portal_app.domain.billing.declines import METHOD_GONE, NOT_CHARGED, REQUEST_REFUSED
from portal_app.domain.billing.payment_methods import display_name, method_of_kind
from portal_app.domain.billing.payments import payable_amount
from portal_app.domain.billing.types import IN_FLIGHT, PAYABLE, RECEIVED, Method, Origin, PaymentStatus
from portal_app.domain.ids import PaymentId, PaymentMethodId, new_id
from portal_app.domain.money import Money, total
from portal_app.gateways.payments import CardProcessor, Charge, NoAnswer, Outcome, PaymentMethodFacts
from portal_app.services.billing.ledger.entries import (
    allocate,
    in_flight_payments,
    lock_payment,
    post_payment,
)
from portal_app.services.billing.notify.events import (
    add_staff_task,
    announce_account_change,
    send_failure_note,
    send_receipt,
    tell_staff_of_refusal,
)
from portal_app.services.billing.notify.reminders import refresh_digest_of_account
from portal_app.services.billing.payments.processor_clock import lookback_start
from portal_app.services.billing.payments.refresh_methods import update_charged_method
from portal_app.services.billing.views import PaymentOutcome
from portal_app.services.memberships.autopay import outcome as autopay
from portal_app.services.memberships.joining import paid as joining
from portal_app.services.practice.facts import practice

_PAYER_WAITS = timedelta(minutes=10)  # longer than a payer stays on the page
# Without the letters and digits that are misread over the phone.
_RECEIPT_ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ23456789"


@retried
def settle(principal: Principal, payment_id: PaymentId, charge: Charge) -> PaymentOutcome:
    """Book the processor's answer about a payment. An answer that comes twice, late or out of order counts once.

    Raises: PermissionDenied for anybody but the portal itself.
    """
    principal.require_portal("portal:settle")
    with transaction(principal) as tx:
        payment = lock_payment(tx, payment_id)
        before = (payment.status, payment.accepted_by_processor)
        if not _matches_payment(tx, payment, charge):
            return outcome_of(payment)
        _store_processor_facts(tx, payment, charge)
        if charge.outcome is Outcome.SUCCEEDED:
            _apply_success(tx, payment, charge)
        elif payment.status in IN_FLIGHT:
            on_its_way = payment.accepted_by_processor
            _apply_open_or_failed(payment, charge)
            if payment.decline_code == REQUEST_REFUSED:
                tell_staff_of_refusal(tx, charge.decline_code)
            if payment.status is PaymentStatus.FAILED and payer_has_left(payment, on_its_way):
                send_failure_note(tx, payment)
            if payment.origin is Origin.AUTOPAY and payment.status is not PaymentStatus.PROCESSING:
                autopay.follow_failure(tx, payment)
        if before != (payment.status, payment.accepted_by_processor):
            announce_account_change(tx, payment.account_id, payment.id)
        return replace(outcome_of(payment), client_secret=charge.client_secret)


def outcome_of(payment: Payment) -> PaymentOutcome:
    """The payment as the payer's page needs it."""
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
    """Fetch the payment's charge from the processor; UNKNOWN when it does not answer."""
    if payment.processor_intent_id:
        return cancel_if_abandoned(payment, processor.look_up(payment.processor_intent_id), processor)
    return cancel_if_abandoned(payment, find_charge(payment, processor), processor)


def cancel_if_abandoned(payment: Payment, charge: Charge, processor: CardProcessor) -> Charge:
    """Cancel a charge at the processor when the payer's bank declined it after a question to the payer.

    The intent's secret is in a browser: from an old tab it could still be paid. When the cancellation
    comes too late, the answer says that it was paid.
    """
    if charge.outcome is Outcome.DECLINED and payment.status is PaymentStatus.REQUIRES_ACTION:
        answer = processor.cancel(charge.intent_id)
        if answer.outcome in (Outcome.SUCCEEDED, Outcome.PROCESSING, Outcome.UNKNOWN):
            return answer
    # "No such intent" may mean another account's key: it proves nothing about this payment.
    return Charge(Outcome.UNKNOWN) if charge.outcome is Outcome.REFUSED else charge


def find_charge(payment: Payment, processor: CardProcessor) -> Charge:
    """Find the charge of a payment whose answer was lost; UNKNOWN when it is not listed or nothing is answered."""
    try:
        return find_listed_charge(payment, processor) or Charge(Outcome.UNKNOWN)
    except NoAnswer:
        return Charge(Outcome.UNKNOWN)


def find_listed_charge(payment: Payment, processor: CardProcessor) -> Charge | None:
    """Find the charge that has our payment id in its metadata; None when the processor has none.

    Raises: NoAnswer.
    """
    charges = processor.charges_since(lookback_start(payment.created_at))
    return next((charge for charge in charges if charge.payment_id == payment.id), None)


def _matches_payment(tx: Tx, payment: Payment, charge: Charge) -> bool:
    """Whether the charge belongs to the payment. A second charge for one payment becomes a staff task."""
    ours, theirs = payment.processor_intent_id, charge.intent_id
    if (charge.payment_id or payment.id) == payment.id and (not ours or not theirs or ours == theirs):
        return True
    add_staff_task(
        tx,
        "charged_twice",
        theirs or payment.id,
        "The card processor reports a second charge, {intent}, for one payment. Check it there.",
        payment.account_id,
        intent=theirs,
    )
    return False


def payer_has_left(payment: Payment, on_its_way: bool) -> bool:
    """Whether a failure needs a message, because the payer no longer looks at the page.

    A failed autopay has a message of its own.
    """
    late = on_its_way or now() - payment.created_at >= _PAYER_WAITS
    return late and payment.origin is not Origin.AUTOPAY


def _store_processor_facts(tx: Tx, payment: Payment, charge: Charge) -> None:
    if charge.intent_id:
        payment.processor_intent_id = charge.intent_id
    if charge.charge_id:
        payment.processor_charge_id = charge.charge_id
    facts = charge.payment_method
    if facts and (facts.last4 or method_of_kind(facts.kind) is Method.WALLET):
        payment.paid_with = display_name(facts.brand, facts.last4, facts.kind)
        payment.method = method_of_kind(facts.kind)
        update_charged_method(tx, payment.account_id, facts)


def _apply_open_or_failed(payment: Payment, charge: Charge) -> None:
    """Book an answer that is no success. Only for a payment in flight: nothing that has ended is opened again."""
    if charge.outcome is Outcome.PROCESSING:
        payment.status, payment.accepted_by_processor = PaymentStatus.PROCESSING, True
    elif charge.outcome is Outcome.REQUIRES_ACTION:
        payment.status = PaymentStatus.REQUIRES_ACTION
    elif charge.outcome in (Outcome.DECLINED, Outcome.REFUSED):
        payment.status = PaymentStatus.FAILED
        payment.decline_code = _why_failed(charge)
        payment.settled_at = now()
    elif charge.outcome is Outcome.NOT_CHARGED:
        payment.status, payment.decline_code = PaymentStatus.CANCELLED, NOT_CHARGED
        payment.settled_at = now()
    elif charge.outcome is Outcome.CANCELLED:
        payment.status = PaymentStatus.CANCELLED
        payment.settled_at = now()


def _why_failed(charge: Charge) -> str:
    """The bank's code; or ours, when the processor refused our request: then no bank has said anything."""
    if charge.outcome is Outcome.REFUSED:
        return METHOD_GONE if charge.unknown in ("payment_method", "confirmation_token") else REQUEST_REFUSED
    return charge.decline_code or "processing_error"


def _apply_success(tx: Tx, payment: Payment, charge: Charge) -> None:
    if payment.status in RECEIVED:
        return
    late = payment.status not in IN_FLIGHT
    requested, received = payment.amount, charge.received or payment.amount
    payment.amount = received
    book_receipt(tx, payment)
    saved = _save_payment_method(tx, payment, charge.payment_method) if payment.save_payment_method else None
    if saved:
        payment.payment_method_id = saved.id
    if received != requested:
        add_staff_task(
            tx,
            "amount_differs",
            payment.id,
            "{received} was received where {asked} was asked for. What was received is booked.",
            payment.account_id,
            received=received,
            asked=requested,
        )
    if late:
        add_staff_task(
            tx,
            "paid_late",
            payment.id,
            "{received} arrived for a payment that had already ended. It is booked: check it.",
            payment.account_id,
            received=received,
        )


def book_receipt(tx: Tx, payment: Payment) -> None:
    """Book received money: allocate it, give it a receipt number, post it where the practice posts automatically.

    Then send the receipt. Money that no invoice takes is credit (CRED-2).
    """
    _practice = tx.get_or_404(Practice, "practice")  # held: a session forgets rows that nobody holds
    payment.receipt_number = _new_receipt_number(tx)
    payment.status = PaymentStatus.SUCCEEDED
    payment.decline_code = ""
    payment.accepted_by_processor = True
    payment.settled_at = now()
    left = _allocate_as_intended(tx, payment, payment.settled_at)
    meant = requested_total(tx, payment)
    is_deposit = payment.origin is Origin.STAFF  # what exceeds the invoices was meant to be credit
    unplaced = left - (payment.amount - meant) if is_deposit else left
    if meant and unplaced > left.zero():
        add_staff_task(
            tx,
            "became_credit",
            payment.id,
            "{amount} of a payment fits no invoice any more. It is kept as credit.",
            payment.account_id,
            amount=unplaced,
        )
    if practice(tx).post_automatically:
        post_payment(tx, payment)
    tx.flush()
    joining.follow_receipt(tx, payment)
    if payment.origin is Origin.AUTOPAY:
        autopay.tell_of_charge(tx, payment)
    else:
        send_receipt(tx, payment)
    refresh_digest_of_account(tx, payment.account_id)


def _allocate_as_intended(tx: Tx, payment: Payment, at: datetime) -> Money:
    """Allocate the payment to the invoices that it was made for, as far as each takes it. Returns what is left."""
    left = payment.amount
    parts = select(IntendedAllocation).where(IntendedAllocation.payment_id == payment.id)
    with tx.no_autoflush:  # `allocate` writes; what is read here does not depend on what waits to be written
        for part in tx.exec(parts.order_by(col(IntendedAllocation.position))).all():
            invoice = tx.get_or_404(Invoice, part.invoice_id, lock=True)
            in_flight = in_flight_payments(tx, [invoice.id]).get(invoice.id, ())
            others = (other.amount for other in in_flight if other.id != payment.id)
            free = payable_amount(invoice.due, others)  # a late payment leaves what other payments hold
            fits = min(part.amount, left, free) if invoice.status in PAYABLE else left.zero()
            if fits:
                allocate(tx, payment, invoice, fits, at)
                left = left - fits
    return left


def requested_total(tx: Tx, payment: Payment) -> Money:
    """What the payment was meant to pay, when it was started."""
    rows = tx.exec(columns(IntendedAllocation.amount).where(IntendedAllocation.payment_id == payment.id))
    return total(rows, payment.amount.currency)


def _new_receipt_number(tx: Tx) -> str:
    year = f"{now():%y}"
    while True:
        number = f"R-{year}-{''.join(secrets.choice(_RECEIPT_ALPHABET) for _ in range(6))}"
        with tx.no_autoflush:
            taken = tx.exec(columns(Payment.id).where(Payment.receipt_number == number)).first()
        if taken is None:
            return number


def _save_payment_method(tx: Tx, payment: Payment, facts: PaymentMethodFacts | None) -> PaymentMethod | None:
    """Save the card as the payer asked; None when it belongs to another customer of the processor."""
    account = tx.get_or_404(Account, payment.account_id)
    if facts is None or facts.customer not in ("", account.processor_customer_id):
        return None
    return save_payment_method_row(tx, account, facts)


def save_payment_method_row(tx: Tx, account: Account, facts: PaymentMethodFacts) -> PaymentMethod:
    """Save a card or bank account of the processor, once; the account's first one becomes the default."""
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
