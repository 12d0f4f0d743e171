"""The pages Memberships, Renew and Cancel, behind the real guard."""

from datetime import date
from typing import Any

import pytest

from portal_app.domain.ids import MembershipId
from portal_app.domain.memberships.types import MembershipStatus
from portal_app.domain.money import Money
from portal_app.services.memberships.billing_run import bill_memberships
from portal_app.state.memberships.cancel import CancelState
from portal_app.state.memberships.memberships import MembershipsState
from portal_app.state.memberships.renew import RenewState
from tests.memberships_helper import add_membership, add_plan, add_price, enrol
from tests.people import EVA, LUIS, MARIA, RIVERA, TIM, VISA, People
from tests.services.memberships.renewals.test_renew import RAISED, SYSTEM, contract, row_of
from tests.state_helper import happens, look_from, on_screen


@pytest.fixture
def sample_people(sqlite_db: str) -> People:
    return People.create()


async def opened(state: Any, address: str) -> Any:
    page = on_screen(state, address)
    await happens(page.load)
    return page


def family(**values: object) -> MembershipId:
    plan = add_plan("Care", description="All visits\nTelehealth", family_cap=Money(190_00))
    dates = {"start": date(2026, 1, 10), "next_bill_date": date(2026, 7, 10)}
    return add_membership(RIVERA, plan, [MARIA.id, LUIS.id, EVA.id], **dates | values)  # type: ignore[arg-type]


async def test_who_pays_sees_dates_amounts_and_what_to_do(
    sample_people: People, monkeypatch: pytest.MonkeyPatch
):
    membership = family(payment_method_id=VISA)
    enrol(membership, RIVERA, TIM.id, start=date(2026, 7, 10))
    look_from(monkeypatch, sample_people.maria)
    page = await opened(MembershipsState, "/memberships")
    (card,) = page.current
    assert (card.plan, card.tone, card.status) == ("Care", "paid", "Active")
    assert card.includes == ["All visits", "Telehealth"]
    assert (card.next_bill, card.paid) == (
        "July 10, 2026: $190.00",
        "Automatically, with Visa ending in 4242",
    )
    assert [(row.name, row.dates, row.price) for row in card.members] == [
        ("Luis Rivera", "Since January 10, 2026", "$80.00 a month"),
        ("Maria Rivera", "Since January 10, 2026", "$80.00 a month"),
        ("Eva Rivera", "Since January 10, 2026", "$30.00 a month"),
        ("Tim Rivera", "Starts July 10, 2026", "$30.00 a month"),
    ]
    assert [(row.label, row.amount) for row in card.lines][-1] == ("Family price", "−$30.00")
    assert card.changes == ["Tim Rivera starts on July 10, 2026"]
    assert card.cancel_href == f"/memberships/cancel?id={membership}"
    assert (card.owed, card.renew_href, card.automatic, card.can_undo) == ("", "", "", False)


async def test_another_adult_sees_no_amount_of_the_whole_and_no_action_in_spanish(
    sample_people: People, monkeypatch: pytest.MonkeyPatch
):
    family()
    look_from(monkeypatch, sample_people.luis, "es")
    page = await opened(MembershipsState, "/es/memberships")
    (card,) = page.current
    assert (card.next_bill, card.paid, card.amount, card.lines, card.pay_href) == ("", "", "", [], "")
    assert not (card.cancel_href or card.renew_href or card.automatic or card.contact_to_cancel)
    assert [(row.name, bool(row.dates), bool(row.price)) for row in card.members] == [
        ("Luis Rivera", True, True),
        ("Maria Rivera", False, False),
        ("Eva Rivera", True, False),
    ]
    assert card.status == "Activa"


async def test_what_is_past_due_stands_first_with_the_way_to_pay(
    sample_people: People, monkeypatch: pytest.MonkeyPatch
):
    family(next_bill_date=date(2026, 6, 10))
    bill_memberships(SYSTEM)
    look_from(monkeypatch, sample_people.maria)
    (card,) = (await opened(MembershipsState, "/memberships")).current
    assert (card.tone, card.status, card.owed) == ("late", "Past due", "$190.00 is open")
    assert card.pay_href == f"/payments?account={RIVERA}&pay=membership&membership={card.id}"


