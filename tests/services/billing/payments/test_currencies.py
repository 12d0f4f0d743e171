"""A practice whose currency has three decimals, and amounts that no card is charged (B40, B41)."""

from collections.abc import Iterator
from datetime import date
from typing import Any, NoReturn, cast

import pytest

from portal_app.domain.billing.errors import (
    AboveProcessorMaximum,
    AmountAboveLastStep,
    AmountNotInSteps,
    OnlinePaymentsOff,
)
from portal_app.domain.billing.processor_limits import processor_maximum
from portal_app.domain.billing.types import Method
from portal_app.domain.ids import InvoiceId, RefundId, new_id
from portal_app.domain.money import Money
from portal_app.gateways.payments import CardProcessor
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.billing.errors import InvoiceAboveMaximum
from portal_app.services.billing.invoices.issue import create_invoice
from portal_app.services.billing.payments.pay import pay_account, pay_invoice
from portal_app.services.billing.payments.refunds import refund_payment
from portal_app.services.billing.staff.record_payment import record_payment
from portal_app.services.billing.views import NewLine
from portal_app.services.practice.settings import change_setting
from portal_app.settings import settings
from tests import people
from tests.payments_helper import invoice, new_payment, payment, payments
from tests.people import RIVERA, VISA, People, add_invoice

MOST = processor_maximum("USD")


@pytest.fixture
def dinars(
    sample_people: People, processor: FakeProcessor, monkeypatch: pytest.MonkeyPatch
) -> Iterator[InvoiceId]:
    """The practice keeps KWD, and Maria owes 9.005: rows hold minor units without their currency."""
    owed = add_invoice(RIVERA, (people.MARIA, "Visit", 9_005))
    monkeypatch.setenv("PORTAL_CURRENCY", "KWD")
    settings.cache_clear()
    yield owed
    monkeypatch.undo()
    settings.cache_clear()


class NeverAsked:
    """A processor of which nothing may be asked."""

    def __getattr__(self, name: str) -> NoReturn:
        raise AssertionError(f"the processor was asked: {name}")


@pytest.mark.parametrize(
    "card", [{"payment_method_id": VISA}, {"token": "ctoken_visa"}], ids=["saved", "new"]
)
def test_proc_1_a_currency_that_is_refused_is_refused_before_anything_is_sent(
    sample_people: People, dinars: InvoiceId, monkeypatch: pytest.MonkeyPatch, card: dict[str, Any]
) -> None:
    """Iraqi dinars have three decimals too, and no card is charged in them. No customer is made there either."""
    monkeypatch.setenv("PORTAL_CURRENCY", "IQD")
    settings.cache_clear()
    amount, processor = Money(5_000, "IQD"), cast("CardProcessor", NeverAsked())
    with pytest.raises(OnlinePaymentsOff):
        pay_invoice(sample_people.maria, new_payment(), dinars, amount, processor=processor, **card)
    with pytest.raises(OnlinePaymentsOff):
        pay_account(sample_people.maria, new_payment(), amount, processor=processor, **card)
    assert payments() == []
    # At the desk it is paid: no processor takes part.
    cash = {"method": Method.CASH, "invoice_ids": [dinars]}
    record_payment(sample_people.nora, new_payment(), RIVERA, amount, **cash)
    assert invoice(dinars).due == Money(4_005, "IQD")


def test_b41_an_amount_between_two_steps_is_refused_before_it_is_sent(
    sample_people: People, processor: FakeProcessor, dinars: InvoiceId
) -> None:
    maria = sample_people.maria

    def pay(minor: int):
        amount = Money(minor, "KWD")
        return pay_invoice(maria, new_payment(), dinars, amount, processor=processor, payment_method_id=VISA)

    with pytest.raises(AmountNotInSteps):
        pay(5_005)
    with pytest.raises(AmountAboveLastStep):
        pay(9_005)
    assert (payments(), processor.attempts) == ([], 0)
    done = payment(pay(9_000).payment_id)
    assert invoice(dinars).due == Money(5, "KWD")
    refunded = {"processor": processor, "invoice_ids": [dinars]}
    with pytest.raises(AmountNotInSteps):
        refund_payment(sample_people.nora, RefundId(new_id("ref")), done.id, Money(1_005, "KWD"), **refunded)
    # At the desk the rest is paid in cash: no processor takes part.
    rest, paid_in = Money(5, "KWD"), new_payment()
    record_payment(sample_people.nora, paid_in, RIVERA, rest, method=Method.CASH, invoice_ids=[dinars])
    assert not invoice(dinars).due


def test_no_place_takes_more_than_one_payment_can_be(sample_people: People, processor: FakeProcessor) -> None:
    owed = add_invoice(RIVERA, (people.MARIA, "Implants", 2 * MOST.minor))
    over = MOST + Money(1)
    ways = {"processor": processor, "payment_method_id": VISA}
    with pytest.raises(AboveProcessorMaximum):
        pay_invoice(sample_people.maria, new_payment(), owed, over, **ways)
    with pytest.raises(AboveProcessorMaximum):
        pay_account(sample_people.maria, new_payment(), over, invoice_ids=[owed], **ways)
    with pytest.raises(AboveProcessorMaximum):
        record_payment(
            sample_people.nora, new_payment(), RIVERA, over, method=Method.CHECK, invoice_ids=[owed]
        )
    with pytest.raises(AboveProcessorMaximum):
        change_setting(sample_people.olga, "minimum_payment", over)
    assert (payments(), processor.attempts) == ([], 0)
    pay_invoice(sample_people.maria, new_payment(), owed, MOST, **ways)
    assert invoice(owed).due == MOST


def test_an_invoice_that_no_card_could_pay_is_not_drafted(sample_people: People) -> None:
    def draft(minor: int, quantity: int) -> InvoiceId:
        lines = [NewLine(people.MARIA.id, "Implants", Money(minor), quantity=quantity)]
        id_ = InvoiceId(new_id("inv"))
        return create_invoice(sample_people.nora, id_, RIVERA, lines, due_date=date(2026, 7, 15))

    with pytest.raises(InvoiceAboveMaximum) as refused:
        draft(500_000_00, 2)
    assert refused.value.values == {"amount": MOST}
    assert invoice(draft(MOST.minor, 1)).total == MOST
    change_setting(sample_people.olga, "online_payments", False)
    assert invoice(draft(500_000_00, 2)).total == Money(1_000_000_00)  # paid at the practice
