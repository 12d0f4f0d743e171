"""Renewing a membership whose contract has run out: from the old date, with the gap billed, or from today."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from portal_app.clock import now, today
from portal_app.db.scope import Tx, reading, retried, transaction
from portal_app.db.tables.memberships import MembershipTerm
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import Permission, Principal
from portal_app.domain.ids import MembershipId, PlanId, new_id
from portal_app.domain.memberships.agreed import Agreed, Term, price_for_new
from portal_app.domain.memberships.periods import ONE_DAY, Span, term_of
from portal_app.domain.memberships.renewal import next_term
from portal_app.domain.memberships.types import EndReason, EventKind, MembershipStatus, PlanStatus
from portal_app.domain.money import Money, total
from portal_app.domain.practice_settings import SETTINGS
from portal_app.services.as_system import as_system
from portal_app.services.billing.ledger.entries import currency
from portal_app.services.memberships.billing_run import bill_one
from portal_app.services.memberships.history import add_event
from portal_app.services.memberships.load import LoadedMembership, read_plans
from portal_app.services.memberships.plans.errors import PlanRetired, PlanWithoutPrice
from portal_app.services.memberships.staff.errors import ExpiredTooLongAgo, NotExpired
from portal_app.services.memberships.staff.open import (
    finish_change,
    open_membership,
    owner_name,
    refuse_on_plan,
    require_amount,
)


@dataclass(frozen=True, slots=True)
class BilledPeriod:
    """An invoice that a renewal makes at once, with its own date."""

    bill_date: date
    amount: Money


@dataclass(frozen=True, slots=True)
class RenewalChoice:
    """One of the two ways: the new term and every invoice that is made at once."""

    term: Span | None  # None: without a contract
    first_day: date
    invoices: tuple[BilledPeriod, ...]
    sum: Money


@dataclass(frozen=True, slots=True)
class ExpiredRenewal:
    """Both ways to renew. `from_old_date` None: the contract ended too long ago."""

    owner: str
    plan: str
    old_end: date
    from_old_date: RenewalChoice | None
    from_today: RenewalChoice


def preview_expired_renewal(principal: Principal, membership_id: MembershipId) -> ExpiredRenewal:
    """Both ways with their amounts. Raises as `renew_expired`, but for StaleAmount and ExpiredTooLongAgo."""
    principal.require(Permission.MANAGE_PLANS)
    with reading(as_system(principal)) as tx:
        membership = open_membership(tx, membership_id, ended=True)
        old_end = _checked(tx, membership)
        try:
            old = _choice(tx, membership, _renewed(tx, membership, from_old_date=True))
        except ExpiredTooLongAgo:
            old = None
        return ExpiredRenewal(
            owner_name(tx, membership.row.account_id),
            membership.plan.name,
            old_end,
            old,
            _choice(tx, membership, _renewed(tx, membership, from_old_date=False)),
        )


def renew_expired(
    principal: Principal, membership_id: MembershipId, *, from_old_date: bool, shown: Money
) -> None:
    """Renew; what is due by now is billed at once, one invoice for each period with its own date.

    Args:
        from_old_date: the new term begins the day after the old end, else today.
        shown: the sum of the invoices on the page.

    Raises: NotExpired, ExpiredTooLongAgo, StaleAmount, PlanRetired, PlanWithoutPrice, AlreadyOnPlan,
        BilledByPracticeSystem; BirthDateMissing, NoBandForAge, NobodyEnrolled; NotFound.
    """
    principal.require(Permission.MANAGE_PLANS)
    _renew(principal, membership_id, from_old_date, shown)
    bill_one(as_system(principal), membership_id)


@retried
def _renew(principal: Principal, membership_id: MembershipId, from_old_date: bool, shown: Money) -> None:
    with transaction(as_system(principal)) as tx:
        membership = open_membership(tx, membership_id, ended=True)
        _checked(tx, membership)
        agreed = _renewed(tx, membership, from_old_date=from_old_date)
        require_amount(shown, _choice(tx, membership, agreed).sum)
        term, row = agreed.terms[-1], membership.row
        for old, seen in zip(membership.terms, agreed.terms, strict=False):
            old.anchor = seen.anchor
        tx.add(
            MembershipTerm(
                id=term.id,
                account_id=row.account_id,
                membership_id=row.id,
                plan_id=PlanId(term.plan.id),
                price_id=term.price.id,
                first_day=term.first_day,
                last_day=term.last_day,
                agreed_at=now(),
                agreed_by=tx.principal.name,
            )
        )
        row.anchor, row.contract_end, row.next_bill_date = agreed.anchor, term.last_day, term.first_day
        row.status, row.end_reason, row.ends_on = MembershipStatus.ACTIVE, None, None
        add_event(
            tx,
            row,
            EventKind.RENEWED,
            first_day=term.first_day,
            last_day=term.last_day,
            amount=shown,
            from_old_date=from_old_date,
        )
        finish_change(tx, row)


def _checked(tx: Tx, membership: LoadedMembership) -> date:
    """The old contract's end. Raises: NotExpired, PlanRetired, AlreadyOnPlan."""
    row = membership.row
    if (
        row.status is not MembershipStatus.ENDED
        or row.end_reason is not EndReason.EXPIRED
        or row.contract_end is None
    ):
        raise NotExpired
    if membership.plan.status is not PlanStatus.ACTIVE:
        raise PlanRetired
    people = [e.patient_id for e in membership.enrolments if e.end is None]
    refuse_on_plan(tx, row.plan_id, people, row.contract_end + ONE_DAY, but=row.id)
    return row.contract_end


def _renewed(tx: Tx, membership: LoadedMembership, *, from_old_date: bool) -> Agreed:
    """The membership as it would be. Raises: ExpiredTooLongAgo, PlanWithoutPrice."""
    row, agreed, plan = membership.row, membership.agreed, read_plans(tx)[membership.row.plan_id]
    assert row.contract_end is not None
    price = price_for_new(plan.terms.versions, today())
    if price is None:
        raise PlanWithoutPrice
    months = plan.row.contract_months
    if from_old_date:
        anchor, first = agreed.anchor, row.contract_end + ONE_DAY
        last = next_term(row.contract_end, months, anchor).last if months else None
        if last is not None and last < today():
            raise ExpiredTooLongAgo
    else:
        anchor = first = today()
        last = term_of(first, months, anchor).last if months else None
    kept = tuple(
        each if from_old_date else replace(each, anchor=each.anchor or agreed.anchor) for each in agreed.terms
    )
    term = Term(new_id("trm"), first, last, plan.terms, price)
    return replace(agreed, anchor=anchor, terms=(*kept, term), ends_on=None)


def _choice(tx: Tx, membership: LoadedMembership, agreed: Agreed) -> RenewalChoice:
    term = agreed.terms[-1]
    ahead = int(SETTINGS["membership_days_ahead"].read(tx.get_or_404(Practice, "practice")))
    days = list(agreed.bill_dates(term.first_day, max(today(), term.first_day) + timedelta(days=ahead)))
    invoices = tuple(
        BilledPeriod(day, agreed.price_on(day).amount) for day in days if day not in membership.invoiced
    )
    return RenewalChoice(
        Span(term.first_day, term.last_day) if term.last_day else None,
        term.first_day,
        invoices,
        total((invoice.amount for invoice in invoices), currency()),
    )
