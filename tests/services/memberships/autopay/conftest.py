"""Maria's family plan (110.00 on the 15th) with automatic payment on her Visa, from 3 March 2026 on."""

from collections.abc import Iterator
from datetime import date

import pytest

from portal_app import clock
from portal_app.gateways.payments_fake import FakeProcessor
from tests.payments_helper import check_ledger, fake_processor
from tests.people import People
from tests.services.memberships.autopay.autopay_helper import noon


@pytest.fixture
def processor(sample_people: People) -> Iterator[FakeProcessor]:
    """A fake processor that knows Maria's saved Visa; afterwards amounts and ledger agree."""
    with clock.held_at(noon(date(2026, 3, 3))):
        yield fake_processor()
        check_ledger()
