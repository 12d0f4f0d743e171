"""What is offered to be paid at once after a card was added (SRC-3)."""

from datetime import timedelta

import pytest

from portal_app import clock
from portal_app.domain.billing.types import PaymentStatus
from portal_app.domain.money import Money
from portal_app.services.billing.accounts import past_due_offer
from portal_app.services.billing.views import PastDueOffer
from tests import people
from tests.people import RIVERA, People, add_invoice, add_payment


@pytest.mark.parametrize(
    ("minor", "attempt"), [(30, None), (35_00, PaymentStatus.REQUIRES_ACTION)], ids=["too little", "held"]
)
def test_src_3_nothing_is_offered_that_would_be_refused(
    sample_people: People, minor: int, attempt: PaymentStatus | None
) -> None:
    late = add_invoice(RIVERA, (people.EVA, "Visit", minor), due=clock.today() - timedelta(days=1))
    if attempt:
        add_payment(late, 5_00, status=attempt)
    assert past_due_offer(sample_people.maria) == PastDueOffer((), Money(0))
