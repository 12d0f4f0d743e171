"""Staff's changes of a membership that were asked about: what the page keeps until they are confirmed."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from portal_app.domain.access import Principal
from portal_app.domain.ids import MembershipId, PlanId
from portal_app.domain.memberships.periods import Span
from portal_app.domain.money import Money
from portal_app.gateways import gateways
from portal_app.i18n import gettext_noop
from portal_app.services.memberships.autopay.choose import stop_autopay
from portal_app.services.memberships.staff.add_coupon import add_coupon
from portal_app.services.memberships.staff.bill_again import bill_again
from portal_app.services.memberships.staff.bill_day import move_bill_day
from portal_app.services.memberships.staff.ending import End, end_by_practice, end_member
from portal_app.services.memberships.staff.pauses import end_pause, start_pause
from portal_app.services.memberships.staff.plan_change import change_plan
from portal_app.services.memberships.staff.renewal import renew_expired
from portal_app.services.memberships.staff.take_back_end import take_back_end

_REFUND_REFUSED = gettext_noop("The end is decided. The refund was refused: there is a task for it on To do.")


@dataclass(frozen=True)
class Change(ABC):
    """A change of a membership. `asks_processor`: it may give money back, which takes the processor's time."""

    asks_processor: ClassVar[bool] = False

    @abstractmethod
    def carry_out(self, principal: Principal, membership_id: MembershipId) -> str:
        """Make the change. Returns what the page says then, as a msgid."""


@dataclass(frozen=True)
class EndMembership(Change):
    end: End
    asks_processor: ClassVar[bool] = True

    def carry_out(self, principal: Principal, membership_id: MembershipId) -> str:
        done = end_by_practice(principal, membership_id, self.end, processor=gateways().payments)
        return _REFUND_REFUSED if done.refused else gettext_noop("The end of the membership is decided.")


@dataclass(frozen=True)
class EndMember(Change):
    enrolment_id: str
    end: End
    asks_processor: ClassVar[bool] = True

    def carry_out(self, principal: Principal, membership_id: MembershipId) -> str:
        done = end_member(principal, self.enrolment_id, self.end, processor=gateways().payments)
        return _REFUND_REFUSED if done.refused else gettext_noop("The end of the member is decided.")


@dataclass(frozen=True)
class TakeBackEnd(Change):
    def carry_out(self, principal: Principal, membership_id: MembershipId) -> str:
        take_back_end(principal, membership_id)
        return gettext_noop("The membership runs on.")


@dataclass(frozen=True)
class StopAutopay(Change):
    def carry_out(self, principal: Principal, membership_id: MembershipId) -> str:
        stop_autopay(principal, membership_id)
        return gettext_noop("Automatic payment is off. Its owner is told.")


@dataclass(frozen=True)
class AddCoupon(Change):
    code: str
    shown: Money

    def carry_out(self, principal: Principal, membership_id: MembershipId) -> str:
        add_coupon(principal, membership_id, self.code, shown=self.shown)
        return gettext_noop("The coupon is added.")


@dataclass(frozen=True)
class Pause(Change):
    pause_id: str
    days: Span
    reason: str

    def carry_out(self, principal: Principal, membership_id: MembershipId) -> str:
        start_pause(principal, membership_id, self.pause_id, self.days, reason=self.reason)
        return gettext_noop("The pause is entered.")


@dataclass(frozen=True)
class EndPause(Change):
    pause_id: str

    def carry_out(self, principal: Principal, membership_id: MembershipId) -> str:
        end_pause(principal, self.pause_id)
        return gettext_noop("The pause is over.")


@dataclass(frozen=True)
class ChangePlan(Change):
    plan_id: PlanId
    shown: Money

    def carry_out(self, principal: Principal, membership_id: MembershipId) -> str:
        change_plan(principal, membership_id, self.plan_id, shown=self.shown)
        return gettext_noop("The plan is changed.")


@dataclass(frozen=True)
class MoveBillDay(Change):
    bill_day: int

    def carry_out(self, principal: Principal, membership_id: MembershipId) -> str:
        move_bill_day(principal, membership_id, self.bill_day)
        return gettext_noop("The bill day is moved.")


@dataclass(frozen=True)
class Renew(Change):
    from_old_date: bool
    shown: Money

    def carry_out(self, principal: Principal, membership_id: MembershipId) -> str:
        renew_expired(principal, membership_id, from_old_date=self.from_old_date, shown=self.shown)
        return gettext_noop("The membership is renewed.")


@dataclass(frozen=True)
class BillAgain(Change):
    period_start: date
    shown: Money

    def carry_out(self, principal: Principal, membership_id: MembershipId) -> str:
        bill_again(principal, membership_id, self.period_start, shown=self.shown)
        return gettext_noop("The period is billed again.")
