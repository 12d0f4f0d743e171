"""Plans, memberships and enrolments. A membership the portal bills is never moved back by a file."""

from collections.abc import Iterator
from typing import Any

from sqlmodel import col, select

from portal_app.clock import now
from portal_app.db.scope import Tx
from portal_app.db.tables.memberships import Enrolment, Membership, Plan
from portal_app.domain.ids import MembershipId, PlanId, new_id
from portal_app.domain.memberships import RUNNING, MembershipStatus, Period
from portal_app.services.imports.import_run import ImportRun, Row, chunks, keyed_id, whole

_ORDER = list(MembershipStatus)  # a status only moves forward


def import_plans(desk: ImportRun, rows: list[Row]) -> None:
    with desk.opened() as tx:
        here = {plan.practice_key: plan for plan in tx.exec(select(Plan))}
        for row in _once_each(desk, "plans", "plan_key", rows):
            if row["currency"] not in ("", desk.manner.currency):
                desk.aside("plans", row, "currency", f"the portal keeps {desk.manner.currency}")
                continue
            _keep_plan(desk, tx, row, here.get(row["plan_key"]))
    desk.step(len(rows))


def _once_each(desk: ImportRun, sheet: str, column: str, rows: list[Row]) -> Iterator[Row]:
    """A key stands for one row; the second is set aside (IMP-4)."""
    seen: dict[str, int] = {}
    for row in rows:
        key = row[column]
        if key in seen:
            desk.aside(sheet, row, column, f"{key} was in line {seen[key]} already")
        else:
            seen[key] = row.where.line
            yield row


def _bands(row: Row) -> list[dict[str, Any]]:
    bands: list[dict[str, Any]] = []
    if row["child_price"] is not None:
        bands.append({"name": "child", "below": row["child_below"], "minor": row["child_price"].minor})
    below = row["senior_from"] if row["senior_price"] is not None else None
    bands.append({"name": "adult", "below": below, "minor": row["adult_price"].minor})
    if row["senior_price"] is not None:
        bands.append({"name": "senior", "below": None, "minor": row["senior_price"].minor})
    return bands


def _keep_plan(desk: ImportRun, tx: Tx, row: Row, before: Plan | None) -> None:
    values = {c: row[c] for c in ("name", "description", "contract_months", "family_cap", "enrolment_fee")}
    values |= {"period": Period(row["period"]), "bands": _bands(row)}
    count = desk.count("plans")
    id_ = desk.plans.setdefault(row["plan_key"], before.id if before else PlanId(new_id("pln")))
    if before is None:
        desk.bulk_insert(tx, Plan, [whole(Plan, id=id_, practice_key=row["plan_key"], **values)])
        count.added += 1
    elif moved := {c: v for c, v in values.items() if getattr(before, c) != v}:
        desk.bulk_update(tx, Plan, [{"id": before.id, **moved}])
        count.changed += 1
    else:
        count.unchanged += 1


def import_memberships(desk: ImportRun, rows: list[Row]) -> None:
    with desk.opened() as tx:
        desk.plans.update((plan.practice_key, plan.id) for plan in tx.exec(select(Plan)))
    for some in chunks(_once_each(desk, "memberships", "membership_key", rows)):
        with desk.opened() as tx:
            _keep_memberships(desk, tx, some)
        desk.step(len(some))


