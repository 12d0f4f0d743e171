"""Payments at the front desk, and posting payments to the ledger."""

import pytest

from portal_app.domain.billing.errors import DepositWarning
from portal_app.domain.billing.types import Method, PaymentStatus
from portal_app.domain.errors import PermissionDenied
from portal_app.domain.ids import RefundId, new_id
from portal_app.domain.money import Money
from portal_app.gateways.payments import Outcome
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.billing.accounts import view_account
from portal_app.services.billing.errors import (
    DeskMethodMissing,
    PaymentIdReused,
    PaymentNotReceived,
)
from portal_app.services.billing.payments.receipts import view_receipt
from portal_app.services.billing.payments.refunds import refund_payment
from portal_app.services.billing.staff.patient_billing import (
    view_payment,
)
from portal_app.services.billing.staff.record_payment import post_payments, record_payment
from portal_app.services.billing.staff.transactions import (
    TransactionFilter,
)
from tests.payments_helper import (
    balance,
    invoice,
    new_payment,
    payment,
    payments,
    set_practice,
    tasks,
)
from tests.people import (
    INVOICE,
    MARIA,
    RIVERA,
    People,
    add_invoice,
)
from tests.services.billing.billing_helper import found, paid, pay


def test_cash_at_the_desk_pays_oldest_first_and_once(sample_people: People, processor: FakeProcessor) -> None:
    id_ = new_payment()
    for _ in range(2):
        done = record_payment(sample_people.dana, id_, RIVERA, Money(20), method=Method.CASH)
        assert done.status is PaymentStatus.SUCCEEDED
    assert balance() == Money(119_80)
    assert payment(id_).receipt_number
    assert view_receipt(sample_people.maria, id_).shown == "Cash"
    with pytest.raises(PaymentIdReused):
        record_payment(sample_people.dana, id_, RIVERA, Money(30), method=Method.CASH)
    with pytest.raises(DepositWarning):
        record_payment(sample_people.dana, new_payment(), RIVERA, Money(200_00), method=Method.CHECK)
    with pytest.raises(DeskMethodMissing):
        record_payment(sample_people.dana, new_payment(), RIVERA, Money(2_00), method=Method.CARD)
    with pytest.raises(PermissionDenied):
        record_payment(sample_people.maria, new_payment(), RIVERA, Money(2_00), method=Method.CASH)


def test_cash_is_refunded_at_the_desk(sample_people: People, processor: FakeProcessor) -> None:
    id_ = new_payment()
    record_payment(sample_people.dana, id_, RIVERA, Money(120_00), method=Method.CASH)
    refund_payment(sample_people.nora, RefundId(new_id("ref")), id_, Money(20_00), processor=processor)
    assert (balance(), invoice(INVOICE).due) == (Money(20_00), Money(20_00))


def test_only_received_payments_are_posted(sample_people: People, processor: FakeProcessor) -> None:
    processor.answers(Outcome.DECLINED, "expired_card")
    row = pay(sample_people, processor, 25_00)
    with pytest.raises(PaymentNotReceived):
        post_payments(sample_people.nora, [row.id])


def test_ledg_2_a_payment_that_staff_post_is_no_longer_being_posted(
    sample_people: People, processor: FakeProcessor
) -> None:
    set_practice(post_automatically=False)
    row = pay(sample_people, processor, 25_00)
    with pytest.raises(PermissionDenied):
        post_payments(sample_people.dana, [row.id])
    assert post_payments(sample_people.nora, [row.id]) == 1
    assert post_payments(sample_people.nora, [row.id]) == 0
    seen = view_account(sample_people.maria)
    assert (seen.balance, seen.being_posted, seen.will_owe) == (Money(95_00), (), Money(95_00))


@pytest.mark.parametrize("method", [Method.CASH, Method.CHECK, Method.TERMINAL])
def test_a_payment_at_the_desk_is_recorded_once(
    sample_people: People, processor: FakeProcessor, method: Method
) -> None:
    id_ = new_payment()
    for _ in range(2):
        record_payment(sample_people.dana, id_, RIVERA, Money(20_00), method=method, note="1183")
    assert balance() == Money(100_00)
    detail = view_payment(sample_people.dana, id_)
    assert (detail.method, detail.at_processor, detail.note) == (method, False, "1183")
    with pytest.raises(PermissionDenied):
        record_payment(sample_people.maria, new_payment(), RIVERA, Money(1_00), method=method)


def test_ledg_2_selected_payments_are_posted_and_counted(
    sample_people: People, processor: FakeProcessor
) -> None:
    set_practice(post_automatically=False)
    rows = [paid(sample_people, processor, minor) for minor in (20_00, 21_00, 22_00)]
    assert balance() == Money(120_00)
    with pytest.raises(PermissionDenied):
        post_payments(sample_people.dana, rows)
    assert post_payments(sample_people.nora, rows[:1]) == 1
    assert post_payments(sample_people.nora, rows) == 2
    assert balance() == Money(57_00)
    assert found(sample_people.nora, state=TransactionFilter.TO_POST) == []


def test_staff_are_asked_before_a_deposit_and_nothing_is_recorded(
    sample_people: People, processor: FakeProcessor
) -> None:
    id_ = new_payment()
    with pytest.raises(DepositWarning) as asked:
        record_payment(sample_people.nora, id_, RIVERA, Money(150_00), method=Method.CASH)
    assert asked.value.values == {"excess": Money(30_00)}
    assert payments() == []
    for _ in range(2):  # the same id is the same payment
        record_payment(
            sample_people.nora, id_, RIVERA, Money(150_00), method=Method.CASH, deposit_confirmed=True
        )
    assert view_account(sample_people.maria).credit == Money(30_00)
    assert (balance(), tasks(), len(payments())) == (-Money(30_00), [], 1)


def test_a_deposit_where_nothing_is_owed_is_credit(sample_people: People, processor: FakeProcessor) -> None:
    record_payment(sample_people.nora, new_payment(), RIVERA, Money(120_00), method=Method.CASH)
    with pytest.raises(DepositWarning):
        record_payment(sample_people.nora, new_payment(), RIVERA, Money(20_00), method=Method.CHECK)
    record_payment(
        sample_people.nora,
        new_payment(),
        RIVERA,
        Money(20_00),
        method=Method.CHECK,
        deposit_confirmed=True,
    )
    assert view_account(sample_people.maria).credit == Money(20_00)


def test_staff_are_asked_where_credit_would_pay_a_part(
    sample_people: People, processor: FakeProcessor
) -> None:
    record_payment(
        sample_people.nora,
        new_payment(),
        RIVERA,
        Money(130_00),
        method=Method.CASH,
        deposit_confirmed=True,
    )
    add_invoice(RIVERA, (MARIA, "Cleaning", 25_00))
    with pytest.raises(DepositWarning) as asked:
        record_payment(sample_people.nora, new_payment(), RIVERA, Money(25_00), method=Method.CASH)
    assert asked.value.values == {"excess": Money(10_00)}
    record_payment(sample_people.nora, new_payment(), RIVERA, Money(15_00), method=Method.CASH)
