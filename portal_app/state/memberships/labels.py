"""Memberships in words: status, dates, amounts, how it is paid, what is scheduled."""

from datetime import date
from urllib.parse import urlencode

from portal_app.clock import today
from portal_app.domain.ids import AccountId, MembershipId
from portal_app.domain.memberships.types import EndReason, MembershipStatus, Period, Standing
from portal_app.domain.memberships.upcoming import Change, ChangeKind
from portal_app.domain.money import Money
from portal_app.i18n import full_date_text, gettext_noop, money_text, paid_with_text, translate
from portal_app.services.memberships.autopay.standing import PaymentStanding
from portal_app.services.memberships.views.types import (
    HowPaid,
    MembershipView,
    PriceLines,
    RenewalState,
)
from portal_app.state.family.labels import price_words
from portal_app.state.i18n_paths import address

_STATUS = {
    MembershipStatus.PENDING: ("info", gettext_noop("Starts {day}")),
    MembershipStatus.ACTIVE: ("paid", gettext_noop("Active")),
    MembershipStatus.PAUSED: ("info", gettext_noop("Paused")),
}
_ENDED = {
    EndReason.CANCELLED: gettext_noop("Membership cancelled"),
    EndReason.EXPIRED: gettext_noop("Membership expired"),
    EndReason.ENDED_BY_PRACTICE: gettext_noop("Membership ended"),
    EndReason.REFUSED: gettext_noop("Not accepted"),
}
_CHANGES = {
    ChangeKind.MEMBER_STARTS: gettext_noop("{person} starts on {day}"),
    ChangeKind.MEMBER_ENDS: gettext_noop("{person} leaves after {day}"),
    ChangeKind.AMOUNT: gettext_noop("From {day} you pay {price}"),
    ChangeKind.PAUSE: gettext_noop("Paused from {day} to {last}"),
    ChangeKind.ENDS: gettext_noop("Ends on {day}"),
    ChangeKind.RENEWS: gettext_noop("Renewed from {day} to {last}"),
}
_PERIODS = {
    Period.MONTH: gettext_noop("Each month"),
    Period.QUARTER: gettext_noop("Each quarter"),
    Period.YEAR: gettext_noop("Each year"),
}


def membership_status(language: str, view: MembershipView) -> tuple[str, str]:
    """Tone and words of the tag: what needs doing before what is."""
    if view.status is MembershipStatus.ENDED:
        reason = view.end_reason or EndReason.ENDED_BY_PRACTICE
        return "quiet", translate(language, _ENDED[reason])
    if view.standing and view.standing.standing is Standing.PAST_DUE:
        return "late", translate(language, "Past due")
    if view.standing and view.standing.standing is Standing.IN_RETRY:
        return "late", translate(language, "Payment failed")
    if view.ends_on is not None:
        return "due", translate(language, "Ends on {day}", day=full_date_text(language, view.ends_on))
    if view.renewal.state is RenewalState.EXPIRED:
        return "quiet", translate(language, "Membership expired")
    if view.status is MembershipStatus.PENDING and view.start <= today():
        return "info", translate(language, "Waiting for our answer")
    tone, msgid = _STATUS[view.status]
    return tone, translate(language, msgid, day=full_date_text(language, view.start))


def period_price(language: str, period: Period, amount: Money) -> str:
    """ "$110.00 a month"."""
    return price_words(language, period, money_text(language, amount))


def period_words(language: str, period: Period) -> str:
    return translate(language, _PERIODS[period])


def member_dates(language: str, start: date | None, end: date | None, today: date) -> str:
    """ "" where the dates are not for the viewer."""
    if start is None:
        return ""
    first = full_date_text(language, start)
    if end is not None:
        return translate(language, "From {start} to {end}", start=first, end=full_date_text(language, end))
    if start > today:
        return translate(language, "Starts {day}", day=first)
    return translate(language, "Since {start}", start=first)


def amount_rows(language: str, price: PriceLines) -> list[tuple[str, str]]:
    """Label and amount of each line: members, what the family price saves, coupons."""
    rows = [(line.name, money_text(language, line.price)) for line in price.lines]
    if price.saved_by_cap:
        rows.append((translate(language, "Family price"), money_text(language, -price.saved_by_cap)))
    rows += [
        (translate(language, "Coupon {code}", code=line.code), money_text(language, -line.amount))
        for line in price.coupons
    ]
    return rows


def paid_words(language: str, view: MembershipView) -> str:
    match view.how_paid:
        case HowPaid.AUTOPAY:
            shown = paid_with_text(language, view.paid_with)
            return translate(language, "Automatically, with {shown}", shown=shown)
        case HowPaid.BY_HAND:
            return translate(language, "You pay each invoice")
        case HowPaid.PRACTICE:
            return translate(language, "The practice bills it")
        case _:
            return ""


def change_words(language: str, view: MembershipView, change: Change) -> str:
    names = {member.id: member.name for member in view.members}
    return translate(
        language,
        _CHANGES[change.kind],
        person=names.get(change.member_id, ""),
        day=full_date_text(language, change.day),
        last=full_date_text(language, change.last_day) if change.last_day else "",
        price=period_price(language, view.period, change.amount) if change.amount is not None else "",
    )


def renewal_words(language: str, view: MembershipView) -> str:
    """What the page says of the contract's renewal; "" where it says nothing."""
    renewal = view.renewal
    first = full_date_text(language, renewal.first_day) if renewal.first_day else ""
    match renewal.state:
        case RenewalState.AUTOMATIC if renewal.price:
            price = period_price(language, view.period, renewal.price.amount)
            return translate(language, "Renews automatically on {day}, for {price}", day=first, price=price)
        case RenewalState.AUTOMATIC:
            return translate(language, "Renews automatically on {day}", day=first)
        case RenewalState.HELD if view.standing:
            owed = money_text(language, view.standing.unpaid)
            return translate(language, "Pay what is open first ({amount}), then you can renew.", amount=owed)
        case RenewalState.EXPIRED:
            return translate(language, "This membership has expired. Contact the practice to start it again.")
        case RenewalState.CONTACT:
            return translate(language, "Contact the practice to renew this membership.")
        case RenewalState.CANCELLED:
            return translate(language, "To renew it, take the cancellation back first.")
        case _:
            return ""


def owed_words(language: str, standing: PaymentStanding, *, automatic: bool) -> tuple[str, str]:
    """What is open, and what happens next and when; ("", "") where all is fine."""
    if standing.is_fine:
        return "", ""
    owed = translate(language, "{amount} is open", amount=money_text(language, standing.unpaid))
    if standing.next_try:
        msgid = gettext_noop("We try again on {day}. If you pay before, that try falls away.")
        return owed, translate(language, msgid, day=full_date_text(language, standing.next_try))
    if standing.confirm_by:
        msgid = gettext_noop(
            "Your bank asks you to confirm it. Pay and confirm by {day}: we do not try again by ourselves."
        )
        return owed, translate(language, msgid, day=full_date_text(language, standing.confirm_by))
    if automatic:
        return owed, translate(
            language, "We do not charge it again by ourselves. Pay it now, or use another card."
        )
    return owed, ""


def pay_address(language: str, account_id: AccountId, membership_id: MembershipId) -> str:
    """The page of payments, with what is open of this membership chosen."""
    query = urlencode({"account": account_id, "pay": "membership", "membership": membership_id})
    return address(language, f"/payments?{query}")
