"""Payment methods without a last four (B46), and saved ones that change or go at the processor (B47)."""

from dataclasses import replace

import pytest
from sqlmodel import select

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.billing import PaymentMethod
from portal_app.domain.access import system_principal
from portal_app.domain.billing.payment_methods import display_name
from portal_app.domain.billing.types import Method, PaymentStatus
from portal_app.domain.errors import PermissionDenied
from portal_app.domain.money import Money
from portal_app.gateways.payments import NoAnswer
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.billing.payments.pay import pay_invoice
from portal_app.services.billing.payments.payment_methods import list_payment_methods
from portal_app.services.billing.payments.receipts import view_receipt
from portal_app.services.billing.payments.refresh_methods import refresh_payment_method
from portal_app.services.billing.payments.webhooks import EventOutcome, handle_webhook
from tests.memberships_helper import add_membership, add_plan
from tests.payments_helper import new_payment, payment, tasks
from tests.people import INVOICE, RIVERA, VISA, People
from tests.services.billing.billing_helper import PORTAL, add_card, event, pay

SAVED = f"pm_{VISA}"
EXPIRED = {"exp_month": 12, "exp_year": 2025}


def saved_row(processor_id: str = SAVED) -> PaymentMethod:
    with reading(PORTAL) as tx:
        return tx.exec(select(PaymentMethod).where(PaymentMethod.processor_id == processor_id)).one()


def hear(processor: FakeProcessor, kind: str, id_: str = SAVED) -> EventOutcome:
    return handle_webhook(PORTAL, event(kind, "payment_method", id_), processor=processor)


@pytest.fixture
def expired(sample_people: People, processor: FakeProcessor) -> None:
    """Maria's Visa says 12/2025, here and at the processor."""
    processor.renew_card(SAVED, **EXPIRED)
    with transaction(PORTAL) as tx:
        row = tx.exec(select(PaymentMethod).where(PaymentMethod.processor_id == SAVED)).one()
        row.exp_month, row.exp_year = 12, 2025


@pytest.mark.parametrize(
    ("name", "shown"), [("pm_link", "Link"), ("pm_cashapp", "Cash App Pay"), ("pm_amazon_pay", "Amazon Pay")]
)
@pytest.mark.parametrize("keep", [True, False])
def test_b46_a_wallet_has_its_own_name(
    sample_people: People, processor: FakeProcessor, name: str, shown: str, keep: bool
) -> None:
    maria = sample_people.maria
    token = processor.token(name)
    done = pay_invoice(
        maria, new_payment(), INVOICE, Money(50_00), processor=processor, token=token, save=keep
    )
    row = payment(done.payment_id)
    assert (row.status, row.paid_with, row.method) == (PaymentStatus.SUCCEEDED, shown, Method.WALLET)
    assert view_receipt(maria, row.id).shown == shown
    names = [method.shown for method in list_payment_methods(maria)]
    assert (shown in names) == keep
    if keep:
        chosen = next(method.id for method in list_payment_methods(maria) if method.shown == shown)
        more = {"payment_method_id": chosen, "duplicate_confirmed": True}
        again = pay_invoice(maria, new_payment(), INVOICE, Money(20_00), processor=processor, **more)
        assert payment(again.payment_id).paid_with == shown


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("bank", "Bank account"),
        ("card", "Card"),
        ("klarna", "Klarna"),
        ("revolut_pay", "Revolut Pay"),
        ("paypal", "PayPal"),
    ],
)
def test_b46_only_a_bank_account_is_called_one(kind: str, shown: str) -> None:
    assert display_name("", "", kind) == shown


@pytest.mark.parametrize(
    "kind", ["payment_method.automatically_updated", "payment_method.updated", "customer.source.updated"]
)
def test_b47_a_renewed_card_shows_its_new_expiry(
    sample_people: People, processor: FakeProcessor, expired: None, kind: str
) -> None:
    assert list_payment_methods(sample_people.maria)[0].expired
    processor.renew_card(SAVED, exp_month=12, exp_year=2029)
    heard = event(kind, "payment_method" if kind.startswith("payment") else "card", SAVED)
    assert handle_webhook(PORTAL, heard, processor=processor) is EventOutcome.SETTLED
    assert handle_webhook(PORTAL, heard, processor=processor) is EventOutcome.ALREADY_HANDLED
    shown = list_payment_methods(sample_people.maria)[0]
    assert (shown.exp_month, shown.exp_year, shown.expired) == (12, 2029, False)


def test_b47_an_event_that_is_late_changes_nothing_back(
    sample_people: People, processor: FakeProcessor, expired: None
) -> None:
    """The event is a hint: what it says of the card is not read, the card is looked up."""
    processor.renew_card(SAVED, exp_month=1, exp_year=2030)
    hear(processor, "payment_method.automatically_updated")
    hear(processor, "payment_method.attached")
    assert (saved_row().exp_month, saved_row().exp_year) == (1, 2030)


def test_b47_a_charge_tells_the_new_expiry_where_the_event_never_came(
    sample_people: People, processor: FakeProcessor, expired: None
) -> None:
    processor.renew_card(SAVED, exp_month=12, exp_year=2029)
    pay(sample_people, processor, 50_00)
    assert (saved_row().exp_month, saved_row().exp_year) == (12, 2029)


@pytest.mark.parametrize("how", ["detached", "unknown", "another customer"])
def test_b47_a_card_that_is_gone_at_the_processor_disappears_here(
    sample_people: People, processor: FakeProcessor, how: str
) -> None:
    other = add_card(sample_people, processor)
    if how == "unknown":
        del processor._cards[SAVED]
    else:
        processor.renew_card(SAVED, customer="" if how == "detached" else "cus_other")
    assert hear(processor, "payment_method.detached") is EventOutcome.SETTLED
    (left,) = list_payment_methods(sample_people.maria)
    assert (left.id, left.is_default) == (other.id, True)
    assert saved_row().removed_at == clock.now()
    assert hear(processor, "payment_method.detached") is EventOutcome.NOT_OURS
    assert tasks() == []


def test_b47_staff_hear_of_a_membership_whose_card_is_gone(
    sample_people: People, processor: FakeProcessor
) -> None:
    add_membership(RIVERA, add_plan("Gold"), payment_method_id=VISA)
    processor.renew_card(SAVED, customer="")
    hear(processor, "payment_method.detached")
    assert tasks() == ["payment_method_gone"]


def test_b47_no_answer_is_no_proof_that_a_card_is_gone(sample_people: People) -> None:
    class Silent(FakeProcessor):
        def look_up_payment_method(self, payment_method: str):
            raise NoAnswer

    heard = event("payment_method.detached", "payment_method", SAVED)
    assert handle_webhook(PORTAL, heard, processor=Silent()) is EventOutcome.RETRY_LATER
    assert saved_row().removed_at is None


def test_b47_a_card_that_is_not_saved_here_is_not_looked_up(sample_people: People) -> None:
    class Never(FakeProcessor):
        def look_up_payment_method(self, payment_method: str):
            raise AssertionError("asked")

    heard = event("payment_method.attached", "payment_method", "pm_other")
    assert handle_webhook(PORTAL, heard, processor=Never()) is EventOutcome.NOT_OURS


def test_only_the_portal_itself_refreshes(sample_people: People, processor: FakeProcessor) -> None:
    for principal in (sample_people.maria, sample_people.olga):
        with pytest.raises(PermissionDenied):
            refresh_payment_method(principal, SAVED, processor)
    assert refresh_payment_method(replace(system_principal("x")), SAVED, processor)
