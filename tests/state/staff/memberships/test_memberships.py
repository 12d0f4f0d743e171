"""The staff pages about memberships as a tab holds them: the list, one membership, an end and a pause asked about."""

from datetime import date

import pytest

from portal_app.domain.memberships.types import MembershipStatus
from portal_app.state.staff.memberships import listing, membership
from portal_app.state.staff.memberships.listing import MembershipListState
from portal_app.state.staff.memberships.membership import StaffMembershipState
from tests.memberships_helper import add_membership, add_plan
from tests.people import EVA, MARIA, OKAFOR, RIVERA, People
from tests.services.memberships.staff.helper import invoices_of, row_of, run
from tests.state_helper import happens, look_from, on_screen


@pytest.fixture
def family(sqlite_db: str, monkeypatch: pytest.MonkeyPatch) -> str:
    sample = People.create()
    look_from(monkeypatch, sample.olga)
    for module in (listing, membership):
        monkeypatch.setattr(module, "watch", lambda *_: None)
    made = add_membership(RIVERA, add_plan("Care"), [MARIA.id, EVA.id], start=date(2026, 6, 15))
    run(date(2026, 6, 15))
    return made


async def test_the_list_has_sums_and_keeps_its_search_in_the_address(family: str):
    page = on_screen(MembershipListState, "/staff/memberships?status=active&q=rivera")
    await happens(page.load)
    assert [(row.owner, row.amount, row.status) for row in page.rows] == [
        ("Maria Rivera", "$110.00", "Active")
    ]
    assert (page.monthly, page.people, page.count) == ("$110.00", "2 members", "1 membership")
    assert page.rows[0].last == "Jun 15 · $110.00 · Open" and page.counts == []
    (redirect,) = await happens(
        page.search_memberships, form={"q": " kim ", "status": "ended", "last": "paid"}
    )
    assert "/staff/memberships?q=kim&status=ended&last=paid" in str(redirect.args)
    await happens(page.refresh)
    assert page.may_export and "status=active" in page.export_href and "q=rivera" in page.export_href


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("last=unpaid", 1),
        ("last=paid", 0),
        ("until=2026-07-14", 0),
        ("until=2026-07-15", 1),
        (f"account={RIVERA}", 1),
        (f"account={OKAFOR}", 0),
        ("status=x", 1),  # what means nothing narrows nothing
        ("until=soon&status=ended", 1),
    ],
)
async def test_the_list_is_narrowed_by_its_address(family: str, query: str, found: int):
    page = on_screen(MembershipListState, f"/staff/memberships?{query}")
    await happens(page.load)
    assert page.ready and len(page.rows) == found
    assert page.person == {f"account={RIVERA}": "Maria Rivera", f"account={OKAFOR}": "Kim Okafor"}.get(
        query, ""
    )


async def test_the_list_is_narrowed_by_plan_and_says_what_changed_this_month(family: str):
    page = on_screen(StaffMembershipState, f"/staff/memberships/{family}")
    await happens(page.load)
    await happens(page.ask_pause, form={"first_day": "2026-06-15", "pause_last_day": "2026-07-20"})
    await happens(page.confirm)
    page = on_screen(MembershipListState, f"/staff/memberships?plan={row_of(family).plan_id}")  # type: ignore[arg-type]
    await happens(page.load)
    assert page.rows[0].status == "Paused" and [plan.name for plan in page.plans] == ["Care"]
    assert page.counts == ["Pause entered: 1"] and page.changes[0].what == "Pause entered"
    page = on_screen(MembershipListState, f"/staff/memberships?plan={add_plan('Empty')}")
    await happens(page.load)
    assert page.rows == []


async def test_the_front_desk_sees_the_list_and_reads_who_may_change_it(
    family: str, monkeypatch: pytest.MonkeyPatch
):
    look_from(monkeypatch, People.dana)
    page = on_screen(MembershipListState, "/staff/memberships")
    await happens(page.load)
    assert page.rows and page.missing_permission and not (page.may_export or page.may_change)


async def test_an_end_is_asked_about_with_person_and_amount_and_then_done(family: str):
    page = on_screen(StaffMembershipState, f"/staff/memberships/{family}")
    await happens(page.load)
    assert page.ready and page.may_change and page.next_amount == "$110.00"
    await happens(page.ask_end, form={"last_day": "2026-06-15", "reason": ""})
    assert page.field_errors.keys() == {"reason"} and page.question == ""
    await happens(page.ask_end, form={"last_day": "2026-06-01", "reason": "moves away"})
    assert page.field_errors.keys() == {"last_day"}
    await happens(page.ask_end, form={"last_day": "2026-06-15", "reason": "moves away"})
    assert "Maria Rivera" in page.question and "$106.33" in page.question
    await happens(page.keep)
    assert page.question == "" and row_of(family).ends_on is None  # type: ignore[arg-type]
    await happens(page.ask_end, form={"last_day": "2026-06-15", "reason": "moves away"})
    await happens(page.confirm)
    assert (page.tone, page.question, page.may_change) == ("paid", "", False)
    assert row_of(family).ends_on == date(2026, 6, 15)  # type: ignore[arg-type]
    assert invoices_of(family)[0].due.minor == 3_67  # type: ignore[arg-type]
    assert page.history


async def test_a_pause_is_asked_about_and_then_entered(family: str):
    page = on_screen(StaffMembershipState, f"/staff/memberships/{family}")
    await happens(page.load)
    await happens(page.ask_pause, form={"first_day": "2026-07-01", "pause_last_day": "2026-06-20"})
    assert page.field_errors.keys() == {"pause_last_day"}
    await happens(page.ask_pause, form={"first_day": "2026-06-15", "pause_last_day": "2026-07-20"})
    assert "Maria Rivera" in page.question
    await happens(page.confirm)
    assert row_of(family).status is MembershipStatus.PAUSED  # type: ignore[arg-type]
    await happens(page.refresh)


async def test_one_that_does_not_exist_is_missing(family: str):
    page = on_screen(StaffMembershipState, "/staff/memberships/mem_" + "0" * 32)
    await happens(page.load)
    assert page.ready and page.missing
