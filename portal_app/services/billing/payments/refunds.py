"""Refunds: stored first, then sent to the processor, booked when it confirms them (REF cases)."""

from collections.abc import Sequence
from dataclasses import dataclass

from portal_app.clock import local_date, now
from portal_app.db.scope import Tx, retried, transaction
from portal_app.db.select import columns
from portal_app.db.tables.billing import Invoice, Payment, Refund
from portal_app.domain.access import Permission, Principal, system_principal
from portal_app.domain.billing.disputes import received_status
from portal_app.domain.billing.processor_limits import check_step
from portal_app.domain.billing.refunds import check_refund_amount, split_refund
from portal_app.domain.billing.types import PAYABLE, RECEIVED, EntryKind, PaymentStatus, RefundStatus
from portal_app.domain.ids import InvoiceId, PaymentId, RefundId, new_id
from portal_app.domain.money import Money
from portal_app.gateways.payments import CardProcessor, Outcome, RefundFacts
from portal_app.services.billing.errors import PaymentDisputed, RefundIdReused, RefundNotAccepted
from portal_app.services.billing.ledger.entries import (
    adjust_allocation,
    allocations_of,
    in_flight_payments,
    is_posted,
    lock_account,
    lock_payment,
    pending_refunds,
    post_entry,
    post_refund,
    restore_allocation,
    unused_credit,
)
from portal_app.services.billing.ledger.person_shares import refresh_payment_shares
from portal_app.services.billing.notify.events import (
    add_staff_task,
    announce_account_change,
    send_refund_note,
)
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
    """Refund some or all of a payment. The same id again is the same refund (REF-7).

    Args:
        void_charge: the charge is voided too, so that nothing is due again (REF-3).
        invoice_ids: the invoices to take the refund from; without them the latest allocation first.

    Raises: NothingToRefund, RefundTooLarge, AmountNotInSteps, RefundExceedsChosenInvoices, RefundIdReused,
        PaymentDisputed, RefundNotAccepted.
    """
    principal.require(Permission.REFUND)
    request = RefundRequest(refund_id, payment_id, amount, void_charge, tuple(invoice_ids or ()), reason)
    return send_refund(principal, refund_id, _request_refund(principal, request), amount, processor)


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """A refund to store. `void_charge` and `invoice_ids` as in `refund_payment`."""

    id: RefundId
    payment_id: PaymentId
    amount: Money
    void_charge: bool = False
    invoice_ids: tuple[InvoiceId, ...] = ()
    reason: str = ""


@retried
def _request_refund(principal: Principal, request: RefundRequest) -> str | None:
    """Store the refund before it is sent. Returns the processor's intent, None for a payment at the front desk."""
    with transaction(principal) as tx:
        lock_account(tx, tx.get_or_404(Payment, request.payment_id).account_id)
        return store_refund(tx, request)


def store_refund(tx: Tx, request: RefundRequest) -> str | None:
    """Store a refund in a transaction that has locked the account. The caller sends it after the commit.

    If it is never sent, reconciliation sends it. Returns the processor's intent, None for a payment at the front desk.

    Raises: as `refund_payment`, but RefundNotAccepted.
    """
    payment = tx.get_or_404(Payment, request.payment_id, lock=True)
    before = tx.get(Refund, request.id)
    if before is not None:
        if (before.payment_id, before.amount) != (request.payment_id, request.amount):
            raise RefundIdReused
        return payment.processor_intent_id
    if payment.status is PaymentStatus.DISPUTED:
        raise PaymentDisputed
    refundable = refundable_amount(tx, payment)
    refund = Refund(
        id=request.id,
        account_id=payment.account_id,
        payment_id=payment.id,
        amount=check_refund_amount(refundable, request.amount),
        status=RefundStatus.PROCESSING,
        void_charge=request.void_charge,
        reason=request.reason,
        asked_by=tx.principal.name,
        chosen=list(request.invoice_ids),
        created_at=now(),
    )
    if payment.processor_intent_id:
        check_step(request.amount, refundable)
    _split_over_invoices(tx, payment, refund)  # raises before anything is sent
    tx.add(refund)
    announce_account_change(tx, payment.account_id, payment.id)
    return payment.processor_intent_id


def send_refund(
    principal: Principal, refund_id: RefundId, intent: str | None, amount: Money, processor: CardProcessor
) -> RefundView:
    """Send a stored refund, and book the answer. Raises: RefundNotAccepted; PermissionDenied without REFUND."""
    principal.require(Permission.REFUND)
    # Without an intent it was paid at the front desk, and the money is handed back there.
    facts = processor.refund(intent, amount, key=refund_id) if intent else RefundFacts(Outcome.SUCCEEDED)
    view = settle_refund(system_principal("refund"), refund_id, facts)
    if facts.outcome in (Outcome.REFUSED, Outcome.DECLINED) and view.status is RefundStatus.FAILED:
        raise RefundNotAccepted
    return view


def refundable_amount(tx: Tx, payment: Payment) -> Money:
    """What may still be refunded: received, less refunds that succeeded or are on their way and what was lost."""
    if payment.status not in RECEIVED:
        return payment.amount.zero()
    return payment.amount - payment.refunded - payment.lost - pending_refunds(tx, payment.id)


