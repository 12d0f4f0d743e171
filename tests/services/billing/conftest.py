"""The card processor of the tests of billing."""

from collections.abc import Iterator

import pytest

from portal_app.gateways.payments_fake import FakeProcessor
from tests.payments_helper import check_ledger, fake_processor
from tests.people import People


@pytest.fixture
def processor(sample_people: People) -> Iterator[FakeProcessor]:
    """A fake processor that knows Maria's saved Visa; afterwards amounts and ledger agree."""
    yield fake_processor()
    check_ledger()
