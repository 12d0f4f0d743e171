"""Stripe's side alone: networks that fail, every decline code, events of every age."""

import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import stripe

from portal_app.domain.ids import AccountId, PaymentId, RefundId, new_id
from portal_app.domain.money import Money
from portal_app.gateways.payments import Charge, NoAnswer, Outcome
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.gateways.signatures import MalformedWebhook
from portal_app.gateways.stripe import StripeProcessor, processor_of, simulated_keys
from portal_app.gateways.stripe_answers import is_stripes_own_error
from portal_app.settings import Settings
from tests.stripe_simulator.process import SECRET, Simulated, free_port, simulator

SAMPLES = Path(__file__).parent / "stripe_samples"
DECLINE_CODES = [
    row["decline_code"] for row in csv.DictReader((SAMPLES / "decline_codes.csv").read_text().splitlines())
]
EVENTS = sorted((SAMPLES / "events").glob("*.json"))
FIFTY = Money(50_00)


@pytest.fixture(scope="module")
def simulated() -> Iterator[Simulated]:
    with simulator() as running:
        yield running


@pytest.fixture
def processor(simulated: Simulated) -> StripeProcessor:
    simulated.turn(broken=[], decline=[])
    return StripeProcessor("sk_test_tests", "pk_test_tests", SECRET, api_base=simulated.url)


def pay(processor: StripeProcessor, key: str = "", **how: Any) -> Charge:
    how = {"payment_method": "pm_card_visa", **how}
    return processor.charge("", FIFTY, key=PaymentId(key or new_id("pay")), description="Invoice 1", **how)


@pytest.mark.parametrize("code", DECLINE_CODES)
def test_every_decline_code_reaches_us(simulated: Simulated, processor: StripeProcessor, code: str) -> None:
    simulated.turn(decline=[code])
    charge = pay(processor)
    assert (charge.outcome, charge.decline_code) == (Outcome.DECLINED, code)


def test_no_answer_after_charging_is_unknown_and_asking_again_charges_once(
    simulated: Simulated, processor: StripeProcessor
) -> None:
    simulated.turn(broken=[{"match": "POST /v1/payment_intents"}])
    key, since = new_id("pay"), datetime.now(UTC)
    assert pay(processor, key).outcome is Outcome.UNKNOWN
    found = [one for one in processor.charges_since(since.replace(microsecond=0)) if one.payment_id == key]
    assert [one.outcome for one in found] == [Outcome.SUCCEEDED]
    assert pay(processor, key) == found[0]


def test_no_answer_before_charging_charges_nothing(simulated: Simulated, processor: StripeProcessor) -> None:
    simulated.turn(broken=[{"match": "POST /v1/payment_intents", "when": "before"}])
    key, since = new_id("pay"), datetime.now(UTC).replace(microsecond=0)
    assert pay(processor, key).outcome is Outcome.UNKNOWN
    assert [one for one in processor.charges_since(since) if one.payment_id == key] == []


def test_an_error_of_stripes_own_is_tried_again_with_the_same_key(
    simulated: Simulated, processor: StripeProcessor
) -> None:
    simulated.turn(broken=[{"match": "POST /v1/payment_intents", "status": 500}])
    assert pay(processor).outcome is Outcome.SUCCEEDED


@pytest.mark.parametrize("status", [429, 500, 503])
def test_errors_that_stay_leave_the_outcome_open(
    simulated: Simulated, processor: StripeProcessor, status: int
) -> None:
    processor = StripeProcessor("sk_test_x", "pk_test_x", SECRET, api_base=simulated.url, retries=0)
    simulated.turn(broken=[{"match": "", "status": status, "when": "before", "times": 99}])
    assert pay(processor).outcome is Outcome.UNKNOWN
    assert processor.refund("pi_1", FIFTY, key=RefundId(new_id("ref"))).outcome is Outcome.UNKNOWN
    simulated.turn(broken=[])


def test_nobody_there_is_an_answer_too() -> None:
    nobody = StripeProcessor(
        "sk_test_x", "pk_test_x", SECRET, api_base=f"http://127.0.0.1:{free_port()}", retries=0
    )
    assert pay(nobody).outcome is Outcome.UNKNOWN
    assert nobody.look_up("pi_1").outcome is Outcome.UNKNOWN
    assert nobody.cancel("pi_1").outcome is Outcome.UNKNOWN
    assert nobody.look_up_refund("re_1").outcome is Outcome.UNKNOWN
    assert nobody.customer(AccountId("acc_1"), "Ana Ruiz") == ""
    assert nobody.start_setup("cus_1", key="k").reason == "no_answer"
    assert nobody.look_up_setup("seti_1").reason == "no_answer"
    assert nobody.detach_payment_method("pm_1", customer="cus_1") is False
    for listing in (nobody.charges_since, nobody.refunds_since):
        with pytest.raises(NoAnswer):
            list(listing(datetime.now(UTC)))
    with pytest.raises(NoAnswer):
        nobody.list_payment_methods("cus_1")


