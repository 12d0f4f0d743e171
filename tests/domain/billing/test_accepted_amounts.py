"""Which amounts a payer may pay: PART and ALL cases."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal_app.domain.billing.errors import (
    BelowProcessorMinimum,
    InvoiceAlreadyPaid,
    InvoiceClosed,
    InvoiceHeld,
    PaymentTooLarge,
    PaymentTooSmall,
)
from portal_app.domain.billing.payability import Channel, InvoiceToPay, Payability, payability
from portal_app.domain.billing.payments import (
    InFlightPayment,
    payable_amount,
)
from portal_app.domain.billing.types import (
    InvoiceStatus,
    PaymentStatus,
)
from portal_app.domain.errors import UserError
from portal_app.domain.ids import PaymentId
from portal_app.domain.money import Money

ONLINE = Channel(online=True)


def payability_of(
    owed: Money, minimum: Money | None = None, in_flight: Sequence[InFlightPayment] = ()
) -> Payability:
    """An open invoice, online."""
    invoice_to_pay = InvoiceToPay(InvoiceStatus.OPEN, owed, in_flight)
    return payability([invoice_to_pay], Channel(online=True, practice_minimum=minimum), owed.currency)


def accepted(owed: Money, amount: Money, minimum: Money | None = None) -> Money:
    return payability_of(owed, minimum).accept(amount)


def test_part_2_a_payment_is_at_most_what_is_left() -> None:
    with pytest.raises(PaymentTooLarge) as refusal:
        accepted(Money(70_00), Money(70_01))
    assert refusal.value.values == {"amount": Money(70_00)}


def test_part_4_an_amount_below_the_processors_minimum_is_refused() -> None:
    with pytest.raises(BelowProcessorMinimum):
        accepted(Money(30), Money(30))
    assert accepted(Money(50), Money(50)) == Money(50)
    with pytest.raises(BelowProcessorMinimum):
        accepted(Money(40, "JPY"), Money(40, "JPY"))


@pytest.mark.parametrize(
    ("owed", "amount", "allowed"),
    [(15_00, 15_00, True), (15_00, 10_00, False), (100_00, 10_00, False), (100_00, 20_00, True),
     (100_00, 100_01, False)],
)  # fmt: skip
def test_all_10_the_practices_minimum(owed: int, amount: int, allowed: bool) -> None:
    minimum = Money(20_00)
    if allowed:
        assert accepted(Money(owed), Money(amount), minimum) == Money(amount)
    else:
        with pytest.raises((PaymentTooLarge, PaymentTooSmall)):
            accepted(Money(owed), Money(amount), minimum)


@given(st.integers(-10, 200_00), st.integers(-10, 200_00), st.integers(0, 50_00))
def test_an_accepted_amount_is_within_the_limits_and_the_smallest_is_always_accepted(
    owed: int, amount: int, minimum: int
) -> None:
    try:
        paid = accepted(Money(owed), Money(amount), Money(minimum))
    except UserError:
        return
    assert Money(50) <= paid <= Money(owed)
    least = payability_of(Money(owed), Money(minimum)).smallest
    assert accepted(Money(owed), least, Money(minimum)) == least


def test_all_13_an_unknown_outcome_blocks_and_an_accepted_debit_does_not() -> None:
    def in_flight_payment(status: PaymentStatus, accepted: bool) -> InFlightPayment:
        return InFlightPayment(PaymentId("pay"), status, Money(50_00), accepted)

    for held, can_continue in (
        (in_flight_payment(PaymentStatus.PROCESSING, accepted=False), False),
        (in_flight_payment(PaymentStatus.REQUIRES_ACTION, accepted=True), True),
    ):
        with pytest.raises(InvoiceHeld) as refusal:
            payability_of(Money(120_00), in_flight=[held]).require()
        assert refusal.value.can_continue is can_continue
    payability_of(
        Money(120_00), in_flight=[in_flight_payment(PaymentStatus.PROCESSING, accepted=True)]
    ).require()
    assert payable_amount(Money(120_00), [Money(50_00)]) == Money(70_00)
    assert payable_amount(Money(20_00), [Money(50_00)]) == Money(0)


@pytest.mark.parametrize(
    "status", sorted(set(InvoiceStatus) - {InvoiceStatus.OPEN, InvoiceStatus.PARTLY_PAID})
)
def test_all_14_only_open_invoices_take_money(status: InvoiceStatus) -> None:
    closed = payability([InvoiceToPay(status, Money(120_00))], ONLINE, "USD")
    assert closed.payable == Money(0)
    with pytest.raises((InvoiceAlreadyPaid, InvoiceClosed)):
        closed.require()
