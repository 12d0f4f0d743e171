"""What the pages of memberships show of one: frozen, of one moment."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from portal_app.domain.ids import AccountId, InvoiceId, MembershipId
from portal_app.domain.memberships.types import BilledBy, EndReason, MembershipStatus, Period
from portal_app.domain.memberships.upcoming import Change
from portal_app.domain.money import Money
from portal_app.services.memberships.autopay.standing import PaymentStanding


class ViewerRole(StrEnum):
    """As what somebody sees a membership."""

    OWNER = "owner"  # pays it: sees all of it, of other adults name, dates and price (DEP-11)
    MEMBER = "member"  # is on it: own dates and price, the others' names
    PARENT = "parent"  # of an enrolled child, paid by somebody else: the child's dates


class RenewalState(StrEnum):
    """What a page says of the contract's renewal."""

    NONE = "none"  # no contract, or its end is more than 90 days away
    OFFERED = "offered"
    HELD = "held"  # a payment is past due or in retry (MEM-13)
    AUTOMATIC = "automatic"
    CANCELLED = "cancelled"  # it ends before the contract does: take that back first
    EXPIRED = "expired"
    CONTACT = "contact"  # the practice's own system has the contract


class HowPaid(StrEnum):
    """How the invoices of a membership are paid."""

    AUTOPAY = "autopay"
    BY_HAND = "by_hand"  # its owner pays each invoice
    PRACTICE = "practice"  # the practice's own system bills it


@dataclass(frozen=True, slots=True)
class PriceLine:
    """A member's price of a period, before cap and coupons."""

    name: str
    price: Money


@dataclass(frozen=True, slots=True)
class CouponLine:
    code: str
    amount: Money


@dataclass(frozen=True, slots=True)
class PriceLines:
    """The amount of a period, line by line; `saved_by_cap` and coupons are not negative."""

    lines: tuple[PriceLine, ...]
    saved_by_cap: Money
    coupons: tuple[CouponLine, ...]
    amount: Money


@dataclass(frozen=True, slots=True)
class MemberView:
    """A member. Without dates: only the name is for the viewer."""

    id: str  # the enrolment's
    name: str
    start: date | None = None
    end: date | None = None
    price: Money | None = None  # of the period that runs now, or of the first one
    is_me: bool = False
    may_see: bool = False  # the viewer may see this person elsewhere in the portal too


@dataclass(frozen=True, slots=True)
class AskedAdult:
    """An adult whom the owner asked to join and who has not answered. `id`: the request's."""

    id: str
    name: str
    answer_by: date


@dataclass(frozen=True, slots=True)
class NextBill:
    """The next bill. `amount` None: the price cannot be told. `invoice_id`: it was made already."""

    day: date
    amount: Money | None
    fee: Money | None = None  # the enrolment fee in it
    invoice_id: InvoiceId | None = None
    paid: bool = False


@dataclass(frozen=True, slots=True)
class RenewalView:
    """The renewal that is offered or will happen: the new term and its price (today's, or the one announced)."""

    state: RenewalState = RenewalState.NONE
    first_day: date | None = None
    last_day: date | None = None
    price_id: str = ""
    price: PriceLines | None = None
    takes_cancellation_back: bool = False


@dataclass(frozen=True, slots=True)
class MembershipView:
    """One membership as its viewer may see it. What is None or empty is not for them, or is not there."""

    id: MembershipId
    account_id: AccountId
    role: ViewerRole
    plan: str
    includes: tuple[str, ...]
    period: Period
    status: MembershipStatus
    billed_by: BilledBy
    start: date
    contract_end: date | None
    ends_on: date | None
    end_reason: EndReason | None
    members: tuple[MemberView, ...]
    price: PriceLines | None = None
    next_bill: NextBill | None = None
    how_paid: HowPaid | None = None
    paid_with: str = ""  # autopay's card or bank account
    standing: PaymentStanding | None = None
    changes: tuple[Change, ...] = ()
    renewal: RenewalView = RenewalView()
    renews_automatically: bool = False
    can_cancel: bool = False
    cancel_last_day: date | None = None  # its last day if it is cancelled today
    can_add: bool = False  # a member, from the next bill date on
    cancel_by_contact: bool = False  # it could be cancelled, but only by contacting the practice
    can_undo: bool = False
    asked: tuple[AskedAdult, ...] = ()


@dataclass(frozen=True, slots=True)
class RequestView:
    """Somebody wants the viewer on their membership. Not the amount of the whole: that is the owner's."""

    id: str
    plan: str
    includes: tuple[str, ...]
    owner: str  # who asks and pays
    start: date
    answer_by: date


@dataclass(frozen=True, slots=True)
class MembershipsView:
    """All memberships of a viewer, of one moment."""

    current: tuple[MembershipView, ...]
    previous: tuple[MembershipView, ...]
    requests: tuple[RequestView, ...] = ()  # the viewer was asked to join
