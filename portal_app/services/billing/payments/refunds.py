"""Giving money back: asked for first, sent by the processor, booked when it says so (REF cases)."""

from collections.abc import Sequence

from portal_app.clock import local_date, now
from portal_app.db.scope import Tx, retried, transaction
from portal_app.db.select import columns
from portal_app.db.tables.billing import Invoice, Payment, Refund
from portal_app.domain.access import Permission, Principal, Side, system_principal
from portal_app.domain.billing.refunds import refund_amount, take_back
from portal_app.domain.billing.types import PAYABLE, RECEIVED, EntryKind, PaymentStatus, RefundStatus
from portal_app.domain.errors import PermissionDenied
from portal_app.domain.ids import InvoiceId, PaymentId, RefundId, new_id
from portal_app.domain.money import Money
from portal_app.gateways.payments import CardProcessor, Outcome, RefundFacts
from portal_app.services.billing.errors import PaymentDisputed, RefundIdReused, RefundNotAccepted
from portal_app.services.billing.ledger.entries import (
    adjust_allocation,
    allocate_again,
    allocations_of,
    in_flight_payments,
    lock_account,
    post,
    post_refund,
    posted_already,
    refunding,
    unused,
)
from portal_app.services.billing.ledger.person_shares import keep_shares_of
from portal_app.services.billing.notify.events import announce_account_change, send_refund_note, tell_staff
from portal_app.services.billing.notify.reminders import refresh_digest_of_account
from portal_app.services.billing.views import RefundView


def refund_payment(
    principal: Principal,
    refund_id: RefundId,
    payment_id: PaymentId,
    amount: Money,
    *,
    processor: CardProcessor,
    void_charge: bool = False,
    invoice_ids: Sequence[InvoiceId] | None = None,
    reason: str = "",
) -> RefundView:
    """Give back some or all of a payment; with `void_charge` nothing is due again for it (REF-3).

    The same id again is the same refund (REF-7). What it takes back of bills is the latest
    allocation first, or the chosen bills.
    """
    principal.require(Permission.REFUND)
    intent = _ask(principal, refund_id, payment_id, amount, void_charge, tuple(invoice_ids or ()), reason)
    # No intent: taken at the desk, so it is given back there.
    facts = processor.refund(intent, amount, key=refund_id) if intent else RefundFacts(Outcome.SUCCEEDED)
    view = settle_refund(system_principal("refund"), refund_id, facts)
    if facts.outcome in (Outcome.REFUSED, Outcome.DECLINED) and view.status is RefundStatus.FAILED:
        raise RefundNotAccepted
    return view


@retried
def _ask(
    principal: Principal,
    refund_id: RefundId,
    payment_id: PaymentId,
    amount: Money,
    void_charge: bool,
    chosen: tuple[InvoiceId, ...],
    reason: str,
) -> str | None:
    """Keep the refund that is asked for; the intent to ask the processor for, None for the desk's money."""
    with transaction(principal) as tx:
        lock_account(tx, tx.get_or_404(Payment, payment_id).account_id)
        payment = tx.get_or_404(Payment, payment_id, lock=True)
        before = tx.get(Refund, refund_id)
        if before is not None:
            if (before.payment_id, before.amount) != (payment_id, amount):
                raise RefundIdReused
            return payment.processor_intent_id
        if payment.status is PaymentStatus.DISPUTED:
            raise PaymentDisputed
        refund = Refund(
            id=refund_id,
            account_id=payment.account_id,
            payment_id=payment.id,
            amount=refund_amount(refundable(tx, payment), amount),
            status=RefundStatus.PROCESSING,
            void_charge=void_charge,
            reason=reason,
            asked_by=principal.name,
            chosen=list(chosen),
            created_at=now(),
        )
        _taken(tx, payment, refund)  # refused here, before anything is sent
        tx.add(refund)
        announce_account_change(tx, payment.account_id, payment.id)
        return payment.processor_intent_id


def refundable(tx: Tx, payment: Payment) -> Money:
    if payment.status not in RECEIVED:
        return payment.amount.zero()
    return payment.amount - payment.refunded - refunding(tx, payment.id)


@retried
def settle_refund(principal: Principal, refund_id: RefundId, facts: RefundFacts) -> RefundView:
    """Write down what became of a refund. Said twice it counts once; a success may fail days later."""
    if principal.side is not Side.PORTAL:
        raise PermissionDenied("portal:settle")
    with transaction(principal) as tx:
        lock_account(tx, tx.get_or_404(Refund, refund_id).account_id)
        refund = tx.get_or_404(Refund, refund_id, lock=True)
        payment = tx.get_or_404(Payment, refund.payment_id, lock=True)
        if facts.refund_id:
            refund.processor_refund_id = facts.refund_id
        if refund.status is RefundStatus.PROCESSING and facts.outcome is Outcome.SUCCEEDED:
            _give_back(tx, payment, refund)
        elif refund.status is RefundStatus.PROCESSING and facts.outcome in (
            Outcome.DECLINED,
            Outcome.REFUSED,
            Outcome.CANCELLED,
        ):
            refund.status, refund.settled_at = RefundStatus.FAILED, now()
        elif refund.status is RefundStatus.SUCCEEDED and facts.outcome is Outcome.DECLINED:
            _came_back(tx, payment, refund)
        refresh_digest_of_account(tx, payment.account_id)
        announce_account_change(tx, payment.account_id, payment.id)
        return RefundView(refund.id, payment.id, refund.amount, refund.status, local_date(refund.created_at))


