"""Fixtures for all tests of services."""

from collections.abc import Iterator

import pytest

from portal_app.services.sign_in import rate_limits


@pytest.fixture(autouse=True)
def fresh_rate_limits() -> Iterator[None]:
    """Attempts of another test do not count."""
    rate_limits.forget_all()
    yield
    rate_limits.forget_all()
