"""Plans, prices, coupons, memberships, enrolments and what was billed of them (DOMAIN.md, Memberships)."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import Index, String, text
from sqlmodel import Field, UniqueConstraint

from portal_app.db.owned import AccountOwned, PortalOwned, PublicOwned
from portal_app.db.types import code, document, key, moment, money, ref
from portal_app.domain.families import ContactKind
from portal_app.domain.ids import (
    AccountId,
    AgreementId,
    InvoiceId,
    MembershipId,
    PatientId,
    PaymentId,
    PaymentMethodId,
    PlanId,
)
from portal_app.domain.memberships.types import (
    BilledBy,
    EndReason,
    EventKind,
    InvoiceKind,
    JoinStatus,
    MembershipStatus,
    Period,
    PlanStatus,
    PriceAudience,
    TryOutcome,
)
from portal_app.domain.money import Money


class Plan(PublicOwned, table=True):
    """What the practice sells. Its prices are `PlanPrice` rows."""

    id: PlanId = key()
    practice_key: str | None = Field(
        default=None, unique=True
    )  # the key in the practice's own system, if imported
    name: str
    description: str = ""  # what it includes: one item a line
    period: Period = code(Period)
    contract_months: int | None = None
    enrolment_fee: Money | None = money(default=None, nullable=True)
    status: PlanStatus = code(PlanStatus, default=PlanStatus.ACTIVE)
    renews_automatically: bool = False  # what a new membership begins with
    keeps_price_in_term: bool = True
    joined_online: bool = False  # offered on the page for joining
    direct_primary_care: bool = False
    # A plan paid by the year: the plan of shorter periods that it is compared to.
    compared_to_id: PlanId | None = ref("plan", index=False, default=None, nullable=True)
    # Signed by the owner of each membership, at joining, enrolment and renewal.
    agreement_id: AgreementId | None = ref("agreement", index=False, default=None, nullable=True)


class PlanPrice(PublicOwned, table=True):
    """A version of a plan's prices; never changed once a membership has it."""

    __table_args__ = (UniqueConstraint("plan_id", "first_day", "audience"),)
    id: str = key()
    plan_id: PlanId = ref("plan", index=False)  # another index begins with it
    first_day: date
    audience: PriceAudience = code(PriceAudience, default=PriceAudience.NEW_MEMBERSHIPS)
    # [{"name": "child", "below": 18, "minor": 3000}, …, {"name": "adult", "below": null, …}]
    bands: list[dict[str, Any]] = document(default_factory=list)
    family_cap: Money | None = money(default=None, nullable=True)
    created_at: datetime = moment()
    created_by: str = ""
    told_at: datetime | None = moment(default=None, nullable=True)  # everybody it is for was told


class Coupon(PortalOwned, table=True):
    """A reduction that staff hand out; `code` in capital letters. Percent or amount, never both."""

    id: str = key()
    code: str = Field(unique=True)
    name: str = ""
    percent: int | None = None
    amount: Money | None = money(default=None, nullable=True)
    periods: int | None = None
    first_day: date | None = None
    last_day: date | None = None
    uses_at_most: int | None = None
    plan_id: PlanId | None = ref("plan", default=None, nullable=True)  # None: for every plan
    retired: bool = False
    created_at: datetime = moment()


