"""The processor hears of a payer when the rules have let the payment pass, and not before."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from portal_app.domain.billing.words import PaymentStatus
from portal_app.domain.errors import NotAllowed, NotFound, Refused
from portal_app.domain.ids import AccountId, SourceId, new_id
from portal_app.domain.money import Money
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.billing.payability import LinkLimit
from portal_app.services.billing.payments import pay_account, pay_invoice
from portal_app.services.billing.wallet import start_adding_source
from tests import cast as people
from tests.cast import INVOICE, VISA, Cast, add_payment
from tests.services.till import new_payment, set_practice


class Noting(FakeProcessor):
    """Keeps the accounts that it was asked to make customers of."""

    def __init__(self) -> None:
        super().__init__()
        self.asked_for: list[AccountId] = []

    def customer(self, account_id: AccountId, name: str, email: str = "") -> str:
        self.asked_for.append(account_id)
        return super().customer(account_id, name, email)


@pytest.fixture
def processor(cast: Cast) -> Noting:
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
        (nothing, Money(120_01), {}, "You can pay up to"),
        (nothing, Money(49), {}, "The smallest payment is"),
        (nothing, Money(0), {}, "The smallest payment is"),
        (nothing, Money(50_00, "EUR"), {}, "Enter an amount"),
        (raise_the_minimum, Money(19_99), {}, "The smallest payment is"),
        (turn_off, Money(50_00), {}, "turned off"),
        (leave_an_open_outcome, Money(50_00), {}, "We are checking"),
        (pay_the_same, Money(30_00), {}, "Pay again"),
        (
            nothing,
            Money(50_00),
            {"limit": LinkLimit(Money(40_00), datetime(2026, 6, 1, tzinfo=UTC))},
            "You can pay up to",
        ),
        (nothing, Money(50_00), {"token": "", "source_id": None}, "Choose a card"),
        (nothing, Money(50_00), {"source_id": VISA}, "Choose a card"),
    ],
)
def test_what_the_rules_refuse_makes_no_customer(
    cast: Cast,
    processor: Noting,
    before: Callable[[], None],
    offered: Money,
    how: dict[str, object],
    error: str,
) -> None:
    before()
    given = {"token": processor.token()} | how
    with pytest.raises(Refused, match=error):
        pay_invoice(cast.maria, new_payment(), INVOICE, offered, processor=processor, **given)  # type: ignore[arg-type]
    assert processor.asked_for == []


def test_a_card_of_nobodys_and_a_bill_that_is_not_theirs_make_none(cast: Cast, processor: Noting) -> None:
    stranger = SourceId(new_id("src"))
    with pytest.raises(NotFound):
        pay_invoice(cast.maria, new_payment(), INVOICE, Money(50_00), processor=processor, source_id=stranger)
    with pytest.raises(NotFound):
        pay_invoice(
            cast.kim, new_payment(), INVOICE, Money(50_00), processor=processor, token=processor.token()
        )
    with pytest.raises(Refused, match="up to"):
        pay_account(cast.maria, new_payment(), Money(500_00), processor=processor, token=processor.token())
    assert processor.asked_for == []


def test_adding_a_card_to_anothers_account_makes_none(cast: Cast, processor: Noting) -> None:
    with pytest.raises(NotFound):
        start_adding_source(cast.kim, new_id("sup"), processor=processor, account_id=people.RIVERA)
    with pytest.raises(NotAllowed):
        start_adding_source(cast.nora, new_id("sup"), processor=processor, account_id=people.RIVERA)
    assert processor.asked_for == []


def test_what_may_be_paid_makes_one_and_the_same_form_again_no_other(cast: Cast, processor: Noting) -> None:
    id_, token = new_payment(), processor.token()
    for _ in range(2):
        outcome = pay_invoice(cast.maria, id_, INVOICE, Money(50_00), processor=processor, token=token)
        assert outcome.status is PaymentStatus.SUCCEEDED
    start_adding_source(cast.maria, new_id("sup"), processor=processor)
    assert processor.asked_for == [people.RIVERA]
