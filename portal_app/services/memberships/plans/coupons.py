"""Coupons: create, retire, take up (CPN cases)."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from sqlmodel import col, func, select

from portal_app.clock import now, today
from portal_app.db.scope import Tx, reading, retried, transaction
from portal_app.db.select import columns
from portal_app.db.tables.memberships import Coupon, JoinRequest, Membership, MembershipCoupon, Plan
from portal_app.domain.access import Permission, Principal
from portal_app.domain.ids import PlanId, new_id
from portal_app.domain.memberships.coupons import Coupon as CouponRule
from portal_app.domain.memberships.coupons import CouponWindow, check_coupon
from portal_app.domain.memberships.types import EventKind, JoinStatus
from portal_app.domain.money import Money
from portal_app.services.as_system import as_system
from portal_app.services.billing.ledger.entries import in_flight_payments
from portal_app.services.live import announce
from portal_app.services.memberships.history import add_event
from portal_app.services.memberships.plans.errors import (
    CouponCodeInvalid,
    CouponCodeTaken,
    CouponHeldAlready,
    CouponUnknown,
)

_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{1,28}[A-Z0-9]", re.ASCII)
_LONGEST_NAME = 120
_HELD_FOR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class NewCoupon:
    """A coupon as staff type it: percent or amount; None is no limit."""

    code: str
    name: str = ""
    percent: int | None = None
    amount: Money | None = None
    periods: int | None = None
    first_day: date | None = None
    last_day: date | None = None
    uses_at_most: int | None = None
    plan_id: PlanId | None = None


@dataclass(frozen=True, slots=True)
class CouponView:
    """A coupon with how many memberships took it up. `open`: it may be taken up today."""

    id: str
    coupon: NewCoupon
    plan: str  # "" for every plan
    uses: int
    retired: bool
    open: bool


@retried
def create_coupon(principal: Principal, coupon_id: str, new: NewCoupon) -> str:
    """Create a coupon. The same id again is the same coupon.

    Raises: CouponCodeInvalid, CouponCodeTaken, CouponKindUnclear, CouponPercentInvalid, CouponAmountInvalid,
        CouponPeriodsInvalid, CouponDaysReversed.
    """
    principal.require(Permission.MANAGE_PLANS)
    code = normal_code(new.code)
    if not _CODE.fullmatch(code):
        raise CouponCodeInvalid
    check_coupon(
        CouponRule(coupon_id, code, new.percent, new.amount, new.periods),
        CouponWindow(new.first_day, new.last_day, new.uses_at_most),
    )
    with transaction(as_system(principal)) as tx:
        if tx.get(Coupon, coupon_id) is not None:
            return coupon_id
        if new.plan_id is not None:
            tx.get_or_404(Plan, new.plan_id)
        with tx.unless_taken() as attempt:
            tx.add(
                Coupon(
                    id=coupon_id,
                    code=code,
                    name=" ".join(new.name.split())[:_LONGEST_NAME],
                    percent=new.percent,
                    amount=new.amount,
                    periods=new.periods,
                    first_day=new.first_day,
                    last_day=new.last_day,
                    uses_at_most=new.uses_at_most,
                    plan_id=new.plan_id,
                    created_at=now(),
                )
            )
        if attempt.taken:
            raise CouponCodeTaken
        tx.on_commit(lambda: announce("plans", coupon_id))
    return coupon_id


@retried
def retire_coupon(principal: Principal, coupon_id: str) -> None:
    """Nobody new takes it up; memberships that have it keep it for its periods."""
    principal.require(Permission.MANAGE_PLANS)
    with transaction(as_system(principal)) as tx:
        tx.get_or_404(Coupon, coupon_id, lock=True).retired = True
        tx.on_commit(lambda: announce("plans", coupon_id))


def list_coupons(principal: Principal) -> tuple[CouponView, ...]:
    """All coupons, those in use first, then by code."""
    principal.require(Permission.MANAGE_PLANS)
    with reading(as_system(principal)) as tx:
        uses = _uses(tx)
        plans = dict(tx.exec(columns(Plan.id, Plan.name)).all())
        rows = tx.exec(select(Coupon).order_by(col(Coupon.retired), col(Coupon.code))).all()
        return tuple(
            CouponView(
                row.id,
                NewCoupon(
                    row.code,
                    row.name,
                    row.percent,
                    row.amount,
                    row.periods,
                    row.first_day,
                    row.last_day,
                    row.uses_at_most,
                    row.plan_id,
                ),
                plans.get(row.plan_id, "") if row.plan_id else "",
                uses.get(row.id, 0),
                row.retired,
                not row.retired and _window(row).is_open(today(), uses.get(row.id, 0)),
            )
            for row in rows
        )


def usable_coupon(tx: Tx, code: str, plan_id: PlanId, *, lock: bool = False, joining: str = "") -> Coupon:
    """The coupon of this code, where it may be taken up today for this plan.

    Args:
        joining: the request to join that may hold one of its uses already.

    Raises: CouponUnknown.
    """
    row = tx.exec(select(Coupon).where(Coupon.code == normal_code(code))).first()
    if row is not None and lock:  # so that two do not take the last use
        row = tx.get_or_404(Coupon, row.id, lock=True)
    if row is None or row.retired or row.plan_id not in (None, plan_id):
        raise CouponUnknown
    if not _window(row).is_open(today(), _uses(tx, joining).get(row.id, 0)):
        raise CouponUnknown
    return row


def take_up_coupon(
    tx: Tx, membership: Membership, code: str, first_period: date, *, plan_id: PlanId | None = None
) -> Coupon:
    """Put the coupon on the membership, from the period that begins on `first_period`.

    Args:
        plan_id: the plan of that period, where another one begins with it.

    Raises: CouponUnknown, CouponHeldAlready.
    """
    coupon = usable_coupon(tx, code, plan_id or membership.plan_id, lock=True)
    with tx.unless_taken() as attempt:
        tx.add(
            MembershipCoupon(
                id=new_id("mcp"),
                account_id=membership.account_id,
                membership_id=membership.id,
                coupon_id=coupon.id,
                first_period=first_period,
                created_at=now(),
            )
        )
    if attempt.taken:
        raise CouponHeldAlready
    add_event(tx, membership, EventKind.COUPON_ADDED, coupon=coupon.code, first_period=first_period)
    return coupon


def normal_code(code: str) -> str:
    """A code as it is kept: without spaces, in capital letters."""
    return "".join(code.split()).upper()


def _window(row: Coupon) -> CouponWindow:
    return CouponWindow(row.first_day, row.last_day, row.uses_at_most)


def _uses(tx: Tx, joining: str = "") -> dict[str, int]:
    """By coupon: memberships that have it, and people who are about to pay for joining with it.

    Who pressed Pay keeps their use for an hour, and as long as a payment is on its way: not by pressing alone.
    """
    counted = columns(MembershipCoupon.coupon_id, func.count()).group_by(col(MembershipCoupon.coupon_id))
    uses = dict(tx.exec(counted).all())
    paying = columns(JoinRequest.coupon_id, JoinRequest.invoice_id, JoinRequest.changed_at).where(
        JoinRequest.status == JoinStatus.PAYING,
        col(JoinRequest.coupon_id).is_not(None),
        JoinRequest.id != joining,
    )
    found = tx.exec(paying).all()
    since = now() - _HELD_FOR
    in_flight = in_flight_payments(tx, [invoice for _, invoice, pressed in found if pressed <= since])
    for coupon_id, invoice_id, pressed in found:
        if pressed > since or invoice_id in in_flight:
            uses[coupon_id] = uses.get(coupon_id, 0) + 1
    return uses
