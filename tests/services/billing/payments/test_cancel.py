"""Confirming and cancelling a payment: the processor decides, and comes first."""

from datetime import timedelta

import pytest

from portal_app import clock
from portal_app.domain.billing.errors import (
    InvoiceHeld,
)
from portal_app.domain.billing.types import InvoiceStatus, PaymentStatus
from portal_app.gateways.payments import NoAnswer, Outcome
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.billing.payments.pay import cancel_payment, confirm_payment
from tests.payments_helper import (
    invoice,
    payment,
)
from tests.people import INVOICE, People
from tests.services.billing.billing_helper import lost, pay, try_payment


def test_a_payer_cancels_an_unanswered_payment_after_a_while(
    sample_people: People, processor: FakeProcessor
) -> None:
    processor.no_answer()
    row = pay(sample_people, processor, 50_00)
    early = cancel_payment(sample_people.maria, row.id, processor=processor)
    assert early.status is PaymentStatus.PROCESSING
    with clock.held_at(clock.now() + timedelta(minutes=15)):
        late = cancel_payment(sample_people.maria, row.id, processor=processor)
    assert late.status is PaymentStatus.CANCELLED


def test_cancelling_while_the_processor_does_not_answer_releases_nothing(
    sample_people: People, processor: FakeProcessor
) -> None:
    """No answer proves nothing: it was charged, and paying again would charge twice."""
    row, _ = lost(sample_people, processor)

    class Silent(FakeProcessor):
        def charges_since(self, moment: object):
            raise NoAnswer

    with clock.held_at(clock.now() + timedelta(minutes=30)):
        outcome = cancel_payment(sample_people.maria, row.id, processor=Silent())
        assert outcome.status is PaymentStatus.PROCESSING
        too_late = cancel_payment(sample_people.maria, row.id, processor=processor)
        assert too_late.status is PaymentStatus.SUCCEEDED


def test_a_payment_that_the_payer_confirms_with_the_bank_succeeds(
    sample_people: People, processor: FakeProcessor
) -> None:
    token = processor.token("pm_card_authenticationRequired")
    asked = try_payment(sample_people, processor, 120_00, token=token)
    assert asked.status is PaymentStatus.REQUIRES_ACTION
    assert asked.client_secret
    with pytest.raises(InvoiceHeld) as held:
        try_payment(sample_people, processor, 20_00)
    assert held.value.can_continue
    # The browser says it is done; the processor does not.
    still = confirm_payment(sample_people.maria, asked.payment_id, processor=processor)
    assert still.status is PaymentStatus.REQUIRES_ACTION
    assert still.client_secret
    processor.finish(payment(asked.payment_id).processor_intent_id or "")
    done = confirm_payment(sample_people.maria, asked.payment_id, processor=processor)
    assert done.status is PaymentStatus.SUCCEEDED


def test_a_payment_is_cancelled_at_the_processor_before_it_is_released(
    sample_people: People, processor: FakeProcessor
) -> None:
    asked = try_payment(
        sample_people, processor, 120_00, token=processor.token("pm_card_authenticationRequired")
    )
    gone = cancel_payment(sample_people.maria, asked.payment_id, processor=processor)
    assert gone.status is PaymentStatus.CANCELLED
    intent = payment(asked.payment_id).processor_intent_id or ""
    assert processor.look_up(intent).outcome is Outcome.CANCELLED
    assert try_payment(sample_people, processor, 120_00).status is PaymentStatus.SUCCEEDED


def test_a_payment_cancelled_too_late_is_paid(sample_people: People, processor: FakeProcessor) -> None:
    asked = try_payment(
        sample_people, processor, 120_00, token=processor.token("pm_card_authenticationRequired")
    )
    processor.finish(payment(asked.payment_id).processor_intent_id or "")
    late = cancel_payment(sample_people.maria, asked.payment_id, processor=processor)
    assert late.status is PaymentStatus.SUCCEEDED
    assert invoice(INVOICE).status is InvoiceStatus.PAID


def test_a_payment_that_the_bank_declines_is_cancelled_at_the_processor_too(
    sample_people: People, processor: FakeProcessor
) -> None:
    asked = try_payment(
        sample_people, processor, 120_00, token=processor.token("pm_card_authenticationRequired")
    )
    intent = payment(asked.payment_id).processor_intent_id or ""
    processor.finish(intent, Outcome.DECLINED, "payment_intent_authentication_failure")
    outcome = confirm_payment(sample_people.maria, asked.payment_id, processor=processor)
    assert outcome.status is PaymentStatus.FAILED
    assert processor.look_up(intent).outcome is Outcome.CANCELLED
