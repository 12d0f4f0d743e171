"""What every card processor promises: the one in memory, Stripe's SDK on the simulator, Stripe itself."""

import _socket
import os
import socket
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from portal_app.domain.ids import AccountId, PaymentId, RefundId, new_id
from portal_app.domain.money import Money
from portal_app.gateways.payments import CardProcessor, Charge, Outcome, ProcessorEvent
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.gateways.signatures import InvalidSignature
from portal_app.gateways.stripe import StripeProcessor
from tests.stripe_simulator.process import SECRET, Simulated, simulator, webhook

STRIPE_KEY = os.environ.get("STRIPE_SECRET_KEY", "")
FIFTY = Money(50_00)


def no_stripe() -> str:
    if STRIPE_KEY.startswith("sk_test_"):
        return ""
    return "Stripe itself, in its test mode: set STRIPE_SECRET_KEY=sk_test_…"


@dataclass
class Bench:
    """A processor, and what its payers and their banks do."""

    processor: Any
    simulated: Simulated | None = None

    @property
    def is_fake(self) -> bool:
        return isinstance(self.processor, FakeProcessor)

    def customer(self) -> str:
        return self.processor.customer(AccountId(new_id("acc")), "Ana Ruiz", "ana@example.org")

    def saved(self, customer: str, card: str = "pm_card_visa") -> str:
        if self.is_fake:
            return self.processor.save_card(customer, card).processor_id
        return self.processor._api.payment_methods.attach(card, {"customer": customer}).id

    def token(self, card: str = "pm_card_visa") -> str:
        if self.is_fake:
            return self.processor.token(card)
        return self.processor._api.test_helpers.confirmation_tokens.create({"payment_method": card}).id

    def pay(self, customer: str, amount: Money = FIFTY, **how: Any) -> Charge:
        how = {"key": PaymentId(new_id("pay")), "description": "Invoice 1", **how}
        return self.processor.charge(customer, amount, **how)

    def bank_answers(self, charge: Charge, passed: bool) -> None:
        if self.is_fake:
            code = "" if passed else "payment_intent_authentication_failure"
            self.processor.finish(charge.intent_id, Outcome.SUCCEEDED if passed else Outcome.DECLINED, code)
        elif self.simulated:
            self.simulated.payer_answers(charge.intent_id, charge.client_secret, passed)
        else:
            pytest.skip("only a person can answer Stripe's own 3-D Secure page")


@pytest.fixture(scope="module")
def simulated() -> Iterator[Simulated]:
    with simulator() as running:
        yield running


