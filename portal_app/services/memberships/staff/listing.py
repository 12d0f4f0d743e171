"""The list of memberships by status, plan, next bill date and last charge; sums; what changed this month."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any

from sqlmodel import col, func, or_, select

from portal_app.clock import today, zone
from portal_app.db import audit
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.select import columns
from portal_app.db.tables.billing import Account, Invoice
from portal_app.db.tables.families import NAME_COLUMNS, Patient
from portal_app.db.tables.memberships import Membership, MembershipEvent, MembershipInvoice, Plan
from portal_app.domain.access import Permission, Principal
from portal_app.domain.billing.types import PAYABLE, InvoiceStatus
from portal_app.domain.errors import UserError
from portal_app.domain.families import full_name
from portal_app.domain.ids import AccountId, MembershipId, PlanId, parse_id
from portal_app.domain.memberships.types import RUNNING, BilledBy, EventKind, InvoiceKind, MembershipStatus
from portal_app.domain.money import Money
from portal_app.domain.text import strip_unstorable
from portal_app.services.as_system import as_system
from portal_app.services.billing.ledger.entries import currency
from portal_app.services.memberships.load import LoadedMembership, load_memberships
from portal_app.services.patients.matching import matches

PAGE = 50
LONGEST_TEXT = 80  # characters of what is searched
_BATCH = 500
_MOST_CHANGES = 100


class LastCharge(StrEnum):
    """How the last invoice of a membership stands."""

    PAID = "paid"
    UNPAID = "unpaid"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class MembershipSearch:
    """What is looked for; None is everything. `billed_until`: the next bill date is that day or before."""

    text: str = ""
    status: MembershipStatus | None = None
    plan_id: PlanId | None = None
    billed_until: date | None = None
    last_charge: LastCharge | None = None
    account_id: AccountId | None = None


@dataclass(frozen=True, slots=True)
class MembershipRow:
    id: MembershipId
    owner: str
    plan: str
    status: MembershipStatus
    billed_by: BilledBy
    members: int
    amount: Money | None  # of the next bill; None where nothing is billed or its price cannot be told
    next_bill_date: date | None
    last_billed: date | None
    last_amount: Money | None
    last_status: InvoiceStatus | None
    ends_on: date | None
    contract_end: date | None
    autopay: bool


@dataclass(frozen=True, slots=True)
class MembershipPage:
    rows: tuple[MembershipRow, ...]
    count: int
    page: int
    pages: int
    person: str  # who pays the account that was looked for; "" for everybody's


@dataclass(frozen=True, slots=True)
class MembershipSums:
    """Of the memberships that are found and run: how many, their people, and what they bring each month."""

    memberships: int
    people: int
    monthly: Money
    without_price: int  # whose price cannot be told


@dataclass(frozen=True, slots=True)
class Change:
    membership_id: MembershipId
    owner: str
    kind: EventKind
    day: date


@dataclass(frozen=True, slots=True)
class MonthsChanges:
    """What changed since the first of this month: how often, and the latest changes."""

    counts: dict[EventKind, int]
    latest: tuple[Change, ...]


def list_memberships(principal: Principal, search: MembershipSearch, *, page: int = 1) -> MembershipPage:
    """One page of the list by next bill date, those without one last; the last page for one past it."""
    principal.require(Permission.VIEW_BILLING)
    with reading(as_system(principal)) as tx:
        ids = _found(columns(func.count(col(Membership.id))), search)
        count = int(tx.exec(ids).one())
        pages = max(-(-count // PAGE), 1)
        page = min(max(page, 1), pages)
        rows = tx.exec(
            _found(select(Membership), search)
            .order_by(
                col(Membership.next_bill_date).is_(None), col(Membership.next_bill_date), col(Membership.id)
            )
            .limit(PAGE)
            .offset((page - 1) * PAGE)
        ).all()
        people = _owners(tx, {search.account_id}) if search.account_id else {}
        person = next(iter(people.values()), "")
        return MembershipPage(tuple(_rows(tx, list(rows))), count, page, pages, person)


def export_memberships(principal: Principal, search: MembershipSearch) -> list[MembershipRow]:
    """Every membership that is found, by id; their number is written into the audit trail."""
    principal.require(Permission.EXPORT)
    principal.require(Permission.VIEW_BILLING)
    with reading(as_system(principal)) as tx:
        found = [row for some in _batches(tx, search) for row in _rows(tx, some)]
    with transaction(as_system(principal)) as tx:
        tx.add(audit.entry(principal, "export:memberships", details={"rows": len(found)}))
    return found


def read_membership_search(asked: Mapping[str, str]) -> MembershipSearch:
    """The words of an address as a search. Raises: NotFound, ValueError for what is none."""
    status, plan, last = asked.get("status"), asked.get("plan"), asked.get("last")
    account, until = asked.get("account"), asked.get("until")
    return MembershipSearch(
        text=strip_unstorable(asked.get("q", "")).strip()[:LONGEST_TEXT],
        status=MembershipStatus(status) if status else None,
        plan_id=PlanId(parse_id("pln", plan)) if plan else None,
        billed_until=date.fromisoformat(until) if until else None,
        last_charge=LastCharge(last) if last else None,
        account_id=AccountId(parse_id("acc", account)) if account else None,
    )


def sum_memberships(principal: Principal, search: MembershipSearch) -> MembershipSums:
    """The monthly recurring amount of the running ones that are found; the billing of a year counts a twelfth."""
    principal.require(Permission.VIEW_BILLING)
    memberships = people = yearly = without = 0
    with reading(as_system(principal)) as tx:
        for some in _batches(tx, search):
            running = [row for row in some if row.status in RUNNING]
            for membership in load_memberships(tx, running):
                memberships += 1
                people += sum(1 for each in membership.agreed.enrolled if each.on(today()))
                if membership.row.billed_by is not BilledBy.PORTAL:
                    continue
                price = _next_amount(membership)
                if price is None:
                    without += membership.next_bill_date(today()) is not None
                else:
                    yearly += price.minor * 12 // membership.plan.period.months
    return MembershipSums(memberships, people, Money((2 * yearly + 12) // 24, currency()), without)


def changes_of_month(principal: Principal) -> MonthsChanges:
    """Lines of all histories since the first of the practice's month."""
    principal.require(Permission.VIEW_BILLING)
    since = datetime.combine(today().replace(day=1), time(), tzinfo=zone())
    with reading(as_system(principal)) as tx:
        counts = columns(MembershipEvent.kind, func.count()).where(col(MembershipEvent.happened_at) >= since)
        latest = (
            select(MembershipEvent)
            .where(col(MembershipEvent.happened_at) >= since)
            .order_by(col(MembershipEvent.happened_at).desc(), col(MembershipEvent.id).desc())
            .limit(_MOST_CHANGES)
        )
        rows = tx.exec(latest).all()
        owners = _owners(tx, {row.account_id for row in rows})
        return MonthsChanges(
            dict(tx.exec(counts.group_by(col(MembershipEvent.kind))).all()),
            tuple(
                Change(
                    row.membership_id,
                    owners.get(row.account_id, ""),
                    row.kind,
                    row.happened_at.astimezone(zone()).date(),
                )
                for row in rows
            ),
        )


