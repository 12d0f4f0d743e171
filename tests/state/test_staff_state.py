from collections.abc import Iterator

import pytest

from portal_app import gateways
from portal_app.domain.ids import PaymentId, new_id
from portal_app.domain.money import Money
from portal_app.gateways import Gateways
from portal_app.gateways.mail_fake import FakeMailer
from portal_app.gateways.payments import Outcome
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.gateways.sms_fake import FakeTexter
from portal_app.services.billing.payments import pay_invoice
from portal_app.state import staff
from portal_app.state.staff import TodayState
from tests import cast as people
from tests.cast import Cast
from tests.screen import happens, look_from, on_screen
from tests.services.till import till


@pytest.fixture
def cast(sqlite_db: str) -> Cast:
    return Cast.on_stage()


@pytest.fixture
def processor(cast: Cast) -> Iterator[FakeProcessor]:
    fake = till()
    gateways.use(Gateways(payments=fake, mail=FakeMailer(), sms=FakeTexter(), documents=None))  # pyright: ignore[reportArgumentType]  (nothing is printed here)
    yield fake
    gateways.use(None)


@pytest.fixture
async def dashboard(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> TodayState:
    monkeypatch.setattr(staff, "watch", lambda *_: None)
    look_from(monkeypatch, cast.nora)
    page = on_screen(TodayState, "/staff")
    await happens(page.load)
    return page


def pays(cast: Cast, processor: FakeProcessor, minor: int) -> None:
    payment = PaymentId(new_id("pay"))
    amount = Money(minor)
    pay_invoice(cast.maria, payment, people.INVOICE, amount, processor=processor, source_id=people.VISA)


async def test_a_payment_is_told_once_the_moment_it_arrives(
    cast: Cast, processor: FakeProcessor, dashboard: TodayState
):
    assert (dashboard.rows, dashboard.news) == ([], "")
    pays(cast, processor, 50_00)
    await happens(dashboard.refresh)
    assert dashboard.news == "New payment: $50.00 from Maria Rivera"
    assert (dashboard.received, dashboard.count) == ("$50.00", 1)
    assert [row.amount for row in dashboard.rows] == ["$50.00"]


async def test_a_declined_one_is_told_too(cast: Cast, processor: FakeProcessor, dashboard: TodayState):
    processor.answers(Outcome.DECLINED, "insufficient_funds")
    pays(cast, processor, 50_00)
    await happens(dashboard.refresh)
    assert (dashboard.news, dashboard.news_tone) == ("Declined: $50.00 from Maria Rivera", "late")
    assert dashboard.rows[0].why == "Not enough money"
    assert dashboard.received == "$0.00"


async def test_what_was_there_before_is_no_news(cast: Cast, processor: FakeProcessor, dashboard: TodayState):
    pays(cast, processor, 50_00)
    await happens(dashboard.load)
    await happens(dashboard.refresh)
    assert dashboard.news == ""


async def test_a_patient_does_not_see_the_dashboard(cast: Cast, monkeypatch: pytest.MonkeyPatch):
    look_from(monkeypatch, cast.maria)
    page = on_screen(TodayState, "/staff")
    await happens(page.load)
    assert not page.ready
    assert page.notice.startswith("You do not have access")
