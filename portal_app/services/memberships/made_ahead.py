"""Voids invoices made ahead for periods that will not begin, and makes them again when that is undone.

A cancellation, an end by staff and a pause all come here.
"""

from collections.abc import Iterable, Sequence

from sqlmodel import col, select

from portal_app.db.scope import Tx
from portal_app.db.tables.billing import Invoice, InvoiceLine
from portal_app.db.tables.memberships import Membership, MembershipCoupon, MembershipInvoice
from portal_app.domain.billing.types import PAYABLE, InvoiceStatus
from portal_app.domain.memberships.periods import Span
from portal_app.domain.memberships.types import InvoiceKind
from portal_app.services.billing.invoices.issue import void_unpaid_invoice
from portal_app.services.billing.ledger.entries import in_flight_payments
from portal_app.services.memberships.invoice_rows import (
    PlannedInvoice,
    PlannedLine,
    make_rows,
    plan_period_invoice,
)
from portal_app.services.memberships.load import LoadedMembership


def has_money(tx: Tx, invoice: Invoice) -> bool:
    """Whether something was paid of an invoice or is on its way: then it must not be voided."""
    return bool(invoice.allocated) or bool(in_flight_payments(tx, [invoice.id]))


def void_ahead(tx: Tx, row: Membership, invoice: Invoice, reason: str) -> None:
    """Void an unpaid invoice. Its coupons get their period back, and an enrolment fee goes on the next invoice.

    The caller has locked the account and the invoice.
    """
    if invoice.status in PAYABLE:
        void_unpaid_invoice(tx, invoice, reason)
    else:  # of 0.00
        invoice.status = InvoiceStatus.VOID
    for link in tx.exec(select(MembershipInvoice).where(MembershipInvoice.invoice_id == invoice.id)).all():
        if link.kind is InvoiceKind.ENROLMENT_FEE:
            row.enrolment_fee_due = link.amount
        _count_coupons(tx, row, link.coupon_ids, -1)
        link.coupon_ids = []  # given back once, also where the period is billed again


def make_voided_again(tx: Tx, membership: LoadedMembership, voided: Sequence[MembershipInvoice]) -> None:
    """Make the voided invoices again: a period's invoice at today's price, an added member's as it was."""
    planned = _plan_again(tx, membership, voided)
    make_rows(tx, planned).insert(tx)
    for plan in planned:
        _count_coupons(tx, membership.row, plan.coupon_ids, 1)
        if plan.fee:
            membership.row.enrolment_fee_due = None


def _count_coupons(tx: Tx, row: Membership, coupon_ids: Iterable[str], change: int) -> None:
    for coupon_id in coupon_ids:
        wanted = select(MembershipCoupon).where(
            MembershipCoupon.membership_id == row.id, MembershipCoupon.coupon_id == coupon_id
        )
        for held in tx.exec(wanted):  # none where another plan took it away
            held.used = max(held.used + change, 0)


def _plan_again(
    tx: Tx, membership: LoadedMembership, voided: Sequence[MembershipInvoice]
) -> list[PlannedInvoice]:
    periods = [link for link in voided if link.kind is InvoiceKind.PERIOD]
    planned = [plan_period_invoice(membership, link.period_start, repeat=link.repeat + 1) for link in periods]
    starts = {link.period_start for link in periods}
    on_it = {each.member.id for each in membership.agreed.enrolled}
    for link in voided:
        if link.kind is not InvoiceKind.ADDED_MEMBER or link.period_start in starts:
            continue
        if link.enrolment_id in on_it:
            planned.append(_copy_of(tx, link))
    return planned


def _copy_of(tx: Tx, link: MembershipInvoice) -> PlannedInvoice:
    lines = tx.exec(
        select(InvoiceLine)
        .where(InvoiceLine.invoice_id == link.invoice_id)
        .order_by(col(InvoiceLine.position))
    ).all()
    return PlannedInvoice(
        membership_id=link.membership_id,
        account_id=link.account_id,
        period=Span(link.period_start, link.period_end),
        due_day=link.due_day,
        lines=tuple(PlannedLine(line.patient_id, line.description, line.amount) for line in lines),
        kind=link.kind,
        enrolment_id=link.enrolment_id,
        repeat=link.repeat + 1,
    )