@retried
def settle_refund(principal: Principal, refund_id: RefundId, facts: RefundFacts) -> RefundView:
    """Book the processor's answer about a refund. The same answer twice counts once.

    A refund that succeeded may still fail days later, when the payer's bank returns it.

    Raises: PermissionDenied for anybody but the portal itself.
    """
    principal.require_portal("portal:settle")
    with transaction(principal) as tx:
        lock_account(tx, tx.get_or_404(Refund, refund_id).account_id)
        refund = tx.get_or_404(Refund, refund_id, lock=True)
        payment = tx.get_or_404(Payment, refund.payment_id, lock=True)
        if facts.refund_id:
            refund.processor_refund_id = facts.refund_id
        if refund.status is RefundStatus.PROCESSING and facts.outcome is Outcome.SUCCEEDED:
            _book_refund(tx, payment, refund)
        elif refund.status is RefundStatus.PROCESSING and facts.outcome in (
            Outcome.DECLINED,
            Outcome.REFUSED,
            Outcome.CANCELLED,
        ):
            refund.status, refund.settled_at = RefundStatus.FAILED, now()
        elif refund.status is RefundStatus.SUCCEEDED and facts.outcome is Outcome.DECLINED:
            _book_returned_refund(tx, payment, refund)
        refresh_digest_of_account(tx, payment.account_id)
        announce_account_change(tx, payment.account_id, payment.id)
        return RefundView(refund.id, payment.id, refund.amount, refund.status, local_date(refund.created_at))


@retried
def adopt_refund(principal: Principal, payment_id: PaymentId, facts: RefundFacts) -> RefundId | None:
    """Store a refund that was made in the processor's own dashboard, and tell staff.

    None when it is more than can be refunded of the payment: then staff are only told.
    """
    principal.require_portal("portal:settle")
    with transaction(principal) as tx:
        payment = lock_payment(tx, payment_id)
        amount = facts.amount or payment.amount
        known = columns(Refund.id).where(Refund.processor_refund_id == facts.refund_id)
        found = tx.exec(known).first()
        if found:
            return found
        add_staff_task(
            tx,
            "refund_unknown",
            facts.refund_id,
            "{amount} was refunded at the card processor, not here. It is booked: check it.",
            payment.account_id,
            amount=amount,
        )
        if amount > refundable_amount(tx, payment):
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


def _split_over_invoices(
    tx: Tx, payment: Payment, refund: Refund, *, strict: bool = True
) -> list[tuple[InvoiceId, Money]]:
    """Divide the refund over the payment's invoices.

    `strict` when it is requested: the chosen invoices must hold it. Once the money is sent, what they
    no longer hold is taken from the other invoices.
    """
    held = [(row.invoice_id, row.amount) for row in allocations_of(tx, payment.id) if row.amount]
    chosen = [InvoiceId(i) for i in refund.chosen] or None
    if refund.void_charge and chosen is None:
        most = sum((part.minor for _, part in held), 0)
        amount = min(refund.amount, Money(most, refund.amount.currency))
        return split_refund(amount, amount.zero(), held)
    # Unused credit before this refund, which may already be stored.
    unused = payment.amount - payment.refunded - payment.lost
    for _, part in held:
        unused = unused - part
    return split_refund(refund.amount, unused, held, chosen, strict=strict)


def _book_refund(tx: Tx, payment: Payment, refund: Refund) -> None:
    """Take the refund from its invoices, post it and tell the payer."""
    taken_back = _split_over_invoices(tx, payment, refund, strict=False)
    for invoice_id, part in taken_back:
        invoice = tx.get_or_404(Invoice, invoice_id, lock=True)
        row = next(row for row in allocations_of(tx, payment.id) if row.invoice_id == invoice_id)
        if refund.void_charge:
            invoice.adjusted = invoice.adjusted - part
            post_entry(
                tx,
                payment.account_id,
                EntryKind.ADJUSTMENT,
                -part,
                source=f"{refund.id}:{invoice_id}",
                invoice_id=invoice_id,
                text=f"Charge voided, invoice {invoice.number}",
            )
        adjust_allocation(row, payment, invoice, -part, now(), refund.id)
    refund.taken_back = [[invoice_id, part.minor] for invoice_id, part in taken_back]
    refund.status, refund.settled_at = RefundStatus.SUCCEEDED, now()
    payment.refunded = payment.refunded + refund.amount
    _update_payment_status(payment)
    tx.flush()
    post_refund(tx, payment, refund)
    send_refund_note(tx, payment, refund)


def _book_returned_refund(tx: Tx, payment: Payment, refund: Refund) -> None:
    """Book that the payer's bank returned the refund: its invoices are paid again, where they are still open."""
    refund.status, refund.settled_at = RefundStatus.FAILED, now()
    payment.refunded = payment.refunded - refund.amount
    _update_payment_status(payment)
    tx.flush()
    if is_posted(tx, EntryKind.REFUND, refund.id):
        post_entry(
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
        fits = min(Money(minor, refund.amount.currency), invoice.due, unused_credit(tx, payment))
        if invoice.status in PAYABLE and fits and not in_flight_payments(tx, [invoice.id]):
            restore_allocation(tx, payment, invoice, fits, refund.id, now())
    if payment.posted:
        refresh_payment_shares(tx, payment.id)
    add_staff_task(
        tx,
        "refund_failed",
        refund.id,
        "A refund of {amount} failed: the payer's bank sent it back. Give it back another way.",
        payment.account_id,
        amount=refund.amount,
    )


def _update_payment_status(payment: Payment) -> None:
    """Set the status that follows from what was refunded; a dispute stays."""
    held = payment.status is PaymentStatus.DISPUTED
    payment.status = received_status(payment.amount, payment.refunded, payment.lost, held=held)