def _found(query: Any, search: MembershipSearch) -> Any:
    query = query.where(*_conditions(search))
    if search.text.strip():
        owners = (
            select(Account.id)
            .join(Patient, col(Patient.id) == col(Account.guarantor_id))
            .where(matches(search.text))
        )
        query = query.where(col(Membership.account_id).in_(owners))
    if search.last_charge is not None:
        query = query.where(_last_charge(search.last_charge))
    return query


def _conditions(search: MembershipSearch) -> list[Any]:
    conditions: list[Any] = []
    if search.status is not None:
        conditions.append(Membership.status == search.status)
    if search.plan_id is not None:
        conditions.append(Membership.plan_id == search.plan_id)
    if search.account_id is not None:
        conditions.append(Membership.account_id == search.account_id)
    if search.billed_until is not None:
        conditions.append(col(Membership.next_bill_date) <= search.billed_until)
    return conditions


def _last_charge(wanted: LastCharge) -> Any:
    """A condition on the membership's last invoice: the one with the latest due day."""
    last = (
        columns(Invoice.status)
        .join(MembershipInvoice, col(MembershipInvoice.invoice_id) == col(Invoice.id))
        .where(
            col(MembershipInvoice.membership_id) == col(Membership.id),
            MembershipInvoice.kind == InvoiceKind.PERIOD,
        )
        .order_by(col(MembershipInvoice.due_day).desc(), col(MembershipInvoice.repeat).desc())
        .limit(1)
        .correlate(Membership)
        .scalar_subquery()
    )
    if wanted is LastCharge.NONE:
        return last.is_(None)
    if wanted is LastCharge.PAID:
        return last == InvoiceStatus.PAID
    return or_(*(last == status for status in sorted(PAYABLE)))


