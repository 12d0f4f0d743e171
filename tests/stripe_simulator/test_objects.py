"""The simulator's objects against Stripe's own OpenAPI file (scripts/fetch_stripe_spec.py brings it)."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import stripe
from jsonschema import Draft202012Validator

from tests.stripe_simulator.process import Simulated, simulator

SPEC = Path(__file__).parents[2] / "build" / "stripe" / "spec3.json"
pytestmark = pytest.mark.skipif(
    not SPEC.exists(), reason="the simulator's objects: run python scripts/fetch_stripe_spec.py first"
)
CARDS = "visa chargeCustomerFail authenticationRequired createDispute createDisputeInquiry radarBlock amex"
LISTS = "customers payment_intents setup_intents refunds charges balance_transactions disputes events"


@pytest.fixture(scope="module")
def simulated() -> Iterator[Simulated]:
    with simulator() as running:
        live(running)
        yield running


def live(simulated: Simulated) -> None:
    """A practice's day: everything that can happen happens once."""
    simulated.turn(settle_after=0)
    api = stripe.StripeClient("sk_test_x", base_addresses={"api": simulated.url}).v1
    customer = api.customers.create({"name": "Ana", "metadata": {"account": "acc_1"}}).id
    names = [f"pm_card_{name}" for name in CARDS.split()] + [
        "pm_usBankAccount_success",
        "pm_usBankAccount_accountClosed",
        "pm_usBankAccount_processing",
        "pm_usBankAccount_dispute",
    ]
    for number, name in enumerate(names):
        asked: Any = {"amount": 5000 + number, "currency": "usd", "customer": customer, "confirm": True}
        asked |= {"payment_method": name, "return_url": "https://example.org"}
        try:
            paid = api.payment_intents.create(asked)
        except stripe.CardError:
            continue
        if paid.status == "requires_action":
            api.payment_intents.cancel(paid.id)
        elif paid.status == "succeeded" and name != "pm_card_createDispute":
            api.refunds.create({"payment_intent": paid.id, "amount": 100})
    for name in ("pm_card_refundFail", "pm_card_pendingRefund"):
        asked: Any = {"amount": 5000, "currency": "usd", "payment_method": name, "confirm": True}
        paid = api.payment_intents.create(asked | {"return_url": "https://example.org"})
        api.refunds.create({"payment_intent": paid.id})
    for name in ("pm_card_visa", "pm_card_visa_chargeDeclined", "pm_card_authenticationRequired"):
        setup = api.setup_intents.create({"customer": customer})
        try:
            api.setup_intents.confirm(setup.id, {"payment_method": name})
        except stripe.CardError:
            continue
    api.test_helpers.confirmation_tokens.create({"payment_method": "pm_card_visa"})
    api.payment_methods.detach(api.payment_methods.list({"customer": customer}).data[0].id)


@cache
def schemas() -> dict[str, Any]:
    return json.loads(SPEC.read_text())["components"]["schemas"]


def as_json_schema(part: Any) -> Any:
    """OpenAPI 3.0 says `nullable`; JSON Schema says it with a type of its own."""
    if isinstance(part, list):
        return [as_json_schema(one) for one in part]
    if not isinstance(part, dict):
        return part
    made = {name: as_json_schema(one) for name, one in part.items() if not name.startswith("x-")}
    return {"anyOf": [made, {"type": "null"}]} if made.pop("nullable", False) else made


@cache
def all_converted() -> dict[str, Any]:
    return as_json_schema(schemas())


def complaints(thing: dict[str, Any]) -> list[str]:
    kind = thing["object"]
    schema = {"$ref": f"#/components/schemas/{kind}", "components": {"schemas": all_converted()}}
    wrong = [
        f"{kind}.{'.'.join(map(str, error.absolute_path))}: {error.message[:120]}"
        for error in Draft202012Validator(schema).iter_errors(thing)
    ]
    unknown = set(thing) - set(schemas()[kind]["properties"])
    return wrong + [f"{kind}.{name}: not one of Stripe's" for name in sorted(unknown)]


@pytest.mark.parametrize("noun", LISTS.split())
def test_objects_are_as_stripe_describes_them(simulated: Simulated, noun: str) -> None:
    things = simulated.get(f"/v1/{noun}?limit=100")["data"]
    assert things
    told = [event["data"]["object"] for event in things] if noun == "events" else []
    found = [line for thing in things + told for line in complaints(thing)]
    assert sorted(set(found)) == []


def test_saved_cards_and_bank_accounts_are_as_stripe_describes_them(simulated: Simulated) -> None:
    intents = simulated.get("/v1/payment_intents?limit=100")["data"]
    ids = {intent["payment_method"] for intent in intents} - {None}
    found = [line for id_ in ids for line in complaints(simulated.get(f"/v1/payment_methods/{id_}"))]
    assert ids
    assert sorted(set(found)) == []


def test_the_check_can_fail() -> None:
    assert complaints({"object": "refund", "id": "re_1", "made_up": 1})
