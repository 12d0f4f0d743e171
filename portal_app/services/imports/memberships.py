"""Plans, memberships and enrolments. What the portal bills itself is never changed by a file (BILL-9)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import col, select

from portal_app.clock import now, today
from portal_app.db.scope import Tx
from portal_app.db.tables.memberships import Enrolment, Membership, MembershipTerm, Plan, PlanPrice
from portal_app.domain.ids import AccountId, MembershipId, PatientId, PlanId, new_id
from portal_app.domain.memberships.periods import BillDates, add_months
from portal_app.domain.memberships.types import (
    RUNNING,
    BilledBy,
    EndReason,
    MembershipStatus,
    Period,
    PlanStatus,
    PriceAudience,
)
from portal_app.services.imports.import_run import ImportRun, Row, chunks, full_row, keyed_id

_FROM_THE_START = date(2000, 1, 1)  # an imported plan's first prices hold for every membership there is


def import_plans(run: ImportRun, rows: list[Row]) -> None:
    with run.opened() as tx:
        here = {plan.practice_key: plan for plan in tx.exec(select(Plan))}
        for row in _once_each(run, "plans", "plan_key", rows):
            if row.currency not in ("", run.options.currency):
                run.aside("plans", row, "currency", f"the portal keeps {run.options.currency}")
                continue
            _keep_plan(run, tx, row, here.get(row.plan_key))
    run.step(len(rows))


def _once_each(run: ImportRun, sheet: str, column: str, rows: list[Row]) -> Iterator[Row]:
    """A key stands for one row; the second is set aside (IMP-4)."""
    seen: dict[str, int] = {}
    for row in rows:
        key = getattr(row, column)
        if key in seen:
            run.aside(sheet, row, column, f"{key} was in line {seen[key]} already")
        else:
            seen[key] = row.line
            yield row


def _bands(row: Row) -> list[dict[str, Any]]:
    bands: list[dict[str, Any]] = []
    if row.child_price is not None:
        bands.append({"name": "child", "below": row.child_below, "minor": row.child_price.minor})
    below = row.senior_from if row.senior_price is not None else None
    bands.append({"name": "adult", "below": below, "minor": row.adult_price.minor})
    if row.senior_price is not None:
        bands.append({"name": "senior", "below": None, "minor": row.senior_price.minor})
    return bands


def _keep_plan(run: ImportRun, tx: Tx, row: Row, before: Plan | None) -> None:
    values = {c: getattr(row, c) for c in ("name", "description", "contract_months", "enrolment_fee")}
    values |= {"period": Period(row.period)}
    count = run.count("plans")
    id_ = run.plans.setdefault(row.plan_key, before.id if before else PlanId(new_id("pln")))
    prices = {"bands": _bands(row), "family_cap": row.family_cap}
    if before is None:
        values |= {"status": PlanStatus.ACTIVE}
        run.bulk_insert(tx, Plan, [full_row(Plan, id=id_, practice_key=row.plan_key, **values)])
        _add_price(run, tx, id_, prices, _FROM_THE_START)
        count.added += 1
        return
    moved = {c: v for c, v in values.items() if getattr(before, c) != v}
    if moved:
        run.bulk_update(tx, Plan, [{"id": before.id, **moved}])
    if _keep_price(run, tx, id_, prices) or moved:
        count.changed += 1
    else:
        count.unchanged += 1


def _keep_price(run: ImportRun, tx: Tx, plan_id: PlanId, prices: dict[str, Any]) -> bool:
    """A price that differs becomes a new version, for what the practice's own system bills; whether it did."""
    of_plan = select(PlanPrice).where(PlanPrice.plan_id == plan_id)
    newest = tx.exec(
        of_plan.order_by(col(PlanPrice.first_day).desc(), col(PlanPrice.created_at).desc())
    ).first()
    if newest and (newest.bands, newest.family_cap) == (prices["bands"], prices["family_cap"]):
        return False
    made = _add_price(run, tx, plan_id, prices, today() if newest else _FROM_THE_START)
    terms = tx.exec(
        select(MembershipTerm)
        .join(Membership, col(Membership.id) == col(MembershipTerm.membership_id))
        .where(MembershipTerm.plan_id == plan_id, Membership.billed_by == BilledBy.PRACTICE)
    )
    run.bulk_update(tx, MembershipTerm, [{"id": term.id, "price_id": made} for term in terms])
    return True


def _add_price(run: ImportRun, tx: Tx, plan_id: PlanId, prices: dict[str, Any], first_day: date) -> str:
    """Add a version; one of the same day is replaced where nothing was agreed at it by the portal."""
    same_day = tx.exec(
        select(PlanPrice).where(
            PlanPrice.plan_id == plan_id,
            PlanPrice.first_day == first_day,
            PlanPrice.audience == PriceAudience.NEW_MEMBERSHIPS,
        )
    ).first()
    if same_day is not None:
        run.bulk_update(tx, PlanPrice, [{"id": same_day.id, **prices}])
        return same_day.id
    id_ = new_id("ppr")
    fixed = {"audience": PriceAudience.NEW_MEMBERSHIPS, "created_at": now(), "created_by": "import"}
    version = full_row(PlanPrice, id=id_, plan_id=plan_id, first_day=first_day, **fixed, **prices)
    run.bulk_insert(tx, PlanPrice, [version])
    return id_


