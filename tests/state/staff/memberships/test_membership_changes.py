"""What staff change at one membership: asked about with amounts and days first, done once, refused at its field."""

from datetime import date

import pytest
from sqlmodel import select

from portal_app.db.scope import reading, transaction
from portal_app.db.tables.billing import Invoice
from portal_app.db.tables.memberships import Enrolment, MembershipPause
from portal_app.db.tables.messages import OutboxMessage
from portal_app.domain.access import system_principal
from portal_app.domain.billing.types import InvoiceStatus
from portal_app.domain.ids import MembershipId, new_id
from portal_app.domain.memberships.types import EventKind, MembershipStatus
from portal_app.services.memberships.autopay.choose import set_autopay
from portal_app.services.memberships.plans.coupons import NewCoupon, create_coupon
from portal_app.services.memberships.staff.errors import BillDayInvalid, LastDayOutOfRange, SamePlan
from portal_app.state.staff.memberships import membership
from portal_app.state.staff.memberships.membership import StaffMembershipState
from tests.memberships_helper import add_membership, add_plan
from tests.people import EVA, MARIA, RIVERA, VISA, People
from tests.services.memberships.staff.helper import (
    at,
    billed,
    events_of,
    invoices_of,
    pay_at_desk,
    refunds,
    row_of,
    run,
    terms_of,
)
from tests.state_helper import happens, look_from, on_screen, shows_refusal

START = date(2026, 6, 15)


@pytest.fixture
def people(sqlite_db: str, monkeypatch: pytest.MonkeyPatch) -> People:
    sample = People.create()
    look_from(monkeypatch, sample.nora)
    monkeypatch.setattr(membership, "watch", lambda *_: None)
    return sample


@pytest.fixture
def family(people: People) -> MembershipId:
    made = add_membership(RIVERA, add_plan("Care"), [MARIA.id, EVA.id], start=START)
    run(START)
    return made


async def opened(made: MembershipId) -> StaffMembershipState:
    page = on_screen(StaffMembershipState, f"/staff/memberships/{made}")
    await happens(page.load)
    assert page.ready and not page.missing
    return page


async def confirmed(page: StaffMembershipState) -> None:
    """Pressed twice; done once."""
    await happens(page.confirm)
    done = page.message
    assert page.tone == "paid" and done and page.question == ""
    await happens(page.confirm)


async def test_another_plan_shows_its_price_and_day_and_is_changed_then(family: MembershipId):
    other = add_plan(
        "Care plus", bands=[{"name": "adult", "below": None, "minor": 100_00}], contract_months=12
    )
    page = await opened(family)
    assert [plan.name for plan in page.other_plans] == ["Care plus"]
    await happens(page.ask_plan, form={"plan": row_of(family).plan_id})
    assert shows_refusal(page, SamePlan, "plan") and page.asked_form == "plan"
    await happens(page.ask_plan, form={"plan": other})
    assert "$110.00" in page.question and "$200.00" in page.question and "July 15" in page.question
    assert page.question_lines == ["Adult: $100.00", "Adult: $100.00", "Contract ends July 14, 2027"]
    await happens(page.keep)
    assert EventKind.PLAN_CHANGED not in events_of(family)
    await happens(page.ask_plan, form={"plan": other})
    await confirmed(page)
    assert events_of(family).count(EventKind.PLAN_CHANGED) == 1
    assert page.coming_plan == "Care plus" and page.next_amount == "$200.00"


async def test_the_bill_day_moves_and_the_free_days_are_said_before(family: MembershipId):
    page = await opened(family)
    for wrong in ("29", "0", "x", "15"):
        await happens(page.ask_bill_day, form={"bill_day": wrong})
        assert shows_refusal(page, BillDayInvalid, "bill_day") and page.question == ""
    await happens(page.ask_bill_day, form={"bill_day": "20"})
    assert "July 15" in page.question and "July 20" in page.question
    assert page.question_lines == ["5 days between them are free."]
    await confirmed(page)
    assert row_of(family).next_bill_date == date(2026, 7, 20)
    assert events_of(family).count(EventKind.BILL_DAY_MOVED) == 1


async def test_a_pause_is_listed_and_ended_after_a_question(family: MembershipId):
    page = await opened(family)
    await happens(page.ask_pause, form={"first_day": "2026-06-16", "pause_last_day": "2026-07-20"})
    await confirmed(page)
    (line,) = page.pauses
    await happens(page.ask_pause_end, pause=line.key)
    await happens(page.keep)
    assert len(page.pauses) == 1
    await happens(page.ask_pause_end, pause=line.key)
    await confirmed(page)
    assert page.pauses == [] and row_of(family).next_bill_date == date(2026, 7, 15)
    with reading(system_principal("test")) as tx:
        assert tx.exec(select(MembershipPause)).all() == []


async def test_one_member_ends_with_the_period_and_the_others_go_on(family: MembershipId):
    page = await opened(family)
    eva = next(member for member in page.current_members if member.name == "Eva Rivera")
    await happens(page.ask_member_end, form={"member": eva.id, "reason": "moves", "last_day": "2027-01-01x"})
    assert page.field_errors.keys() == {"last_day"} and page.asked_form == "member"
    await happens(page.ask_member_end, form={"member": eva.id, "reason": "moves", "last_day": "2026-06-01"})
    assert shows_refusal(page, LastDayOutOfRange, "last_day")
    await happens(page.ask_member_end, form={"member": eva.id, "reason": "moves"})
    assert "Eva Rivera" in page.question and "July 14" in page.question
    await confirmed(page)
    with reading(system_principal("test")) as tx:
        assert tx.get_or_404(Enrolment, eva.id).end == date(2026, 7, 14)
    assert page.next_amount == "$80.00"


