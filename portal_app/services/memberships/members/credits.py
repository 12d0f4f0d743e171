"""Credits what a member added to the price of a period that they will not have (decisions 0035 and 0039).

The same for one whom the owner takes back before they start and for one whom staff end.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlmodel import col, select

from portal_app.clock import now
from portal_app.db.scope import Tx
from portal_app.db.tables.billing import Allocation, Invoice, Payment
from portal_app.domain.billing.types import EntryKind
from portal_app.domain.ids import AccountId, InvoiceId, PatientId, PaymentId
from portal_app.domain.memberships.adding import difference
from portal_app.domain.memberships.agreed import Agreed
from portal_app.domain.money import Money
from portal_app.services.billing.ledger.entries import adjust_allocation, post_entry, update_invoice_status
from portal_app.services.billing.ledger.person_shares import refresh_payment_shares
from portal_app.services.memberships.members.invoiced import InvoicedPeriod, price_now


@dataclass(frozen=True, slots=True)
class MemberCredit:
    """How much of an invoice is given back."""

    invoice_id: InvoiceId
    amount: Money


@dataclass(frozen=True, slots=True)
class Released:
    """The part of a payment that was taken off a credited invoice and is to be refunded."""

    payment_id: PaymentId
    account_id: AccountId
    amount: Money


def member_credits(
    tx: Tx, without: Agreed, periods: Iterable[InvoicedPeriod], enrolment_id: str
) -> list[MemberCredit]:
    """How much less each period costs without the member: taken off their own invoice first, then the period's.

    Args:
        without: the membership as it is without the member.
        periods: those that have their invoice and that the member will not have.

    Raises: BirthDateMissing, NoBandForAge.
    """
    credits: list[MemberCredit] = []
    for period in periods:
        left = difference(period.amount, price_now(without, period))
        for invoice_id, _of in sorted(
            period.invoices, key=lambda one: (one[1] != enrolment_id, one[1] != "")
        ):
            invoice = tx.get_or_404(Invoice, invoice_id, lock=tx.may_write)
            part = min(left, max(invoice.total + invoice.adjusted, left.zero()))
            if part:
                left -= part
                credits.append(MemberCredit(invoice_id, part))
    return credits


def credit_member(
    tx: Tx, credits: Sequence[MemberCredit], enrolment_id: str, patient_id: PatientId, *, why: str
) -> list[Released]:
    """Lower the invoices; what was paid beyond their new amount is taken off them and returned, to be refunded.

    Args:
        why: how the ledger's source begins, one of `invoiced.MEMBERS_CREDITS`.
    """
    released: list[Released] = []
    for credit in credits:
        invoice = tx.get_or_404(Invoice, credit.invoice_id, lock=True)
        post_entry(
            tx,
            invoice.account_id,
            EntryKind.ADJUSTMENT,
            -credit.amount,
            source=f"{why}:{enrolment_id}:{invoice.id}",
            invoice_id=invoice.id,
            patient_id=patient_id,
            text=f"Charge voided, invoice {invoice.number}",
        )
        invoice.adjusted = invoice.adjusted - credit.amount
        update_invoice_status(invoice)
        released += _release(tx, invoice)
    return released


def _release(tx: Tx, invoice: Invoice) -> list[Released]:
    """Take what was paid beyond the invoice's new amount off it, the latest payment first."""
    over = max(invoice.allocated - invoice.total - invoice.adjusted, invoice.total.zero())
    released: list[Released] = []
    wanted = select(Allocation).where(Allocation.invoice_id == invoice.id)
    for allocation in tx.exec(wanted.order_by(col(Allocation.made_at).desc(), col(Allocation.id))).all():
        part = min(over, allocation.amount)
        if not part:
            continue
        over -= part
        payment = tx.get_or_404(Payment, allocation.payment_id, lock=True)
        adjust_allocation(allocation, payment, invoice, -part, now())
        tx.flush()
        if payment.posted:
            refresh_payment_shares(tx, payment.id)
        released.append(Released(payment.id, payment.account_id, part))
    return released