def import_memberships(run: ImportRun, rows: list[Row]) -> None:
    with run.opened() as tx:
        run.plans.update((plan.practice_key, plan.id) for plan in tx.exec(select(Plan)) if plan.practice_key)
    for some in chunks(_once_each(run, "memberships", "membership_key", rows)):
        with run.opened() as tx:
            _keep_memberships(run, tx, some)
        run.step(len(some))


def _keep_memberships(run: ImportRun, tx: Tx, rows: list[Row]) -> None:
    keys = [row.membership_key for row in rows]
    here = {
        m.practice_key: m for m in tx.exec(select(Membership).where(col(Membership.practice_key).in_(keys)))
    }
    # A dry run has not written the plans of the same files: what is missing here is not written either.
    prices, periods = _newest_prices(tx), {plan.id: plan.period for plan in tx.exec(select(Plan))}
    terms: list[dict[str, Any]] = []
    for row in rows:
        if reason := _unfit(run, row):
            run.aside("memberships", row, *reason)
            continue
        if run.person("memberships", row, "owner_chart_number") is None:
            continue
        if (account := run.account_of(row.owner_chart_number)) is None:
            run.aside("memberships", row, "owner_chart_number", "is nobody's guarantor")
            continue
        before = here.get(row.membership_key)
        if before is None:
            values = _new_membership(run, row, account, periods)
            run.bulk_insert(tx, Membership, [full_row(Membership, **values)])
            terms.append(_first_term(values["id"], account, values, prices.get(values["plan_id"], "")))
            run.memberships[row.membership_key] = (values["id"], account)
            run.count("memberships").added += 1
        else:
            run.memberships[row.membership_key] = (before.id, before.account_id)
            if before.billed_by is BilledBy.PRACTICE:
                _follow(run, tx, row, before)
            else:
                _compare(run, row, before)
    run.bulk_insert(tx, MembershipTerm, terms)


def _new_membership(
    run: ImportRun, row: Row, account: AccountId, periods: dict[PlanId, Period]
) -> dict[str, Any]:
    values = {
        column: getattr(row, column)
        for column in ("start", "next_bill_date", "contract_end", "renews_automatically")
    }
    plan = run.plans[row.plan_key]
    values |= {"id": MembershipId(new_id("mem")), "practice_key": row.membership_key, "account_id": account}
    values |= {"plan_id": plan, "status": _status(row), "created_at": now()}
    values |= {"anchor": _anchor(row, periods.get(plan, Period.MONTH))}
    return values | {"billed_by": BilledBy(row.billed_by), "end_reason": _end_reason(row)}


def _newest_prices(tx: Tx) -> dict[PlanId, str]:
    versions = select(PlanPrice).order_by(col(PlanPrice.first_day), col(PlanPrice.created_at))
    return {price.plan_id: price.id for price in tx.exec(versions)}


def _first_term(
    membership: MembershipId, account: AccountId, values: dict[str, Any], price_id: str
) -> dict[str, Any]:
    return full_row(
        MembershipTerm,
        id=new_id("trm"),
        account_id=account,
        membership_id=membership,
        plan_id=values["plan_id"],
        price_id=price_id,
        first_day=values["start"],
        last_day=values["contract_end"],
        agreed_at=now(),
        agreed_by="import",
    )


def _anchor(row: Row, period: Period) -> date:
    """The day that bill dates are counted from.

    The start, where it leads to the file's next bill date; otherwise that date, or an earlier one in a month that
    has the file's anchor day.
    """
    start, first = row.start, row.next_bill_date
    if first is None or (row.anchor_day in (None, start.day) and BillDates(start, period).includes(first)):
        return start
    day = row.anchor_day or first.day
    for back in range(0, 60, period.months):
        anchor = add_months(first.replace(day=1), -back)
        if (add_months(anchor, 1) - anchor).days >= day:
            anchor = anchor.replace(day=day)
            return anchor if BillDates(anchor, period).includes(first) else first
    return first


def _status(row: Row) -> MembershipStatus:
    """The file's status; "cancelled" is an ended membership with that reason."""
    return MembershipStatus.ENDED if row.status == "cancelled" else MembershipStatus(row.status)


def _end_reason(row: Row) -> EndReason | None:
    if row.status not in ("ended", "cancelled"):
        return None
    return EndReason.CANCELLED if row.status == "cancelled" else EndReason.EXPIRED


def _compare(run: ImportRun, row: Row, ours: Membership) -> None:
    """What a file says otherwise of a membership that the portal bills is set aside (BILL-9)."""
    theirs = row.next_bill_date
    if theirs is not None and theirs != ours.next_bill_date:
        run.aside(
            "memberships",
            row,
            "next_bill_date",
            f"the portal bills this membership; its next is {ours.next_bill_date}",
        )
        return
    run.count("memberships").unchanged += 1


