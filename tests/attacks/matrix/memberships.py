"""Services about memberships."""

from dataclasses import replace
from datetime import date

from portal_app.domain.ids import MembershipId, PlanId, new_id
from portal_app.domain.memberships.periods import Span
from portal_app.domain.memberships.prices import Band
from portal_app.domain.memberships.types import Period
from portal_app.domain.money import Money
from portal_app.services.documents import membership_documents
from portal_app.services.memberships.autopay import choose, standing, start_try, upcoming
from portal_app.services.memberships.cancellation.cancel import cancel_membership, undo_cancellation
from portal_app.services.memberships.joining import answer
from portal_app.services.memberships.members import add, open_requests, preview, requests, take_back
from portal_app.services.memberships.plans import coupons, edit, prices, read
from portal_app.services.memberships.receipts import year
from portal_app.services.memberships.renewals.renew import (
    SeenRenewal,
    renew_membership,
    set_automatic_renewal,
)
from portal_app.services.memberships.staff import (
    add_coupon,
    bill_again,
    bill_day,
    ending,
    enrol,
    pauses,
    plan_change,
    renewal,
    take_back_end,
)
from portal_app.services.memberships.staff import read as staff_read
from portal_app.services.memberships.view import view_membership
from portal_app.services.patients import chart_numbers
from tests.attacks.everybody import TODAY, Stage
from tests.attacks.matrix.lines import EDITS, MONEY, NOBODY, SEES_BILLING, Ask, Line
from tests.payments_helper import new_payment
from tests.people import KIM, MARIA, OKAFOR, RIVERA, TIM, VISA

LINES: list[Line] = []
MANAGES_PLANS = "nora olga"
OWNER = "maria"
SHOWN = add.Shown(date(2026, 7, 1), Money(140_00))
FACTS = edit.PlanFacts("Another plan", Period.MONTH)
PRICE = prices.NewPrice((Band("adult", None, Money(80_00)),), None, date(2026, 8, 1))
SEEN = SeenRenewal(date(2026, 7, 1), "ppr_x", Money(110_00))


def line(what: str, whom: str, ask: Ask) -> None:
    LINES.append(Line(what, ask, frozenset(whom.split())))


# Plans and coupons, which are the practice's

line("memberships.view_plan", SEES_BILLING, lambda p, s: read.view_plan(p, s.plan))
line(
    "memberships.create_plan",
    MANAGES_PLANS,
    lambda p, s: edit.create_plan(p, edit.new_plan_id(), FACTS, PRICE),
)
line("memberships.change_plan_facts", MANAGES_PLANS, lambda p, s: edit.change_plan_facts(p, s.plan, FACTS))
line("memberships.retire_plan", MANAGES_PLANS, lambda p, s: edit.retire_plan(p, s.plan))
line(
    "memberships.schedule_price",
    MANAGES_PLANS,
    lambda p, s: prices.schedule_price(p, new_id("ppr"), s.plan, PRICE),
)
line(
    "memberships.preview_price",
    MANAGES_PLANS,
    lambda p, s: prices.preview_price(p, s.plan, PRICE),
)
line(
    "memberships.create_coupon",
    MANAGES_PLANS,
    lambda p, s: coupons.create_coupon(p, new_id("cpn"), coupons.NewCoupon("SPRING", percent=10)),
)
line("memberships.retire_coupon", MANAGES_PLANS, lambda p, s: coupons.retire_coupon(p, s.coupon))


# Luis sees plan and dates of Eva, his child; what he is let pay for Maria changes nothing of that.
line("memberships.view_membership", "maria luis payer", lambda p, s: view_membership(p, s.membership))
line("memberships.renew_membership", "maria", lambda p, s: renew_membership(p, s.membership, SEEN))
line("memberships.set_automatic_renewal", "maria", lambda p, s: set_automatic_renewal(p, s.membership, True))
line(
    "memberships.cancel_membership",
    "maria",
    lambda p, s: cancel_membership(p, s.membership, date(2026, 6, 30)),
)
line("memberships.undo_cancellation", "maria", lambda p, s: undo_cancellation(p, s.membership))

# Automatic payment: its owner agrees to it

line(
    "memberships.autopay_standing",
    f"maria {SEES_BILLING}",
    lambda p, s: standing.autopay_standing(p, s.membership),
)
line("memberships.view_autopay", "maria", lambda p, s: choose.view_autopay(p, s.membership))
line("memberships.set_autopay", "maria", lambda p, s: choose.set_autopay(p, s.membership, VISA))
line(
    "memberships.stop_autopay",
    f"maria {MANAGES_PLANS}",
    lambda p, s: choose.stop_autopay(p, s.membership),
)
line(
    "memberships.replace_and_pay",
    "maria",
    lambda p, s: choose.replace_and_pay(
        p, s.membership, VISA, new_payment(), Money(1_00), processor=s.processor
    ),
)
line("memberships.start_try", NOBODY, lambda p, s: start_try.start_try(p, s.membership))
# Maria's membership, changed by staff

JULY = Span(date(2026, 7, 1), date(2026, 7, 31))
NEW = enrol.NewMembership(OKAFOR, PlanId("pln_" + "0" * 32), (KIM.id,), TODAY)


def _new(stage: Stage) -> enrol.NewMembership:
    return replace(NEW, plan_id=stage.plan)


