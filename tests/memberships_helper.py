"""Plans and memberships for tests: adult 80.00, child 30.00 (below 18) a month, unless said otherwise."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlmodel import col, select

from portal_app import clock
from portal_app.db.scope import Tx, transaction
from portal_app.db.tables.memberships import Enrolment, Membership, MembershipTerm, Plan, PlanPrice
from portal_app.domain.access import system_principal
from portal_app.domain.ids import AccountId, MembershipId, PatientId, PlanId, new_id
from portal_app.domain.memberships.types import BilledBy, MembershipStatus, Period, PriceAudience
from portal_app.domain.money import Money

BANDS = [
    {"name": "child", "below": 18, "minor": 30_00},
    {"name": "adult", "below": None, "minor": 80_00},
]
LONG_AGO = date(2000, 1, 1)


def add_plan(
    name: str = "Family plan",
    *,
    period: Period = Period.MONTH,
    bands: list[dict[str, Any]] | None = None,
    family_cap: Money | None = None,
    **values: Any,
) -> PlanId:
    """A plan with one price version that began long ago."""
    id_ = PlanId(new_id("pln"))
    with transaction(system_principal("test")) as tx:
        tx.add(Plan(id=id_, name=name, period=period, **values))
    add_price(id_, LONG_AGO, bands or BANDS, family_cap=family_cap)
    return id_


def add_price(
    plan: PlanId,
    first_day: date,
    bands: list[dict[str, Any]],
    *,
    audience: PriceAudience = PriceAudience.NEW_MEMBERSHIPS,
    family_cap: Money | None = None,
) -> str:
    """A price version of a plan; returns its id."""
    id_ = new_id("ppr")
    with transaction(system_principal("test")) as tx:
        tx.add(
            PlanPrice(
                id=id_,
                plan_id=plan,
                first_day=first_day,
                audience=audience,
                bands=bands,
                family_cap=family_cap,
                created_at=clock.now(),
            )
        )
    return id_


def add_membership(
    account: AccountId | str,
    plan: PlanId,
    members: Sequence[PatientId] = (),
    *,
    start: date = date(2026, 6, 1),
    status: MembershipStatus = MembershipStatus.ACTIVE,
    **values: Any,
) -> MembershipId:
    """A membership that the portal bills, with one term at the plan's newest price and these members from the start."""
    id_, account_id = MembershipId(new_id("mem")), AccountId(account)
    values = {"billed_by": BilledBy.PORTAL, "anchor": start, "next_bill_date": start} | values
    with transaction(system_principal("test")) as tx:
        tx.add(
            Membership(
                id=id_,
                account_id=account_id,
                plan_id=plan,
                status=status,
                start=start,
                created_at=clock.now(),
                **values,
            )
        )
        tx.flush()
        tx.add(
            MembershipTerm(
                id=new_id("trm"),
                account_id=account_id,
                membership_id=id_,
                plan_id=plan,
                price_id=_newest_price(tx, plan),
                first_day=start,
                last_day=values.get("contract_end"),
                agreed_at=clock.now(),
            )
        )
    for patient in members:
        enrol(id_, account_id, patient, start=start)
    return id_


def enrol(
    membership: MembershipId,
    account: AccountId | str,
    patient: PatientId,
    *,
    start: date,
    end: date | None = None,
) -> str:
    """One more member; returns the enrolment's id."""
    id_ = new_id("enr")
    with transaction(system_principal("test")) as tx:
        tx.add(
            Enrolment(
                id=id_,
                account_id=AccountId(account),
                membership_id=membership,
                patient_id=patient,
                start=start,
                end=end,
            )
        )
    return id_


def _newest_price(tx: Tx, plan: PlanId) -> str:
    newest = select(PlanPrice).where(PlanPrice.plan_id == plan).order_by(col(PlanPrice.first_day).desc())
    return tx.exec(newest.limit(1)).one().id
