"""Why staff's change of a membership is refused."""

from portal_app.domain.errors import UserError


class BilledByPracticeSystem(UserError):
    code = "membership.billed_by_practice_system"
    message = "The practice's own system bills this membership: change it there."


class MembershipNotRunning(UserError):
    code = "membership.not_running"
    message = "This membership is over: nothing of it changes any more."


class StaleAmount(UserError):
    """An old page sent back an amount that is not so any more."""

    code = "membership.stale_amount"
    message = "The amount has changed since you opened this: it is {amount}. Look again, then confirm."


class MemberNotOfFamily(UserError):
    code = "membership.member_not_of_family"
    message = "Choose people of the owner's family who are active patients."
    field = "members"


class MembersMissing(UserError):
    code = "membership.members_missing"
    message = "Choose at least one member."
    field = "members"


class AlreadyOnPlan(UserError):
    """One person twice in one plan at a time (MEM-19)."""

    code = "membership.already_on_plan"
    message = "{person} is already on a membership of this plan, owned by {owner}."
    field = "members"


class StartOutOfRange(UserError):
    code = "membership.start_out_of_range"
    message = "The start is a day from {first} to {last}."
    field = "start"


class NothingBilledAhead(UserError):
    """There is no next bill date that the change could take effect on."""

    code = "membership.nothing_billed_ahead"
    message = "Nothing will be billed again, so there is no bill date for this change."


class SamePlan(UserError):
    code = "membership.same_plan"
    message = "The membership has this plan then already."
    field = "plan"


class PauseDaysInvalid(UserError):
    code = "membership.pause_days_invalid"
    message = "A pause begins today or later and has its last day after that, within a year."
    field = "pause_last_day"


class PauseOverlaps(UserError):
    code = "membership.pause_overlaps"
    message = "There is a pause already in these days."
    field = "first_day"


class PausePeriodPaid(UserError):
    """A period that was paid runs on."""

    code = "membership.pause_period_paid"
    message = "The period from {day} is paid already. Begin the pause after it, or refund it first."
    field = "first_day"


class PauseOver(UserError):
    code = "membership.pause_over"
    message = "This pause is over."


class LastDayOutOfRange(UserError):
    code = "membership.last_day_out_of_range"
    message = "The last day is a day from {first} to {last}."
    field = "last_day"


class LastMember(UserError):
    code = "membership.last_member"
    message = "{person} is the only member. End the membership instead."


class MemberEndedAlready(UserError):
    code = "membership.member_ended_already"
    message = "{person} is no longer a member, or that end is decided."


class BillDayInvalid(UserError):
    code = "membership.bill_day_invalid"
    message = "Enter another day of the month than now, from 1 to 28."
    field = "bill_day"


class NoEndAhead(UserError):
    code = "membership.no_end_ahead"
    message = "No end of this membership lies ahead."


class NotBegun(UserError):
    code = "membership.not_begun"
    message = "This membership has not begun yet."


class NotExpired(UserError):
    code = "membership.not_expired"
    message = "Only a membership whose contract has run out is renewed here."


class ExpiredTooLongAgo(UserError):
    """The term after the old end would be over by now."""

    code = "membership.expired_too_long_ago"
    message = "The contract ended too long ago. Renew from today."


class PeriodNotVoided(UserError):
    """Only a period whose invoice was voided is billed again (BILL-7)."""

    code = "membership.period_not_voided"
    message = "This period has an invoice that is not voided."