class Membership(AccountOwned, table=True):
    """One plan bought by an account's guarantor. Its price and contract are those of its `MembershipTerm` rows.

    Billed by the portal: bill dates are `anchor` + n periods, `next_bill_date` is the first period without an
    invoice (what is shown comes from `Agreed.next_bill_date`). Billed by the practice's own system:
    `next_bill_date` is what its file says, perhaps nothing.
    """

    __table_args__ = (
        Index("ix_membership_due", "billed_by", "status", "next_bill_date"),
        Index("ix_membership_status_plan", "status", "plan_id"),
    )
    id: MembershipId = key()
    practice_key: str | None = Field(default=None, unique=True)
    plan_id: PlanId = ref("plan")
    status: MembershipStatus = code(MembershipStatus)
    billed_by: BilledBy = code(BilledBy, default=BilledBy.PRACTICE)
    start: date
    anchor: date
    next_bill_date: date | None = None
    contract_end: date | None = None  # the last day of the last term
    renews_automatically: bool = False
    ends_on: date | None = None  # the last day, where an end is decided
    end_reason: EndReason | None = code(EndReason, default=None, nullable=True)
    payment_method_id: PaymentMethodId | None = ref(
        "payment_method", default=None, nullable=True
    )  # autopay's
    autopay_agreed_at: datetime | None = moment(default=None, nullable=True)
    # What the owner was last told of the next charge; autopay never takes more.
    announced_amount: Money | None = money(default=None, nullable=True)
    announced_for: date | None = None
    enrolment_fee_due: Money | None = money(default=None, nullable=True)  # goes on the next invoice
    # The price version that the owner was first told for an automatic renewal: the new term's.
    renewal_price_id: str | None = ref("plan_price", index=False, default=None, nullable=True)
    created_at: datetime = moment()


class MembershipTerm(AccountOwned, table=True):
    """One contract period of a membership, at the price it was agreed at. `last_day` None: no contract."""

    __table_args__ = (UniqueConstraint("membership_id", "first_day"),)
    id: str = key()
    membership_id: MembershipId = ref("membership", index=False)  # another index begins with it
    plan_id: PlanId = ref("plan")
    price_id: str = ref("plan_price")
    first_day: date
    last_day: date | None = None
    anchor: date | None = None  # of its bill dates, where the bill day was moved; None: the membership's
    agreed_at: datetime = moment()
    agreed_by: str = ""  # principal.name, or "import"


class Enrolment(AccountOwned, table=True):
    """One patient on a membership; `end` is the last day."""

    __table_args__ = (
        # One open enrolment of a person on a membership.
        Index(
            "ix_enrolment_open",
            "membership_id",
            "patient_id",
            unique=True,
            sqlite_where=text('"end" IS NULL'),
            postgresql_where=text('"end" IS NULL'),
        ),
    )
    id: str = key()
    membership_id: MembershipId = ref("membership")
    patient_id: PatientId = ref("patient")
    price_id: str | None = ref(
        "plan_price", index=False, default=None, nullable=True
    )  # shown when it was agreed
    start: date
    end: date | None = None
    created_at: datetime | None = moment(default=None, nullable=True)
    created_by: str = ""


class MemberRequest(AccountOwned, table=True):
    """An adult, a patient already, is asked to join a membership: they join only once they agree."""

    __table_args__ = (UniqueConstraint("membership_id", "patient_id", "asked_at"),)
    id: str = key()
    membership_id: MembershipId = ref("membership", index=False)  # another index begins with it
    patient_id: PatientId = ref("patient")
    start: date  # what the membership's owner was shown
    amount: Money = money()
    asked_at: datetime = moment()
    asked_by: str = ""
    withdrawn_at: datetime | None = moment(default=None, nullable=True)
    answered_at: datetime | None = moment(default=None, nullable=True)
    agreed: bool = False


class JoinRequest(PortalOwned, table=True):
    """Somebody joins online: what they chose and typed, from the verified contact to staff's answer.

    `draft` is what they typed; it is emptied when they have joined, because the other tables hold it from then on.
    """

    __table_args__ = (
        # A contact has one unfinished request at a time, in however many tabs.
        Index(
            "ix_join_request_unfinished",
            "contact_hash",
            unique=True,
            sqlite_where=text("status IN ('open', 'paying')"),
            postgresql_where=text("status IN ('open', 'paying')"),
        ),
        Index("ix_join_request_status", "status", "changed_at"),
    )
    id: str = key()
    status: JoinStatus = code(JoinStatus, default=JoinStatus.OPEN)
    contact_hash: str = Field(index=True)
    contact_kind: ContactKind = code(ContactKind)
    contact_value: str
    contact_shown: str = ""
    language: str = "en"
    draft: dict[str, Any] = document(default_factory=dict)
    plan_id: PlanId | None = ref("plan", index=False, default=None, nullable=True)
    # These are empty until the first invoice is made.
    account_id: AccountId | None = ref("account", default=None, nullable=True)
    owner_id: PatientId | None = ref("patient", index=False, default=None, nullable=True)
    member_ids: list[str] = document(default_factory=list)
    # The first invoice, and what was agreed to by paying it.
    invoice_id: InvoiceId | None = ref("invoice", index=False, default=None, nullable=True)
    price_id: str | None = ref("plan_price", index=False, default=None, nullable=True)
    coupon_id: str | None = ref("coupon", index=False, default=None, nullable=True)
    fee: Money | None = money(default=None, nullable=True)
    membership_id: MembershipId | None = ref("membership", index=False, default=None, nullable=True)
    created_at: datetime = moment()
    changed_at: datetime = moment()
    paid_at: datetime | None = moment(default=None, nullable=True)
    answered_at: datetime | None = moment(default=None, nullable=True)
    answered_by: str = ""
    reason: str = ""  # why staff refused, for their own record