def _batches(tx: Tx, search: MembershipSearch) -> Iterator[list[Membership]]:
    after = ""
    while True:
        wanted = _found(select(Membership), search).where(col(Membership.id) > after)
        some = list(tx.exec(wanted.order_by(col(Membership.id)).limit(_BATCH)).all())
        if not some:
            return
        yield some
        after = some[-1].id
        tx.expunge_all()  # memory stays flat


def _rows(tx: Tx, found: list[Membership]) -> list[MembershipRow]:
    owners = _owners(tx, {row.account_id for row in found})
    last = _last_invoices(tx, [row.id for row in found])
    plans = dict(tx.exec(columns(Plan.id, Plan.name)).all())
    return [
        MembershipRow(
            id=membership.row.id,
            owner=owners.get(membership.row.account_id, ""),
            plan=plans[membership.row.plan_id],
            status=membership.row.status,
            billed_by=membership.row.billed_by,
            members=sum(1 for each in membership.enrolments if each.end is None or each.end >= today()),
            amount=_next_amount(membership),
            next_bill_date=_next_bill_date(membership),
            last_billed=last[membership.row.id].day if membership.row.id in last else None,
            last_amount=last[membership.row.id].amount if membership.row.id in last else None,
            last_status=last[membership.row.id].status if membership.row.id in last else None,
            ends_on=membership.row.ends_on,
            contract_end=membership.row.contract_end,
            autopay=membership.row.payment_method_id is not None,
        )
        for membership in load_memberships(tx, found)
    ]


def _next_bill_date(membership: LoadedMembership) -> date | None:
    return membership.next_bill_date(today()) if membership.row.status in RUNNING else None


def _next_amount(membership: LoadedMembership) -> Money | None:
    day = _next_bill_date(membership)
    if day is None:
        return None
    try:
        return membership.agreed.price_on(day).amount
    except UserError:
        return None


@dataclass(frozen=True, slots=True)
class _Last:
    day: date
    amount: Money
    status: InvoiceStatus


def _last_invoices(tx: Tx, ids: list[MembershipId]) -> dict[MembershipId, _Last]:
    newest = (
        columns(MembershipInvoice.membership_id, func.max(col(MembershipInvoice.due_day)))
        .where(col(MembershipInvoice.membership_id).in_(ids), MembershipInvoice.kind == InvoiceKind.PERIOD)
        .group_by(col(MembershipInvoice.membership_id))
        .subquery()
    )
    rows = tx.exec(
        columns(MembershipInvoice.membership_id, MembershipInvoice.due_day, Invoice.total, Invoice.status)
        .join(Invoice, col(Invoice.id) == col(MembershipInvoice.invoice_id))
        .join(
            newest,
            (newest.c[0] == col(MembershipInvoice.membership_id))
            & (newest.c[1] == col(MembershipInvoice.due_day)),
        )
        .where(MembershipInvoice.kind == InvoiceKind.PERIOD)
        .order_by(col(MembershipInvoice.repeat))
    )
    return {id_: _Last(day, amount, status) for id_, day, amount, status in rows}


def _owners(tx: Tx, accounts: set[AccountId]) -> dict[AccountId, str]:
    rows = tx.exec(
        columns(Account.id, *NAME_COLUMNS)
        .join(Patient, col(Patient.id) == col(Account.guarantor_id))
        .where(col(Account.id).in_(sorted(accounts)))
    )
    return {id_: full_name(*names) for id_, *names in rows}
