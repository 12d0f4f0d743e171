"""Today's payments on the staff dashboard."""

from datetime import timedelta

import pytest

from portal_app import clock
from portal_app.domain.errors import PermissionDenied
from portal_app.domain.money import Money
from portal_app.gateways.payments import Outcome
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.billing.payments.receipts import todays_payments
from tests.people import People
from tests.services.billing.billing_helper import pay


def test_todays_payments_newest_first_with_their_sums(
    sample_people: People, processor: FakeProcessor
) -> None:
    pay(sample_people, processor, 50_00)
    with clock.held_at(clock.now() + timedelta(minutes=1)):
        processor.answers(Outcome.DECLINED, "expired_card")
        pay(sample_people, processor, 20_00)
    with clock.held_at(clock.now() + timedelta(minutes=2)):
        processor.answers(Outcome.PROCESSING)
        pay(sample_people, processor, 10_00)
        today = todays_payments(sample_people.nora)
    assert [row.amount.minor for row in today.rows] == [10_00, 20_00, 50_00]
    assert (today.received, today.count, today.failed, today.waiting) == (Money(50_00), 1, 1, 1)
    assert (today.rows[0].who, today.rows[0].for_what) == ("Maria Rivera", "INV-1001")
    with pytest.raises(PermissionDenied):
        todays_payments(sample_people.maria)
    with clock.held_at(clock.now() + timedelta(days=1)):
        assert todays_payments(sample_people.nora).count == 0