def _unfit(run: ImportRun, row: Row) -> tuple[str, str] | None:
    if row.plan_key not in run.plans:
        return "plan_key", f"there is no plan {row.plan_key}"
    if row.billed_by == BilledBy.PORTAL and row.status in RUNNING and row.next_bill_date is None:
        # Without it the first bill would be that of the start, and all since (MEM-11).
        return "next_bill_date", "is missing: the portal would not know which periods were billed already"
    if row.next_bill_date and row.next_bill_date < row.start:
        return "next_bill_date", "is before the start"
    if row.contract_end and row.contract_end < row.start:
        return "contract_end", "is before the start"
    return None


def _follow(run: ImportRun, tx: Tx, row: Row, before: Membership) -> None:
    """A membership that the practice's own system bills has the status and dates that the file says (BILL-8)."""
    theirs: dict[str, Any] = (
        {"status": _status(row), "end_reason": _end_reason(row)} if "status" in row.given else {}
    )
    theirs |= {c: getattr(row, c) for c in ("next_bill_date", "contract_end") if c in row.given}
    moved = {c: v for c, v in theirs.items() if getattr(before, c) != v}
    if moved:
        run.bulk_update(tx, Membership, [{"id": before.id, **moved}])
    if "contract_end" in moved:
        newest = select(MembershipTerm).where(MembershipTerm.membership_id == before.id)
        term = tx.exec(newest.order_by(col(MembershipTerm.first_day).desc())).first()
        if term is not None:
            run.bulk_update(tx, MembershipTerm, [{"id": term.id, "last_day": moved["contract_end"]}])
    run.count("memberships").changed += bool(moved)
    run.count("memberships").unchanged += not moved


def import_enrolments(run: ImportRun, rows: list[Row]) -> None:
    with run.opened() as tx:
        for one in tx.exec(select(Membership).where(col(Membership.practice_key).is_not(None))):
            run.memberships[one.practice_key or ""] = (one.id, one.account_id)
    seen: dict[str, int] = {}  # the first line of each: one that comes twice counts once
    for some in chunks(rows):
        with run.opened() as tx:
            _keep_enrolments(run, tx, some, seen)
        run.step(len(some))


@dataclass(frozen=True, slots=True)
class _Wanted:
    """An enrolment as the files have it."""

    row: Row
    membership_id: MembershipId
    account_id: AccountId
    patient_id: PatientId

    def meets(self, other: Enrolment) -> bool:
        """Whether that is the same person on the same membership, on a day of both."""
        if (other.membership_id, other.patient_id) != (self.membership_id, self.patient_id):
            return False
        end = self.row.end
        return (other.end is None or other.end >= self.row.start) and (end is None or other.start <= end)

    def made(self, id_: str) -> dict[str, Any]:
        whose = {"account_id": self.account_id, "patient_id": self.patient_id}
        dates = {"start": self.row.start, "end": self.row.end}
        return full_row(Enrolment, id=id_, membership_id=self.membership_id, **whose, **dates)


def _keep_enrolments(run: ImportRun, tx: Tx, rows: list[Row], seen: dict[str, int]) -> None:
    found: dict[str, _Wanted] = {}
    for row in rows:
        key = row.membership_key
        if key not in run.memberships:
            reason = f"there is no membership {key}, or it was set aside"
            run.aside("enrolments", row, "membership_key", reason)
        elif row.end and row.end < row.start:
            run.aside("enrolments", row, "end", "is before the start")
        elif person := run.person("enrolments", row, "chart_number"):
            id_ = keyed_id("enr", "enrolment", f"{key}:{row.chart_number}:{row.start}")
            if id_ in seen:
                run.aside("enrolments", row, "chart_number", f"was in line {seen[id_]} already")
                continue
            seen[id_] = row.line
            found[id_] = _Wanted(row, *run.memberships[key], person.id)
    ids = {one.membership_id for one in found.values()}
    here: dict[MembershipId, list[Enrolment]] = {}
    for one in tx.exec(select(Enrolment).where(col(Enrolment.membership_id).in_(ids))):
        here.setdefault(one.membership_id, []).append(one)
    for id_, wanted in found.items():
        _keep_enrolment(run, tx, id_, wanted, here.setdefault(wanted.membership_id, []))


def _keep_enrolment(run: ImportRun, tx: Tx, id_: str, wanted: _Wanted, here: list[Enrolment]) -> None:
    """Nobody is on one membership twice on a day: they would be billed twice. `here`: who is on it already."""
    row, count = wanted.row, run.count("enrolments")
    before = next((one for one in here if one.id == id_), None) or next(filter(wanted.meets, here), None)
    if before is None:
        made = wanted.made(id_)
        run.bulk_insert(tx, Enrolment, [made])
        here.append(Enrolment(**made))
        count.added += 1
    elif before.start != row.start:
        run.aside("enrolments", row, "start", f"is on this membership from {before.start} already")
    elif row.end and before.end is None:
        run.bulk_update(tx, Enrolment, [{"id": before.id, "end": row.end}])
        count.changed += 1
    else:
        count.unchanged += 1
