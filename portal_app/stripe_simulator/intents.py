"""Payment intents: create, confirm, authenticate, charge, cancel; bank debits end later."""

from portal_app.stripe_simulator import disputes, methods, objects
from portal_app.stripe_simulator.published import cards, currencies, wallets
from portal_app.stripe_simulator.published.cards import Asks
from portal_app.stripe_simulator.store import Store, now
from portal_app.stripe_simulator.wire import (
    Fields,
    Problem,
    Thing,
    allowed,
    integer,
    needed,
    with_metadata,
    yes,
)

_OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")
_NO_REDIRECTS = (
    "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of"
    " these payment methods might redirect your customer off of your page, you must provide a `return_url`."
    " If you don't want to accept redirect-based payment methods, set `automatic_payment_methods[enabled]` to"
    " `true` and `automatic_payment_methods[allow_redirects]` to `never`."
)


def make(store: Store, fields: Fields) -> Thing:
    allowed(fields, "intent")
    amount = integer(needed(fields, "amount"), "amount")
    currency = str(needed(fields, "currency")).lower()
    currencies.check_currency(currency)
    currencies.check_amount(amount, currency)
    if fields.get("customer"):
        store.get("customer", fields["customer"], "customer")
    if fields.get("off_session") and not yes(fields.get("confirm")):
        raise Problem(
            400, "You cannot set `off_session` unless `confirm` is set to true.", param="off_session"
        )
    method = methods.find(store, fields["payment_method"])["id"] if fields.get("payment_method") else None
    intent = store.put(objects.payment_intent(amount, currency, method, fields))
    store.tell("payment_intent.created", intent)
    if not yes(fields.get("confirm")):
        return intent
    if method:
        fields = {**fields, "payment_method": method}
    return confirm(store, intent, fields)


def change(store: Store, intent: Thing, fields: Fields) -> Thing:
    allowed(fields, "change")
    with_metadata(intent, fields)
    if "amount" in fields:
        if intent["status"] not in _OPEN:
            words = (
                "This PaymentIntent's amount could not be updated because it has a status of"
                f" {intent['status']}. You may only update the amount of a PaymentIntent with one of the"
                f" following statuses: {', '.join(_OPEN)}."
            )
            raise _unexpected(words, intent, "amount")
        amount = integer(fields["amount"], "amount")
        currencies.check_amount(amount, intent["currency"])
        intent["amount"] = amount
    for name in ("description", "receipt_email", "setup_future_usage", "customer"):
        if name in fields:
            intent[name] = fields[name] or None
    if fields.get("payment_method"):
        method = methods.find(store, fields["payment_method"])
        intent.update(payment_method=method["id"], status="requires_confirmation")
    return store.put(intent)


def confirm(store: Store, intent: Thing, fields: Fields) -> Thing:
    _may_confirm(intent, fields)
    method = methods.chosen(store, intent, fields)
    methods.usable(store, method, intent)
    wallets.check_currency(method, intent["currency"])
    for name in ("receipt_email", "setup_future_usage"):
        if fields.get(name):
            intent[name] = fields[name]
    intent.update(payment_method=method["id"], last_payment_error=None)
    if not _asks(store, method):
        return charge(store, intent, method)
    if fields.get("off_session"):
        raise declined(store, intent, method, "authentication_required", "authentication_required")
    store.put(methods.ask_payer(intent))
    store.tell("payment_intent.requires_action", intent)
    return intent


def _may_confirm(intent: Thing, fields: Fields) -> None:
    if intent["status"] == "succeeded":
        words = "You cannot confirm this PaymentIntent because it has already succeeded."
        raise _unexpected(words, intent)
    if intent["status"] not in _OPEN:
        words = (
            "This PaymentIntent's payment_method could not be confirmed because it has a status of"
            f" {intent['status']}. Only a PaymentIntent with one of the following statuses may be confirmed:"
            " requires_confirmation, requires_action, requires_payment_method."
        )
        raise _unexpected(words, intent)
    automatic = intent["automatic_payment_methods"]
    redirects = automatic and automatic["enabled"] and automatic["allow_redirects"] != "never"
    if redirects and not any(fields.get(name) for name in ("return_url", "by_browser", "off_session")):
        raise Problem(400, _NO_REDIRECTS, payment_intent=intent)


