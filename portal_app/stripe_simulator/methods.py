"""Payment methods: create, attach to a customer, detach. A confirmation token holds one."""

import hashlib
import re
import time
from typing import Any

from portal_app.stripe_simulator import objects
from portal_app.stripe_simulator.published import cards, wallets
from portal_app.stripe_simulator.store import Store, new_id, now
from portal_app.stripe_simulator.wire import Fields, Problem, Thing

_USED = (
    "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, or was"
    " detached from a Customer. It may not be used again. To use a PaymentMethod multiple times, you must"
    " attach it to a Customer first."
)


def make(store: Store, fields: Fields) -> Thing:
    """A payment method without a customer."""
    kind = fields.get("type") or "card"
    if kind == "us_bank_account":
        return _make_bank_account(store, fields)
    if kind in wallets.WALLETS:
        return store.put(objects.payment_method(kind, wallets.facts(kind, fields), fields))
    if kind != "card":
        raise Problem(400, f"Invalid type: {kind}", param="type")
    card: Fields = fields.get("card") or {}
    if card.get("token"):
        named = cards.by_name(card["token"])
        if named is None:
            raise Problem(400, f"No such token: '{card['token']}'", "resource_missing", "card[token]")
        card = named["card"]  # type: ignore[assignment]
    number = re.sub(r"\D", "", str(card.get("number") or ""))
    _check_card(number, card)
    method = objects.payment_method("card", _card_facts(number, card, fields), fields)
    # The number itself is kept only if it is one of Stripe's published test numbers.
    return store.put(method, number=number if cards.published(number) else "")


def _check_card(number: str, card: Fields) -> None:
    def wrong(message: str, code: str, param: str) -> Problem:
        return Problem(402, message, code, param, "card_error")

    if not number:
        raise Problem(400, "Missing required param: card[number].", "parameter_missing", "card[number]")
    if not (12 <= len(number) <= 19 and cards.passes_luhn(number)):
        raise wrong("Your card number is incorrect.", "incorrect_number", "number")
    month, year = _expiry(card)
    if not 1 <= month <= 12:
        raise wrong("Your card's expiration month is invalid.", "invalid_expiry_month", "exp_month")
    today = time.gmtime()
    if (year, month) < (today.tm_year, today.tm_mon):
        raise wrong("Your card's expiration year is invalid.", "invalid_expiry_year", "exp_year")
    if card.get("cvc") is not None and not re.fullmatch(r"\d{3,4}", str(card["cvc"])):
        raise wrong("Your card's security code is invalid.", "invalid_cvc", "cvc")


def _expiry(card: Fields) -> tuple[int, int]:
    month, year = str(card.get("exp_month") or ""), str(card.get("exp_year") or "")
    if not (month.isdecimal() and year.isdecimal()):
        return 0, 0
    return int(month), int(year) + (2000 if int(year) < 100 else 0)


