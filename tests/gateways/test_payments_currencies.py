"""Currencies and payment methods of every kind, asked of the processor in memory and of Stripe's SDK (B40, B41, B46)."""

import pytest

from portal_app.domain.ids import RefundId, new_id
from portal_app.domain.money import Money
from portal_app.gateways.payments import NoAnswer, Outcome
from portal_app.gateways.stripe import StripeProcessor
from tests.gateways.test_payments_contract import Bench, bench, simulated
from tests.stripe_simulator.process import SECRET, Simulated, free_port, simulator, webhook

__all__ = ["bench", "simulated"]


@pytest.mark.parametrize(
    "amount",
    [Money(5000, "UGX"), Money(5000, "ISK"), Money(5000, "MGA"), Money(5_010, "KWD"), Money(50_00, "EUR")],
)
def test_b40_an_amount_comes_back_as_it_was_charged_and_refunded(bench: Bench, amount: Money) -> None:
    charge = bench.pay(bench.customer(), amount, token=bench.token())
    assert (charge.outcome, charge.received) == (Outcome.SUCCEEDED, amount)
    part = Money(2000, amount.currency)
    refund = bench.processor.refund(charge.intent_id, part, key=RefundId(new_id("ref")))
    assert (refund.outcome, refund.amount) == (Outcome.SUCCEEDED, part)
    assert bench.processor.look_up(charge.intent_id).received == amount


@pytest.mark.parametrize(
    "amount",
    [
        Money(5_005, "KWD"),  # B41
        Money(50_000, "IQD"),  # not charged at all
        Money(100_000_000),  # more than eight digits
        Money(1_000_000, "UGX"),  # as many of its units
    ],
)
def test_b41_what_stripe_does_not_charge_is_refused_and_charges_nothing(bench: Bench, amount: Money) -> None:
    assert bench.pay(bench.customer(), amount, token=bench.token()).outcome is Outcome.REFUSED


def test_b41_a_refund_is_in_steps_too(bench: Bench) -> None:
    charge = bench.pay(bench.customer(), Money(5_010, "KWD"), token=bench.token())
    refund = bench.processor.refund(charge.intent_id, Money(1_005, "KWD"), key=RefundId(new_id("ref")))
    assert refund.outcome is Outcome.REFUSED


@pytest.mark.parametrize("kind", ["link", "cashapp", "amazon_pay"])
def test_b46_a_wallet_pays_and_is_saved_under_its_own_kind(bench: Bench, kind: str) -> None:
    customer = bench.customer()
    charge = bench.pay(customer, token=wallet_token(bench, kind), save=True)
    assert charge.outcome is Outcome.SUCCEEDED
    facts = charge.payment_method
    assert facts is not None
    assert (facts.kind, facts.last4, facts.brand, facts.customer) == (kind, "", "", customer)
    assert bench.processor.list_payment_methods(customer) == [facts]
    again = bench.pay(customer, payment_method=facts.processor_id)
    assert again.outcome is Outcome.SUCCEEDED
    once = bench.pay(customer, token=wallet_token(bench, kind))
    assert once.outcome is Outcome.SUCCEEDED
    assert bench.processor.list_payment_methods(customer) == [facts]


def wallet_token(bench: Bench, kind: str) -> str:
    if bench.is_fake:
        return bench.token(f"pm_{kind}")
    details = {"type": kind, kind: {}, "billing_details": {"email": "ana@example.org"}}
    created = bench.processor._api.test_helpers.confirmation_tokens.create({"payment_method_data": details})
    return created.id


def test_b47_a_saved_card_is_looked_up_as_it_is_now(bench: Bench) -> None:
    customer = bench.customer()
    saved = bench.saved(customer)
    facts = bench.processor.look_up_payment_method(saved)
    assert (facts.processor_id, facts.customer, facts.last4) == (saved, customer, "4242")
    if bench.is_fake:
        bench.processor.renew_card(saved, exp_month=5, exp_year=2039)
    else:
        bench.processor._api.payment_methods.update(saved, {"card": {"exp_month": 5, "exp_year": 2039}})
    renewed = bench.processor.look_up_payment_method(saved)
    assert (renewed.exp_month, renewed.exp_year) == (5, 2039)
    assert bench.processor.detach_payment_method(saved, customer=customer)
    assert bench.processor.look_up_payment_method(saved).customer == ""
    assert bench.processor.look_up_payment_method("pm_nothing") is None


def test_b47_the_simulator_tells_of_a_card_that_its_network_renewed() -> None:
    with webhook() as told, simulator(webhook_url=told.url) as running:
        ours = StripeProcessor("sk_test_tests", "pk_test_tests", SECRET, api_base=running.url)
        bench = Bench(ours, running)
        saved = bench.saved(bench.customer())
        running.turn(renew=[[saved, 12, 2029]])
        told.wait_for("payment_method.automatically_updated")
        heard = [ours.read_webhook(body, signature) for body, signature in told.received]
        about = [
            (one.object_kind, one.object_id) for one in heard if one.kind.endswith("automatically_updated")
        ]
        assert about == [("payment_method", saved)]
        facts = ours.look_up_payment_method(saved)
        assert facts is not None
        assert (facts.exp_month, facts.exp_year) == (12, 2029)


def test_b47_no_answer_and_a_wrong_key_say_nothing_of_a_card(simulated: Simulated) -> None:
    wrong = StripeProcessor("sk_live_x", "pk_live_x", SECRET, api_base=simulated.url)
    nobody = StripeProcessor("sk_test_x", "pk", SECRET, api_base=f"http://127.0.0.1:{free_port()}", retries=0)
    for processor in (wrong, nobody):
        with pytest.raises(NoAnswer):
            processor.look_up_payment_method("pm_1")


def test_b46b_dollars_only_methods_refuse_other_currencies(simulated: Simulated) -> None:
    bench = Bench(StripeProcessor("sk_test_x", "pk", SECRET, api_base=simulated.url), simulated)
    token = wallet_token(bench, "cashapp")
    assert bench.pay(bench.customer(), Money(50_00, "EUR"), token=token).outcome is Outcome.REFUSED