def _keep_memberships(desk: ImportRun, tx: Tx, rows: list[Row]) -> None:
    keys = [row["membership_key"] for row in rows]
    here = {
        m.practice_key: m for m in tx.exec(select(Membership).where(col(Membership.practice_key).in_(keys)))
    }
    for row in rows:
        if (reason := _unfit(desk, row)) or (
            owner := desk.person("memberships", row, "owner_chart_number")
        ) is None:
            if reason:
                desk.aside("memberships", row, *reason)
            continue
        if (account := desk.accounts.get(owner.id)) is None:
            desk.aside("memberships", row, "owner_chart_number", "is nobody's guarantor")
            continue
        before = here.get(row["membership_key"])
        if before is None:
            made = MembershipId(new_id("mem"))
            values = {c: row[c] for c in ("start", "next_bill_date", "contract_end", "renews_automatically")}
            values |= {"id": made, "practice_key": row["membership_key"], "account_id": account}
            values |= {"plan_id": desk.plans[row["plan_key"]], "status": MembershipStatus(row["status"])}
            values |= {"anchor_day": row["anchor_day"] or row["start"].day, "created_at": now()}
            desk.bulk_insert(tx, Membership, [whole(Membership, **values)])
            desk.memberships[row["membership_key"]] = (made, account)
            desk.count("memberships").added += 1
        else:
            desk.memberships[row["membership_key"]] = (before.id, before.account_id)
            _move_on(desk, tx, row, before)


def _unfit(desk: ImportRun, row: Row) -> tuple[str, str] | None:
    if row["plan_key"] not in desk.plans:
        return "plan_key", f"there is no plan {row['plan_key']}"
    if row["status"] in RUNNING and row["next_bill_date"] is None:
        # Without it the first bill would be that of the start, and all since (MEM-11).
        return "next_bill_date", "is missing: the portal would not know which periods were billed already"
    if row["next_bill_date"] and row["next_bill_date"] < row["start"]:
        return "next_bill_date", "is before the start"
    if row["contract_end"] and row["contract_end"] < row["start"]:
        return "contract_end", "is before the start"
    return None


def _move_on(desk: ImportRun, tx: Tx, row: Row, before: Membership) -> None:
    """The status, the next bill and the contract's end move forward only: the portal bills and renews."""
    moved: dict[str, Any] = {}
    status = MembershipStatus(row["status"])
    if _ORDER.index(status) > _ORDER.index(before.status) and before.status in RUNNING:
        moved["status"] = status
    for column in ("next_bill_date", "contract_end"):
        theirs, ours = row[column], getattr(before, column)
        if theirs and (ours is None or theirs > ours):
            moved[column] = theirs
    desk.bulk_update(tx, Membership, [{"id": before.id, **moved}] if moved else [])
    desk.count("memberships").changed += bool(moved)
    desk.count("memberships").unchanged += not moved


def import_enrolments(desk: ImportRun, rows: list[Row]) -> None:
    with desk.opened() as tx:
        for one in tx.exec(select(Membership)):
            desk.memberships[one.practice_key] = (one.id, one.account_id)
    for some in chunks(rows):
        with desk.opened() as tx:
            _keep_enrolments(desk, tx, some)
        desk.step(len(some))


def _keep_enrolments(desk: ImportRun, tx: Tx, rows: list[Row]) -> None:
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        key = row["membership_key"]
        if key not in desk.memberships:
            reason = f"there is no membership {key}, or it was set aside"
            desk.aside("enrolments", row, "membership_key", reason)
        elif row["end"] and row["end"] < row["start"]:
            desk.aside("enrolments", row, "end", "is before the start")
        elif person := desk.person("enrolments", row, "chart_number"):
            id_ = keyed_id("enr", "enrolment", f"{key}:{row['chart_number']}:{row['start']}")
            membership, account = desk.memberships[key]
            found[id_] = {"membership_id": membership, "account_id": account, "patient_id": person.id}
            found[id_] |= {"start": row["start"], "end": row["end"]}
    here = {e.id: e for e in tx.exec(select(Enrolment).where(col(Enrolment.id).in_(list(found))))}
    count = desk.count("enrolments")
    for id_, values in found.items():
        before = here.get(id_)
        if before is None:
            desk.bulk_insert(tx, Enrolment, [whole(Enrolment, id=id_, **values)])
            count.added += 1
        elif values["end"] and before.end is None:
            desk.bulk_update(tx, Enrolment, [{"id": id_, "end": values["end"]}])
            count.changed += 1
        else:
            count.unchanged += 1
