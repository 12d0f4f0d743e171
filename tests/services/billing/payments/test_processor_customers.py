"""The processor gets a customer only after the rules have accepted the payment."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from portal_app.domain.billing.errors import (
    DuplicatePaymentWarning,
    InvoiceHeld,
    OnlinePaymentsOff,
    PaymentTooLarge,
    PaymentTooSmall,
)
from portal_app.domain.billing.types import PaymentStatus
from portal_app.domain.errors import NotFound, PermissionDenied, UserError
from portal_app.domain.ids import AccountId, PaymentMethodId, new_id
from portal_app.domain.money import InvalidAmount, Money
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.billing.errors import PaymentMethodMissing
from portal_app.services.billing.payments.pay import pay_account, pay_invoice
from portal_app.services.billing.payments.payability import LinkLimit
from portal_app.services.billing.payments.payment_methods import start_adding_payment_method
from tests import people
from tests.payments_helper import new_payment, set_practice
from tests.people import INVOICE, VISA, People, add_payment


class Noting(FakeProcessor):
    """Records the accounts for which a customer was requested."""

    def __init__(self) -> None:
        super().__init__()
        self.asked_for: list[AccountId] = []

    def customer(self, account_id: AccountId, name: str, email: str = "", *, gone: str = "") -> str:
        self.asked_for.append(account_id)
        return super().customer(account_id, name, email, gone=gone)


@pytest.fixture
def processor(sample_people: People) -> Noting:
    return Noting()


def nothing() -> None:
    pass


def turn_off() -> None:
    set_practice(online_payments=False)


def raise_the_minimum() -> None:
    set_practice(minimum_payment=Money(20_00))


def leave_an_open_outcome() -> None:
    add_payment(INVOICE, 50_00, status=PaymentStatus.REQUIRES_ACTION)


def pay_the_same() -> None:
    add_payment(INVOICE, 30_00)


@pytest.mark.parametrize(
    ("before", "offered", "how", "error"),
    [
        (nothing, Money(120_01), {}, PaymentTooLarge),
        (nothing, Money(49), {}, PaymentTooSmall),
        (nothing, Money(0), {}, PaymentTooSmall),
        (nothing, Money(50_00, "EUR"), {}, InvalidAmount),
        (raise_the_minimum, Money(19_99), {}, PaymentTooSmall),
        (turn_off, Money(50_00), {}, OnlinePaymentsOff),
        (leave_an_open_outcome, Money(50_00), {}, InvoiceHeld),
        (pay_the_same, Money(30_00), {}, DuplicatePaymentWarning),
        (
            nothing,
            Money(50_00),
            {"limit": LinkLimit(Money(40_00), datetime(2026, 6, 1, tzinfo=UTC))},
            PaymentTooLarge,
        ),
        (nothing, Money(50_00), {"token": "", "payment_method_id": None}, PaymentMethodMissing),
        (nothing, Money(50_00), {"payment_method_id": VISA}, PaymentMethodMissing),
    ],
)
def test_a_refused_payment_creates_no_customer(
    sample_people: People,
    processor: Noting,
    before: Callable[[], None],
    offered: Money,
    how: dict[str, object],
    error: type[UserError],
) -> None:
    before()
    given = {"token": processor.token()} | how
    with pytest.raises(error):
        pay_invoice(sample_people.maria, new_payment(), INVOICE, offered, processor=processor, **given)  # type: ignore[arg-type]
    assert processor.asked_for == []


def test_an_unknown_payment_method_or_anothers_invoice_creates_no_customer(
    sample_people: People, processor: Noting
) -> None:
    stranger = PaymentMethodId(new_id("src"))
    with pytest.raises(NotFound):
        pay_invoice(
            sample_people.maria,
            new_payment(),
            INVOICE,
            Money(50_00),
            processor=processor,
            payment_method_id=stranger,
        )
    with pytest.raises(NotFound):
        pay_invoice(
            sample_people.kim,
            new_payment(),
            INVOICE,
            Money(50_00),
            processor=processor,
            token=processor.token(),
        )
    with pytest.raises(PaymentTooLarge):
        pay_account(
            sample_people.maria, new_payment(), Money(500_00), processor=processor, token=processor.token()
        )
    assert processor.asked_for == []


def test_adding_a_card_to_anothers_account_creates_no_customer(
    sample_people: People, processor: Noting
) -> None:
    with pytest.raises(NotFound):
        start_adding_payment_method(
            sample_people.kim, new_id("sup"), processor=processor, account_id=people.RIVERA
        )
    with pytest.raises(PermissionDenied):
        start_adding_payment_method(
            sample_people.nora, new_id("sup"), processor=processor, account_id=people.RIVERA
        )
    assert processor.asked_for == []


def test_an_accepted_payment_creates_one_customer_and_the_same_form_no_other(
    sample_people: People, processor: Noting
) -> None:
    id_, token = new_payment(), processor.token()
    for _ in range(2):
        outcome = pay_invoice(
            sample_people.maria, id_, INVOICE, Money(50_00), processor=processor, token=token
        )
        assert outcome.status is PaymentStatus.SUCCEEDED
    start_adding_payment_method(sample_people.maria, new_id("sup"), processor=processor)
    assert processor.asked_for == [people.RIVERA]
