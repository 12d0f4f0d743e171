"""Another bill day: the next bill date and the contract's end move later, and the days between are free."""

from dataclasses import dataclass
from datetime import date

from portal_app.clock import today
from portal_app.db.scope import Tx, reading, retried, transaction
from portal_app.db.tables.memberships import MembershipTerm
from portal_app.domain.access import Permission, Principal
from portal_app.domain.ids import MembershipId, new_id
from portal_app.domain.memberships.agreed import Term
from portal_app.domain.memberships.ending import moved_by_periods
from portal_app.domain.memberships.periods import ONE_DAY, BillDates, add_months
from portal_app.domain.memberships.types import EventKind
from portal_app.services.as_system import as_system
from portal_app.services.memberships.history import add_event
from portal_app.services.memberships.load import LoadedMembership
from portal_app.services.memberships.staff.errors import BillDayInvalid, NotBegun, NothingBilledAhead
from portal_app.services.memberships.staff.open import finish_change, open_membership, owner_name

_LAST_DAY = 28  # every month has it


@dataclass(frozen=True, slots=True)
class BillDayPreview:
    """What moving the bill day changes; `free_days` are not billed."""

    owner: str
    before: date
    after: date
    free_days: int
    contract_end: date | None


def preview_bill_day(principal: Principal, membership_id: MembershipId, bill_day: int) -> BillDayPreview:
    """What it would change. Raises as `move_bill_day`."""
    principal.require(Permission.MANAGE_PLANS)
    with reading(as_system(principal)) as tx:
        membership = open_membership(tx, membership_id)
        return _preview(tx, membership, bill_day)


@retried
def move_bill_day(principal: Principal, membership_id: MembershipId, bill_day: int) -> None:
    """Bill on another day of the month from the next bill date on that has no invoice.

    Raises: BillDayInvalid, NotBegun, NothingBilledAhead, BilledByPracticeSystem, MembershipNotRunning.
    """
    principal.require(Permission.MANAGE_PLANS)
    with transaction(as_system(principal)) as tx:
        membership = open_membership(tx, membership_id)
        preview, row = _preview(tx, membership, bill_day), membership.row
        ends = _new_ends(membership, preview.before, preview.after)
        price = membership.agreed.price_version_on(preview.before)
        _split_terms(tx, membership, preview.before, ends, price.id)
        row.anchor = preview.after
        row.contract_end = preview.contract_end
        row.next_bill_date = preview.before  # refreshed to the first new one
        add_event(
            tx,
            row,
            EventKind.BILL_DAY_MOVED,
            before=preview.before,
            after=preview.after,
            free_days=preview.free_days,
            contract_end=preview.contract_end,
        )
        finish_change(tx, row)


def _preview(tx: Tx, membership: LoadedMembership, bill_day: int) -> BillDayPreview:
    before = membership.row.next_bill_date
    if before is None:
        raise NothingBilledAhead
    if before <= membership.row.start or membership.row.start > today():
        raise NotBegun
    if not 1 <= bill_day <= _LAST_DAY or bill_day == before.day:
        raise BillDayInvalid
    after = before.replace(day=bill_day)
    if after < before:
        after = add_months(after, 1)
    ends = _new_ends(membership, before, after)
    return BillDayPreview(
        owner_name(tx, membership.row.account_id),
        before,
        after,
        (after - before).days,
        ends[membership.agreed.terms[-1].id],
    )


def _new_ends(membership: LoadedMembership, before: date, after: date) -> dict[str, date | None]:
    """The last day of each term that is not over by `before`: as many periods from `after` as there were."""
    agreed, first, ends = membership.agreed, after, dict[str, date | None]()
    for term in agreed.terms:
        if term.last_day is not None and term.last_day < before:
            ends[term.id] = term.last_day
            continue
        if term.last_day is None:
            ends[term.id] = None
            continue
        ends[term.id] = end = moved_by_periods(
            BillDates(first, term.plan.period), first - ONE_DAY, _periods_left(membership, term, before)
        )
        first = end + ONE_DAY
    return ends


def _periods_left(membership: LoadedMembership, term: Term, before: date) -> int:
    dates = membership.agreed.bill_dates_of(term)
    assert term.last_day is not None
    return sum(1 for _ in dates.between(max(before, term.first_day), term.last_day))


def _split_terms(
    tx: Tx, membership: LoadedMembership, before: date, ends: dict[str, date | None], price_id: str
) -> None:
    """Terms keep the bill dates that they had until `before`; from there on those of the new day are theirs."""
    old_anchor, following = membership.row.anchor, None
    for row in reversed(membership.terms):  # the last one first: no two begin on one day meanwhile
        if row.first_day < before and (row.last_day is None or row.last_day >= before):
            following = MembershipTerm(
                id=new_id("trm"),
                account_id=row.account_id,
                membership_id=row.membership_id,
                plan_id=row.plan_id,
                price_id=price_id,
                first_day=before,
                last_day=ends[row.id],
                agreed_at=row.agreed_at,
                agreed_by=row.agreed_by,
            )
            row.last_day, row.anchor = before - ONE_DAY, row.anchor or old_anchor
        elif row.first_day < before:
            row.anchor = row.anchor or old_anchor
        else:
            position = membership.terms.index(row)
            previous = membership.terms[position - 1]
            ended = ends[previous.id]
            if row.first_day > before and ended is not None:
                row.first_day = ended + ONE_DAY
            row.last_day, row.anchor = ends[row.id], None
        tx.flush()
    if following is not None:
        tx.add(following)
        tx.flush()
