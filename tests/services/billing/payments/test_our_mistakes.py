"""What the processor refuses of our own requests is never told as the payer's bank's (PROC cases)."""

import pytest

from portal_app.db.scope import reading, transaction
from portal_app.db.tables.billing import Account
from portal_app.domain.billing.types import PaymentStatus
from portal_app.domain.ids import new_id
from portal_app.domain.money import Money
from portal_app.gateways.payments import Outcome
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.i18n import translate
from portal_app.services.billing.errors import OnlinePaymentsBroken
from portal_app.services.billing.payments.pay import pay_invoice
from portal_app.services.billing.payments.payment_methods import (
    list_payment_methods,
    start_adding_payment_method,
)
from tests.payments_helper import balance, new_payment, payment, payments, tasks
from tests.people import INVOICE, RIVERA, VISA, People
from tests.services.billing.billing_helper import PORTAL, add_card, pay

FIFTY = Money(50_00)


def set_customer(customer: str) -> None:
    with transaction(PORTAL) as tx:
        tx.get_or_404(Account, RIVERA, lock=True).processor_customer_id = customer


def customer() -> str:
    with reading(PORTAL) as tx:
        return tx.get_or_404(Account, RIVERA).processor_customer_id


def test_b45_no_such_customer_a_new_one_is_made_once_and_the_payment_goes_through(
    sample_people: People, processor: FakeProcessor
) -> None:
    set_customer("cus_deleted")
    row = pay(sample_people, processor, 50_00, "pm_card_visa")
    assert row.status is PaymentStatus.SUCCEEDED
    assert customer().startswith("cus_")
    assert customer() != "cus_deleted"
    assert balance() == Money(70_00)
    assert processor.attempts == 1
    renewed = customer()
    pay(sample_people, processor, 20_00, "pm_card_visa")
    assert customer() == renewed
    assert tasks() == []


def test_b45_saved_methods_that_went_with_the_customer_are_marked(
    sample_people: People, processor: FakeProcessor
) -> None:
    pay(sample_people, processor, 20_00)
    processor.delete_customer(customer())
    row = pay(sample_people, processor, 50_00)
    assert (row.status, row.decline_code) == (PaymentStatus.FAILED, "method_gone")
    assert list_payment_methods(sample_people.maria) == ()
    assert pay(sample_people, processor, 50_00, "pm_card_visa").status is PaymentStatus.SUCCEEDED
    assert tasks() == []


def test_b45_a_card_is_added_with_a_new_customer(sample_people: People, processor: FakeProcessor) -> None:
    set_customer("cus_deleted")
    added = add_card(sample_people, processor)
    assert added.id in {method.id for method in list_payment_methods(sample_people.maria)}


def test_proc_1_a_wrong_key_is_told_with_the_phone_and_a_task(
    sample_people: People, processor: FakeProcessor
) -> None:
    set_customer(processor.customer(RIVERA, "Maria Rivera"))
    processor.wrong_key = True
    id_ = new_payment()
    with pytest.raises(OnlinePaymentsBroken) as refused:
        pay_invoice(sample_people.maria, id_, INVOICE, FIFTY, processor=processor, token=processor.token())
    words = translate("en", refused.value.message, **refused.value.values)
    assert "+12125550100" in words
    assert "bank" not in words
    assert (payment(id_).status, payment(id_).decline_code) == (PaymentStatus.FAILED, "request_refused")
    assert tasks() == ["request_refused"]
    with pytest.raises(OnlinePaymentsBroken):
        pay(sample_people, processor, 20_00)
    assert tasks() == ["request_refused"]  # once a day
    processor.wrong_key = False
    assert pay(sample_people, processor, 50_00).status is PaymentStatus.SUCCEEDED


def test_proc_1_a_wrong_key_before_there_is_a_customer(
    sample_people: People, processor: FakeProcessor
) -> None:
    processor.wrong_key = True
    with pytest.raises(OnlinePaymentsBroken):
        pay(sample_people, processor, 50_00)
    assert payments() == []
    assert tasks() == ["request_refused"]


def test_proc_1_a_wrong_key_when_a_card_is_added(sample_people: People, processor: FakeProcessor) -> None:
    set_customer(processor.customer(RIVERA, "Maria Rivera"))
    processor.wrong_key = True
    with pytest.raises(OnlinePaymentsBroken):
        start_adding_payment_method(sample_people.maria, new_id("sup"), processor=processor)
    assert tasks() == ["request_refused"]


def test_a_request_that_is_refused_is_no_decline(sample_people: People, processor: FakeProcessor) -> None:
    processor.answers(Outcome.REFUSED)
    with pytest.raises(OnlinePaymentsBroken):
        pay(sample_people, processor, 50_00)
    (row,) = payments()
    assert row.status is PaymentStatus.FAILED
    assert balance() == Money(120_00)
    assert VISA in {method.id for method in list_payment_methods(sample_people.maria)}
