"""Why a change of a plan, a price or a coupon is refused, beyond what the domain's rules refuse."""

from portal_app.domain.errors import UserError


class PlanNameMissing(UserError):
    code = "plan.name_missing"
    message = "Enter a name of at most {most} characters."
    field = "name"


class PlanNameTaken(UserError):
    code = "plan.name_taken"
    message = "There is another plan of this name."
    field = "name"


class PlanDescriptionTooLong(UserError):
    code = "plan.description_too_long"
    message = "Enter at most {most} characters."
    field = "description"


class PlanPeriodInUse(UserError):
    """Bill dates hang on it: another period is another plan."""

    code = "plan.period_in_use"
    message = "Memberships have this plan: its period stays. Make another plan, and change memberships to it."
    field = "period"


class EnrolmentFeeNegative(UserError):
    code = "plan.enrolment_fee_negative"
    message = "The enrolment fee cannot be below zero."
    field = "enrolment_fee"


class PlanNotComparable(UserError):
    """Only a plan by the year is compared, and to an active plan of shorter periods."""

    code = "plan.not_comparable"
    message = "Compare a plan that is paid by the year to an active plan with shorter periods."
    field = "compared_to"


class PlanRetired(UserError):
    code = "plan.retired"
    message = "This plan is retired: nobody new gets it."
    field = "plan"


class PlanWithoutPrice(UserError):
    code = "plan.without_price"
    message = "This plan has no price yet on that day."
    field = "plan"


class PriceTooSoon(UserError):
    """Members are told of a price so many days before it begins (setting)."""

    code = "plan_price.too_soon"
    message = "A new price begins on {day} at the earliest: members are told before."
    field = "first_day"


class PriceDayTaken(UserError):
    code = "plan_price.day_taken"
    message = "There is a price already that begins on that day."
    field = "first_day"


class CouponCodeInvalid(UserError):
    code = "coupon.code_invalid"
    message = "Enter a code of 3 to 30 letters, digits or hyphens."
    field = "code"


class CouponCodeTaken(UserError):
    code = "coupon.code_taken"
    message = "There is a coupon with this code."
    field = "code"


class CouponUnknown(UserError):
    """No such code, retired, outside of its days, used up, or for another plan: one answer for all."""

    code = "coupon.unknown"
    message = "This coupon cannot be used here today."
    field = "coupon"


class CouponHeldAlready(UserError):
    code = "coupon.held_already"
    message = "The membership has this coupon already."
    field = "coupon"
