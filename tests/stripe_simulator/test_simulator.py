"""The simulator keeps Stripe's promises, and misbehaves only when told to."""

import csv
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import stripe

from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.stripe_simulator.app import make_app
from portal_app.stripe_simulator.published.cards import behaviour, passes_luhn
from tests.stripe_simulator.process import SECRET, Simulated, WebhookReceiver, free_port, simulator, webhook

SAMPLES = Path(__file__).parents[1] / "gateways" / "stripe_samples"
CARDS = list(csv.DictReader((SAMPLES / "test_cards.csv").read_text().splitlines()))
ROOT = Path(__file__).parents[2] / "portal_app" / "stripe_simulator" / "static"


@pytest.fixture(scope="module")
def told() -> Iterator[WebhookReceiver]:
    with webhook() as running:
        yield running


@pytest.fixture(scope="module")
def simulated(told: WebhookReceiver) -> Iterator[Simulated]:
    with simulator(webhook_url=told.url) as running:
        yield running


@pytest.fixture
def api(simulated: Simulated, told: WebhookReceiver) -> Any:
    simulated.turn(reset=True)
    told.received.clear()
    return stripe.StripeClient("sk_test_x", base_addresses={"api": simulated.url}, max_network_retries=0).v1


def browser(simulated: Simulated, path: str, fields: dict[str, Any], method: str = "POST") -> tuple[int, Any]:
    """As Stripe.js asks: a publishable key, form fields."""
    data = urllib.parse.urlencode({"key": "pk_test_x", **fields})
    address = simulated.url + path + (f"?{data}" if method == "GET" else "")
    body = None if method == "GET" else data.encode()
    try:
        with urllib.request.urlopen(
            urllib.request.Request(address, body, method=method), timeout=10
        ) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)["error"]


def typed(number: str) -> dict[str, str]:
    cvc = "1234" if number.startswith("3") else "123"
    card = {"number": number, "exp_month": "12", "exp_year": "2031", "cvc": cvc}
    return {"payment_method_data[type]": "card"} | {
        f"payment_method_data[card][{name}]": value for name, value in card.items()
    }


@pytest.mark.parametrize("row", CARDS, ids=lambda row: row["number"])
def test_every_published_card_behaves_as_published(
    simulated: Simulated, api: Any, row: dict[str, str]
) -> None:
    expected = row["expected"]
    status, token = browser(simulated, "/v1/confirmation_tokens", typed(row["number"]))
    if row["luhn_ok"] != "True":
        assert (status, token["code"]) == (402, "incorrect_number")
        return
    asked = {"amount": 5000, "currency": "usd", "confirm": True, "confirmation_token": token["id"]}
    asked["automatic_payment_methods"] = {"enabled": True, "allow_redirects": "never"}
    try:
        intent = api.payment_intents.create(asked)
        answered = intent.status
        if intent.status == "requires_action":
            secret = intent.client_secret
            done = simulated.post(
                "/challenge/answer", {"id": intent.id, "client_secret": secret, "passed": True}
            )
            error = done["last_payment_error"] or {}
            answered = f"3DS {done['status']} {error.get('code', '')} {error.get('decline_code', '')}"
    except stripe.CardError as problem:
        error: Any = problem.error
        answered = f"{error.code} {getattr(error, 'decline_code', '') or ''}"
    assert re.fullmatch(_published(expected), answered.strip()), f"{expected}: {answered}"


def _published(expected: str) -> str:
    if expected.startswith("3DS, then"):
        code = expected.removeprefix("3DS, then ")
        return f"3DS requires_payment_method .*{'' if code == 'card_declined' else code}.*"
    if expected.startswith("3DS") and "not required" not in expected:
        return "3DS succeeded"
    if "/" in expected:
        return expected.replace(" / ", " ")
    if expected.startswith(("attaches OK", "blocked")):
        return "card_declined .*"
    if re.fullmatch(r"[a-z_]+", expected) and expected != "success":
        return expected
    return "succeeded"


