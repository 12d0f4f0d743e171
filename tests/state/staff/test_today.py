from collections.abc import Iterator

import pytest

from portal_app import gateways
from portal_app.domain.errors import PermissionDenied
from portal_app.domain.ids import PaymentId, new_id
from portal_app.domain.money import Money
from portal_app.gateways import Gateways
from portal_app.gateways.mail_fake import FakeMailer
from portal_app.gateways.payments import Outcome
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.gateways.sms_fake import FakeTexter
from portal_app.services.billing.payments.pay import pay_invoice
from portal_app.state.staff import today
from portal_app.state.staff.today import TodayState
from tests import people
from tests.payments_helper import fake_processor
from tests.people import People
from tests.state_helper import happens, is_text_of, look_from, on_screen


@pytest.fixture
def sample_people(sqlite_db: str) -> People:
    return People.create()


@pytest.fixture
def processor(sample_people: People) -> Iterator[FakeProcessor]:
    fake = fake_processor()
    gateways.use(Gateways(payments=fake, mail=FakeMailer(), sms=FakeTexter(), documents=None))  # pyright: ignore[reportArgumentType]  (nothing is printed here)
    yield fake
    gateways.use(None)


@pytest.fixture
async def dashboard(sample_people: People, monkeypatch: pytest.MonkeyPatch) -> TodayState:
    monkeypatch.setattr(today, "watch", lambda *_: None)
    look_from(monkeypatch, sample_people.nora)
    page = on_screen(TodayState, "/staff")
    await happens(page.load)
    return page


def pay(sample_people: People, processor: FakeProcessor, minor: int) -> None:
    payment = PaymentId(new_id("pay"))
    amount = Money(minor)
    pay_invoice(
        sample_people.maria,
        payment,
        people.INVOICE,
        amount,
        processor=processor,
        payment_method_id=people.VISA,
    )


async def test_a_new_payment_is_announced_once(
    sample_people: People, processor: FakeProcessor, dashboard: TodayState
):
    assert (dashboard.rows, dashboard.announcement) == ([], "")
    pay(sample_people, processor, 50_00)
    await happens(dashboard.refresh)
    assert dashboard.announcement == "New payment: $50.00 from Maria Rivera"
    assert (dashboard.received, dashboard.payment_count) == ("$50.00", 1)
    assert [row.amount for row in dashboard.rows] == ["$50.00"]


async def test_a_declined_payment_is_announced_too(
    sample_people: People, processor: FakeProcessor, dashboard: TodayState
):
    processor.answers(Outcome.DECLINED, "insufficient_funds")
    pay(sample_people, processor, 50_00)
    await happens(dashboard.refresh)
    assert (dashboard.announcement, dashboard.announcement_tone) == (
        "Declined: $50.00 from Maria Rivera",
        "late",
    )
    assert dashboard.rows[0].detail == "Not enough money"
    assert dashboard.received == "$0.00"


async def test_payments_that_were_there_at_loading_are_not_announced(
    sample_people: People, processor: FakeProcessor, dashboard: TodayState
):
    pay(sample_people, processor, 50_00)
    await happens(dashboard.load)
    await happens(dashboard.refresh)
    assert dashboard.announcement == ""


async def test_a_patient_does_not_see_the_dashboard(sample_people: People, monkeypatch: pytest.MonkeyPatch):
    look_from(monkeypatch, sample_people.maria)
    page = on_screen(TodayState, "/staff")
    await happens(page.load)
    assert not page.ready
    assert is_text_of(PermissionDenied, page.notice)