def _card_facts(number: str, card: Fields, fields: Fields) -> Thing:
    month, year = _expiry(card)
    brand = cards.brand(number)
    address = (fields.get("billing_details") or {}).get("address") or {}
    return {
        "brand": brand,
        "checks": {
            "address_line1_check": "unchecked" if address.get("line1") else None,
            "address_postal_code_check": "unchecked" if address.get("postal_code") else None,
            "cvc_check": "unchecked" if card.get("cvc") else None,
        },
        "country": "US",
        "display_brand": brand,
        "exp_month": month,
        "exp_year": year,
        "fingerprint": _fingerprint(number),
        "funding": "credit",
        "generated_from": None,
        "last4": number[-4:],
        "networks": {"available": [brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }


def _make_bank_account(store: Store, fields: Fields) -> Thing:
    account = fields.get("us_bank_account") or {}
    number = re.sub(r"\D", "", str(account.get("account_number") or ""))
    if not number:
        wanted = "us_bank_account[account_number]"
        raise Problem(400, f"Missing required param: {wanted}.", "parameter_missing", wanted)
    facts = {
        "account_holder_type": account.get("account_holder_type") or "individual",
        "account_type": account.get("account_type") or "checking",
        "bank_name": "STRIPE TEST BANK",
        "financial_connections_account": None,
        "fingerprint": _fingerprint(number),
        "last4": number[-4:],
        "networks": {"preferred": "ach", "supported": ["ach"]},
        "routing_number": account.get("routing_number") or "110000000",
        "status_details": {},
    }
    method = objects.payment_method("us_bank_account", facts, fields)
    return store.put(method, number=number if cards.published(number) else "")


def _fingerprint(number: str) -> str:
    return hashlib.sha256(b"fingerprint" + number.encode()).hexdigest()[:16]


def find(store: Store, id_: str, param: str = "payment_method") -> Thing:
    """A payment method by its id, or a new one by one of Stripe's names for tests."""
    named = cards.by_name(id_) if id_.startswith(("pm_card_", "pm_usBankAccount_")) else None
    return make(store, dict(named)) if named else store.get("payment_method", id_, param)


def behaviour(store: Store, method: Thing) -> cards.Behaviour:
    return cards.behaviour(store.hidden(method["id"]).get("number") or "")


def attach(store: Store, method: Thing, customer: str) -> Thing:
    """As the API's attach: the bank checks the card and may decline it."""
    if method["customer"] and method["customer"] != customer:
        raise Problem(400, "The payment method you provided has already been attached to a customer.")
    if store.hidden(method["id"]).get("used_up"):
        raise Problem(400, _USED)
    acts = behaviour(store, method)
    if acts.code and acts.declines_on_file:
        words = cards.MESSAGES.get(acts.decline_code or acts.code, "Your card was declined.")
        raise Problem(
            402, words, acts.code, kind="card_error", kept=True, decline_code=acts.decline_code or None
        )
    return keep(store, method, customer)


def keep(store: Store, method: Thing, customer: str) -> Thing:
    """Attaches without a check by the bank: the card was just charged or set up."""
    method["customer"] = customer
    if method["type"] == "card":
        checks = method["card"]["checks"]
        method["card"]["checks"] = {name: "pass" if found else found for name, found in checks.items()}
    store.put(method)
    store.tell("payment_method.attached", method)
    return method


def detach(store: Store, method: Thing) -> Thing:
    if not method["customer"]:
        raise Problem(
            400, "The payment method you provided is not attached to a customer so detachment is impossible."
        )
    customer = store.get("customer", method["customer"])
    if customer["invoice_settings"]["default_payment_method"] == method["id"]:
        customer["invoice_settings"]["default_payment_method"] = None
        store.put(customer)
    method["customer"] = None
    store.put(method, used_up=True)
    store.tell("payment_method.detached", method)
    return method


def set_expiry(method: Thing, card: Fields) -> None:
    """A new expiry, of Stripe's customer or of the card's network."""
    if card and method["type"] != "card":
        raise Problem(400, "You may only update the card of a card.", param="card")
    for name in ("exp_month", "exp_year"):
        if name in card:
            method["card"][name] = int(card[name])


def renew(store: Store, method_id: str, month: int, year: int) -> None:
    """The card's network sends a new expiry, without anybody asking."""
    method = store.get("payment_method", method_id)
    set_expiry(method, {"exp_month": month, "exp_year": year})
    store.put(method)
    store.tell("payment_method.automatically_updated", method)


def usable(store: Store, method: Thing, intent: Thing) -> None:
    """Whether this intent may charge or set up this method."""
    about: Any = {intent["object"]: intent}
    if store.hidden(method["id"]).get("used_up") and not method["customer"]:
        raise Problem(400, _USED, **about)
    if method["customer"] and not intent["customer"]:
        words = (
            f"The `payment_method` parameter supplied {method['id']} belongs to the Customer"
            f" {method['customer']}. Please include the Customer in the `customer` parameter on the intent."
        )
        raise Problem(400, words, "parameter_missing", "source", **about)
    if method["customer"] and method["customer"] != intent["customer"]:
        words = (
            f"The PaymentMethod {method['id']} does not belong to the Customer you supplied"
            f" {intent['customer']}. Please use it with the Customer that it belongs to instead."
        )
        raise Problem(400, words, None, "payment_method", **about)


def make_token(store: Store, fields: Fields) -> Thing:
    """A confirmation token, as Stripe.js asks for it (or the API's test helper)."""
    if fields.get("payment_method"):
        method = find(store, fields["payment_method"])
    else:
        method = make(store, {"type": "card", **(fields.get("payment_method_data") or {})})
    return store.put(objects.confirmation_token(method, fields), method=method["id"])


def spend_token(store: Store, id_: str, intent: Thing) -> Thing:
    """The token's payment method; a token confirms one intent."""
    token = store.get("confirmation_token", id_, "confirmation_token")
    spent = token["payment_intent"] or token["setup_intent"]
    if spent:
        words = f"This ConfirmationToken was already used to confirm {spent}."
        raise Problem(400, words, "confirmation_token_already_used", "confirmation_token")
    if token["expires_at"] and token["expires_at"] < now():
        raise Problem(
            400, "The ConfirmationToken has expired.", "confirmation_token_expired", "confirmation_token"
        )
    saved = token["setup_future_usage"]
    if saved and intent["object"] == "payment_intent":
        if intent["setup_future_usage"] not in (None, saved):
            words = "The setup_future_usage on the ConfirmationToken does not match the PaymentIntent."
            raise Problem(400, words, "payment_intent_invalid_parameter", "setup_future_usage")
        intent["setup_future_usage"] = saved
    token[intent["object"]] = intent["id"]
    token["expires_at"] = None
    store.put(token)
    return store.get("payment_method", store.hidden(id_)["method"])


def chosen(store: Store, intent: Thing, fields: Fields) -> Thing:
    """The payment method of a confirmation, in each form that Stripe allows."""
    ways: list[Any] = [
        fields.get(way) for way in ("payment_method", "payment_method_data", "confirmation_token")
    ]
    if sum(bool(way) for way in ways) > 1:
        raise Problem(
            400,
            "You may only specify one of: payment_method, payment_method_data, confirmation_token.",
        )
    if fields.get("confirmation_token"):
        return spend_token(store, fields["confirmation_token"], intent)
    if fields.get("payment_method_data"):
        return make(store, {"type": "card", **fields["payment_method_data"]})
    if fields.get("payment_method"):
        return find(store, fields["payment_method"])
    if intent["payment_method"]:
        return store.get("payment_method", intent["payment_method"])
    about: Any = {intent["object"]: intent}
    raise Problem(
        400,
        "You cannot confirm this intent because it's missing a payment method. Update it with one, or confirm"
        " it again directly with a payment method or ConfirmationToken.",
        f"{intent['object']}_unexpected_state",
        **about,
    )


def ask_payer(intent: Thing) -> Thing:
    """The intent waits for the payer's bank to be satisfied (3-D Secure)."""
    sdk = {"type": "stripe_3ds2_fingerprint", "three_d_secure_2_source": new_id("payatt_")}
    intent.update(status="requires_action", next_action={"type": "use_stripe_sdk", "use_stripe_sdk": sdk})
    return intent
