"""Storing a payment: which amounts and invoices are refused, the same form twice, a duplicate within minutes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from portal_app import clock
from portal_app.domain.billing.errors import (
    DuplicatePaymentWarning,
    InvoiceHeld,
    OnlinePaymentsOff,
    PaymentTooLarge,
    PaymentTooSmall,
)
from portal_app.domain.billing.payability import WhyNot
from portal_app.domain.billing.types import InvoiceStatus, PaymentStatus
from portal_app.domain.errors import NotFound, UserError
from portal_app.domain.money import InvalidAmount, Money
from portal_app.gateways.payments import Outcome
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.billing.errors import PaymentIdReused
from portal_app.services.billing.invoices.read import list_invoices, view_invoice
from portal_app.services.billing.payments.pay import (
    confirm_payment,
    pay_invoice,
)
from portal_app.services.billing.views import PaymentOutcome as Paid
from portal_app.services.practice.settings import change_setting
from tests import people
from tests.payments_helper import (
    balance,
    new_payment,
    payments,
    set_practice,
)
from tests.people import (
    INVOICE,
    RIVERA,
    VISA,
    People,
    add_invoice,
)
from tests.services.billing.billing_helper import paid, try_payment


@pytest.mark.parametrize(
    ("owed", "offered", "error"),
    [
        (15_00, 10_00, PaymentTooSmall),
        (15_00, 15_00, None),
        (100_00, 10_00, PaymentTooSmall),
        (100_00, 20_00, None),
        (100_00, 100_01, PaymentTooLarge),
    ],
)
def test_all_10_the_practices_minimum(
    sample_people: People, processor: FakeProcessor, owed: int, offered: int, error: type[UserError] | None
) -> None:
    set_practice(minimum_payment=Money(20_00))
    invoice = add_invoice(RIVERA, (people.MARIA, "Visit", owed))

    def try_it() -> Paid:
        return pay_invoice(
            sample_people.maria,
            new_payment(),
            invoice,
            Money(offered),
            processor=processor,
            payment_method_id=VISA,
        )

    if error is None:
        assert try_it().status is PaymentStatus.SUCCEEDED
        return
    with pytest.raises(error):
        try_it()


@pytest.mark.parametrize("minor", [-5_00, 0, 10**14])
def test_all_11_negative_zero_and_huge_amounts_are_refused(
    sample_people: People, processor: FakeProcessor, minor: int
) -> None:
    with pytest.raises((PaymentTooLarge, PaymentTooSmall)):
        try_payment(sample_people, processor, minor)
    with pytest.raises(InvalidAmount):
        pay_invoice(
            sample_people.maria,
            new_payment(),
            INVOICE,
            Money(50_00, "EUR"),
            processor=processor,
            payment_method_id=VISA,
        )
    assert payments() == []


def test_all_12_one_form_sent_many_times_is_one_payment(
    sample_people: People, processor: FakeProcessor
) -> None:
    id_, token = new_payment(), processor.token()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: try_payment(sample_people, processor, 80_00, id_, token=token), range(8)))
    again = try_payment(sample_people, processor, 80_00, id_, token=token)
    assert again.status is PaymentStatus.SUCCEEDED
    assert processor.attempts == 1
    assert len(payments()) == 1
    assert balance() == Money(40_00)


def test_all_12_the_same_id_with_another_amount_or_invoice_is_refused(
    sample_people: People, processor: FakeProcessor
) -> None:
    id_ = new_payment()
    try_payment(sample_people, processor, 80_00, id_)
    other = add_invoice(RIVERA, (people.MARIA, "Visit", 80_00))
    with pytest.raises(PaymentIdReused):
        try_payment(sample_people, processor, 20_00, id_)
    with pytest.raises(PaymentIdReused):
        pay_invoice(
            sample_people.maria, id_, other, Money(80_00), processor=processor, payment_method_id=VISA
        )
    assert processor.attempts == 1


def test_all_12_another_payers_payment_id_is_not_found(
    sample_people: People, processor: FakeProcessor
) -> None:
    id_ = try_payment(sample_people, processor, 80_00).payment_id
    token = processor.token()
    with pytest.raises(NotFound):
        pay_invoice(
            sample_people.kim, id_, people.KIM_INVOICE, Money(80_00), processor=processor, token=token
        )


def test_all_13_an_unknown_outcome_holds_the_invoice(sample_people: People, processor: FakeProcessor) -> None:
    processor.no_answer(Outcome.SUCCEEDED)
    first = try_payment(sample_people, processor, 50_00)
    assert (first.status, first.accepted_by_processor) == (PaymentStatus.PROCESSING, False)
    with pytest.raises(InvoiceHeld) as held:
        try_payment(sample_people, processor, 20_00)
    assert held.value.payment_id == first.payment_id
    assert not held.value.can_continue
    view = view_invoice(sample_people.maria, INVOICE)
    assert view.payability.held is not None
    assert (view.payability.payable, view.payability.held.accepted_by_processor) == (Money(70_00), False)
    assert confirm_payment(sample_people.maria, first.payment_id, processor=processor).status == "succeeded"
    assert try_payment(sample_people, processor, 20_00).status is PaymentStatus.SUCCEEDED


def test_all_14_an_invoice_that_is_not_open_takes_no_money(
    sample_people: People, processor: FakeProcessor
) -> None:
    for status, wanted in (
        (InvoiceStatus.DRAFT, NotFound),
        (InvoiceStatus.VOID, UserError),
        (InvoiceStatus.WRITTEN_OFF, UserError),
    ):
        invoice = add_invoice(people.LUIS_S, (people.LUIS, "Visit", 80_00), status=status)
        token = processor.token()
        with pytest.raises(wanted):
            pay_invoice(
                sample_people.luis, new_payment(), invoice, Money(80_00), processor=processor, token=token
            )
    assert payments() == []


def test_the_same_amount_within_ten_minutes_warns_first(
    sample_people: People, processor: FakeProcessor
) -> None:
    try_payment(sample_people, processor, 50_00)
    with pytest.raises(DuplicatePaymentWarning):
        try_payment(sample_people, processor, 50_00)
    with clock.held_at(clock.now() + timedelta(minutes=7)), pytest.raises(DuplicatePaymentWarning) as asked:
        try_payment(sample_people, processor, 50_00)
    assert asked.value.values == {"amount": Money(50_00), "minutes": 7}
    assert (
        try_payment(sample_people, processor, 50_00, duplicate_confirmed=True).status
        is PaymentStatus.SUCCEEDED
    )
    assert processor.attempts == 2


def test_ten_minutes_later_there_is_no_warning(sample_people: People, processor: FakeProcessor) -> None:
    try_payment(sample_people, processor, 50_00)
    with clock.held_at(clock.now() + timedelta(minutes=10)):
        assert try_payment(sample_people, processor, 50_00).status is PaymentStatus.SUCCEEDED


def test_online_payments_off_hides_the_form_and_refuses_payments(
    sample_people: People, processor: FakeProcessor
) -> None:
    set_practice(online_payments=False)
    assert not list_invoices(sample_people.maria).online_payments
    view = view_invoice(sample_people.maria, INVOICE)
    assert (view.payability.why_not, view.payment_methods) == (WhyNot.OFFLINE, ())
    with pytest.raises(OnlinePaymentsOff):
        try_payment(sample_people, processor, 50_00)


def test_online_payments_off_is_refused_by_the_server(
    sample_people: People, processor: FakeProcessor
) -> None:
    change_setting(sample_people.olga, "online_payments", False)
    with pytest.raises(OnlinePaymentsOff):
        paid(sample_people, processor, 10_00)
