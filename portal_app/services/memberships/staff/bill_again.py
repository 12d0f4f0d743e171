"""Bill a period again whose invoice was voided; its coupon has that period back (BILL-7)."""

from dataclasses import dataclass, replace
from datetime import date

from sqlmodel import col, select

from portal_app.db.scope import Tx, reading, retried, transaction
from portal_app.db.tables.billing import Invoice
from portal_app.db.tables.memberships import MembershipCoupon, MembershipInvoice
from portal_app.domain.access import Permission, Principal
from portal_app.domain.billing.types import InvoiceStatus
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import MembershipId
from portal_app.domain.memberships.agreed import Agreed, HeldCoupon
from portal_app.domain.memberships.types import EventKind, InvoiceKind
from portal_app.domain.money import Money
from portal_app.services.as_system import as_system
from portal_app.services.memberships.history import add_event
from portal_app.services.memberships.invoice_rows import PlannedInvoice, make_rows, plan_period_invoice
from portal_app.services.memberships.load import LoadedMembership
from portal_app.services.memberships.staff.errors import PeriodNotVoided
from portal_app.services.memberships.staff.open import (
    announce_membership_change,
    open_membership,
    owner_name,
    require_amount,
)


@dataclass(frozen=True, slots=True)
class BillAgainPreview:
    owner: str
    first_day: date
    last_day: date
    amount: Money


def preview_bill_again(
    principal: Principal, membership_id: MembershipId, period_start: date
) -> BillAgainPreview:
    """What the invoice would be. Raises as `bill_again`, but for StaleAmount."""
    principal.require(Permission.MANAGE_PLANS)
    with reading(as_system(principal)) as tx:
        membership = open_membership(tx, membership_id, ended=True)
        plan = _planned(tx, membership, period_start)
        return BillAgainPreview(
            owner_name(tx, membership.row.account_id), plan.period.first, plan.period.last, plan.amount
        )


@retried
def bill_again(
    principal: Principal, membership_id: MembershipId, period_start: date, *, shown: Money
) -> None:
    """Make the invoice of a period anew, with the period's date; an enrolment fee that was on it is on it again.

    Raises: PeriodNotVoided, StaleAmount, BilledByPracticeSystem; NobodyEnrolled, BirthDateMissing,
        NoBandForAge; NotFound for a period that was never billed.
    """
    principal.require(Permission.MANAGE_PLANS)
    with transaction(as_system(principal)) as tx:
        membership = open_membership(tx, membership_id, ended=True)
        plan = _planned(tx, membership, period_start)
        require_amount(shown, plan.amount)
        with tx.unless_taken() as attempt:
            make_rows(tx, [plan]).insert(tx)
        if attempt.taken:
            raise PeriodNotVoided
        if plan.fee:
            membership.row.enrolment_fee_due = None
        _count_coupons(tx, membership, _voided(tx, membership_id, period_start), plan)
        add_event(tx, membership.row, EventKind.BILLED_AGAIN, first_day=period_start, amount=plan.amount)
        announce_membership_change(tx, membership.row.account_id, membership_id)


def _voided(tx: Tx, membership_id: MembershipId, period_start: date) -> MembershipInvoice:
    """The period's latest invoice before this one. Raises: PeriodNotVoided; NotFound."""
    wanted = (
        select(MembershipInvoice)
        .where(
            MembershipInvoice.membership_id == membership_id,
            MembershipInvoice.period_start == period_start,
            MembershipInvoice.kind == InvoiceKind.PERIOD,
        )
        .order_by(col(MembershipInvoice.repeat).desc())
    )
    for link in tx.exec(wanted).all():
        if tx.get_or_404(Invoice, link.invoice_id).status is InvoiceStatus.VOID:
            return link
    raise NotFound


def _planned(tx: Tx, membership: LoadedMembership, period_start: date) -> PlannedInvoice:
    links = tx.exec(
        select(MembershipInvoice).where(
            MembershipInvoice.membership_id == membership.row.id,
            MembershipInvoice.period_start == period_start,
            MembershipInvoice.kind == InvoiceKind.PERIOD,
        )
    ).all()
    if not links:
        raise NotFound
    if any(tx.get_or_404(Invoice, link.invoice_id).status is not InvoiceStatus.VOID for link in links):
        raise PeriodNotVoided
    last = max(links, key=lambda link: link.repeat)
    agreed = _with_periods_back(membership.agreed, last.coupon_ids)
    plan = plan_period_invoice(replace(membership, agreed=agreed), period_start, repeat=last.repeat + 1)
    fee = _fee_of(tx, last) or plan.fee
    return replace(plan, fee=fee, fee_payer=plan.lines[0].patient_id if fee else None)


def _with_periods_back(agreed: Agreed, coupon_ids: list[str]) -> Agreed:
    def back(held: HeldCoupon) -> HeldCoupon:
        return replace(held, used=max(held.used - 1, 0)) if held.coupon.id in coupon_ids else held

    return replace(agreed, coupons=tuple(back(held) for held in agreed.coupons))


def _fee_of(tx: Tx, link: MembershipInvoice) -> Money | None:
    query = select(MembershipInvoice).where(
        MembershipInvoice.invoice_id == link.invoice_id,
        MembershipInvoice.kind == InvoiceKind.ENROLMENT_FEE,
    )
    fee = tx.exec(query).first()
    return fee.amount if fee else None


def _count_coupons(
    tx: Tx, membership: LoadedMembership, voided: MembershipInvoice, plan: PlannedInvoice
) -> None:
    """The voided invoice's coupons have their period back, those of the new one have one used up."""
    held = select(MembershipCoupon).where(MembershipCoupon.membership_id == membership.row.id)
    for row in tx.exec(held).all():
        back, used = row.coupon_id in voided.coupon_ids, row.coupon_id in plan.coupon_ids
        row.used = max(row.used - int(back), 0) + int(used)
    voided.coupon_ids = []
