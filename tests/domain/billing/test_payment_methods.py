"""Saved payment methods: SRC cases, expiry."""

from datetime import date

import pytest

from portal_app.domain.billing import payment_methods
from portal_app.domain.billing.errors import (
    NextDefaultNeeded,
    OnlyPaymentMethod,
)
from portal_app.domain.billing.payment_methods import next_default
from portal_app.domain.ids import PaymentMethodId

DAY = date(2026, 6, 15)


def test_src_2_the_last_payment_method_cannot_be_removed() -> None:
    with pytest.raises(OnlyPaymentMethod):
        next_default(PaymentMethodId("a"), [], None, must_choose=False)


def test_src_1_a_default_that_pays_memberships_needs_a_chosen_successor() -> None:
    a, b, c = PaymentMethodId("a"), PaymentMethodId("b"), PaymentMethodId("c")
    assert next_default(a, [b, c], None, must_choose=False) == b
    with pytest.raises(NextDefaultNeeded):
        next_default(a, [b, c], None, must_choose=True)
    assert next_default(a, [b, c], c, must_choose=True) == c


@pytest.mark.parametrize(
    ("month", "year", "expired", "expiring"),
    [(5, 2026, True, False), (6, 2026, False, True), (7, 2026, False, False), (12, 2027, False, False),
     (None, None, False, False)],
)  # fmt: skip
def test_a_card_is_valid_to_the_end_of_its_month(
    month: int | None, year: int | None, expired: bool, expiring: bool
) -> None:
    assert payment_methods.is_expired(month, year, DAY) is expired
    assert payment_methods.expires_soon(month, year, DAY) is expiring
