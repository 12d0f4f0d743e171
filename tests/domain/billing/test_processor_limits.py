"""Currencies as the card processor charges them (reported cases B40, B41, B42), and its largest amount."""

import pytest

from portal_app.domain.billing.errors import (
    AboveProcessorMaximum,
    AmountAboveLastStep,
    AmountNotInSteps,
    PaymentTooLarge,
)
from portal_app.domain.billing.payability import DESK, Channel, InvoiceToPay, WhyNot, payability
from portal_app.domain.billing.processor_limits import (
    desk_maximum,
    from_processor_units,
    processor_maximum,
    to_processor_units,
)
from portal_app.domain.billing.types import InvoiceStatus
from portal_app.domain.money import Money, currency_rule

ONLINE = Channel(online=True)


@pytest.mark.parametrize(
    ("typed", "currency", "sent"),
    [
        ("5000", "UGX", 500000),
        ("5000", "ISK", 500000),
        ("5000", "MGA", 5000),
        ("5000", "JPY", 5000),
        ("5.010", "KWD", 5010),
        ("50.25", "USD", 5025),
    ],
)
def test_b40_an_amount_is_sent_in_the_processors_units_and_read_back(
    typed: str, currency: str, sent: int
) -> None:
    amount = Money.parse(typed, currency)
    assert to_processor_units(amount) == sent
    assert from_processor_units(sent, currency.lower()) == amount


def test_b41_the_last_digit_of_three_is_refused_in_words() -> None:
    found = payability([InvoiceToPay(InvoiceStatus.OPEN, Money(9_005, "KWD"))], ONLINE, "KWD")
    with pytest.raises(AmountNotInSteps) as refused:
        found.accept(Money.parse("5.005", "KWD"))
    values = refused.value.values
    assert (values["below"], values["above"]) == (Money(5_000, "KWD"), Money(5_010, "KWD"))
    assert found.accept(Money(5_010, "KWD")) == Money(5_010, "KWD")
    with pytest.raises(AmountAboveLastStep) as whole:
        found.accept(found.payable)
    assert (whole.value.values["below"], found.largest) == (Money(9_000, "KWD"), Money(9_000, "KWD"))
    at_desk = payability([InvoiceToPay(InvoiceStatus.OPEN, Money(9_005, "KWD"))], DESK, "KWD")
    assert at_desk.accept(at_desk.payable) == at_desk.largest == Money(9_005, "KWD")


def test_proc_1_a_currency_that_is_not_charged_is_paid_offline_only() -> None:
    one = InvoiceToPay(InvoiceStatus.OPEN, Money(50_000, "IQD"))
    assert payability([one], ONLINE, "IQD").why_not is WhyNot.OFFLINE
    assert payability([one], DESK, "IQD").why_not is None


@pytest.mark.parametrize("currency", ["USD", "UGX", "KWD", "JPY"])
def test_nothing_above_the_processors_maximum_is_accepted(currency: str) -> None:
    most = processor_maximum(currency)
    one = InvoiceToPay(InvoiceStatus.OPEN, most + most)
    found = payability([one], ONLINE, currency)
    assert found.largest == found.accept(most) == most
    step = Money(currency_rule(currency).step, currency)
    with pytest.raises(AboveProcessorMaximum) as refused:
        found.accept(most + step)
    assert refused.value.values == {"amount": most}
    assert to_processor_units(most) <= 99_999_999 < to_processor_units(most + step)
    with pytest.raises(PaymentTooLarge):
        found.accept(most + most + step)


def test_staff_record_no_more_than_the_maximum_either() -> None:
    most = desk_maximum("USD")
    at_desk = payability([InvoiceToPay(InvoiceStatus.OPEN, most + most)], DESK, "USD")
    assert at_desk.accept(most) == most == Money(999_999_99)
    with pytest.raises(AboveProcessorMaximum):
        at_desk.accept(most + Money(1))
