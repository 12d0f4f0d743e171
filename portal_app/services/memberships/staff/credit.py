"""Credit adjustments of invoices of memberships, and refunds of what was paid of them."""

from dataclasses import dataclass

from sqlmodel import col, select

from portal_app.clock import local_date
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.billing import Allocation, Invoice, Payment
from portal_app.domain.access import Permission, Principal
from portal_app.domain.billing.types import EntryKind
from portal_app.domain.errors import UserError
from portal_app.domain.ids import InvoiceId, PaymentId, RefundId, new_id
from portal_app.domain.money import Money
from portal_app.gateways.payments import CardProcessor
from portal_app.i18n import gettext_noop
from portal_app.services.as_system import as_system
from portal_app.services.billing.errors import InvoiceHasPaymentOnItsWay
from portal_app.services.billing.ledger.entries import (
    in_flight_payments,
    post_entry,
    update_invoice_status,
)
from portal_app.services.billing.notify.events import add_staff_task
from portal_app.services.billing.payments.refunds import refund_payment, refundable_amount


@dataclass(frozen=True, slots=True)
class Returned:
    """What is given back of an invoice: `credited` of what is unpaid, `refunded` of what was paid.

    `always`: the period never begins, so what was paid is refunded whatever staff chose.
    """

    invoice_id: InvoiceId
    credited: Money
    refunded: Money
    always: bool


def split_returned(tx: Tx, invoice: Invoice, amount: Money, *, always: bool) -> Returned:
    """How much of `amount` lowers what is unpaid, how much is refunded; never more than was paid.

    Raises: InvoiceHasPaymentOnItsWay.
    """
    if in_flight_payments(tx, [invoice.id]):
        raise InvoiceHasPaymentOnItsWay
    credited = min(amount, invoice.due)
    return Returned(invoice.id, credited, min(amount - credited, invoice.allocated), always)


def credit_invoice(tx: Tx, invoice: Invoice, amount: Money, *, source: str) -> None:
    """Lower what is due of the invoice by an adjustment."""
    if not amount:
        return
    post_entry(
        tx,
        invoice.account_id,
        EntryKind.ADJUSTMENT,
        -amount,
        source=source,
        invoice_id=invoice.id,
        text=f"Charge voided, invoice {invoice.number}",
    )
    invoice.adjusted = invoice.adjusted - amount
    update_invoice_status(invoice)


@dataclass(slots=True)
class Refunds:
    """What was refunded, and what could not be: there is a task for each of those."""

    refunded: Money | None = None
    refused: Money | None = None


def refund_returned(
    principal: Principal, parts: list[Returned], *, processor: CardProcessor, reason: str
) -> Refunds:
    """Refund these parts, the latest payment of each invoice first."""
    principal.require(Permission.MANAGE_PLANS)
    done = Refunds()
    for part in parts:
        for payment_id, amount in _payments(principal, part):
            wanted = WantedRefund(payment_id, amount, part.invoice_id)
            refund_or_ask_staff(principal, done, wanted, processor=processor, reason=reason)
    return done


@dataclass(frozen=True, slots=True)
class WantedRefund:
    """What is to be refunded of a payment. `invoice_id`: the invoice whose charge is voided with it."""

    payment_id: PaymentId
    amount: Money
    invoice_id: InvoiceId | None = None


def refund_or_ask_staff(
    principal: Principal, done: Refunds, wanted: WantedRefund, *, processor: CardProcessor, reason: str
) -> None:
    """Refund it. Where that is refused the end stands, so a task says what is still to be given back."""
    principal.require(Permission.MANAGE_PLANS)
    amount = wanted.amount
    try:
        refund_payment(
            principal,
            RefundId(new_id("ref")),
            wanted.payment_id,
            amount,
            processor=processor,
            void_charge=wanted.invoice_id is not None,
            invoice_ids=[wanted.invoice_id] if wanted.invoice_id else None,
            reason=reason,
        )
    except UserError:
        _ask_staff(principal, wanted)
        done.refused = done.refused + amount if done.refused else amount
    else:
        done.refunded = done.refunded + amount if done.refunded else amount


def _ask_staff(principal: Principal, wanted: WantedRefund) -> None:
    with transaction(as_system(principal)) as tx:
        payment = tx.get_or_404(Payment, wanted.payment_id)
        add_staff_task(
            tx,
            "end_refund_refused",
            f"{payment.id}:{wanted.invoice_id or ''}:{new_id('say')}",
            gettext_noop(
                "{amount} of a payment of {paid_on} is to be refunded because a membership or a member ended, but "
                "the refund was refused. Refund it on the payment, or give it back another way."
            ),
            payment.account_id,
            amount=wanted.amount,
            paid_on=local_date(payment.created_at),
        )


def _payments(principal: Principal, part: Returned) -> list[tuple[PaymentId, Money]]:
    left, found = part.refunded, list[tuple[PaymentId, Money]]()
    with reading(as_system(principal)) as tx:
        rows = select(Allocation).where(Allocation.invoice_id == part.invoice_id)
        for row in tx.exec(rows.order_by(col(Allocation.made_at).desc(), col(Allocation.id).desc())):
            most = min(left, row.amount)
            possible = max(refundable_amount(tx, tx.get_or_404(Payment, row.payment_id)), most.zero())
            # What cannot be refunded is asked for too: its refusal is a task.
            parts = (min(most, possible), most - min(most, possible))
            found += [(row.payment_id, part) for part in parts if part]
            left = left - most
    return found
