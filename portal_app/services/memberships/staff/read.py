"""One membership as staff see it: members, terms, pauses, coupons, invoices and its whole history."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlmodel import col, select

from portal_app.clock import today
from portal_app.db.scope import Tx, reading
from portal_app.db.tables.billing import Account, Invoice, PaymentMethod
from portal_app.db.tables.memberships import (
    Membership,
    MembershipEvent,
    MembershipInvoice,
    MembershipPause,
    Plan,
)
from portal_app.db.tables.staff import StaffMember
from portal_app.domain.access import Permission, Principal
from portal_app.domain.billing.payment_methods import display_name
from portal_app.domain.billing.types import InvoiceStatus
from portal_app.domain.errors import UserError
from portal_app.domain.ids import AccountId, InvoiceId, MembershipId, PatientId, PlanId
from portal_app.domain.memberships.prices import PeriodPrice, is_above_monthly_limit
from portal_app.domain.memberships.types import (
    BilledBy,
    EndReason,
    EventKind,
    InvoiceKind,
    MembershipStatus,
    Period,
)
from portal_app.domain.money import Money
from portal_app.services.as_system import as_system
from portal_app.services.memberships.load import LoadedMembership, load_membership
from portal_app.services.memberships.plans.read import monthly_limits
from portal_app.services.memberships.staff.open import name_of

_MOST_INVOICES = 60


@dataclass(frozen=True, slots=True)
class MemberLine:
    """A member: `price` is their part of the next bill, None where it cannot be told or they are not on it."""

    enrolment_id: str
    patient_id: PatientId
    name: str
    start: date
    end: date | None
    price: Money | None


@dataclass(frozen=True, slots=True)
class PauseLine:
    id: str
    first_day: date
    last_day: date
    reason: str


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """An invoice of the membership. `again`: its period may be billed again."""

    id: InvoiceId
    number: str
    kind: InvoiceKind
    period_start: date
    period_end: date
    amount: Money
    due: Money
    status: InvoiceStatus
    again: bool


@dataclass(frozen=True, slots=True)
class HistoryLine:
    kind: EventKind
    at: datetime
    by: str  # name of the member of staff, "" for the patient or the portal
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class StaffMembership:
    id: MembershipId
    account_id: AccountId
    owner_id: PatientId
    owner: str
    plan_id: PlanId
    plan: str
    period: Period
    status: MembershipStatus
    end_reason: EndReason | None
    billed_by: BilledBy
    start: date
    next_bill_date: date | None
    next_price: PeriodPrice | None
    trouble: UserError | None  # why the next price cannot be told
    contract_end: date | None
    renews_automatically: bool
    ends_on: date | None
    paid_with: str  # automatic payment's card or bank account, "" for none
    coming_plan: str  # another plan from the next bill date, "" for none
    above_limit: bool
    members: tuple[MemberLine, ...]
    pauses: tuple[PauseLine, ...]
    coupons: tuple[str, ...]
    invoices: tuple[InvoiceLine, ...]
    history: tuple[HistoryLine, ...]


def view_staff_membership(principal: Principal, membership_id: MembershipId) -> StaffMembership:
    """The membership with its whole history, the newest first. Raises NotFound."""
    principal.require(Permission.VIEW_BILLING)
    with reading(as_system(principal)) as tx:
        membership = load_membership(tx, tx.get_or_404(Membership, membership_id))
        row, agreed = membership.row, membership.agreed
        upcoming = membership.next_bill_date(today())
        price, trouble = _price(membership, upcoming)
        owner_id = tx.get_or_404(Account, row.account_id).guarantor_id
        coming = agreed.term_on(upcoming).plan.id if upcoming else row.plan_id
        return StaffMembership(
            id=row.id,
            account_id=row.account_id,
            owner_id=owner_id,
            owner=name_of(tx, owner_id),
            plan_id=row.plan_id,
            plan=membership.plan.name,
            period=membership.plan.period,
            status=row.status,
            end_reason=row.end_reason,
            billed_by=row.billed_by,
            start=row.start,
            next_bill_date=upcoming,
            next_price=price,
            trouble=trouble,
            contract_end=row.contract_end,
            renews_automatically=row.renews_automatically,
            ends_on=row.ends_on,
            paid_with=_paid_with(tx, row),
            coming_plan=_plan_name(tx, coming) if coming != row.plan_id else "",
            above_limit=_above_limit(tx, membership, price),
            members=_members(membership, price),
            pauses=_pauses(tx, membership_id),
            coupons=tuple(held.coupon.code for held in agreed.coupons),
            invoices=_invoices(tx, membership_id),
            history=_history(tx, membership_id),
        )


def _price(membership: LoadedMembership, day: date | None) -> tuple[PeriodPrice | None, UserError | None]:
    if day is None:
        return None, None
    try:
        return membership.agreed.price_on(day), None
    except UserError as trouble:
        return None, trouble


def _above_limit(tx: Tx, membership: LoadedMembership, price: PeriodPrice | None) -> bool:
    if price is None or not membership.plan.direct_primary_care:
        return False
    limit = monthly_limits(tx).for_people(len(price.parts))
    lasting = price.full - price.saved_by_cap
    return is_above_monthly_limit(lasting, membership.plan.period.months, limit)


def _plan_name(tx: Tx, plan_id: str) -> str:
    return tx.get_or_404(Plan, plan_id).name


def _paid_with(tx: Tx, row: Membership) -> str:
    if row.payment_method_id is None:
        return ""
    method = tx.get_or_404(PaymentMethod, row.payment_method_id)
    return display_name(method.brand, method.last4, method.kind)


def _members(membership: LoadedMembership, price: PeriodPrice | None) -> tuple[MemberLine, ...]:
    parts = {part.member_id: part.charged for part in price.parts} if price else {}
    names = {each.member.id: each.member.name for each in membership.agreed.enrolled}
    return tuple(
        MemberLine(e.id, e.patient_id, names[e.id], e.start, e.end, parts.get(e.id))
        for e in membership.enrolments
    )


def _pauses(tx: Tx, membership_id: MembershipId) -> tuple[PauseLine, ...]:
    wanted = select(MembershipPause).where(
        MembershipPause.membership_id == membership_id, col(MembershipPause.last_day) >= today()
    )
    rows = tx.exec(wanted.order_by(col(MembershipPause.first_day)))
    return tuple(PauseLine(row.id, row.first_day, row.last_day, row.reason) for row in rows)


def _invoices(tx: Tx, membership_id: MembershipId) -> tuple[InvoiceLine, ...]:
    wanted = (
        select(MembershipInvoice, Invoice)
        .join(Invoice, col(Invoice.id) == col(MembershipInvoice.invoice_id))
        .where(
            MembershipInvoice.membership_id == membership_id,
            MembershipInvoice.kind != InvoiceKind.ENROLMENT_FEE,
        )
        .order_by(col(MembershipInvoice.period_start).desc(), col(MembershipInvoice.repeat).desc())
        .limit(_MOST_INVOICES)
    )
    rows = tx.exec(wanted).all()
    standing = {link.period_start for link, invoice in rows if _stands(link, invoice)}
    found: list[InvoiceLine] = []
    offered = set[date]()
    for link, invoice in rows:
        again = (
            link.kind is InvoiceKind.PERIOD
            and link.period_start not in standing
            and link.period_start not in offered
        )
        if again:
            offered.add(link.period_start)
        found.append(
            InvoiceLine(
                invoice.id,
                invoice.number,
                link.kind,
                link.period_start,
                link.period_end,
                invoice.total + invoice.adjusted,
                invoice.due,
                invoice.status,
                again,
            )
        )
    return tuple(found)


def _stands(link: MembershipInvoice, invoice: Invoice) -> bool:
    """The period has an invoice that is not voided."""
    return link.kind is InvoiceKind.PERIOD and invoice.status is not InvoiceStatus.VOID


def _history(tx: Tx, membership_id: MembershipId) -> tuple[HistoryLine, ...]:
    wanted = select(MembershipEvent).where(MembershipEvent.membership_id == membership_id)
    ordered = wanted.order_by(col(MembershipEvent.happened_at).desc(), col(MembershipEvent.id).desc())
    rows = tx.exec(ordered).all()
    names = staff_names(tx, {row.done_by for row in rows})
    return tuple(
        HistoryLine(row.kind, row.happened_at, names.get(row.done_by, ""), row.details) for row in rows
    )


def staff_names(tx: Tx, actors: set[str]) -> dict[str, str]:
    """Names of the members of staff among actors of the audit trail ("staff:stf_…")."""
    ids = {actor.partition(":")[2] for actor in actors if actor.startswith("staff:")}
    if not ids:
        return {}
    rows = tx.exec(select(StaffMember).where(col(StaffMember.id).in_(sorted(ids))))
    return {f"staff:{row.id}": row.name for row in rows}