class MembershipPause(AccountOwned, table=True):
    """Days, both included, whose bill dates are skipped."""

    id: str = key()
    membership_id: MembershipId = ref("membership")
    first_day: date
    last_day: date
    reason: str = ""
    created_at: datetime = moment()


class MembershipCoupon(AccountOwned, table=True):
    """A coupon on a membership, from the period that begins on `first_period`. `used`: how many periods had it."""

    __table_args__ = (UniqueConstraint("membership_id", "coupon_id"),)
    id: str = key()
    membership_id: MembershipId = ref("membership", index=False)  # another index begins with it
    coupon_id: str = ref("coupon")
    first_period: date
    used: int = 0
    created_at: datetime = moment()


class MembershipInvoice(AccountOwned, table=True):
    """Which invoice bills which period of a membership: the unique key stops a second one (BILL-3).

    `enrolment_id` is "" unless the invoice is for an added member; `repeat` counts "bill this period again".
    """

    __table_args__ = (
        UniqueConstraint("membership_id", "period_start", "kind", "enrolment_id", "repeat"),
        Index("ix_membership_invoice_due", "due_day", "membership_id"),
    )
    audited: ClassVar[bool] = False  # written in bulk; the invoice and the ledger entry tell the same
    id: str = key()
    membership_id: MembershipId = ref("membership", index=False)  # another index begins with it
    kind: InvoiceKind = code(InvoiceKind)
    period_start: date
    period_end: date
    enrolment_id: str = Field(default="", sa_type=String)
    repeat: int = 0
    due_day: date  # the invoice's due date: charges of one day are one charge
    invoice_id: InvoiceId = ref("invoice")
    amount: Money = money()
    coupon_ids: list[str] = document(default_factory=list)  # which coupons had a period used up by it


class AutopayTry(AccountOwned, table=True):
    """One try to charge what is due of a membership on one day; the payment's id is the processor's idempotency key."""

    __table_args__ = (
        UniqueConstraint("membership_id", "due_day", "number"),
        Index("ix_autopay_try_outcome", "outcome", "membership_id"),
    )
    id: str = key()
    membership_id: MembershipId = ref("membership", index=False)  # another index begins with it
    due_day: date  # the announced day; it pays what is due on it and what earlier charges left
    number: int  # 0 is the first charge, 1 to 3 the tries after it
    day: date  # the day it was made
    payment_id: PaymentId | None = ref("payment", default=None, nullable=True)
    outcome: TryOutcome = code(TryOutcome, default=TryOutcome.MADE)
    decline_code: str = ""
    failed_on: date | None = (
        None  # the day on which the failure was known: the next tries are 1, 3 and 7 days after it
    )
    created_at: datetime = moment()


class MembershipEvent(AccountOwned, table=True):
    """One line of a membership's history, for staff: what happened, when, by whom. `details` fills the line's text."""

    __table_args__ = (Index("ix_membership_event_when", "membership_id", "happened_at"),)
    audited: ClassVar[bool] = False  # the changed rows themselves are in the audit trail
    id: str = key()
    membership_id: MembershipId = ref("membership", index=False)  # another index begins with it
    kind: EventKind = code(EventKind)
    happened_at: datetime = moment()
    done_by: str = ""  # principal.name, or the job's name
    details: dict[str, Any] = document(default_factory=dict)
