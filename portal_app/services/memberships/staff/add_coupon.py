"""A coupon for a membership that runs already, from the first period without an invoice."""

from dataclasses import dataclass, replace
from datetime import date

from portal_app.db.scope import reading, retried, transaction
from portal_app.domain.access import Permission, Principal
from portal_app.domain.ids import MembershipId, PlanId
from portal_app.domain.memberships.agreed import HeldCoupon
from portal_app.domain.money import Money
from portal_app.services.as_system import as_system
from portal_app.services.memberships.load import LoadedMembership, load_membership, to_coupon
from portal_app.services.memberships.plans.coupons import take_up_coupon, usable_coupon
from portal_app.services.memberships.plans.errors import CouponHeldAlready
from portal_app.services.memberships.staff.errors import NothingBilledAhead
from portal_app.services.memberships.staff.open import (
    finish_change,
    open_membership,
    owner_name,
    require_amount,
)


@dataclass(frozen=True, slots=True)
class CouponPreview:
    """The first period with the coupon, and what it costs without it."""

    owner: str
    code: str
    first_period: date
    before: Money
    after: Money


def preview_add_coupon(principal: Principal, membership_id: MembershipId, code: str) -> CouponPreview:
    """What the coupon would change. Raises as `add_coupon`, but for StaleAmount."""
    principal.require(Permission.MANAGE_PLANS)
    with reading(as_system(principal)) as tx:
        membership = open_membership(tx, membership_id)
        first, agreed = _first_period(membership), membership.agreed
        coupon = usable_coupon(tx, code, PlanId(agreed.term_on(first).plan.id))
        if any(held.coupon.id == coupon.id for held in agreed.coupons):
            raise CouponHeldAlready
        lowered = replace(agreed, coupons=(*agreed.coupons, HeldCoupon(to_coupon(coupon), first)))
        return CouponPreview(
            owner_name(tx, membership.row.account_id),
            coupon.code,
            first,
            agreed.price_on(first).amount,
            lowered.price_on(first).amount,
        )


@retried
def add_coupon(principal: Principal, membership_id: MembershipId, code: str, *, shown: Money) -> None:
    """Put the coupon on the membership; invoices that are made already stay as they are.

    Args:
        shown: what the page said that the first period costs with it.

    Raises: CouponUnknown, CouponHeldAlready, NothingBilledAhead, StaleAmount, BilledByPracticeSystem,
        MembershipNotRunning, BirthDateMissing, NoBandForAge.
    """
    principal.require(Permission.MANAGE_PLANS)
    with transaction(as_system(principal)) as tx:
        membership = open_membership(tx, membership_id)
        row, first = membership.row, _first_period(membership)
        take_up_coupon(tx, row, code, first, plan_id=PlanId(membership.agreed.term_on(first).plan.id))
        tx.flush()
        amount = load_membership(tx, row).agreed.price_on(first).amount
        require_amount(shown, amount)
        if row.announced_for == first and row.announced_amount is not None:
            row.announced_amount = min(row.announced_amount, amount)
        finish_change(tx, row)


def _first_period(membership: LoadedMembership) -> date:
    """The first period without an invoice. Raises: NothingBilledAhead."""
    first = membership.row.next_bill_date
    if first is None:
        raise NothingBilledAhead
    return first