@retried
def adopt_refund(principal: Principal, payment_id: PaymentId, facts: RefundFacts) -> RefundId | None:
    """A refund made at the processor itself: known here from now on. None when it cannot be ours."""
    if principal.side is not Side.PORTAL:
        raise PermissionDenied("portal:settle")
    with transaction(principal) as tx:
        lock_account(tx, tx.get_or_404(Payment, payment_id).account_id)
        payment = tx.get_or_404(Payment, payment_id, lock=True)
        amount = facts.amount or payment.amount
        known = columns(Refund.id).where(Refund.processor_refund_id == facts.refund_id)
        found = tx.exec(known).first()
        if found:
            return found
        tell_staff(
            tx,
            "refund_unknown",
            facts.refund_id,
            "{amount} was refunded at the card processor, not here. It is booked: check it.",
            payment.account_id,
            amount=amount,
        )
        if amount > refundable(tx, payment):
            return None
        refund = Refund(
            id=facts.our_id or RefundId(new_id("ref")),
            account_id=payment.account_id,
            payment_id=payment.id,
            amount=amount,
            status=RefundStatus.PROCESSING,
            asked_by=principal.name,
            processor_refund_id=facts.refund_id,
            created_at=now(),
        )
        return tx.add(refund).id


def _taken(tx: Tx, payment: Payment, refund: Refund, *, strict: bool = True) -> list[tuple[InvoiceId, Money]]:
    """Which bill gives back how much of the refund.

    `strict` when it is asked for: the chosen bills must hold it. Once the money is sent, what they
    do not hold any more comes from elsewhere.
    """
    held = [(row.invoice_id, row.amount) for row in allocations_of(tx, payment.id) if row.amount]
    chosen = [InvoiceId(i) for i in refund.chosen] or None
    if refund.void_charge and chosen is None:
        most = sum((part.minor for _, part in held), 0)
        amount = min(refund.amount, Money(most, refund.amount.currency))
        return take_back(amount, amount.zero(), held)
    # What is unused counts without this very refund, which may already stand among those asked for.
    spare = payment.amount - payment.refunded
    for _, part in held:
        spare = spare - part
    return take_back(refund.amount, spare, held, chosen, strict=strict)


def _give_back(tx: Tx, payment: Payment, refund: Refund) -> None:
    taken = _taken(tx, payment, refund, strict=False)
    for invoice_id, part in taken:
        invoice = tx.get_or_404(Invoice, invoice_id, lock=True)
        row = next(row for row in allocations_of(tx, payment.id) if row.invoice_id == invoice_id)
        if refund.void_charge:
            invoice.adjusted = invoice.adjusted - part
            post(
                tx,
                payment.account_id,
                EntryKind.ADJUSTMENT,
                -part,
                source=f"{refund.id}:{invoice_id}",
                invoice_id=invoice_id,
                text=f"Charge voided, invoice {invoice.number}",
            )
        adjust_allocation(row, payment, invoice, -part, now(), refund.id)
    refund.taken_back = [[invoice_id, part.minor] for invoice_id, part in taken]
    refund.status, refund.settled_at = RefundStatus.SUCCEEDED, now()
    payment.refunded = payment.refunded + refund.amount
    _restate(payment)
    tx.flush()
    post_refund(tx, payment, refund)
    send_refund_note(tx, payment, refund)


def _came_back(tx: Tx, payment: Payment, refund: Refund) -> None:
    """The payer's bank sent it back: what was taken back is paid again where that still fits."""
    refund.status, refund.settled_at = RefundStatus.FAILED, now()
    payment.refunded = payment.refunded - refund.amount
    _restate(payment)
    tx.flush()
    if posted_already(tx, EntryKind.REFUND, refund.id):
        post(
            tx,
            payment.account_id,
            EntryKind.REVERSAL,
            -refund.amount,
            source=refund.id,
            payment_id=payment.id,
            text="Refund that came back",
        )
    for invoice_id, minor in refund.taken_back:
        invoice = tx.get_or_404(Invoice, invoice_id, lock=True)
        fits = min(Money(minor, refund.amount.currency), invoice.due, unused(tx, payment))
        if invoice.status in PAYABLE and fits and not in_flight_payments(tx, [invoice.id]):
            allocate_again(tx, payment, invoice, fits, refund.id, now())
    if payment.posted:
        keep_shares_of(tx, payment.id)
    tell_staff(
        tx,
        "refund_failed",
        refund.id,
        "A refund of {amount} failed: the payer's bank sent it back. Give it back another way.",
        payment.account_id,
        amount=refund.amount,
    )


def _restate(payment: Payment) -> None:
    if payment.status is PaymentStatus.DISPUTED:
        return
    if not payment.refunded:
        payment.status = PaymentStatus.SUCCEEDED
    elif payment.refunded == payment.amount:
        payment.status = PaymentStatus.REFUNDED
    else:
        payment.status = PaymentStatus.PARTLY_REFUNDED
