"""What staff are asked before a membership changes: the service's preview in words, and the change that it is about."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from portal_app.clock import today
from portal_app.domain.access import Principal
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import MembershipId, PlanId, parse_id
from portal_app.domain.memberships.periods import Span
from portal_app.domain.money import Money
from portal_app.i18n import date_text, gettext_noop, money_text, plural, translate
from portal_app.services.memberships.staff.add_coupon import preview_add_coupon
from portal_app.services.memberships.staff.bill_again import preview_bill_again
from portal_app.services.memberships.staff.bill_day import preview_bill_day
from portal_app.services.memberships.staff.ending import End, EndPreview, preview_end, preview_member_end
from portal_app.services.memberships.staff.pauses import new_pause_id, preview_pause
from portal_app.services.memberships.staff.plan_change import preview_plan_change
from portal_app.services.memberships.staff.read import view_staff_membership
from portal_app.services.memberships.staff.renewal import RenewalChoice, preview_expired_renewal
from portal_app.services.memberships.staff.take_back_end import preview_take_back_end
from portal_app.state.staff.form_values import read_date, read_reason, read_whole_number
from portal_app.state.staff.memberships.changes import (
    AddCoupon,
    BillAgain,
    Change,
    ChangePlan,
    EndMember,
    EndMembership,
    EndPause,
    MoveBillDay,
    Pause,
    Renew,
    StopAutopay,
    TakeBackEnd,
)
from portal_app.state.staff.memberships.labels import band_name
from portal_app.state.staff.memberships.plan_forms import is_ticked

_LONGEST_REASON = 300  # characters
_END = gettext_noop(
    "End the membership of {person} on {day}? Unearned: {unearned}. {credited} comes off unpaid invoices, "
    "{refunded} is refunded."
)
_END_MEMBER = gettext_noop(
    "End the membership of {person} alone on {day}? {credited} comes off unpaid invoices, {refunded} is refunded."
)
_TAKE_BACK_END = gettext_noop(
    "Take back the end of the membership of {person} on {day}? It runs on at the same price. What was refunded stays "
    "refunded; automatic payment and automatic renewal stay as they are."
)
_STOP_AUTOPAY = gettext_noop(
    "Turn off automatic payment with {card} for the membership of {person}? Scheduled tries are dropped, and its "
    "owner is told."
)
_COUPON = gettext_noop(
    "Add the coupon {code} to the membership of {person}? From the invoice of {day} on, {before} becomes {after}."
)
_PAUSE = gettext_noop(
    "Pause the membership of {person} from {first} to {last}? Invoices that are left out: {n}."
)
_END_PAUSE = gettext_noop(
    "End this pause today? Invoices go on with the next bill date, and the contract ends sooner again."
)
_PLAN = gettext_noop(
    "Change the membership of {person} to {plan} from {day} on? {before} a period becomes {after}."
)
_BILL_DAY = gettext_noop("The next invoice of {person} moves from {before} to {after}.")
_AGAIN = gettext_noop("Bill the period of {person} from {first} to {last} again? The invoice is {amount}.")
_RENEW = gettext_noop("Renew the membership of {person} from {day} on? Invoices made now: {amount}.")
_CONTRACT_END = gettext_noop("Contract ends {day}")
_NO_INVOICE = gettext_noop("No invoice now")


@dataclass(frozen=True)
class Question:
    text: str
    lines: tuple[str, ...]
    change: Change


def ask_end(
    principal: Principal, language: str, membership_id: MembershipId, form: Mapping[str, str]
) -> Question:
    """Ask whether the membership shall end. Raises ReasonMissing, InvalidDate, and as `preview_end`."""
    reason, day = read_reason(form), read_date(form, "last_day")
    seen, refund = preview_end(principal, membership_id, day), is_ticked(form, "refund")
    text = _end_text(language, _END, seen, seen.refundable if refund else seen.refunded_anyway)
    return Question(text, (), EndMembership(End(seen.last_day, seen.unearned, refund, reason)))


def ask_member_end(
    principal: Principal, language: str, membership_id: MembershipId, form: Mapping[str, str]
) -> Question:
    """Ask whether a member shall leave. Raises ReasonMissing, InvalidDate, and as `preview_member_end`."""
    enrolment_id = parse_id("enr", form.get("member"))
    reason, day = read_reason(form), read_date(form, "last_day")
    seen = preview_member_end(principal, enrolment_id, day)
    text = _end_text(language, _END_MEMBER, seen, seen.refundable)
    return Question(text, (), EndMember(enrolment_id, End(seen.last_day, seen.unearned, True, reason)))


def _end_text(language: str, msgid: str, seen: EndPreview, refunded: Money) -> str:
    return translate(
        language,
        msgid,
        person=seen.person,
        day=seen.last_day,
        unearned=seen.unearned,
        credited=seen.credited,
        refunded=refunded,
    )


def ask_take_back_end(
    principal: Principal, language: str, membership_id: MembershipId, typed: None
) -> Question:
    """Ask whether an end that lies ahead shall be taken back. Raises as `preview_take_back_end`."""
    seen = preview_take_back_end(principal, membership_id)
    text = translate(language, _TAKE_BACK_END, person=seen.owner, day=seen.last_day)
    return Question(text, (), TakeBackEnd())


def ask_stop_autopay(
    principal: Principal, language: str, membership_id: MembershipId, typed: None
) -> Question:
    """Ask whether automatic payment shall be turned off. Raises NotFound where it is off."""
    seen = view_staff_membership(principal, membership_id)
    if not seen.paid_with:
        raise NotFound
    text = translate(language, _STOP_AUTOPAY, person=seen.owner, card=seen.paid_with)
    return Question(text, (), StopAutopay())


def ask_coupon(
    principal: Principal, language: str, membership_id: MembershipId, form: Mapping[str, str]
) -> Question:
    """Ask whether the coupon shall be added. Raises as `preview_add_coupon`."""
    seen = preview_add_coupon(principal, membership_id, form.get("coupon", ""))
    text = translate(
        language,
        _COUPON,
        code=seen.code,
        person=seen.owner,
        day=seen.first_period,
        before=seen.before,
        after=seen.after,
    )
    return Question(text, (), AddCoupon(seen.code, seen.after))


def ask_pause(
    principal: Principal, language: str, membership_id: MembershipId, form: Mapping[str, str]
) -> Question:
    """Ask whether the pause shall be entered. Raises InvalidDate, and as `preview_pause`."""
    first = read_date(form, "first_day") or today()
    days = Span(first, read_date(form, "pause_last_day") or first)
    seen = preview_pause(principal, membership_id, days)
    text = translate(language, _PAUSE, person=seen.owner, first=days.first, last=days.last, n=seen.skipped)
    reason = " ".join(form.get("pause_reason", "").split())[:_LONGEST_REASON]
    lines = _contract_line(language, seen.contract_end)
    return Question(text, lines, Pause(new_pause_id(), days, reason))


def ask_pause_end(
    principal: Principal, language: str, membership_id: MembershipId, pause_id: str
) -> Question:
    return Question(translate(language, _END_PAUSE), (), EndPause(parse_id("mpa", pause_id)))


def ask_plan(
    principal: Principal, language: str, membership_id: MembershipId, form: Mapping[str, str]
) -> Question:
    """Ask whether the plan shall be changed. Raises as `preview_plan_change`."""
    plan_id = PlanId(parse_id("pln", form.get("plan")))
    seen = preview_plan_change(principal, membership_id, plan_id)
    text = translate(
        language,
        _PLAN,
        person=seen.owner,
        plan=seen.plan,
        day=seen.first_day,
        before=seen.before,
        after=seen.price.amount,
    )
    lines = [
        f"{band_name(language, part.band)}: {money_text(language, part.charged)}" for part in seen.price.parts
    ]
    lines += _contract_line(language, seen.contract_end)
    if seen.above_limit:
        lines.append(translate(language, gettext_noop("Above the monthly limit of direct primary care.")))
    return Question(text, tuple(lines), ChangePlan(plan_id, seen.price.amount))


def ask_bill_day(
    principal: Principal, language: str, membership_id: MembershipId, form: Mapping[str, str]
) -> Question:
    """Ask whether the bill day shall move. Raises as `preview_bill_day`."""
    day = read_whole_number(form, "bill_day", digits=2)
    seen = preview_bill_day(principal, membership_id, day)
    text = translate(language, _BILL_DAY, person=seen.owner, before=seen.before, after=seen.after)
    free = plural(
        language, "{n} day between them is free.", "{n} days between them are free.", seen.free_days
    )
    return Question(text, (free, *_contract_line(language, seen.contract_end)), MoveBillDay(day))


def ask_bill_again(
    principal: Principal, language: str, membership_id: MembershipId, period_start: str
) -> Question:
    """Ask whether the period shall be billed again. Raises as `preview_bill_again`; NotFound for what is no day."""
    try:
        first = date.fromisoformat(period_start)
    except ValueError:
        raise NotFound from None
    seen = preview_bill_again(principal, membership_id, first)
    text = translate(
        language, _AGAIN, person=seen.owner, first=seen.first_day, last=seen.last_day, amount=seen.amount
    )
    return Question(text, (), BillAgain(first, seen.amount))


def ask_renewal(
    principal: Principal, language: str, membership_id: MembershipId, from_old_date: bool
) -> Question:
    """Ask how to renew. Raises as `preview_expired_renewal`; NotFound where the old date is not offered."""
    seen = preview_expired_renewal(principal, membership_id)
    choice = seen.from_old_date if from_old_date else seen.from_today
    if choice is None:
        raise NotFound
    text = translate(language, _RENEW, person=seen.owner, day=choice.first_day, amount=choice.sum)
    return Question(text, invoice_lines(language, choice), Renew(from_old_date, choice.sum))


def invoice_lines(language: str, choice: RenewalChoice) -> tuple[str, ...]:
    """Every invoice that a renewal makes at once, with its date; and until when the new contract runs."""
    lines = [
        f"{date_text(language, each.bill_date)}: {money_text(language, each.amount)}"
        for each in choice.invoices
    ] or [translate(language, _NO_INVOICE)]
    return (*lines, *_contract_line(language, choice.term.last if choice.term else None))


def _contract_line(language: str, day: date | None) -> tuple[str, ...]:
    return (translate(language, _CONTRACT_END, day=day),) if day else ()