async def test_an_end_at_once_refunds_the_unearned_part_to_the_cent(family: MembershipId):
    (invoice,) = invoices_of(family)
    pay_at_desk(invoice.id, 110_00)
    page = await opened(family)
    form = {"last_day": "2026-06-15", "reason": "moves away", "refund": "yes"}
    await happens(page.ask_end, form=form)
    assert "$106.33 is refunded" in page.question  # 1 of 30 days used
    await confirmed(page)
    assert refunds() == [106_33] and page.ends_on == "June 15"
    assert not page.may_change and page.may_end


async def test_an_expired_contract_is_renewed_from_the_old_date_or_today_with_both_amounts(people: People):
    made = add_membership(
        RIVERA,
        add_plan("Care", contract_months=12),
        [MARIA.id],
        start=date(2025, 4, 10),
        next_bill_date=date(2026, 4, 10),
        contract_end=date(2026, 4, 9),
    )
    run(date(2026, 4, 11))
    page = await opened(made)
    old, today = page.renewals
    assert (old.sum, old.lines[:3]) == ("$240.00", ["April 10: $80.00", "May 10: $80.00", "June 10: $80.00"])
    assert (today.sum, today.lines[0]) == ("$80.00", "June 15: $80.00")
    await happens(page.ask_renewal, from_old_date=True)
    assert "$240.00" in page.question and page.question_lines == old.lines
    await confirmed(page)
    assert [day for day, _amount in billed(made)] == [date(2026, 4, 10), date(2026, 5, 10), date(2026, 6, 10)]
    assert row_of(made).status is MembershipStatus.ACTIVE and page.renewals == []
    assert terms_of(made)[-1] == (date(2026, 4, 10), date(2027, 4, 9))


async def test_a_voided_period_is_billed_again_after_a_question(family: MembershipId):
    (invoice,) = invoices_of(family)
    page = await opened(family)
    assert [line.again for line in page.invoices] == [""]
    with transaction(system_principal("test")) as tx:
        tx.get_or_404(Invoice, invoice.id, lock=True).status = InvoiceStatus.VOID
    await happens(page.refresh)
    assert [line.again for line in page.invoices] == ["2026-06-15"]
    await happens(page.ask_bill_again, period_start="2026-06-15")
    assert "$110.00" in page.question
    await confirmed(page)
    assert billed(family) == [(START, 110_00), (START, 110_00)]
    assert [line.again for line in page.invoices] == ["", ""]
    await happens(page.ask_bill_again, period_start="yesterday")
    assert page.question == ""


async def test_an_end_that_lies_ahead_is_taken_back_after_a_question(family: MembershipId):
    page = await opened(family)
    await happens(page.ask_end, form={"last_day": "", "reason": "moves away"})
    await confirmed(page)
    assert page.ends_on
    await happens(page.ask_take_back_end)
    assert "Maria Rivera" in page.question and "July 14" in page.question
    await confirmed(page)
    assert (page.ends_on, row_of(family).ends_on) == ("", None)
    await happens(page.ask_take_back_end)
    assert page.question == "" and page.message


async def test_automatic_payment_is_turned_off_and_its_owner_is_told(family: MembershipId):
    set_autopay(People.maria, family, VISA)
    page = await opened(family)
    assert "4242" in page.paid_with
    await happens(page.ask_stop_autopay)
    assert "Maria Rivera" in page.question and "4242" in page.question
    await confirmed(page)
    assert (page.paid_with, row_of(family).payment_method_id) == ("", None)
    with reading(system_principal("test")) as tx:
        told = tx.exec(select(OutboxMessage).where(OutboxMessage.kind == "autopay_off")).all()
    assert {message.patient_id for message in told} == {MARIA.id}
    await happens(page.ask_stop_autopay)
    assert page.question == ""


async def test_a_coupon_is_added_after_its_price_was_shown(family: MembershipId):
    create_coupon(People.nora, new_id("cpn"), NewCoupon("SPRING", percent=10))
    page = await opened(family)
    await happens(page.ask_coupon, form={"coupon": "none"})
    assert page.question == "" and page.field_errors["coupon"]
    await happens(page.ask_coupon, form={"coupon": "spring"})
    assert "$110.00" in page.question and "$99.00" in page.question
    await confirmed(page)
    assert (page.coupons, page.next_amount) == ("SPRING", "$99.00")


async def test_the_history_shows_days_and_amounts_in_words(family: MembershipId):
    page = await opened(family)
    await happens(page.ask_bill_day, form={"bill_day": "20"})
    await happens(page.confirm)
    moved = page.history[0]
    assert moved.title == "Bill day moved" and "July 15 · July 20" in moved.detail
    assert "Nora" in moved.amount


async def test_the_front_desk_sees_it_and_reads_who_may_change_it(
    family: MembershipId, people: People, monkeypatch: pytest.MonkeyPatch
):
    look_from(monkeypatch, people.dana)
    page = await opened(family)
    assert not (page.may_change or page.may_end or page.may_bill_again) and page.missing_permission
    for handler, given in (
        (page.ask_plan, {"form": {}}),
        (page.ask_bill_day, {"form": {}}),
        (page.ask_pause_end, {"pause": "mpa_1"}),
        (page.ask_member_end, {"form": {}}),
        (page.ask_bill_again, {"period_start": "2026-06-15"}),
        (page.ask_renewal, {"from_old_date": True}),
        (page.confirm, {}),
    ):
        page.notice = ""
        await happens(handler, **given)
        assert page.notice and page.question == ""


async def test_on_another_day_an_unpaid_period_is_credited(family: MembershipId):
    with at(date(2026, 6, 25)):
        page = await opened(family)
        await happens(page.ask_end, form={"last_day": "2026-06-25", "reason": "moves away"})
        assert "$69.67 comes off" in page.question  # 11 of 30 days used