@pytest.mark.parametrize(
    "row", [row for row in CARDS if row["payment_method_token"]], ids=lambda row: row["number"]
)
def test_the_name_of_a_test_card_is_that_card(api: Any, row: dict[str, str]) -> None:
    assert api.payment_methods.retrieve(row["payment_method_token"]).card.last4 == row["number"][-4:]


def test_every_number_it_knows_is_valid() -> None:
    assert all(passes_luhn(row["number"]) == (row["luhn_ok"] == "True") for row in CARDS)
    assert behaviour("4242424242424242").code == ""


def test_the_same_key_with_other_parameters_is_an_error(api: Any) -> None:
    asked = {"amount": 100, "currency": "usd"}
    first = api.payment_intents.create(asked, {"idempotency_key": "k1"})
    again = api.payment_intents.create(asked, {"idempotency_key": "k1"})
    assert again.id == first.id
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    with pytest.raises(stripe.IdempotencyError):
        api.payment_intents.create({**asked, "amount": 101}, {"idempotency_key": "k1"})


def test_a_decline_is_replayed_for_its_key(api: Any) -> None:
    asked: Any = {
        "amount": 100,
        "currency": "usd",
        "confirm": True,
        "payment_method": "pm_card_visa_chargeDeclined",
    }
    asked["automatic_payment_methods"] = {"enabled": True, "allow_redirects": "never"}
    intents = set()
    for _ in range(2):
        with pytest.raises(stripe.CardError) as declined:
            api.payment_intents.create(asked, {"idempotency_key": "k2"})
        failed: Any = declined.value.error
        intents.add(failed.payment_intent.id)
    assert len(intents) == 1


def test_what_stripe_does_not_know_it_does_not_take(api: Any) -> None:
    for asked, code in (
        ({"amount": 100, "currency": "usd", "foo": "bar"}, "parameter_unknown"),
        ({"amount": "abc", "currency": "usd"}, "parameter_invalid_integer"),
        ({"amount": 49, "currency": "usd"}, "amount_too_small"),
        ({"amount": 100}, "parameter_missing"),
        ({"amount": 100, "currency": "usd", "customer": "cus_nobody"}, "resource_missing"),
    ):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            api.payment_intents.create(asked)
        assert refused.value.code == code
    with pytest.raises(stripe.InvalidRequestError) as unknown:
        api.payment_intents.retrieve("pi_nothing")
    assert unknown.value.http_status == 404


def test_live_keys_are_refused(simulated: Simulated) -> None:
    live = stripe.StripeClient("sk_live_x", base_addresses={"api": simulated.url}).v1
    with pytest.raises(stripe.AuthenticationError):
        live.customers.create({})
    assert (
        browser(simulated, "/v1/confirmation_tokens", {**typed("4242424242424242"), "key": "pk_live_x"})[0]
        == 401
    )
    with pytest.raises(ValueError, match="live"):
        make_app(secret_key="sk_live_x")


def test_a_publishable_key_sees_and_does_little(simulated: Simulated, api: Any) -> None:
    intent = api.payment_intents.create({"amount": 100, "currency": "usd", "metadata": {"a": "b"}})
    path = f"/v1/payment_intents/{intent.id}"
    assert browser(simulated, path, {}, "GET")[0] == 400
    assert browser(simulated, path, {"client_secret": "pi_x_secret_y"}, "GET")[0] == 400
    status, seen = browser(simulated, path, {"client_secret": intent.client_secret}, "GET")
    assert status == 200
    assert "metadata" not in seen
    for other in ("/v1/refunds", "/v1/customers", f"{path}/cancel"):
        assert browser(simulated, other, {"payment_intent": intent.id})[0] == 403


