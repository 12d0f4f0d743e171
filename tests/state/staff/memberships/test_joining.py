"""The page "Joined online": who waits, accept, refuse with a reason; the list says that somebody waits."""

from collections.abc import Callable, Iterator

import pytest

from portal_app import gateways
from portal_app.domain.access import Principal
from portal_app.domain.memberships.types import JoinStatus
from portal_app.domain.money import Money
from portal_app.gateways.mail_fake import FakeMailer
from portal_app.gateways.payments import Outcome
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.gateways.sms_fake import FakeTexter
from portal_app.services.memberships.joining import errors
from portal_app.services.sign_in import rate_limits
from portal_app.state.staff.memberships import joining, listing
from portal_app.state.staff.memberships.joining import WaitingJoinsState
from portal_app.state.staff.memberships.listing import MembershipListState
from tests.people import People
from tests.services.memberships.joining.helper import both, join_settings, joined, offer, pay, ready
from tests.state_helper import happens, look_from, on_screen, shows_refusal


@pytest.fixture
def processor(sqlite_db: str) -> Iterator[FakeProcessor]:
    rate_limits.forget_all()
    People.create()
    join_settings()
    fake = FakeProcessor()
    gateways.use(gateways.Gateways(payments=fake, mail=FakeMailer(), sms=FakeTexter(), documents=None))  # pyright: ignore[reportArgumentType]  (nothing is printed here)
    pay(fake, ready(both(offer("Care"))), Money(110_00))
    yield fake
    gateways.use(None)


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch, processor: FakeProcessor) -> Callable[..., WaitingJoinsState]:
    def opened(who: Principal = People.nora, language: str = "en") -> WaitingJoinsState:
        for module in (joining, listing):
            monkeypatch.setattr(module, "watch", lambda *_: None)
        look_from(monkeypatch, who, language)
        return on_screen(WaitingJoinsState, "/staff/memberships/joining")

    return opened


async def test_who_waits_is_shown_and_accepted(page: Callable[..., WaitingJoinsState]):
    tab = page()
    await happens(tab.load)
    (item,) = tab.rows
    assert (item.name, item.plan, item.paid) == ("Zoe Quinn", "Care", "$110.00 on June 15, 2026")
    assert item.people == ["Zoe Quinn, born March 2, 1985", "Pip Quinn, born May 4, 2018"]
    await happens(tab.accept, request=item.id)
    assert (tab.rows, tab.tone) == ([], "paid")
    assert joined().request.status is JoinStatus.ACCEPTED


async def test_refused_with_a_reason_only(page: Callable[..., WaitingJoinsState]):
    tab = page()
    await happens(tab.load)
    request = tab.rows[0].id
    await happens(tab.refuse, form={"request": request, "reason": " "})
    assert shows_refusal(tab, errors.RefusalReasonMissing)
    assert len(tab.rows) == 1
    await happens(tab.refuse, form={"request": request, "reason": "We are full"})
    assert (tab.rows, tab.tone) == ([], "paid")
    assert joined().request.status is JoinStatus.REFUSED


async def test_a_refund_that_was_not_accepted_is_said(
    page: Callable[..., WaitingJoinsState], processor: FakeProcessor
):
    tab = page()
    await happens(tab.load)
    processor.refund_answers(Outcome.DECLINED)
    await happens(tab.refuse, form={"request": tab.rows[0].id, "reason": "We are full"})
    assert shows_refusal(tab, errors.RefundNotSent)
    assert tab.rows == []


async def test_the_list_of_memberships_says_that_somebody_waits(page: Callable[..., WaitingJoinsState]):
    page()
    tab = on_screen(MembershipListState, "/staff/memberships")
    await happens(tab.load)
    assert tab.waiting == "1 joined online and waits: answer"
    page(People.dana)  # sees billing, and does not answer
    tab = on_screen(MembershipListState, "/staff/memberships")
    await happens(tab.load)
    assert tab.waiting == ""


async def test_without_the_permission_nothing_is_shown(page: Callable[..., WaitingJoinsState]):
    tab = page(People.dana)
    await happens(tab.load)
    assert not tab.ready
    assert tab.rows == []
