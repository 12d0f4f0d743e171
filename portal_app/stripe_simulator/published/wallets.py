"""Payment methods that are neither a card nor a bank account, as Stripe describes them; none has a last four."""

from typing import Any

from portal_app.stripe_simulator.store import new_id
from portal_app.stripe_simulator.wire import Fields, Problem, Thing

WALLETS = ("amazon_pay", "cashapp", "link")
ONLY_DOLLARS = ("cashapp", "us_bank_account")


def facts(kind: str, fields: Fields) -> Thing:
    """What the payment method says of itself under its own type."""
    given: dict[str, Any] = fields.get(kind) or {}
    if kind == "link":
        return {"email": given.get("email") or (fields.get("billing_details") or {}).get("email")}
    if kind == "cashapp":
        return {"buyer_id": new_id("buyer_", 12), "cashtag": given.get("cashtag") or "$portal"}
    return {}


def charged(method: Thing) -> Thing:
    """What the charge says of it."""
    kind = method["type"]
    if kind == "link":
        return {"type": kind, kind: {"country": "US"}}
    if kind == "cashapp":
        return {"type": kind, kind: {**method[kind], "transaction_id": new_id("txn_", 12)}}
    return {
        "type": kind,
        kind: {"funding": {"card": None, "type": None}, "transaction_id": new_id("txn_", 12)},
    }


def check_currency(method: Thing, currency: str) -> None:
    """Refuse a currency that the method cannot pay in. Raises Problem."""
    if method["type"] in ONLY_DOLLARS and currency != "usd":
        words = f"The currency provided ({currency}) is invalid for payment method type {method['type']}."
        raise Problem(400, words, "payment_method_invalid_parameter", "currency")
