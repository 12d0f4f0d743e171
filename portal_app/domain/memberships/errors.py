"""Why a plan, a price, a coupon or a membership is refused."""

from portal_app.domain.errors import UserError


class BirthDateMissing(UserError):
    """A member without a usable date of birth has no price: no invoice, a task (BILL-4)."""

    code = "membership.birth_date_missing"
    message = "The date of birth of {person} is missing or in the future."
    field = "birth_date"


class NoBandForAge(UserError):
    """No age band of the plan fits a member's age on the bill date: no invoice, a task."""

    code = "membership.no_band_for_age"
    message = "The plan has no price for somebody aged {age} ({person})."


class NobodyEnrolled(UserError):
    """A membership needs a member on its bill date."""

    code = "membership.nobody_enrolled"
    message = "Nobody is a member on that day."


class BandsMissing(UserError):
    code = "plan.bands_missing"
    message = "Enter at least one price."
    field = "bands"


class BandsUnordered(UserError):
    code = "plan.bands_unordered"
    message = "The age limits must rise, and only the last may be open."
    field = "bands"


class PriceNegative(UserError):
    code = "plan.price_negative"
    message = "A price cannot be below zero."
    field = "bands"


class CapBelowOnePrice(UserError):
    """A family cap below the price of one person would make a family cheaper than that person."""

    code = "plan.cap_below_one_price"
    message = "The family price must not be lower than the price of one person ({price})."
    field = "family_cap"


class ContractLengthInvalid(UserError):
    code = "plan.contract_length_invalid"
    message = "The contract must have whole periods: {months} months or a multiple of it."
    field = "contract_months"


class CouponPercentInvalid(UserError):
    code = "coupon.percent_invalid"
    message = "Enter a percentage from 1 to 100."
    field = "percent"


class CouponAmountInvalid(UserError):
    code = "coupon.amount_invalid"
    message = "Enter an amount above zero."
    field = "amount"


class CouponKindUnclear(UserError):
    code = "coupon.kind_unclear"
    message = "Enter a percentage or an amount, not both."
    field = "percent"


class CouponPeriodsInvalid(UserError):
    code = "coupon.periods_invalid"
    message = "Enter how many periods it holds, 1 or more, or leave it empty."
    field = "periods"


class CouponDaysReversed(UserError):
    code = "coupon.days_reversed"
    message = "The last day is before the first."
    field = "last_day"
