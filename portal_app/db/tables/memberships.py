"""Plans, memberships, enrolments (DOMAIN.md, Memberships). Read by the importer; pages come later."""

from datetime import date, datetime
from typing import Any

from sqlmodel import Field

from portal_app.db.owned import AccountOwned, PublicOwned
from portal_app.db.types import code, document, key, moment, money, ref
from portal_app.domain.ids import MembershipId, PatientId, PaymentMethodId, PlanId
from portal_app.domain.memberships import MembershipStatus, Period
from portal_app.domain.money import Money


class Plan(PublicOwned, table=True):
    id: PlanId = key()
    practice_key: str = Field(unique=True)
    name: str
    description: str = ""
    period: Period = code(Period)
    contract_months: int | None = None
    # [{"name": "child", "below": 18, "minor": 3000}, …, {"name": "adult", "below": null, …}]
    bands: list[dict[str, Any]] = document(default_factory=list)
    family_cap: Money | None = money(default=None, nullable=True)
    enrolment_fee: Money | None = money(default=None, nullable=True)


class Membership(AccountOwned, table=True):
    id: MembershipId = key()
    practice_key: str = Field(unique=True)
    plan_id: PlanId = ref("plan")
    status: MembershipStatus = code(MembershipStatus)
    start: date
    next_bill_date: date | None = None
    anchor_day: int
    contract_end: date | None = None
    renews_automatically: bool = False
    payment_method_id: PaymentMethodId | None = ref("payment_method", default=None, nullable=True)
    created_at: datetime = moment()


class Enrolment(AccountOwned, table=True):
    id: str = key()
    membership_id: MembershipId = ref("membership")
    patient_id: PatientId = ref("patient")
    start: date
    end: date | None = None
