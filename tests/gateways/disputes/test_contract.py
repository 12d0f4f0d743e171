"""What every card processor promises of disputes: the one in memory, and Stripe's SDK on the simulator."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from portal_app.domain.billing.disputes import DisputeStatus
from portal_app.domain.ids import AccountId, PaymentId, RefundId, new_id
from portal_app.domain.money import Money
from portal_app.gateways.disputes.types import DisputeFacts
from portal_app.gateways.payments import Charge, Outcome
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.gateways.stripe import StripeProcessor
from tests.stripe_simulator.process import SECRET, Simulated, simulator

FIFTY, NOTHING = Money(50_00), Money(0)


@dataclass
class Bank:
    """A processor, and what the payer's bank does there."""

    processor: Any
    simulated: Simulated | None = None

    def pay(self) -> Charge:
        customer = self.processor.customer(AccountId(new_id("acc")), "Ana Ruiz", "ana@example.org")
        key = PaymentId(new_id("pay"))
        return self.processor.charge(customer, FIFTY, key=key, description="1", payment_method="pm_card_visa")

    def pay_disputed(self, *, inquiry: bool = False) -> Charge:
        if self.simulated is None:
            charge = self.pay()
            self.processor.dispute(charge.intent_id, inquiry=inquiry)
            return charge
        customer = self.processor.customer(AccountId(new_id("acc")), "Ana Ruiz", "ana@example.org")
        card = "pm_card_createDisputeInquiry" if inquiry else "pm_card_createDispute"
        key = PaymentId(new_id("pay"))
        return self.processor.charge(customer, FIFTY, key=key, description="1", payment_method=card)

    def decide(self, dispute_id: str, what: str) -> None:
        if self.simulated is not None:
            self.simulated.turn(disputes={dispute_id: what})
        elif what == "escalate":
            self.processor.escalate_dispute(dispute_id)
        elif what == "reinstate":
            self.processor.reinstate_dispute(dispute_id)
        else:
            closed = DisputeStatus.INQUIRY_CLOSED if what == "warning_closed" else DisputeStatus(what)
            self.processor.close_dispute(dispute_id, closed)

    def one(self, charge: Charge) -> DisputeFacts:
        (facts,) = self.processor.disputes_of(charge.intent_id)
        assert self.processor.look_up_dispute(facts.dispute_id) == facts
        return facts

    def refund(self, charge: Charge, minor: int = 10_00) -> Outcome:
        return self.processor.refund(charge.intent_id, Money(minor), key=RefundId(new_id("ref"))).outcome


@pytest.fixture(scope="module")
def simulated() -> Iterator[Simulated]:
    with simulator() as running:
        yield running


@pytest.fixture(params=["memory", "simulator"])
def bank(request: pytest.FixtureRequest) -> Bank:
    if request.param == "memory":
        return Bank(FakeProcessor(SECRET))
    running: Simulated = request.getfixturevalue("simulated")
    return Bank(StripeProcessor("sk_test_tests", "pk_test_tests", SECRET, api_base=running.url), running)


def test_a_dispute_withdraws_the_money_and_takes_a_fee(bank: Bank) -> None:
    charge = bank.pay_disputed()
    facts = bank.one(charge)
    assert charge.outcome is Outcome.SUCCEEDED
    assert facts.dispute_id.startswith("dp_")
    assert (facts.intent_id, facts.amount, facts.reason) == (charge.intent_id, FIFTY, "fraudulent")
    assert (facts.status, facts.withdrawn, facts.reinstated) == (
        DisputeStatus.NEEDS_RESPONSE,
        FIFTY,
        NOTHING,
    )
    assert facts.fee == Money(15_00)
    assert facts.evidence_due is not None
    assert facts.evidence_due > datetime.now(UTC)


def test_a_disputed_payment_is_not_refunded(bank: Bank) -> None:
    charge = bank.pay_disputed()
    assert bank.refund(charge) is Outcome.REFUSED
    bank.decide(bank.one(charge).dispute_id, "lost")
    assert bank.refund(charge) is Outcome.REFUSED


def test_a_lost_dispute_keeps_the_money(bank: Bank) -> None:
    charge = bank.pay_disputed()
    bank.decide(bank.one(charge).dispute_id, "lost")
    facts = bank.one(charge)
    assert (facts.status, facts.withdrawn, facts.reinstated, facts.evidence_due) == (
        DisputeStatus.LOST,
        FIFTY,
        NOTHING,
        None,
    )
    assert bank.processor.look_up(charge.intent_id).outcome is Outcome.SUCCEEDED


def test_a_won_dispute_gives_the_money_back_and_keeps_the_fee(bank: Bank) -> None:
    charge = bank.pay_disputed()
    bank.decide(bank.one(charge).dispute_id, "won")
    facts = bank.one(charge)
    assert (facts.status, facts.withdrawn, facts.reinstated) == (DisputeStatus.WON, FIFTY, FIFTY)
    assert facts.fee == Money(15_00)
    assert bank.refund(charge) is Outcome.SUCCEEDED


def test_a_lost_dispute_can_be_reinstated(bank: Bank) -> None:
    charge = bank.pay_disputed()
    dispute_id = bank.one(charge).dispute_id
    bank.decide(dispute_id, "lost")
    bank.decide(dispute_id, "reinstate")
    facts = bank.one(charge)
    assert (facts.withdrawn, facts.reinstated) == (FIFTY, FIFTY)


def test_an_inquiry_moves_nothing_and_refunds_stay_possible(bank: Bank) -> None:
    charge = bank.pay_disputed(inquiry=True)
    facts = bank.one(charge)
    assert (facts.status, facts.withdrawn, facts.fee) == (DisputeStatus.INQUIRY, NOTHING, NOTHING)
    assert bank.refund(charge) is Outcome.SUCCEEDED
    bank.decide(facts.dispute_id, "warning_closed")
    assert bank.one(charge).status is DisputeStatus.INQUIRY_CLOSED


def test_an_inquiry_can_become_a_dispute(bank: Bank) -> None:
    charge = bank.pay_disputed(inquiry=True)
    bank.decide(bank.one(charge).dispute_id, "escalate")
    facts = bank.one(charge)
    assert (facts.status, facts.withdrawn) == (DisputeStatus.NEEDS_RESPONSE, FIFTY)
    assert bank.refund(charge) is Outcome.REFUSED


@pytest.mark.parametrize("what", ["won", "lost", "escalate"])
def test_a_closed_dispute_does_not_change_its_mind(bank: Bank, what: str) -> None:
    charge = bank.pay_disputed()
    dispute_id = bank.one(charge).dispute_id
    bank.decide(dispute_id, "lost")
    with pytest.raises((ValueError, OSError)):
        bank.decide(dispute_id, what)
    assert bank.one(charge).status is DisputeStatus.LOST


def test_disputes_are_listed_newest_first_from_a_moment_on(bank: Bank) -> None:
    first, second = bank.pay_disputed(), bank.pay_disputed()
    bank.pay()
    listed = [
        facts.intent_id for facts in bank.processor.disputes_since(datetime.now(UTC) - timedelta(minutes=5))
    ]
    assert listed[:2] == [second.intent_id, first.intent_id]
    assert list(bank.processor.disputes_since(datetime.now(UTC) + timedelta(minutes=5))) == []


def test_what_was_never_disputed_has_no_dispute(bank: Bank) -> None:
    assert bank.processor.disputes_of(bank.pay().intent_id) == []
    assert bank.processor.look_up_dispute("dp_nowhere") is None
