"""The memberships of a patient, of one moment: what each viewer may see of each (DEP-11)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from portal_app.clock import today
from portal_app.db.scope import prepared_reading, reading
from portal_app.db.tables.memberships import Enrolment, Membership
from portal_app.domain.access import Permission, Principal
from portal_app.domain.billing.types import InvoiceStatus
from portal_app.domain.errors import NotFound, UserError
from portal_app.domain.ids import MembershipId
from portal_app.domain.memberships.prices import band_of
from portal_app.domain.memberships.types import RUNNING, BilledBy, EndReason, MembershipStatus
from portal_app.domain.memberships.upcoming import Change, ChangeKind, upcoming_changes
from portal_app.domain.money import Money, total
from portal_app.services.as_system import as_system
from portal_app.services.memberships.cancellation.cancel import cancel_last_day
from portal_app.services.memberships.load import LoadedMembership
from portal_app.services.memberships.members.open_requests import asked_adults
from portal_app.services.memberships.members.requests import waiting_requests
from portal_app.services.memberships.renewals.offer import view_renewal
from portal_app.services.memberships.views.access import role_of
from portal_app.services.memberships.views.prices import includes_of, price_lines
from portal_app.services.memberships.views.read import SeenMemberships, read_seen
from portal_app.services.memberships.views.types import (
    AskedAdult,
    HowPaid,
    MembershipsView,
    MembershipView,
    MemberView,
    NextBill,
    PriceLines,
    RequestView,
    ViewerRole,
)


def view_memberships(principal: Principal) -> MembershipsView:
    """The viewer's memberships, current and previous, each as far as it is for them.

    An owner sees all of theirs; another adult on one sees the plan, their own dates and price and the others' names;
    another parent of an enrolled child sees the plan and the child's dates.
    """
    principal.require(Permission.MY_ACCOUNT)
    seen, asked, requests = _read(principal)
    views = [_view(principal, each, seen, asked) for each in seen.loaded]
    current = [view for view in views if _is_current(view)]
    previous = sorted(
        (view for view in views if not _is_current(view)), key=lambda view: view.start, reverse=True
    )
    return MembershipsView(tuple(current), tuple(previous), requests)


def view_membership(principal: Principal, membership_id: MembershipId) -> MembershipView:
    """One of the viewer's memberships. NotFound unless they may see it."""
    principal.require(Permission.MY_ACCOUNT)
    seen, asked, _ = _read(principal)
    found = next((each for each in seen.loaded if each.row.id == membership_id), None)
    if found is None:
        raise NotFound
    return _view(principal, found, seen, asked)


_Asked = Mapping[MembershipId, Sequence[AskedAdult]]


def _read(principal: Principal) -> tuple[SeenMemberships, _Asked, tuple[RequestView, ...]]:
    """What the viewer sees; whom owners asked to join; what the viewer was asked. All of one moment."""
    with prepared_reading(as_system(principal)) as queries:
        seen = read_seen(queries, principal)
    if not seen.has_requests:
        return seen, {}, ()
    with reading(as_system(principal)) as tx:
        seen = read_seen(tx.prepared(), principal)
        mine = [each.row.id for each in seen.loaded if each.row.account_id in principal.accounts]
        waiting = waiting_requests(tx, principal.patient_id) if principal.patient_id else ()
        return seen, asked_adults(tx, mine) if mine else {}, waiting


def _is_current(view: MembershipView) -> bool:
    if view.status not in RUNNING:
        return False
    if view.role is ViewerRole.OWNER:
        return True
    return any(member.start and (member.end is None or member.end >= today()) for member in view.members)


def _view(
    principal: Principal, membership: LoadedMembership, seen: SeenMemberships, asked: _Asked
) -> MembershipView:
    row, plan = membership.row, membership.plan
    role = role_of(principal, row, membership.enrolments)
    view = MembershipView(
        id=row.id,
        account_id=row.account_id,
        role=role,
        plan=plan.name,
        includes=includes_of(plan),
        period=plan.period,
        status=_status(membership),
        billed_by=row.billed_by,
        start=row.start,
        contract_end=row.contract_end,
        ends_on=row.ends_on,
        end_reason=row.end_reason,
        members=_members(principal, membership, role),
    )
    if role is not ViewerRole.OWNER:
        return replace(view, changes=_changes_for(membership, view))
    return replace(
        _with_money(view, membership, seen),
        asked=tuple(asked.get(row.id, ())) if view.status in RUNNING else (),
    )


def _status(membership: LoadedMembership) -> MembershipStatus:
    """As stored, but for a last day that has passed since the job ran."""
    row, last_day = membership.row, membership.agreed.last_day
    over = row.billed_by is BilledBy.PORTAL and last_day is not None and last_day < today()
    renews = row.renews_automatically and row.ends_on is None
    return MembershipStatus.ENDED if over and not renews else row.status