def _asks(store: Store, method: Thing) -> bool:
    asks = methods.behaviour(store, method).asks
    return asks is Asks.ALWAYS or (
        asks is Asks.UNLESS_SET_UP and not store.hidden(method["id"]).get("authenticated")
    )


def charge(store: Store, intent: Thing, method: Thing) -> Thing:
    if method["type"] == "us_bank_account":
        return _debit(store, intent, method)
    acts = methods.behaviour(store, method)
    if store.declining:  # told so by a test
        acts = cards.Behaviour(*store.declining.pop(0))
    if acts.code:
        charged = _failed_charge(store, intent, method, acts.code, acts.decline_code, acts.blocked)
        raise declined(store, intent, method, acts.code, acts.decline_code, charged["id"])
    charged = objects.charge(intent, method, "succeeded", store.base_url)
    checks = charged["payment_method_details"].get("card", {}).get("checks", {})
    for name, found in checks.items():
        checks[name] = "fail" if name in acts.failed_checks else "pass" if found else None
    _keep_or_use_up(store, intent, method)
    _succeeded(store, intent, charged)
    if acts.dispute:
        disputes.open_dispute(store, charged, acts.dispute, acts.inquiry)
    return intent


def _keep_or_use_up(store: Store, intent: Thing, method: Thing) -> None:
    if method["customer"]:
        return
    if intent["customer"] and intent["setup_future_usage"]:
        methods.keep(store, method, intent["customer"])
    else:
        store.hide(method["id"], used_up=True)


def _succeeded(store: Store, intent: Thing, charged: Thing) -> None:
    fee = round(intent["amount"] * 0.029) + 30
    entry = objects.balance_transaction(intent["amount"], intent["currency"], charged["id"], "charge", fee)
    charged.update(balance_transaction=store.put(entry)["id"], status="succeeded", paid=True)
    intent.update(
        status="succeeded",
        amount_received=intent["amount"],
        latest_charge=charged["id"],
        next_action=None,
        processing=None,
    )
    store.put(charged)
    store.put(intent)
    store.tell("charge.succeeded", charged)
    store.tell("payment_intent.succeeded", intent)


def _debit(store: Store, intent: Thing, method: Thing) -> Thing:
    """A bank debit: processing for days (here seconds), then paid or failed."""
    charged = store.put(objects.charge(intent, method, "pending", store.base_url))
    _keep_or_use_up(store, intent, method)
    intent.update(status="processing", latest_charge=charged["id"], next_action=None)
    store.put(intent)
    store.tell("charge.pending", charged)
    store.tell("payment_intent.processing", intent)
    number = store.hidden(method["id"]).get("number") or ""
    if cards.BANK_ACCOUNTS.get(number, "") is not None:
        store.settle_later(intent["id"], store.settle_after)
    return intent


def settle_debit(store: Store, intent: Thing) -> None:
    """Ends a debit with the bank's answer."""
    if intent["status"] != "processing":
        return
    method = store.get("payment_method", intent["payment_method"])
    charged = store.get("charge", intent["latest_charge"])
    number = store.hidden(method["id"]).get("number") or ""
    reason = cards.BANK_ACCOUNTS.get(number, "")
    if not reason:
        _succeeded(store, intent, charged)
        if returned := cards.RETURNED_LATER.get(number):
            store.hide(charged["id"], returned=returned)
            store.settle_later(charged["id"], store.settle_after)
        return
    charged.update(
        status="failed", failure_code=reason, failure_message="The bank debit failed.", captured=False
    )
    store.put(charged)
    store.tell("charge.failed", charged)
    declined(store, intent, method, "payment_intent_payment_attempt_failed", reason, charged["id"])