@pytest.fixture(params=["memory", "simulator", "stripe"])
def bench(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Bench:
    if request.param == "memory":
        return Bench(FakeProcessor(SECRET))
    if request.param == "stripe":
        if reason := no_stripe():
            pytest.skip(reason)
        monkeypatch.setattr(socket.socket, "connect", _socket.socket.connect)  # the one test that goes out
        return Bench(StripeProcessor(STRIPE_KEY, "pk_test_tests", SECRET))
    running: Simulated = request.getfixturevalue("simulated")
    running.turn(broken=[], decline=[])
    return Bench(StripeProcessor("sk_test_tests", "pk_test_tests", SECRET, api_base=running.url), running)


def test_one_account_has_one_customer_however_often_it_is_asked(bench: Bench) -> None:
    account = AccountId(new_id("acc"))
    first = bench.processor.customer(account, "Ana Ruiz", "ana@example.org")
    assert first.startswith("cus_")
    assert bench.processor.customer(account, "Ana Ruiz-Soto") == first
    assert bench.processor.customer(AccountId(new_id("acc")), "Ana Ruiz") != first


def test_a_saved_card_is_charged(bench: Bench) -> None:
    customer = bench.customer()
    key = PaymentId(new_id("pay"))
    charge = bench.pay(customer, payment_method=bench.saved(customer), key=key)
    assert (charge.outcome, charge.received, charge.payment_id) == (Outcome.SUCCEEDED, FIFTY, key)
    assert charge.intent_id.startswith("pi_")
    assert charge.charge_id.startswith("ch_")
    assert charge.client_secret == ""
    assert charge.payment_method is not None
    assert (charge.payment_method.kind, charge.payment_method.brand, charge.payment_method.last4) == (
        "card",
        "visa",
        "4242",
    )
    assert bench.processor.look_up(charge.intent_id) == charge


def test_a_new_card_is_charged_once_and_not_kept(bench: Bench) -> None:
    customer = bench.customer()
    charge = bench.pay(customer, token=bench.token())
    assert charge.outcome is Outcome.SUCCEEDED
    assert bench.processor.list_payment_methods(customer) == []
    assert charge.payment_method is not None
    assert bench.pay(customer, payment_method=charge.payment_method.processor_id).outcome is Outcome.REFUSED


def test_a_new_card_is_kept_when_the_payer_says_so(bench: Bench) -> None:
    customer = bench.customer()
    charge = bench.pay(customer, token=bench.token("pm_card_mastercard"), save=True)
    (kept,) = bench.processor.list_payment_methods(customer)
    assert charge.payment_method == kept
    assert (kept.brand, kept.last4, kept.customer) == ("mastercard", "4444", customer)
    assert (
        bench.pay(customer, payment_method=kept.processor_id, off_session=True).outcome is Outcome.SUCCEEDED
    )


def test_ALL_12_the_same_key_charges_once(bench: Bench) -> None:
    customer = bench.customer()
    how: dict[str, Any] = {"payment_method": bench.saved(customer), "key": PaymentId(new_id("pay"))}
    since = datetime.now(UTC) - timedelta(seconds=2)
    first, second = bench.pay(customer, **how), bench.pay(customer, **how)
    assert first == second
    assert [one.payment_id for one in bench.processor.charges_since(since)].count(how["key"]) == 1


def test_the_same_key_with_another_amount_charges_nothing_more(bench: Bench) -> None:
    customer = bench.customer()
    how: dict[str, Any] = {"payment_method": bench.saved(customer), "key": PaymentId(new_id("pay"))}
    first = bench.pay(customer, **how)
    assert bench.pay(customer, Money(60_00), **how).outcome is Outcome.UNKNOWN
    assert bench.processor.look_up(first.intent_id).received == FIFTY


def test_the_same_key_tells_how_it_ended_not_how_it_began(bench: Bench) -> None:
    customer = bench.customer()
    how: dict[str, Any] = {
        "token": bench.token("pm_card_authenticationRequired"),
        "key": PaymentId(new_id("pay")),
    }
    asked = bench.pay(customer, **how)
    bench.bank_answers(asked, passed=True)
    assert bench.pay(customer, **how).outcome is Outcome.SUCCEEDED


@pytest.mark.parametrize(
    ("card", "code"),
    [
        ("pm_card_visa_chargeDeclined", "generic_decline"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "insufficient_funds"),
        ("pm_card_visa_chargeDeclinedLostCard", "lost_card"),
        ("pm_card_visa_chargeDeclinedStolenCard", "stolen_card"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card"),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc"),
        ("pm_card_chargeDeclinedProcessingError", "processing_error"),
    ],
)
def test_a_decline_is_an_answer_with_its_code(bench: Bench, card: str, code: str) -> None:
    key = PaymentId(new_id("pay"))
    charge = bench.pay(bench.customer(), payment_method=card, key=key)
    assert (charge.outcome, charge.decline_code, charge.received) == (Outcome.DECLINED, code, None)
    assert charge.payment_id == key
    assert bench.processor.look_up(charge.intent_id).decline_code == code


def test_a_card_on_file_may_decline_later(bench: Bench) -> None:
    customer = bench.customer()
    payment_method = bench.saved(customer, "pm_card_chargeCustomerFail")
    assert bench.pay(customer, payment_method=payment_method).outcome is Outcome.DECLINED


@pytest.mark.parametrize("passed", [True, False])
def test_the_payers_bank_asks_the_payer(bench: Bench, passed: bool) -> None:
    charge = bench.pay(bench.customer(), token=bench.token("pm_card_authenticationRequired"))
    assert charge.outcome is Outcome.REQUIRES_ACTION
    assert charge.client_secret.startswith(f"{charge.intent_id}_secret_")
    bench.bank_answers(charge, passed)
    ended = bench.processor.look_up(charge.intent_id)
    assert ended.outcome is (Outcome.SUCCEEDED if passed else Outcome.DECLINED)
    assert ended.client_secret == ""
    assert ended.received == (FIFTY if passed else None)


def test_a_bank_that_asks_declines_when_nobody_is_there(bench: Bench) -> None:
    customer = bench.customer()
    payment_method = bench.saved(customer, "pm_card_authenticationRequired")
    charge = bench.pay(customer, payment_method=payment_method, off_session=True)
    assert (charge.outcome, charge.decline_code) == (Outcome.DECLINED, "authentication_required")


def test_cancel_before_release(bench: Bench) -> None:
    charge = bench.pay(bench.customer(), token=bench.token("pm_card_authenticationRequired"))
    assert bench.processor.cancel(charge.intent_id).outcome is Outcome.CANCELLED
    assert bench.processor.cancel(charge.intent_id).outcome is Outcome.CANCELLED
    assert bench.processor.look_up(charge.intent_id).outcome is Outcome.CANCELLED


def test_cancelling_too_late_says_that_it_was_paid(bench: Bench) -> None:
    charge = bench.pay(bench.customer(), token=bench.token())
    assert bench.processor.cancel(charge.intent_id).outcome is Outcome.SUCCEEDED


def test_wrong_requests_are_refused_and_charge_nothing(bench: Bench) -> None:
    customer, stranger = bench.customer(), bench.customer()
    assert bench.pay(customer, Money(49), token=bench.token()).outcome is Outcome.REFUSED
    assert bench.pay(stranger, payment_method=bench.saved(customer)).outcome is Outcome.REFUSED
    assert bench.pay(customer, payment_method="pm_nothing").outcome is Outcome.REFUSED
    assert bench.pay(customer, token="ctoken_nothing").outcome is Outcome.REFUSED
    assert bench.processor.look_up("pi_nothing").outcome is Outcome.REFUSED
    assert bench.processor.cancel("pi_nothing").outcome is Outcome.REFUSED


def test_a_token_pays_once(bench: Bench) -> None:
    customer, token = bench.customer(), bench.token()
    assert bench.pay(customer, token=token).outcome is Outcome.SUCCEEDED
    assert bench.pay(customer, token=token).outcome is Outcome.REFUSED


def test_REF_1_refunds_never_exceed_what_was_received(bench: Bench) -> None:
    charge = bench.pay(bench.customer(), Money(100_00), token=bench.token())
    refund = bench.processor.refund
    assert refund(charge.intent_id, Money(100_01), key=RefundId(new_id("ref"))).outcome is Outcome.REFUSED
    key = RefundId(new_id("ref"))
    part = refund(charge.intent_id, Money(30_00), key=key)
    assert (part.outcome, part.amount, part.our_id) == (Outcome.SUCCEEDED, Money(30_00), key)
    assert part.intent_id == charge.intent_id
    assert bench.processor.look_up_refund(part.refund_id) == part
    assert refund(charge.intent_id, Money(70_01), key=RefundId(new_id("ref"))).outcome is Outcome.REFUSED
    assert refund(charge.intent_id, Money(70_00), key=RefundId(new_id("ref"))).outcome is Outcome.SUCCEEDED


def test_REF_7_the_same_refund_asked_twice_is_one(bench: Bench) -> None:
    charge = bench.pay(bench.customer(), token=bench.token())
    key, since = RefundId(new_id("ref")), datetime.now(UTC) - timedelta(seconds=2)
    first = bench.processor.refund(charge.intent_id, Money(10_00), key=key)
    assert bench.processor.refund(charge.intent_id, Money(10_00), key=key) == first
    assert [one.our_id for one in bench.processor.refunds_since(since)].count(key) == 1


def test_what_was_not_paid_is_not_refunded(bench: Bench) -> None:
    charge = bench.pay(bench.customer(), payment_method="pm_card_visa_chargeDeclined")
    refused = bench.processor.refund(charge.intent_id, FIFTY, key=RefundId(new_id("ref")))
    assert refused.outcome is Outcome.REFUSED
    assert bench.processor.look_up_refund("re_nothing").outcome is Outcome.REFUSED


def test_what_was_charged_since_is_listed_newest_first(bench: Bench) -> None:
    customer, since = bench.customer(), datetime.now(UTC) - timedelta(seconds=2)
    ours = [bench.pay(customer, token=bench.token()).intent_id for _ in range(3)]
    found = [one.intent_id for one in bench.processor.charges_since(since) if one.intent_id in ours]
    assert found == ours[::-1]
    assert list(bench.processor.charges_since(datetime.now(UTC) + timedelta(hours=1))) == []


def test_a_card_is_forgotten_only_for_its_owner(bench: Bench) -> None:
    customer, stranger = bench.customer(), bench.customer()
    payment_method = bench.saved(customer)
    assert bench.processor.detach_payment_method(payment_method, customer=stranger) is False
    assert bench.processor.detach_payment_method(payment_method, customer="") is False
    assert bench.processor.detach_payment_method(payment_method, customer=customer) is True
    assert bench.processor.list_payment_methods(customer) == []
    assert bench.pay(customer, payment_method=payment_method).outcome is Outcome.REFUSED
    assert bench.processor.detach_payment_method(payment_method, customer=customer) is False


def test_a_setup_saves_a_card_without_charging(bench: Bench) -> None:
    customer, key = bench.customer(), uuid.uuid4().hex
    setup = bench.processor.start_setup(customer, key=key)
    assert setup.client_secret
    assert bench.processor.start_setup(customer, key=key).setup_id == setup.setup_id
    assert bench.processor.look_up_setup(setup.setup_id).payment_method is None
    if bench.is_fake:
        bench.processor.finish_setup(setup.setup_id)
    else:
        bench.processor._api.setup_intents.confirm(setup.setup_id, {"payment_method": "pm_card_visa"})
    done = bench.processor.look_up_setup(setup.setup_id)
    assert done.payment_method is not None
    assert (done.payment_method.last4, done.client_secret) == ("4242", "")
    assert [one.processor_id for one in bench.processor.list_payment_methods(customer)] == [
        done.payment_method.processor_id
    ]


def test_an_unknown_setup_is_an_answer_too(bench: Bench) -> None:
    assert bench.processor.look_up_setup("seti_nothing").reason == "resource_missing"


def test_signed_webhooks_are_heard_and_others_are_forged(bench: Bench) -> None:
    body, signature = FakeProcessor(SECRET).event("payment_intent.succeeded", "pi_1", event_id="evt_1")
    heard = bench.processor.read_webhook(body, signature)
    assert heard == ProcessorEvent("evt_1", "payment_intent.succeeded", "payment_intent", "pi_1", "pi_1")
    signer = FakeProcessor(SECRET)
    stale = signer.sign(body, int(datetime.now(UTC).timestamp()) - 301)
    others = FakeProcessor("whsec_other").sign(body)
    reserialised = body.replace(b": ", b":")
    for forged, by in (
        (body, ""),
        (body, "t=1,v1="),
        (body, "t=1,v1=é"),  # hostile: not even ASCII
        (body, stale),
        (body, others),
        (reserialised, signature),
    ):
        with pytest.raises(InvalidSignature):
            bench.processor.read_webhook(forged, by)
    with pytest.raises(InvalidSignature):
        bench.processor.read_webhook(b"\xff\xfe", signature)


def test_a_refund_names_its_intent(bench: Bench) -> None:
    body, signature = FakeProcessor(SECRET).event("refund.updated", "re_1", intent_id="pi_1")
    heard = bench.processor.read_webhook(body, signature)
    assert (heard.object_kind, heard.object_id, heard.intent_id) == ("refund", "re_1", "pi_1")


def test_the_simulators_own_webhooks_are_heard() -> None:
    with webhook() as told, simulator(webhook_url=told.url) as running:
        ours = StripeProcessor("sk_test_tests", "pk_test_tests", SECRET, api_base=running.url)
        bench = Bench(ours, running)
        charge = bench.pay(bench.customer(), token=bench.token())
        told.wait_for("payment_intent.succeeded")
        heard = [FakeProcessor(SECRET).read_webhook(body, signature) for body, signature in told.received]
        assert [ours.read_webhook(body, signature) for body, signature in told.received] == heard
        assert ("payment_intent.succeeded", charge.intent_id) in [(one.kind, one.intent_id) for one in heard]


def test_both_are_card_processors() -> None:
    processors: list[CardProcessor] = [FakeProcessor(), StripeProcessor("sk_test_x", "pk_test_x", "whsec_x")]
    assert all(processor.publishable_key for processor in processors)