def _members(principal: Principal, membership: LoadedMembership, role: ViewerRole) -> tuple[MemberView, ...]:
    shown = []
    for enrolment in membership.enrolments:
        if enrolment.end is not None and enrolment.end < enrolment.start:  # taken back before it began
            continue
        mine = enrolment.patient_id in principal.patients
        if role is ViewerRole.PARENT and not mine:
            continue
        is_me = enrolment.patient_id == principal.patient_id
        member = next(each.member for each in membership.agreed.enrolled if each.member.id == enrolment.id)
        view = MemberView(enrolment.id, member.name, is_me=is_me, may_see=mine)
        if role is ViewerRole.OWNER or mine:
            view = replace(view, start=enrolment.start, end=enrolment.end)
        if role is ViewerRole.OWNER or is_me:
            view = replace(view, price=_price_now(membership, enrolment))
        shown.append(view)
    return tuple(shown)


def _price_now(membership: LoadedMembership, enrolment: Enrolment) -> Money | None:
    """Of the period that runs now, or of the member's first one; None where it cannot be told."""
    agreed = membership.agreed
    member = next(each.member for each in agreed.enrolled if each.member.id == enrolment.id)
    running = agreed.period_of(min(today(), agreed.last_day or today(), enrolment.end or today())).first
    day = max(running, enrolment.start, agreed.start)
    try:
        return band_of(member, agreed.price_version_on(day), day).price
    except UserError:
        return None


def _changes_for(membership: LoadedMembership, view: MembershipView) -> tuple[Change, ...]:
    """For somebody who does not pay it: their own start and end, pauses and the end of it; no amounts."""
    theirs = {member.id for member in view.members if member.start}
    return tuple(
        change
        for change in _changes(membership)
        if change.kind is not ChangeKind.AMOUNT and (not change.member_id or change.member_id in theirs)
    )


def _changes(membership: LoadedMembership) -> tuple[Change, ...]:
    day = today()
    return upcoming_changes(membership.agreed, day, membership.next_bill_date(day), membership.invoiced)


def _with_money(view: MembershipView, membership: LoadedMembership, seen: SeenMemberships) -> MembershipView:
    """What only its owner sees."""
    row, running = membership.row, view.status in RUNNING
    standing = seen.standings[row.id]
    next_bill = _next_bill(membership, seen) if running else None
    cancellable = running and view.status is not MembershipStatus.PENDING and row.ends_on is None
    online = seen.cancels_online and row.billed_by is BilledBy.PORTAL
    return replace(
        view,
        price=_price(membership, next_bill),
        next_bill=next_bill,
        how_paid=_how_paid(row) if running else None,
        paid_with=seen.methods.get(row.payment_method_id, "") if row.payment_method_id else "",
        standing=standing,
        changes=_changes(membership) if running else (),
        renewal=view_renewal(membership, standing),
        renews_automatically=row.renews_automatically and running,
        can_cancel=cancellable and online,
        cancel_last_day=cancel_last_day(membership) if cancellable and online else None,
        cancel_by_contact=cancellable and not online,
        can_add=view.status is MembershipStatus.ACTIVE
        and row.billed_by is BilledBy.PORTAL
        and next_bill is not None,
        can_undo=running
        and row.ends_on is not None
        and row.end_reason is EndReason.CANCELLED
        and row.billed_by is BilledBy.PORTAL,
    )


def _how_paid(row: Membership) -> HowPaid:
    if row.billed_by is BilledBy.PRACTICE:
        return HowPaid.PRACTICE
    return HowPaid.AUTOPAY if row.payment_method_id else HowPaid.BY_HAND


def _price(membership: LoadedMembership, next_bill: NextBill | None) -> PriceLines | None:
    """Of the next bill; where nothing will be billed, of the last period."""
    agreed = membership.agreed
    try:
        day = next_bill.day if next_bill else agreed.period_of(min(today(), agreed.last_day or today())).first
        return price_lines(membership, agreed.price_on(max(day, agreed.start)))
    except UserError:
        return None


def _next_bill(membership: LoadedMembership, seen: SeenMemberships) -> NextBill | None:
    """What is billed next, and when; None where nothing will be billed again."""
    row, agreed = membership.row, membership.agreed
    day = membership.next_bill_date(today())
    if day is None:
        return None
    if made := seen.made.get((row.id, day)):
        amounts = [invoice.total + invoice.adjusted for invoice in made]
        paid = all(invoice.status is InvoiceStatus.PAID for invoice in made)
        return NextBill(day, total(amounts, amounts[0].currency), None, made[0].id, paid)
    try:
        amount = agreed.price_on(day).amount
    except UserError:
        return NextBill(day, None)
    fee = row.enrolment_fee_due if row.billed_by is BilledBy.PORTAL else None
    return NextBill(day, amount + fee if fee else amount, fee)