def test_a_wrong_key_refuses_and_charges_nothing(simulated: Simulated) -> None:
    wrong = StripeProcessor("sk_live_x", "pk_live_x", SECRET, api_base=simulated.url)
    assert pay(wrong).outcome is Outcome.REFUSED


def test_a_bank_debit_is_on_its_way_and_then_paid_or_not(
    simulated: Simulated, processor: StripeProcessor
) -> None:
    simulated.turn(settle_after=0.1)
    customer = processor.customer(AccountId(new_id("acc")), "Ana Ruiz")
    for name, ended, code in (
        ("pm_usBankAccount_success", Outcome.SUCCEEDED, ""),
        ("pm_usBankAccount_insufficientFunds", Outcome.DECLINED, "insufficient_funds"),
    ):
        payment_method = processor._api.payment_methods.attach(name, {"customer": customer}).id
        key = PaymentId(new_id("pay"))
        charge = processor.charge(
            customer, FIFTY, key=key, description="Invoice 1", payment_method=payment_method
        )
        assert charge.outcome is Outcome.PROCESSING
        assert charge.payment_method is not None
        assert (charge.payment_method.kind, charge.payment_method.brand) == ("bank", "STRIPE TEST BANK")
        assert ended_of(processor, charge) == (ended, code)


def ended_of(processor: StripeProcessor, charge: Charge) -> tuple[Outcome, str]:
    for _ in range(200):
        now = processor.look_up(charge.intent_id)
        if now.outcome is not Outcome.PROCESSING:
            return now.outcome, now.decline_code
    raise AssertionError("the bank never answered")


def test_refunds_can_fail_later_or_take_their_time(simulated: Simulated, processor: StripeProcessor) -> None:
    simulated.turn(settle_after=0.6)
    fails = pay(processor, payment_method="pm_card_refundFail")
    slow = pay(processor, payment_method="pm_card_pendingRefund")
    first = processor.refund(fails.intent_id, FIFTY, key=RefundId(new_id("ref")))
    second = processor.refund(slow.intent_id, FIFTY, key=RefundId(new_id("ref")))
    assert (first.outcome, second.outcome) == (Outcome.SUCCEEDED, Outcome.PROCESSING)
    for _ in range(400):
        first, second = (processor.look_up_refund(one.refund_id) for one in (first, second))
        if first.outcome is Outcome.DECLINED and second.outcome is Outcome.SUCCEEDED:
            break
    assert (first.outcome, first.reason) == (Outcome.DECLINED, "unknown")
    assert second.outcome is Outcome.SUCCEEDED


def test_the_intent_names_our_payment_and_account(processor: StripeProcessor) -> None:
    key, account = new_id("pay"), AccountId(new_id("acc"))
    charge = pay(processor, key, account_id=account)
    intent = processor._api.payment_intents.retrieve(charge.intent_id)
    assert intent.metadata.to_dict() == {"payment": key, "account": account}


@pytest.mark.parametrize("path", EVENTS, ids=lambda path: path.stem)
def test_events_of_every_age_are_heard(path: Path) -> None:
    processor = StripeProcessor("sk_test_x", "pk_test_x", SECRET)
    body = path.read_bytes()
    event = json.loads(body)
    heard = processor.read_webhook(body, FakeProcessor(SECRET).sign(body))
    thing = event["data"]["object"]
    assert (heard.event_id, heard.kind, heard.object_id) == (event["id"], event["type"], thing.get("id", ""))
    if thing["object"] == "payment_intent":
        assert heard.intent_id == thing["id"]


def test_stripes_own_signer_is_believed() -> None:
    body = json.dumps({"id": "evt_1", "object": "event", "type": "made.up", "data": {"object": {}}})
    signature = stripe.WebhookSignature.generate_signature_header(body, SECRET)
    heard = StripeProcessor("sk_test_x", "pk_test_x", SECRET).read_webhook(body.encode(), signature)
    assert (heard.kind, heard.object_kind, heard.object_id) == ("made.up", "", "")


