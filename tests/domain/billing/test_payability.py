"""Whether invoices may be paid, why not and how much."""

import re

import pytest

from portal_app.domain.billing.errors import InvoiceHeld, PaymentTooLarge, PaymentTooSmall
from portal_app.domain.billing.payability import (
    DESK,
    Channel,
    InvoiceToPay,
    LinkAllowance,
    Payability,
    WhyNot,
    payability,
)
from portal_app.domain.billing.payments import InFlightPayment
from portal_app.domain.billing.types import InvoiceStatus, PaymentStatus
from portal_app.domain.errors import UserError
from portal_app.domain.ids import PaymentId
from portal_app.domain.money import InvalidAmount, Money

# "Minimum and maximum charge amounts", as Stripe's documentation has them, in whole units of the currency.
STRIPES_MINIMA = """
USD 0.50 AED 2.00 AUD 0.50 BGN 1.00 BRL 0.50 CAD 0.50 CHF 0.50 CZK 15.00 DKK 2.50 EUR 0.50 GBP 0.30 HKD 4.00 HUF 175.00
INR 0.50 JPY 50 MXN 10.00 MYR 2.00 NOK 3.00 NZD 0.50 PLN 2.00 RON 2.00 SEK 3.00 SGD 0.50 THB 10.00
"""
ONLINE, OFF = Channel(online=True), Channel(online=False)
DEBIT = InFlightPayment(
    PaymentId("pay_debit"), PaymentStatus.PROCESSING, Money(50_00), accepted_by_processor=True
)
UNKNOWN = InFlightPayment(
    PaymentId("pay_lost"), PaymentStatus.PROCESSING, Money(50_00), accepted_by_processor=False
)


def owing(
    minor: int, *attempts: InFlightPayment, status: InvoiceStatus = InvoiceStatus.OPEN, currency: str = "USD"
) -> InvoiceToPay:
    return InvoiceToPay(status, Money(minor, currency), attempts)


@pytest.mark.parametrize(
    ("one", "channel", "payable", "why"),
    [
        (owing(120_00), ONLINE, 120_00, None),
        (owing(120_00, DEBIT), ONLINE, 70_00, None),
        (owing(50_00, DEBIT), ONLINE, 0, WhyNot.NOTHING_DUE),
        (owing(120_00, UNKNOWN), ONLINE, 70_00, WhyNot.HELD),
        (owing(120_00, UNKNOWN), OFF, 70_00, WhyNot.HELD),
        (owing(0, status=InvoiceStatus.PAID), ONLINE, 0, WhyNot.NOTHING_DUE),
        (owing(0, status=InvoiceStatus.PAID), OFF, 0, WhyNot.NOTHING_DUE),
        (owing(120_00, status=InvoiceStatus.DRAFT), ONLINE, 0, WhyNot.CLOSED),
        (owing(0, status=InvoiceStatus.VOID), ONLINE, 0, WhyNot.CLOSED),
        (owing(0, status=InvoiceStatus.WRITTEN_OFF), ONLINE, 0, WhyNot.CLOSED),
        (owing(120_00), OFF, 120_00, WhyNot.OFFLINE),
        (owing(49), ONLINE, 49, WhyNot.TOO_SMALL),
        (owing(49), OFF, 49, WhyNot.OFFLINE),
        (owing(50), ONLINE, 50, None),
        (owing(1), DESK, 1, None),
        (owing(120_00, UNKNOWN), DESK, 70_00, WhyNot.HELD),
    ],
)
def test_why_nothing_may_be_paid_and_what_is_payable(
    one: InvoiceToPay, channel: Channel, payable: int, why: WhyNot | None
) -> None:
    found = payability([one], channel, "USD")
    assert (found.payable, found.why_not) == (Money(payable), why)
    if why is None:
        assert found.accept(found.payable) == found.payable
        return
    with pytest.raises(UserError) as refusal:
        found.accept(Money(1_00))
    assert refusal.value.code == why


@pytest.mark.parametrize(
    ("one", "channel", "code"),
    [
        (owing(120_00, UNKNOWN), ONLINE, "invoice.held"),
        (owing(0, status=InvoiceStatus.VOID), ONLINE, "invoice.closed"),
        (owing(0, status=InvoiceStatus.PAID), ONLINE, "invoice.already_paid"),
        (owing(120_00), OFF, "payment.online_off"),
        (owing(30), ONLINE, "payment.below_processor_minimum"),
    ],
)
def test_each_reason_is_the_code_of_its_error(one: InvoiceToPay, channel: Channel, code: str) -> None:
    found = payability([one], channel, "USD")
    with pytest.raises(UserError) as refusal:
        found.require()
    assert refusal.value.code == found.why_not == code