def _failed_charge(
    store: Store, intent: Thing, method: Thing, code: str, decline_code: str, blocked: bool
) -> Thing:
    charged = objects.charge(intent, method, "failed", store.base_url)
    words = cards.MESSAGES.get(decline_code or code, "Your card was declined.")
    charged.update(
        failure_code=code,
        failure_message=words,
        outcome=objects.outcome(False, decline_code or code, blocked),
    )
    intent["latest_charge"] = charged["id"]
    store.put(charged)
    store.tell("charge.failed", charged)
    return charged


def declined(
    store: Store,
    intent: Thing,
    method: Thing,
    code: str,
    decline_code: str = "",
    charged: str | None = None,
    kind: str = "card_error",
) -> Problem:
    """Writes the decline into the payment or setup intent, and returns the error to answer with."""
    payment = intent["object"] == "payment_intent"
    words = cards.MESSAGES.get(decline_code or code, "Your card was declined.")
    if code.endswith("authentication_failure"):
        words = (
            "We are unable to authenticate your payment method. Please choose a different payment method"
            " and try again."
        )
    doc = f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"
    error = {"type": kind, "code": code, "message": words, "payment_method": method, "doc_url": doc}
    if decline_code:
        error["decline_code"] = decline_code
    if charged:
        error["charge"] = charged
    intent["last_payment_error" if payment else "last_setup_error"] = error
    intent.update(status="requires_payment_method", payment_method=None, next_action=None)
    store.put(intent)
    store.tell("payment_intent.payment_failed" if payment else "setup_intent.setup_failed", intent)
    more: Thing = {name: value for name, value in error.items() if name not in ("type", "code", "message")}
    more[intent["object"]] = intent
    return Problem(402, words, code, kind=kind, kept=True, **more)


def authenticate(store: Store, intent: Thing, passed: bool) -> Thing:
    """Ends 3-D Secure with the payer's answer in the frame."""
    kind = intent["object"]
    if intent["status"] != "requires_action":
        raise _unexpected(f"This {kind} has a status of {intent['status']}.", intent)
    method = store.get("payment_method", intent["payment_method"])
    intent["next_action"] = None
    if not passed:
        declined(store, intent, method, f"{kind}_authentication_failure", kind="invalid_request_error")
        return intent
    if kind == "setup_intent":
        return set_up(store, intent, method)
    try:
        return charge(store, intent, method)
    except Problem as problem:
        if not problem.kept:
            raise
        return store.get(kind, intent["id"])


def cancel(store: Store, intent: Thing, fields: Fields) -> Thing:
    allowed(fields, "cancel")
    if intent["status"] in ("succeeded", "canceled"):
        words = (
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}. Only a"
            " PaymentIntent with one of the following statuses may be canceled: requires_payment_method,"
            " requires_capture, requires_confirmation, requires_action, processing."
        )
        raise _unexpected(words, intent)
    reason = fields.get("cancellation_reason")
    intent.update(status="canceled", canceled_at=now(), cancellation_reason=reason, next_action=None)
    store.put(intent)
    store.tell("payment_intent.canceled", intent)
    return intent


def set_up(store: Store, intent: Thing, method: Thing) -> Thing:
    """Ends a setup intent: the card is attached to the customer."""
    if intent["customer"] and not method["customer"]:
        methods.keep(store, method, intent["customer"])
    store.hide(method["id"], authenticated=True)
    intent.update(status="succeeded", next_action=None)
    store.put(intent)
    store.tell("setup_intent.succeeded", intent)
    return intent


def _unexpected(words: str, intent: Thing, param: str | None = None) -> Problem:
    about: Thing = {intent["object"]: intent}
    return Problem(400, words, f"{intent['object']}_unexpected_state", param, **about)