async def test_previous_ones_and_none(sample_people: People, monkeypatch: pytest.MonkeyPatch):
    family(status=MembershipStatus.ENDED)
    look_from(monkeypatch, sample_people.maria)
    page = await opened(MembershipsState, "/memberships")
    assert (page.current, [card.status for card in page.previous]) == ([], ["Membership ended"])
    look_from(monkeypatch, sample_people.kim)
    page = await opened(MembershipsState, "/memberships")
    assert page.ready
    assert (page.current, page.previous) == ([], [])


async def test_ren_1_and_2_renewing_shows_terms_and_price_first(
    sample_people: People, monkeypatch: pytest.MonkeyPatch
):
    membership, _ = contract()
    look_from(monkeypatch, sample_people.maria)
    (card,) = (await opened(MembershipsState, "/memberships")).current
    page = await opened(RenewState, card.renew_href)
    assert (page.first, page.last, page.price) == ("July 1, 2026", "June 30, 2027", "$110.00 a month")
    assert [row.amount for row in page.lines] == ["$80.00", "$30.00"]
    assert (page.why_not, page.done) == ("", False)
    await happens(page.renew)
    assert page.done
    await happens(page.renew)  # pressed twice
    assert row_of(membership).contract_end == date(2027, 6, 30)
    page = await opened(RenewState, card.renew_href)
    assert page.why_not == "This membership cannot be renewed yet."


async def test_a_price_that_rose_since_the_page_was_opened_is_shown_before_it_is_agreed(
    sample_people: People, monkeypatch: pytest.MonkeyPatch
):
    membership, plan = contract()
    look_from(monkeypatch, sample_people.maria)
    page = await opened(RenewState, f"/memberships/renew?id={membership}")
    add_price(plan, date(2026, 6, 15), RAISED)
    await happens(page.renew)
    assert (page.done, page.price, page.price_now) == (False, "$125.00 a month", "$110.00")
    assert page.message.startswith("The price or the dates have changed")
    await happens(page.renew)
    assert page.done


async def test_ren_3_and_7_automatic_renewal_is_said_and_turned_off(
    sample_people: People, monkeypatch: pytest.MonkeyPatch
):
    membership, _ = contract(renews_automatically=True)
    look_from(monkeypatch, sample_people.maria)
    page = await opened(MembershipsState, "/memberships")
    assert page.current[0].renewal == "Renews automatically on July 1, 2026, for $110.00 a month"
    assert (page.current[0].renew_href, page.current[0].automatic) == ("", "on")
    await happens(page.set_automatic, membership=membership, on=False)
    assert page.message == "Automatic renewal is off."
    assert page.current[0].automatic == "off"
    assert page.current[0].renew_href


async def test_mem_6_and_17_cancelling_and_taking_it_back(
    sample_people: People, monkeypatch: pytest.MonkeyPatch
):
    membership = family()
    look_from(monkeypatch, sample_people.maria)
    page = await opened(CancelState, f"/memberships/cancel?id={membership}")
    assert (page.last_day, page.may_cancel, page.done) == ("July 9, 2026", True, False)
    assert page.people == ["Luis Rivera", "Maria Rivera", "Eva Rivera"]
    await happens(page.cancel)
    assert (page.done, page.last_day) == (True, "July 9, 2026")
    shown = await opened(MembershipsState, "/memberships")
    (card,) = shown.current
    assert (card.next_bill, card.can_undo, card.status) == ("", True, "Ends on July 9, 2026")
    await happens(shown.undo, membership=membership)
    assert shown.message == "Your membership runs on, at the same price."
    assert shown.current[0].next_bill == "July 10, 2026: $190.00"


async def test_somebody_elses_membership_is_not_there(sample_people: People, monkeypatch: pytest.MonkeyPatch):
    membership = family()
    for who in (sample_people.luis, sample_people.kim):
        look_from(monkeypatch, who)
        for state, name in ((RenewState, "renew"), (CancelState, "cancel")):
            page = await opened(state, f"/memberships/{name}?id={membership}")
            assert page.missing, name
            assert not page.plan
        shown = await opened(MembershipsState, "/memberships")
        await happens(shown.undo, membership=membership)
        await happens(shown.set_automatic, membership=membership, on=True)
        assert shown.message == "We could not find that."
    for address in ("/memberships/renew", "/memberships/cancel?id=x"):
        page = await opened(RenewState if "renew" in address else CancelState, address)
        assert page.missing
