"""The page for joining, called as a browser calls it: step by step, refused in plain words, never ahead of the code."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from portal_app import gateways
from portal_app.db.scope import transaction
from portal_app.db.tables.memberships import Plan
from portal_app.domain.access import nobody
from portal_app.domain.ids import new_id
from portal_app.domain.memberships.types import JoinStatus, PlanStatus
from portal_app.domain.money import Money
from portal_app.gateways.mail_fake import FakeMailer
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.gateways.sms_fake import FakeTexter
from portal_app.services.memberships.joining import errors
from portal_app.services.memberships.joining.price import price_join
from portal_app.services.memberships.members import errors as member_errors
from portal_app.services.memberships.plans.coupons import NewCoupon, create_coupon
from portal_app.services.memberships.plans.errors import CouponUnknown
from portal_app.services.sign_in import rate_limits
from portal_app.services.sign_in.errors import WrongSignInCode
from portal_app.state.memberships.join import JoinState
from tests.memberships_helper import BANDS, add_price
from tests.people import MARIA, People
from tests.services.memberships.joining.helper import (
    SYSTEM,
    TODAY,
    ZOE_MAIL,
    code_sent,
    join_settings,
    joined,
    offer,
)
from tests.services.sign_in.code_steps import code_in
from tests.state_helper import happens, look_from, on_screen, shows_refusal

ZOE_BORN = {"born_month": "3", "born_day": "2", "born_year": "1985", "member": "on"}
PIP = {
    "given_name": "Pip",
    "family_name": "Quinn",
    "born_month": "May",
    "born_day": "4",
    "born_year": "2018",
    "sex": "male",
    "relationship": "child",
}
HOME = {
    "given_name": "Zoe",
    "family_name": "Quinn",
    "sex": "female",
    "line1": "1 Elm St",
    "line2": "",
    "city": "Springfield",
    "region": "NY",
    "postal_code": "10001",
}


@pytest.fixture(autouse=True)
def processor(sqlite_db: str) -> Iterator[FakeProcessor]:
    rate_limits.forget_all()
    People.create()
    join_settings()
    fake = FakeProcessor()
    gateways.use(gateways.Gateways(payments=fake, mail=FakeMailer(), sms=FakeTexter(), documents=None))  # pyright: ignore[reportArgumentType]  (nothing is printed here)
    yield fake
    gateways.use(None)


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Callable[..., JoinState]:
    def opened(language: str = "en") -> JoinState:
        look_from(monkeypatch, nobody("203.0.113.7", language), language)
        return on_screen(JoinState, "/join")

    return opened


async def chosen(page: JoinState) -> None:
    """A plan, Zoe and Pip."""
    await happens(page.load)
    await happens(page.choose_plan, plan=page.plans[0].id)
    await happens(page.save_me, form=ZOE_BORN)
    await happens(page.add_person, form=PIP)


async def verified(page: JoinState, contact: str = ZOE_MAIL) -> None:
    await happens(page.go_to, step="contact")
    await happens(page.send_code, form={"contact": contact})
    await happens(page.check_code, form={"code": code_in(code_sent(page._asked_code))})


async def at_payment(page: JoinState) -> None:
    await chosen(page)
    await verified(page)
    await happens(page.save_owner, form=HOME)


async def pays(page: JoinState, processor: FakeProcessor, card: str = "pm_card_visa") -> None:
    await happens(page.pay, form={"payment": page.payment})
    await happens(page.pay_with_card, token=processor.token(card))


async def test_join_1_from_the_plan_to_the_confirmation(page: Any, processor: FakeProcessor):
    offer("Family", family_cap=None, description="Visits\nLabs", enrolment_fee=None, contract_months=12)
    tab = page()
    await chosen(tab)
    assert (tab.step, tab.plan, tab.amount) == ("people", "Family", "$110.00 a month")
    assert [(row.label, row.amount) for row in tab.rows] == [("You", "$80.00"), ("Pip Quinn", "$30.00")]
    assert [person.note for person in tab.people] == ["8 years old"]
    await verified(tab)
    assert tab.step == "owner"
    await happens(tab.save_owner, form=HOME)
    assert (tab.step, tab.first, tab.can_pay, tab.card_amount) == ("check", "$110.00", True, 11000)
    await pays(tab, processor)
    assert (tab.step, tab.waits, tab.started) == ("done", True, "June 15, 2026")
    assert joined().request.status is JoinStatus.WAITING


async def test_join_2_who_is_known_is_led_to_sign_in_after_the_code_only(page: Any):
    offer()
    known, unknown = page(), page()
    for tab, contact in ((known, "maria@example.com"), (unknown, ZOE_MAIL)):
        await chosen(tab)
        await happens(tab.go_to, step="contact")
        await happens(tab.send_code, form={"contact": contact})
    differing = ("contact", "sent_to", "reference", "tab")
    shown = [
        {
            name: value
            for name, value in tab.dict()[tab.get_full_name()].items()
            if not name.startswith(differing)
        }
        for tab in (known, unknown)
    ]
    assert len(shown[0]) > 20
    assert shown[0] == shown[1]
    for tab in (known, unknown):
        await happens(tab.check_code, form={"code": code_in(code_sent(tab._asked_code))})
    assert (known.step, unknown.step) == ("known", "owner")
    born = MARIA.birth_date
    await happens(
        known.check_birth_date,
        form={
            "born_month": str(born.month),
            "born_day": str(born.day),
            "born_year": str(born.year),
            "first_name": "Maria",
        },
    )
    assert known.step == "signed_in"
    assert known.ticket


async def test_nothing_is_opened_or_paid_without_the_code(page: Any, processor: FakeProcessor):
    offer()
    tab = page()
    await chosen(tab)
    for step in ("owner", "check", "done", "signed_in", "nonsense"):
        await happens(tab.go_to, step=step)
        assert tab.step == "people"
    await happens(tab.save_owner, form=HOME)
    assert tab.step == "contact"
    for handler in (tab.join_for_nothing, tab.continue_payment, tab.cancel_payment):
        await happens(handler)
    await happens(tab.pay, form={"payment": tab.payment})
    await happens(tab.pay_with_card, token="ctoken_stolen")
    assert processor.attempts == 0
    await happens(tab.send_code, form={"contact": ZOE_MAIL})
    await happens(tab.check_code, form={"code": "000 000"})
    assert tab.step == "code"
    assert shows_refusal(tab, WrongSignInCode, "code")


async def test_a_lost_tab_goes_on_where_it_was(page: Any):
    offer()
    first = page()
    await at_payment(first)
    second = page()
    await happens(second.load)
    await verified(second)
    assert (second.step, second.plan, second.first) == ("check", "Family", "$110.00")
    assert [person.name for person in second.people] == ["Pip Quinn"]
    third = page("es")
    await happens(third.load)
    assert third.step == "plan"


async def test_a_refused_member_stays_typed_and_is_not_on_the_list(page: Any):
    offer()
    tab = page()
    await chosen(tab)
    await happens(tab.open_form, which="other")
    await happens(tab.add_person, form={**PIP, "given_name": ""})
    assert shows_refusal(tab, member_errors.NameMissing, "given_name")
    assert (tab.adding, len(tab.people)) == ("other", 1)
    await happens(tab.add_person, form={**PIP, "given_name": "Ann", "born_year": "1990"})
    assert shows_refusal(tab, member_errors.ConsentMissing, "consent")
    await happens(tab.save_me, form={**ZOE_BORN, "born_year": "2015"})
    assert shows_refusal(tab, errors.OwnerNotAdult, "born")


async def test_an_owner_who_is_no_member_adds_somebody_first(page: Any):
    offer()
    tab = page()
    await happens(tab.load)
    await happens(tab.choose_plan, plan=tab.plans[0].id)
    await happens(tab.save_me, form={**ZOE_BORN, "member": ""})
    assert (tab.adding, tab.amount) == ("other", "")
    await happens(tab.add_person, form=PIP)
    assert tab.amount == "$30.00 a month"
    await happens(tab.remove_person, place=0)
    assert (tab.people, tab.amount, tab.adding) == ([], "", "other")


async def test_a_changed_price_is_shown_before_anything_is_charged(page: Any, processor: FakeProcessor):
    plan = offer()
    tab = page()
    await at_payment(tab)
    add_price(plan, TODAY, [{**band, "minor": band["minor"] + 10_00} for band in BANDS])
    await pays(tab, processor)
    assert processor.attempts == 0
    assert "$130.00" in tab.message
    assert (tab.step, tab.first, tab.card_amount) == ("check", "$130.00", 13000)
    await pays(tab, processor)
    assert tab.step == "done"


async def test_a_retired_plan_is_said_and_cannot_be_paid(page: Any, processor: FakeProcessor):
    plan = offer()
    tab = page()
    await at_payment(tab)
    with transaction(SYSTEM) as tx:
        tx.get_or_404(Plan, plan).status = PlanStatus.RETIRED
    await pays(tab, processor)
    assert (processor.attempts, tab.can_pay) == (0, False)
    assert shows_refusal(tab, errors.PlanNotOffered)


async def test_a_declined_card_is_said_and_another_one_pays(page: Any, processor: FakeProcessor):
    offer()
    tab = page()
    await at_payment(tab)
    before = tab.payment
    await pays(tab, processor, "pm_card_visa_chargeDeclined")
    assert (tab.step, tab.tone, tab.can_pay) == ("check", "late", True)
    assert tab.payment != before
    await pays(tab, processor)
    assert tab.step == "done"


async def test_after_a_declined_card_the_last_use_of_a_coupon_is_still_theirs(
    page: Any, processor: FakeProcessor
):
    create_coupon(People.nora, new_id("cpn"), NewCoupon("ONE", amount=Money(10_00), uses_at_most=1))
    offer()
    tab = page()
    await at_payment(tab)
    await happens(tab.use_coupon, form={"coupon": "ONE"})
    await happens(tab.go_to, step="contact")
    assert (tab.step, tab.first) == ("check", "$100.00")
    await pays(tab, processor, "pm_card_visa_chargeDeclined")
    assert processor.attempts == 1
    with pytest.raises(CouponUnknown):  # nobody else gets it
        price_join(nobody("203.0.113.9", "en"), tab._choice)
    await happens(tab.remove_person, place=0)
    assert (tab.first, tab.field_errors) == ("$70.00", {})


async def test_paid_in_another_tab_it_says_so(page: Any, processor: FakeProcessor):
    offer()
    one, other = page(), page()
    await at_payment(one)
    await happens(other.load)
    await verified(other)
    await pays(one, processor)
    await pays(other, processor)
    assert (other.step, other.message) == ("done", "")
    assert processor.attempts == 1


async def test_where_it_is_off_the_page_says_so(page: Any):
    join_settings(join_online=False)
    tab = page()
    await happens(tab.load)
    assert tab.missing
    await happens(tab.send_code, form={"contact": ZOE_MAIL})
    assert shows_refusal(tab, errors.JoiningOff, "contact")


async def test_a_free_first_invoice_needs_no_card(page: Any, processor: FakeProcessor):
    offer(bands=[{"name": "all", "below": None, "minor": 0}])
    tab = page()
    await at_payment(tab)
    assert tab.free
    assert not tab.card_wanted
    await happens(tab.join_for_nothing)
    assert (tab.step, processor.attempts) == ("done", 0)


async def test_a_reload_before_the_code_keeps_what_was_typed(page: Callable[..., JoinState]) -> None:
    offer()
    first = page()
    await chosen(first)
    await happens(first.add_person, form=PIP)
    kept, amount = first.tab, first.amount
    again = page()
    await happens(again.load)
    assert again.step == "plan" and not again.people
    await happens(again.restore, form={"kept": kept})
    assert (again.step, again.amount, again.plan) == ("people", amount, first.plan)
    assert [one.name for one in again.people] == ["Pip Quinn"]
    assert again.tab == kept


async def test_after_the_code_the_tab_keeps_nothing(page: Callable[..., JoinState]) -> None:
    offer()
    state = page()
    await chosen(state)
    await happens(state.send_code, form={"contact": ZOE_MAIL})
    assert ZOE_MAIL in state.tab
    await happens(state.check_code, form={"code": code_in(code_sent(state._asked_code))})
    assert (state.tab, state.tab_over) == ("", True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "x" * 20_000,
        "[" * 15_000,
        '{"plan": 3, "members": []}',
        '{"plan": "pln_x", "is_member": true, "born": "never", "members": [], "coupon": "", "contact": ""}',
    ],
)
async def test_what_the_tab_brings_back_is_read_as_strictly_as_a_form(
    page: Callable[..., JoinState], text: str
) -> None:
    offer()
    state = page()
    await happens(state.load)
    await happens(state.restore, form={"kept": text})
    assert (state.step, state.tab_over) == ("plan", True)
