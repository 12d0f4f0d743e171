"""What may be renewed today, and at which price (REN-1, REN-2, REN-3, MEM-13)."""

from datetime import date

from portal_app.clock import today
from portal_app.domain.errors import UserError
from portal_app.domain.memberships.agreed import price_for_new
from portal_app.domain.memberships.periods import ONE_DAY
from portal_app.domain.memberships.prices import PeriodPrice, PriceVersion, price_period
from portal_app.domain.memberships.renewal import is_expired, is_offered, next_term
from portal_app.domain.memberships.types import BilledBy, EndReason, MembershipStatus, Standing
from portal_app.services.memberships.autopay.standing import PaymentStanding
from portal_app.services.memberships.load import LoadedMembership
from portal_app.services.memberships.views.prices import price_lines
from portal_app.services.memberships.views.types import RenewalState, RenewalView


def view_renewal(membership: LoadedMembership, standing: PaymentStanding) -> RenewalView:
    """The renewal of a membership as its owner sees it today."""
    state, months = renewal_state(membership, standing), membership.last_plan.contract_months
    end = membership.row.contract_end
    shown = {RenewalState.OFFERED, RenewalState.AUTOMATIC, RenewalState.HELD}
    if state not in shown or end is None or months is None:
        return RenewalView(state)
    term = next_term(end, months, membership.row.anchor)
    if membership.row.billed_by is BilledBy.PRACTICE:
        return RenewalView(state, term.first, term.last)
    version = renewal_price(membership)
    try:
        price = price_of_new_term(membership, version, term.first) if version else None
    except UserError:  # a member without a usable date of birth: staff must look
        price = None
    if version is None or price is None:
        automatic = state is RenewalState.AUTOMATIC
        return RenewalView(state, term.first, term.last) if automatic else RenewalView(RenewalState.CONTACT)
    return RenewalView(
        state,
        term.first,
        term.last,
        version.id,
        price_lines(membership, price),
        takes_cancellation_back=membership.row.ends_on is not None,
    )


def renewal_state(membership: LoadedMembership, standing: PaymentStanding) -> RenewalState:
    """Whether a membership can be renewed now, and if not, why."""
    row, day = membership.row, today()
    if row.contract_end is None:
        return RenewalState.NONE
    if row.status is MembershipStatus.ENDED:
        return RenewalState.EXPIRED if row.end_reason is EndReason.EXPIRED else RenewalState.NONE
    if is_expired(row.contract_end, day):
        return RenewalState.EXPIRED
    if row.ends_on is not None:
        return _state_of_ending(membership)
    if row.renews_automatically:
        return RenewalState.AUTOMATIC
    if not is_offered(row.contract_end, day):
        return RenewalState.NONE
    if row.billed_by is BilledBy.PRACTICE or membership.last_plan.contract_months is None:
        return RenewalState.CONTACT
    return RenewalState.OFFERED if standing.standing is Standing.FINE else RenewalState.HELD


def _state_of_ending(membership: LoadedMembership) -> RenewalState:
    """Of one whose end is decided: renewing takes a cancellation for the contract's end back."""
    row = membership.row
    mine = row.billed_by is BilledBy.PORTAL and row.end_reason is EndReason.CANCELLED
    if not mine or not is_offered(row.contract_end, today()):
        return RenewalState.NONE
    for_that_end = row.ends_on == row.contract_end and membership.last_plan.contract_months is not None
    return RenewalState.OFFERED if for_that_end else RenewalState.CANCELLED


def renewal_price(membership: LoadedMembership) -> PriceVersion | None:
    """The price version of the next term: the one announced first where it renews by itself, else today's."""
    versions = membership.agreed.terms[-1].plan.versions
    announced = (
        next((v for v in versions if v.id == membership.row.renewal_price_id), None)
        if membership.row.renews_automatically
        else None
    )
    return announced or price_for_new(versions, today())


def price_of_new_term(membership: LoadedMembership, version: PriceVersion, first_day: date) -> PeriodPrice:
    """The price of the new term's first period, coupons with periods left included. Raises: UserError."""
    agreed = membership.agreed
    start = max(membership.row.next_bill_date or today(), today())
    unbilled = [
        day for day in agreed.bill_dates(start, first_day - ONE_DAY) if day not in membership.invoiced
    ]
    coupons = agreed.coupons_on(first_day, unbilled)
    return price_period(agreed.members_on(first_day), version, first_day, coupons)