line("memberships.list_candidates", MANAGES_PLANS, lambda p, s: enrol.list_candidates(p, RIVERA))
line("memberships.preview_enrolment", MANAGES_PLANS, lambda p, s: enrol.preview_enrolment(p, _new(s)))
line(
    "memberships.start_membership",
    MANAGES_PLANS,
    lambda p, s: enrol.start_membership(p, MembershipId(new_id("mem")), _new(s), shown=Money(80_00)),
)
line(
    "memberships.preview_plan_change",
    MANAGES_PLANS,
    lambda p, s: plan_change.preview_plan_change(p, s.membership, s.plan),
)
line(
    "memberships.change_plan",
    MANAGES_PLANS,
    lambda p, s: plan_change.change_plan(p, s.membership, s.plan, shown=Money(0)),
)
line("memberships.preview_pause", MANAGES_PLANS, lambda p, s: pauses.preview_pause(p, s.membership, JULY))
line(
    "memberships.start_pause",
    MANAGES_PLANS,
    lambda p, s: pauses.start_pause(p, s.membership, pauses.new_pause_id(), JULY),
)
line("memberships.end_pause", MANAGES_PLANS, lambda p, s: pauses.end_pause(p, s.pause))
line(
    "memberships.preview_bill_day", MANAGES_PLANS, lambda p, s: bill_day.preview_bill_day(p, s.membership, 9)
)
line("memberships.move_bill_day", MANAGES_PLANS, lambda p, s: bill_day.move_bill_day(p, s.membership, 9))
line("memberships.preview_end", MANAGES_PLANS, lambda p, s: ending.preview_end(p, s.membership))
line(
    "memberships.end_by_practice",
    MANAGES_PLANS,
    lambda p, s: ending.end_by_practice(
        p, s.membership, ending.End(date(2026, 6, 30), Money(0)), processor=s.processor
    ),
)
line(
    "memberships.preview_take_back_end",
    MANAGES_PLANS,
    lambda p, s: take_back_end.preview_take_back_end(p, s.membership),
)
line("memberships.take_back_end", MANAGES_PLANS, lambda p, s: take_back_end.take_back_end(p, s.membership))
line(
    "memberships.preview_add_coupon",
    MANAGES_PLANS,
    lambda p, s: add_coupon.preview_add_coupon(p, s.membership, "SPRING"),
)
line(
    "memberships.add_coupon",
    MANAGES_PLANS,
    lambda p, s: add_coupon.add_coupon(p, s.membership, "SPRING", shown=Money(0)),
)
line("memberships.preview_member_end", MANAGES_PLANS, lambda p, s: ending.preview_member_end(p, s.enrolment))
line(
    "memberships.end_member",
    MANAGES_PLANS,
    lambda p, s: ending.end_member(
        p, s.enrolment, ending.End(date(2026, 6, 30), Money(0)), processor=s.processor
    ),
)
line(
    "memberships.preview_expired_renewal",
    MANAGES_PLANS,
    lambda p, s: renewal.preview_expired_renewal(p, s.membership),
)
line(
    "memberships.renew_expired",
    MANAGES_PLANS,
    lambda p, s: renewal.renew_expired(p, s.membership, from_old_date=False, shown=Money(0)),
)
line(
    "memberships.preview_bill_again",
    MANAGES_PLANS,
    lambda p, s: bill_again.preview_bill_again(p, s.billed, date(2026, 5, 1)),
)
line(
    "memberships.bill_again",
    MANAGES_PLANS,
    lambda p, s: bill_again.bill_again(p, s.billed, date(2026, 5, 1), shown=Money(0)),
)
line(
    "memberships.view_staff_membership",
    SEES_BILLING,
    lambda p, s: staff_read.view_staff_membership(p, s.membership),
)


# What was paid in a year

line(
    "memberships.membership_payments_of_year",
    MONEY,
    lambda p, s: year.membership_payments_of_year(p, 2026, account_id=RIVERA),
)
line(
    "documents.membership_year_paper",
    MONEY,
    lambda p, s: membership_documents.membership_year_paper(p, 2026, "en", account_id=RIVERA),
)

# Members, whom the owner adds

line("memberships.begin_adding", OWNER, lambda p, s: preview.begin_adding(p, s.membership))
line("memberships.preview_member", OWNER, lambda p, s: preview.preview_member(p, s.membership, TIM.id))
line("memberships.add_member", OWNER, lambda p, s: add.add_member(p, s.membership, TIM.id, SHOWN))
line(
    "memberships.take_back_member",
    OWNER,
    lambda p, s: take_back.take_back_member(p, s.enrolment, processor=s.processor),
)
line(
    "memberships.answer_member_request of somebody else",
    NOBODY,
    lambda p, s: requests.answer_member_request(p, "mrq_" + "0" * 32, agreed=True),
)
line(
    "memberships.withdraw_request of somebody else",
    NOBODY,
    lambda p, s: open_requests.withdraw_request(p, "mrq_" + "0" * 32),
)
line(
    "patients.give_chart_number",
    EDITS,
    lambda p, s: chart_numbers.give_chart_number(p, MARIA.id, "C-0001"),
)
line("memberships.upcoming_charges", "maria embed", lambda p, s: upcoming.upcoming_charges(p, RIVERA))

# Those who joined online, whom staff answer

line("memberships.accept_join", MANAGES_PLANS, lambda p, s: answer.accept_join(p, s.joined))
line(
    "memberships.refuse_join",
    MANAGES_PLANS,
    lambda p, s: answer.refuse_join(p, s.joined, "We are full", processor=s.processor),
)