def test_a_card_number_is_never_stored_unless_it_is_a_published_one(tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    with simulator(str(store)) as running:
        assert browser(running, "/v1/confirmation_tokens", typed("4539578763621486"))[0] == 200
        assert browser(running, "/v1/confirmation_tokens", typed("4000000000009995"))[0] == 200
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"4539578763621486" not in kept
    assert b"4000000000009995" in kept


def test_what_it_keeps_survives_a_restart(tmp_path: Path) -> None:
    store, port = str(tmp_path / "store.db"), free_port()
    with simulator(store, port=port) as running:
        api = stripe.StripeClient("sk_test_x", base_addresses={"api": running.url}).v1
        made = api.payment_intents.create({"amount": 100, "currency": "usd"}, {"idempotency_key": "k"})
    with simulator(store) as running:
        api = stripe.StripeClient("sk_test_x", base_addresses={"api": running.url}).v1
        assert (
            api.payment_intents.create({"amount": 100, "currency": "usd"}, {"idempotency_key": "k"}).id
            == made.id
        )


# ---- webhooks ----------------------------------------------------------------------------------


def test_webhooks_are_signed_and_tried_again(api: Any, told: WebhookReceiver) -> None:
    told.refuse = 1
    api.customers.create({})
    told.wait_for("customer.created")
    body, signature = told.received[0]
    assert FakeProcessor(SECRET).read_webhook(body, signature).kind == "customer.created"


def test_webhooks_come_twice_late_and_in_any_order_when_told_to(
    simulated: Simulated, api: Any, told: WebhookReceiver
) -> None:
    simulated.turn(hold=True, duplicate=1, reverse=True)
    intent = api.payment_intents.create({"amount": 100, "currency": "usd"})
    api.payment_intents.cancel(intent.id)
    assert told.received == []
    simulated.turn(hold=False)
    told.wait_for("payment_intent.created", 2)
    assert told.kinds() == ["payment_intent.canceled"] * 2 + ["payment_intent.created"] * 2
    first = json.loads(told.received[0][0])["id"]
    simulated.turn(again=[first], duplicate=0, reverse=False)
    told.wait_for("payment_intent.canceled", 3)


def test_a_refund_that_fails_later_says_so(simulated: Simulated, api: Any, told: WebhookReceiver) -> None:
    simulated.turn(settle_after=0)
    asked: Any = {"amount": 500, "currency": "usd", "confirm": True, "payment_method": "pm_card_refundFail"}
    asked["automatic_payment_methods"] = {"enabled": True, "allow_redirects": "never"}
    intent = api.payment_intents.create(asked)
    refund = api.refunds.create({"payment_intent": intent.id})
    assert refund.status == "succeeded"
    told.wait_for("refund.failed")
    assert api.refunds.retrieve(refund.id).status == "failed"


# ---- frames ------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["card", "challenge"])
def test_frames_run_under_a_strict_policy_and_say_that_they_are_simulated(
    simulated: Simulated, page: str
) -> None:
    with urllib.request.urlopen(f"{simulated.url}/frames/{page}", timeout=10) as answer:
        policy, text = answer.headers["Content-Security-Policy"], answer.read().decode()
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "no real money" in text
    assert not re.search(r"<script(?![^>]*src=)|<style|style=|\son\w+=", text)


def test_both_languages_say_the_same_things() -> None:
    words = (ROOT / "words.js").read_text()
    english, spanish = (re.search(rf"^  {code}: {{(.*?)^  }}", words, re.S | re.M) for code in ("en", "es"))
    assert english
    assert spanish
    named = [re.findall(r"^    (\w+):", found[1], re.M) for found in (english, spanish)]
    assert named[0] == named[1]


def test_files_outside_of_its_own_are_not_served(simulated: Simulated) -> None:
    for path in ("/static/card.html", "/static/..%2Fapp.py", "/static/nothing.js"):
        with pytest.raises(urllib.error.HTTPError) as missing:
            urllib.request.urlopen(simulated.url + path, timeout=10)
        missing.value.close()
        assert missing.value.code == 404


def test_switches_exist_only_where_asked_for() -> None:
    paths = [getattr(route, "path", "") for route in make_app().routes]
    assert not [path for path in paths if path.startswith("/switches")]