DEEP = b'{"id": "evt_1", "type": "x", "data": {"object": {"payment_intent": ' + b"[" * 100_000
WHOLE = {"id": "evt_1", "type": "made.up", "data": {"object": {"object": "charge", "id": "ch_1"}}}
MALFORMED = [
    *(b"", b"[]", b"nonsense", b'"text"', b"null", b"7", DEEP, b'{"id": ' + b"9" * 5_000 + b"}"),
    *(
        json.dumps(WHOLE | wrong).encode()
        for wrong in (
            {"id": None},
            {"id": ""},
            {"id": 7},
            {"id": ["evt_1"]},
            {"id": "evt_\x00"},
            {"id": "evt_\ud83d"},
            {"id": "e" * 256},
            {"type": None},
            {"type": {}},
            {"data": None},
            {"data": []},
            {"data": {"object": "ch_1"}},
            {"data": {"object": {"object": [], "id": "x"}}},
            {"data": {"object": {"object": 7, "id": "x"}}},
            {"data": {"object": {"object": "charge", "id": {"a": 1}}}},
            {"data": {"object": {"object": "charge", "id": "ch_1", "payment_intent": ["pi_1"]}}},
            {"data": {"object": {"object": "charge", "id": "ch_1", "payment_intent": {"id": 7}}}},
        )
    ),
]


@pytest.mark.parametrize("body", MALFORMED, ids=range(len(MALFORMED)))
def test_what_is_signed_but_no_event_is_malformed(body: bytes) -> None:
    signature = FakeProcessor(SECRET).sign(body)
    for processor in (StripeProcessor("sk_test_x", "pk_test_x", SECRET), FakeProcessor(SECRET)):
        with pytest.raises(MalformedWebhook):
            processor.read_webhook(body, signature)


def test_demo_without_a_key_pays_at_its_own_simulator() -> None:
    ours = Settings(mode="demo", secret_key="a" * 40, port=3456)  # type: ignore[arg-type]
    processor = processor_of(ours)
    assert (processor.publishable_key, processor.script_url) == (
        "pk_test_simulated",
        "/_stripe/endive/stripe.js",
    )
    others = Settings(mode="demo", secret_key="b" * 40)  # type: ignore[arg-type]
    assert simulated_keys(ours) == simulated_keys(ours) != simulated_keys(others)
    body = b'{"id": "evt_1", "object": "event", "type": "x", "data": {"object": {}}}'
    assert processor.read_webhook(body, FakeProcessor(simulated_keys(ours)[2]).sign(body)).event_id == "evt_1"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_error_before_the_charge_is_no_charge_and_is_said_at_once(
    simulated: Simulated, status: int
) -> None:
    processor = StripeProcessor("sk_test_x", "pk_test_x", SECRET, api_base=simulated.url, retries=0)
    simulated.turn(broken=[{"match": "POST /v1/payment_intents", "status": status, "when": "before"}])
    charge = pay(processor, key := new_id("pay"))
    assert (charge.outcome, charge.payment_id) == (Outcome.NOT_CHARGED, key)
    assert pay(processor).outcome is Outcome.SUCCEEDED


def test_an_error_after_the_charge_is_found_in_the_list(simulated: Simulated) -> None:
    processor = StripeProcessor("sk_test_x", "pk_test_x", SECRET, api_base=simulated.url, retries=0)
    simulated.turn(broken=[{"match": "POST /v1/payment_intents", "status": 500, "when": "after"}])
    charge = pay(processor, key := new_id("pay"))
    assert (charge.outcome, charge.payment_id) == (Outcome.SUCCEEDED, key)


@pytest.mark.parametrize(
    ("first", "ended"),
    [
        (stripe.APIConnectionError("timed out", should_retry=True), Outcome.UNKNOWN),
        (stripe.APIError("x", "{}", 500, {"error": {"type": "api_error"}}), Outcome.NOT_CHARGED),
    ],
)
def test_an_error_after_a_try_without_an_answer_proves_nothing(
    processor: StripeProcessor, monkeypatch: pytest.MonkeyPatch, first: stripe.StripeError, ended: Outcome
) -> None:
    """The first try may still be at work at Stripe."""
    monkeypatch.setattr("portal_app.gateways.stripe._FIRST_PAUSE", 0.0)
    busy = stripe.RateLimitError("busy", "{}", 429, {"error": {"type": "rate_limit_error"}})
    answers: list[stripe.StripeError] = [first, busy, busy]

    def create(*_: Any) -> None:
        raise answers.pop(0)

    monkeypatch.setattr(processor._api.payment_intents, "create", create)
    assert pay(processor).outcome is ended
    assert answers == []


def test_a_proxys_page_proves_nothing() -> None:
    """Whoever stands between may have given up while Stripe still charges."""
    page = stripe.APIError("bad gateway", "<html>", 502, None)
    ours = stripe.APIError("x", "{}", 500, {"error": {"type": "api_error"}})
    assert (is_stripes_own_error(page), is_stripes_own_error(ours)) == (False, True)
