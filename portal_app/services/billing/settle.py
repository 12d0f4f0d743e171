"""Writing down what the processor said: the answer, the webhook and reconcile all come through here."""

import secrets
from dataclasses import replace
from datetime import timedelta

from sqlmodel import col, func, select

from portal_app.clock import now
from portal_app.db.scope import Tx, retried, transaction
from portal_app.db.tables.billing import Account, Invoice, Payment, PaymentPart, PaymentSource
from portal_app.domain.access import Principal, Side
from portal_app.domain.billing.paying import payable
from portal_app.domain.billing.sources import shown
from portal_app.domain.billing.words import IN_FLIGHT, PAYABLE, RECEIVED, Method, Origin, PaymentStatus
from portal_app.domain.errors import NotAllowed
from portal_app.domain.ids import PaymentId, SourceId, new_id
from portal_app.domain.money import Money, total
from portal_app.gateways.payments import CardProcessor, Charge, NoAnswer, Outcome, SourceFacts
from portal_app.services.asking import columns
from portal_app.services.billing.books import allocate, attempts_on, lock_account, post_payment
from portal_app.services.billing.reminding import say_again
from portal_app.services.billing.telling import changed, send_failure_note, send_receipt, tell_staff
from portal_app.services.billing.views import PaymentOutcome
from portal_app.services.billing.window import since
from portal_app.services.practice import practice

# Without the letters and digits that are read wrongly over the phone.
_STILL_THERE = timedelta(minutes=10)
_ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ23456789"


@retried
def settle(principal: Principal, payment_id: PaymentId, charge: Charge) -> PaymentOutcome:
    """Write down what became of an attempt. Said twice, late or in any order, it counts once."""
    if principal.side is not Side.PORTAL:
        raise NotAllowed("portal:settle")
    with transaction(principal) as tx:
        lock_account(tx, tx.find(Payment, payment_id).account_id)
        payment = tx.find(Payment, payment_id, lock=True)
        before = (payment.status, payment.outcome_known)
        if not _is_its_own(tx, payment, charge):
            return outcome_of(payment)
        _note_facts(payment, charge)
        if charge.outcome is Outcome.SUCCEEDED:
            _succeeded(tx, payment, charge)
        elif payment.status in IN_FLIGHT:
            on_its_way = payment.outcome_known
            _still_open_or_over(payment, charge)
            if payment.status is PaymentStatus.FAILED and _they_have_left(payment, on_its_way):
                send_failure_note(tx, payment)
        if before != (payment.status, payment.outcome_known):
            changed(tx, payment.account_id, payment.id)
        return replace(outcome_of(payment), client_secret=charge.client_secret)


def outcome_of(payment: Payment) -> PaymentOutcome:
    return PaymentOutcome(
        payment_id=payment.id,
        status=payment.status,
        amount=payment.amount,
        decline_code=payment.decline_code,
        known=payment.status not in IN_FLIGHT
        or payment.outcome_known
        or payment.status is PaymentStatus.REQUIRES_ACTION,
    )


def look_again(payment: Payment, processor: CardProcessor) -> Charge:
    """The attempt as the processor knows it now; UNKNOWN when it does not say."""
    if payment.processor_intent_id:
        return closed(payment, processor.look_up(payment.processor_intent_id), processor)
    return closed(payment, find_at_processor(payment, processor), processor)


def closed(payment: Payment, charge: Charge, processor: CardProcessor) -> Charge:
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
    charges = processor.charges_since(since(payment.created_at))
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


def _they_have_left(payment: Payment, on_its_way: bool) -> bool:
    """Who still looks at the page reads there that it failed; a failed autopay has words of its own."""
    late = on_its_way or now() - payment.created_at >= _STILL_THERE
    return late and payment.origin is not Origin.AUTOPAY


def _note_facts(payment: Payment, charge: Charge) -> None:
    if charge.intent_id:
        payment.processor_intent_id = charge.intent_id
    if charge.charge_id:
        payment.processor_charge_id = charge.charge_id
    if charge.source and charge.source.last4:
        facts = charge.source
        payment.source_shown = shown(facts.brand, facts.last4, facts.kind)
        payment.method = Method.BANK if facts.kind == "bank" else Method.CARD


def _still_open_or_over(payment: Payment, charge: Charge) -> None:
    """Only ever called for an attempt in flight: nothing that ended is opened again."""
    if charge.outcome is Outcome.PROCESSING:
        payment.status, payment.outcome_known = PaymentStatus.PROCESSING, True
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
    receive(tx, payment)
    source = _save_source(tx, payment, charge.source) if payment.save_source else None
    if source:
        payment.source_id = source.id
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


def receive(tx: Tx, payment: Payment) -> None:
    """Money is here: allocate it, number it, post it if the practice posts by itself, send the receipt."""
    payment.status = PaymentStatus.SUCCEEDED
    payment.decline_code = ""
    payment.outcome_known = True
    payment.settled_at = now()
    payment.receipt_number = _new_receipt_number(tx)
    left = payment.amount
    parts = select(PaymentPart).where(PaymentPart.payment_id == payment.id)
    for part in tx.exec(parts.order_by(col(PaymentPart.position))).all():
        invoice = tx.find(Invoice, part.invoice_id, lock=True)
        others = (a.amount for a in attempts_on(tx, [invoice.id]).get(invoice.id, ()) if a.id != payment.id)
        free = payable(invoice.due, others)  # money that comes late leaves alone what others hold
        fits = min(part.amount, left, free) if invoice.status in PAYABLE else left.zero()
        if fits:
            allocate(tx, payment, invoice, fits, payment.settled_at)
            left = left - fits
    if left and part_sum(tx, payment):
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
    say_again(tx, payment.account_id)


def part_sum(tx: Tx, payment: Payment) -> Money:
    """What the attempt meant to pay, as it was asked for."""
    rows = tx.exec(columns(PaymentPart.amount).where(PaymentPart.payment_id == payment.id))
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


def _save_source(tx: Tx, payment: Payment, facts: SourceFacts | None) -> PaymentSource | None:
    """The card the payer wanted kept; the first one on file becomes the default."""
    account = tx.find(Account, payment.account_id)
    if facts is None or facts.customer not in ("", account.processor_customer_id):
        return None
    return keep_source(tx, account, facts)


def keep_source(tx: Tx, account: Account, facts: SourceFacts) -> PaymentSource:
    row = tx.exec(select(PaymentSource).where(PaymentSource.processor_id == facts.processor_id)).first()
    on_file = columns(func.count()).where(
        PaymentSource.account_id == account.id, col(PaymentSource.removed_at).is_(None)
    )
    if row is None:
        row = tx.keep(
            PaymentSource(
                id=SourceId(new_id("src")),
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
