"""The simulator's disputes: events in Stripe's order, evidence that decides, debits that are returned."""

from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from tests.stripe_simulator.process import Simulated, WebhookReceiver, simulator, webhook

DISPUTED = ["charge.dispute.created", "charge.dispute.funds_withdrawn"]


@pytest.fixture
def told() -> Iterator[WebhookReceiver]:
    with webhook() as receiver:
        yield receiver


@pytest.fixture
def simulated(told: WebhookReceiver) -> Iterator[Simulated]:
    with simulator(webhook_url=told.url) as running:
        yield running


def api_of(simulated: Simulated) -> Any:
    return stripe.StripeClient("sk_test_x", base_addresses={"api": simulated.url}).v1


def pay(simulated: Simulated, method: str) -> Any:
    asked = {"amount": 5000, "currency": "usd", "payment_method": method, "confirm": True}
    return api_of(simulated).payment_intents.create({**asked, "return_url": "https://example.org"})


def dispute_of(simulated: Simulated, intent: Any) -> Any:
    (found,) = api_of(simulated).disputes.list({"payment_intent": intent.id}).data
    return found


def dispute_events(told: WebhookReceiver) -> list[str]:
    return [kind for kind in told.kinds() if kind.startswith("charge.dispute.")]


def test_winning_evidence_gives_the_money_back(simulated: Simulated, told: WebhookReceiver) -> None:
    intent = pay(simulated, "pm_card_createDispute")
    dispute = dispute_of(simulated, intent)
    evidence = {"evidence": {"uncategorized_text": "winning_evidence"}}
    assert api_of(simulated).disputes.update(dispute.id, evidence).status == "won"
    told.wait_for("charge.dispute.funds_reinstated")
    updated = ["charge.dispute.updated", "charge.dispute.closed", "charge.dispute.funds_reinstated"]
    assert dispute_events(told) == DISPUTED + updated
    amounts = [one.amount for one in dispute_of(simulated, intent).balance_transactions]
    assert amounts == [-5000, 5000]


def test_evidence_waits_for_the_bank_and_an_accepted_dispute_is_lost(
    simulated: Simulated, told: WebhookReceiver
) -> None:
    dispute = dispute_of(simulated, pay(simulated, "pm_card_createDispute"))
    answered = api_of(simulated).disputes.update(dispute.id, {"evidence": {"customer_name": "Ana"}})
    assert (answered.status, answered.evidence_details.submission_count) == ("under_review", 1)
    assert api_of(simulated).disputes.close(dispute.id).status == "lost"
    told.wait_for("charge.dispute.closed")
    with pytest.raises(stripe.InvalidRequestError):
        api_of(simulated).disputes.close(dispute.id)
    with pytest.raises(stripe.InvalidRequestError):
        api_of(simulated).disputes.update(dispute.id, {"evidence": {"customer_name": "Ana"}})


def test_unknown_evidence_is_refused(simulated: Simulated) -> None:
    dispute = dispute_of(simulated, pay(simulated, "pm_card_createDispute"))
    with pytest.raises(stripe.InvalidRequestError, match="unknown parameter"):
        api_of(simulated).disputes.update(dispute.id, {"evidence": {"made_up": "x"}})


def test_an_inquiry_is_not_closed_by_the_practice(simulated: Simulated, told: WebhookReceiver) -> None:
    intent = pay(simulated, "pm_card_createDisputeInquiry")
    dispute = dispute_of(simulated, intent)
    assert (dispute.status, dispute.balance_transactions) == ("warning_needs_response", [])
    with pytest.raises(stripe.InvalidRequestError):
        api_of(simulated).disputes.close(dispute.id)
    told.wait_for("charge.dispute.created")
    assert dispute_events(told) == DISPUTED[:1]


def test_a_refund_of_a_disputed_charge_names_the_reason(simulated: Simulated) -> None:
    intent = pay(simulated, "pm_card_createDispute")
    with pytest.raises(stripe.InvalidRequestError) as refused:
        api_of(simulated).refunds.create({"payment_intent": intent.id})
    assert refused.value.code == "charge_disputed"


def test_a_bank_debit_that_is_returned_is_a_dispute_lost_at_once(
    simulated: Simulated, told: WebhookReceiver
) -> None:
    simulated.turn(settle_after=0)
    intent = pay(simulated, "pm_usBankAccount_dispute")
    assert intent.status == "processing"
    told.wait_for("charge.dispute.closed")
    money = [kind for kind in told.kinds() if kind in ("payment_intent.succeeded", *dispute_events(told))]
    assert money == ["payment_intent.succeeded", *DISPUTED, "charge.dispute.closed"]
    dispute = dispute_of(simulated, intent)
    assert (dispute.status, dispute.reason) == ("lost", "insufficient_funds")
    assert api_of(simulated).payment_intents.retrieve(intent.id).status == "succeeded"
