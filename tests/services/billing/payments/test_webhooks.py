"""Webhooks: late, doubled, lost and in any order, an event is booked once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from portal_app.domain.billing.types import PaymentStatus
from portal_app.domain.errors import PermissionDenied
from portal_app.domain.money import Money
from portal_app.gateways.payments import Charge, Outcome
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.billing.errors import PaymentDisputed
from portal_app.services.billing.payments.pay import confirm_payment
from portal_app.services.billing.payments.reconcile import reconcile
from portal_app.services.billing.payments.settle import settle
from portal_app.services.billing.payments.webhooks import EventOutcome, handle_webhook
from tests.payments_helper import (
    balance,
    payment,
    tasks,
)
from tests.people import People
from tests.services.billing.billing_helper import PORTAL, event, intent_event, lost, pay, refund


def test_a_webhook_settles_a_payment_without_an_answer_once(
    sample_people: People, processor: FakeProcessor
) -> None:
    row, intent = lost(sample_people, processor)
    told = event("payment_intent.succeeded", "payment_intent", intent, intent)
    assert handle_webhook(PORTAL, told, processor=processor) is EventOutcome.SETTLED
    assert handle_webhook(PORTAL, told, processor=processor) is EventOutcome.ALREADY_HANDLED
    again = event("payment_intent.succeeded", "payment_intent", intent, intent)
    assert handle_webhook(PORTAL, again, processor=processor) is EventOutcome.SETTLED
    assert payment(row.id).status is PaymentStatus.SUCCEEDED
    assert balance() == Money(70_00)


def test_a_webhook_and_the_payers_return_at_once_post_once(
    sample_people: People, processor: FakeProcessor
) -> None:
    asked = pay(sample_people, processor, 120_00, "pm_card_authenticationRequired")
    processor.finish(asked.processor_intent_id or "")

    def one(n: int) -> object:
        if n % 2:
            return confirm_payment(sample_people.maria, asked.id, processor=processor)
        return handle_webhook(PORTAL, intent_event(asked), processor=processor)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(8)))
    assert balance() == Money(0)
    assert payment(asked.id).status is PaymentStatus.SUCCEEDED


def test_the_same_event_eight_times_at_once_is_handled_once(
    sample_people: People, processor: FakeProcessor
) -> None:
    _, intent = lost(sample_people, processor)
    told = event("payment_intent.succeeded", "payment_intent", intent, intent)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: handle_webhook(PORTAL, told, processor=processor), range(8)))
    assert set(answers) <= {EventOutcome.SETTLED, EventOutcome.ALREADY_HANDLED}
    assert balance() == Money(70_00)


def test_an_old_event_does_not_undo_a_success(sample_people: People, processor: FakeProcessor) -> None:
    row = pay(sample_people, processor, 50_00)
    intent = row.processor_intent_id or ""
    for outcome in (Outcome.DECLINED, Outcome.CANCELLED, Outcome.PROCESSING, Outcome.REQUIRES_ACTION):
        stale = Charge(outcome, intent, payment_id=row.id, decline_code="expired_card")
        assert settle(PORTAL, row.id, stale).status is PaymentStatus.SUCCEEDED
    assert balance() == Money(70_00)


def test_events_of_unknown_kinds_are_stored_and_ignored(
    sample_people: People, processor: FakeProcessor
) -> None:
    told = event("customer.created", "customer", "cus_1")
    assert handle_webhook(PORTAL, told, processor=processor) is EventOutcome.IGNORED
    assert handle_webhook(PORTAL, told, processor=processor) is EventOutcome.ALREADY_HANDLED
    foreign = event("payment_intent.succeeded", "payment_intent", "pi_other", "pi_other")
    assert handle_webhook(PORTAL, foreign, processor=processor) is EventOutcome.NOT_OURS
    assert (
        handle_webhook(PORTAL, event("charge.failed", "charge", "ch_1"), processor=processor)
        is EventOutcome.NOT_OURS
    )


def test_an_event_that_was_not_handled_is_handled_when_it_is_sent_again(
    sample_people: People, processor: FakeProcessor
) -> None:
    row, intent = lost(sample_people, processor)

    class Down(FakeProcessor):
        def look_up(self, intent_id: str) -> Charge:
            return Charge(Outcome.UNKNOWN)

    told = event("payment_intent.succeeded", "payment_intent", intent, intent)
    assert handle_webhook(PORTAL, told, processor=Down()) is EventOutcome.RETRY_LATER
    assert payment(row.id).status is PaymentStatus.PROCESSING
    assert handle_webhook(PORTAL, told, processor=processor) is EventOutcome.SETTLED
    assert payment(row.id).status is PaymentStatus.SUCCEEDED


def test_a_dispute_is_marked_and_staff_are_told(sample_people: People, processor: FakeProcessor) -> None:
    row = pay(sample_people, processor, 50_00)
    intent = row.processor_intent_id or ""
    told = event("charge.dispute.created", "dispute", processor.dispute(intent), intent)
    assert handle_webhook(PORTAL, told, processor=processor) is EventOutcome.SETTLED
    assert payment(row.id).status is PaymentStatus.DISPUTED
    assert tasks() == ["disputed"]
    with pytest.raises(PaymentDisputed):
        refund(sample_people, processor, row, 10_00)


def test_only_the_portal_itself_handles_webhooks(sample_people: People, processor: FakeProcessor) -> None:
    for who in (sample_people.maria, sample_people.olga):
        with pytest.raises(PermissionDenied):
            handle_webhook(who, event("x", "customer", "cus_1"), processor=processor)
        with pytest.raises(PermissionDenied):
            reconcile(who, processor=processor)