def test_every_reason_raises_an_error_of_its_own() -> None:
    """A reason that `require` forgot would let the payment through."""
    for reason in WhyNot:
        held = UNKNOWN if reason is WhyNot.HELD else None
        with pytest.raises(UserError) as refusal:
            Payability(Money(0), Money(50), reason, held).require()
        assert refusal.value.code == reason


def test_invoices_paid_together_are_blocked_by_one_held_invoice() -> None:
    together = payability([owing(30), owing(40)], ONLINE, "USD")
    assert (together.payable, together.why_not) == (Money(70), None)
    lost = payability([owing(80_00, UNKNOWN), owing(60_00, UNKNOWN)], ONLINE, "USD")
    assert lost.held is not None
    assert lost.held.amount == Money(100_00)  # of both
    with pytest.raises(InvoiceHeld) as held:
        lost.accept(Money(10_00))
    assert held.value.payment_id == UNKNOWN.id
    closed = payability([owing(80_00), owing(0, status=InvoiceStatus.VOID)], ONLINE, "USD")
    assert closed.why_not is WhyNot.CLOSED
    paid = payability([owing(80_00), owing(0, status=InvoiceStatus.PAID)], ONLINE, "USD")
    assert paid.why_not is WhyNot.NOTHING_DUE
    assert payability([], ONLINE, "EUR").payable == Money(0, "EUR")


@pytest.mark.parametrize(("owed", "smallest"), [(100_00, 20_00), (20_00, 20_00), (15_00, 15_00), (30, 50)])
def test_all_10_the_smallest_payment_is_the_practices_minimum_or_all_of_it_or_the_processors_minimum(
    owed: int, smallest: int
) -> None:
    channel = Channel(online=True, practice_minimum=Money(20_00))
    assert payability([owing(owed)], channel, "USD").smallest == Money(smallest)
    assert payability([owing(owed)], DESK, "USD").smallest == Money(1)


def test_all_8_a_link_takes_no_more_than_it_was_made_for() -> None:
    def by_link(minor: int, *since: int) -> Money:
        allowance = LinkAllowance(Money(minor), tuple(map(Money, since)))
        return payability([owing(120_00)], ONLINE, "USD", allowance).payable

    assert (by_link(70_00), by_link(70_00, 20_00), by_link(200_00)) == (
        Money(70_00),
        Money(50_00),
        Money(120_00),
    )
    assert by_link(70_00, 70_00) == Money(0)


def test_another_currency_and_more_than_is_payable_are_refused() -> None:
    found = payability([owing(100_00)], ONLINE, "USD")
    with pytest.raises(InvalidAmount):
        found.accept(Money(40_00, "EUR"))
    with pytest.raises(PaymentTooLarge):
        found.accept(Money(100_01))
    with pytest.raises(PaymentTooSmall):
        found.accept(Money(49))


def test_a_payability_limited_to_an_amount_accepts_only_that_amount() -> None:
    """A review of chosen invoices may be for less than the account's own smallest payment."""
    channel = Channel(online=True, practice_minimum=Money(20_00))
    reviewed = payability([owing(100_00)], channel, "USD").limited_to(Money(15_00))
    assert reviewed.accept(Money(15_00)) == Money(15_00)
    for other in (14_99, 15_01):
        with pytest.raises(PaymentTooLarge if other > 15_00 else PaymentTooSmall):
            reviewed.accept(Money(other))


@pytest.mark.parametrize(("currency", "least"), re.findall(r"([A-Z]{3}) ([\d.]+)", STRIPES_MINIMA))
def test_part_4_the_processors_minimum_is_the_documented_one(currency: str, least: str) -> None:
    smallest = Money.parse(least, currency)
    just = payability([owing(smallest.minor, currency=currency)], ONLINE, currency)
    assert (just.why_not, just.smallest) == (None, smallest)
    less = payability([owing(smallest.minor - 1, currency=currency)], ONLINE, currency)
    assert (less.why_not, less.smallest) == (WhyNot.TOO_SMALL, smallest)
