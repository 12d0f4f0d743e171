"""Stripe, by its own SDK. The simulator and Stripe differ here in one address."""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, TypeVar

import stripe

from portal_app.domain.ids import AccountId, PaymentId, RefundId
from portal_app.domain.money import Money
from portal_app.gateways.payments import (
    Charge,
    NoAnswer,
    Outcome,
    PaymentMethodFacts,
    ProcessorEvent,
    RefundFacts,
    Setup,
)
from portal_app.gateways.signatures import InvalidSignature
from portal_app.settings import Settings

TOLERANCE = 300  # seconds a webhook's signature may be old
_TIMEOUT = (5, 25)  # seconds to connect, to answer
_KINDS = {"us_bank_account": "bank"}
_OUTCOMES = {
    "succeeded": Outcome.SUCCEEDED,
    "processing": Outcome.PROCESSING,
    "requires_action": Outcome.REQUIRES_ACTION,
    "requires_payment_method": Outcome.DECLINED,
    "canceled": Outcome.CANCELLED,
}
_REFUND_OUTCOMES = {
    "succeeded": Outcome.SUCCEEDED,
    "pending": Outcome.PROCESSING,
    "requires_action": Outcome.PROCESSING,
    "failed": Outcome.DECLINED,
    "canceled": Outcome.DECLINED,
}
# Nothing was charged for certain: Stripe says what is wrong with the request, or with our key.
_REFUSALS = (stripe.InvalidRequestError, stripe.AuthenticationError, stripe.PermissionError)
_EXPANDED = ["latest_charge", "payment_method"]

Facts = dict[str, Any]
Asked = TypeVar("Asked")


def processor_of(settings: Settings) -> "StripeProcessor":
    """Stripe, or in demo without a key the simulator that this process carries at /_stripe."""
    if not settings.simulated:
        return StripeProcessor(
            settings.stripe_secret_key.get_secret_value(),
            settings.stripe_publishable_key,
            settings.stripe_webhook_secret.get_secret_value(),
            api_base=settings.stripe_api_base,
            script_url=settings.stripe_script_url,
        )
    secret_key, publishable_key, webhook_secret = simulated_keys(settings)
    return StripeProcessor(
        secret_key,
        publishable_key,
        webhook_secret,
        api_base=settings.stripe_api_base or f"http://127.0.0.1:{settings.port}/_stripe",
        script_url=settings.stripe_script_url or "/_stripe/endive/stripe.js",
    )


def simulated_keys(settings: Settings) -> tuple[str, str, str]:
    """Secret key, publishable key and webhook secret of the simulator: this portal's own."""

    def derived(name: str) -> str:
        secret = settings.secret_key.get_secret_value().encode()
        return hmac.new(secret, f"stripe simulator {name}".encode(), hashlib.sha256).hexdigest()[:32]

    webhook_secret = settings.stripe_webhook_secret.get_secret_value() or f"whsec_{derived('webhook')}"
    return f"sk_test_{derived('key')}", "pk_test_simulated", webhook_secret


class StripeProcessor:
    """`CardProcessor` on Stripe's API. Sync: it blocks its worker thread, never the event loop."""

    def __init__(
        self,
        secret_key: str,
        publishable_key: str,
        webhook_secret: str,
        *,
        api_base: str = "",
        script_url: str = "",
        retries: int = 2,
    ) -> None:
        self.publishable_key = publishable_key
        self.script_url = script_url
        self._webhook_secret = webhook_secret
        self._api = stripe.StripeClient(
            secret_key,
            base_addresses={"api": api_base} if api_base else {},
            http_client=stripe.RequestsClient(timeout=_TIMEOUT),
            max_network_retries=retries,
        ).v1

    # ---- charging --------------------------------------------------------------------------------

    def customer(self, account_id: AccountId, name: str, email: str = "") -> str:
        """The processor's customer of an account, always the same one; "" when no answer came."""
        # A key is kept for a day; the search finds older ones, but not those of the last minute.
        known = _answered(
            lambda: self._api.customers.search({"query": f"metadata['account']:'{account_id}'"})
        )
        if known and known.data:
            return known.data[0].id
        whose: Any = {"metadata": {"account": account_id}}
        made = _answered(lambda: self._api.customers.create(whose, _once(f"customer-{account_id}")))
        if made is None:
            return ""
        if (name, email) != (made.name or "", made.email or ""):
            _answered(lambda: self._api.customers.update(made.id, {"name": name, "email": email}))
        return made.id

    def charge(
        self,
        customer: str,
        amount: Money,
        *,
        key: PaymentId,
        description: str,
        payment_method: str = "",
        token: str = "",
        save: bool = False,
        off_session: bool = False,
        account_id: AccountId | None = None,
    ) -> Charge:
        """Create and confirm an intent; the same key charges once and tells the present state."""
        asked: Any = {
            "amount": amount.minor,
            "currency": amount.currency.lower(),
            "description": description,
            "metadata": {"payment": key} | ({"account": account_id} if account_id else {}),
            "confirm": True,
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            "expand": _EXPANDED,
        }
        if customer:
            asked["customer"] = customer
        if save:
            asked["setup_future_usage"] = "off_session"
        asked |= {"confirmation_token": token} if token else {"payment_method": payment_method}
        if off_session:
            asked["off_session"] = True
        elif payment_method:
            asked["use_stripe_sdk"] = True  # a token says so itself; 3-D Secure then runs in our page
        try:
            made = self._api.payment_intents.create(asked, _once(key))
            return self._present(_charge(made.to_dict()), made.last_response)
        except stripe.StripeError as problem:
            return self._present(_unpaid(problem, key), problem)

    def _present(self, charge: Charge, answer: Any) -> Charge:
        """A replayed answer is as old as its first telling: what was not final then is asked again."""
        headers = {name.lower(): value for name, value in (getattr(answer, "headers", None) or {}).items()}
        if headers.get("idempotent-replayed") != "true" or not charge.intent_id:
            return charge
        if charge.outcome is Outcome.SUCCEEDED:
            return charge
        asked_again = self.look_up(charge.intent_id)
        return charge if asked_again.outcome is Outcome.UNKNOWN else asked_again

    def look_up(self, intent_id: str) -> Charge:
        try:
            intent = self._api.payment_intents.retrieve(intent_id, {"expand": _EXPANDED})
        except _REFUSALS:
            return Charge(Outcome.REFUSED, intent_id)
        except stripe.StripeError:
            return Charge(Outcome.UNKNOWN, intent_id)
        return _charge(intent.to_dict())

    def cancel(self, intent_id: str) -> Charge:
        """Cancel before release: SUCCEEDED when it was too late."""
        _answered(lambda: self._api.payment_intents.cancel(intent_id))
        return self.look_up(intent_id)

    def charges_since(self, moment: datetime) -> Iterator[Charge]:
        """Every intent created since, newest first; NoAnswer when Stripe does not answer."""
        wanted: Any = {
            "created": {"gte": int(moment.timestamp())},
            "limit": 100,
            "expand": [f"data.{part}" for part in _EXPANDED],
        }
        try:
            for intent in self._api.payment_intents.list(wanted).auto_paging_iter():
                yield _charge(intent.to_dict())
        except stripe.StripeError as problem:
            raise NoAnswer from problem

    # ---- refunds ---------------------------------------------------------------------------------

    def refund(self, intent_id: str, amount: Money, *, key: RefundId) -> RefundFacts:
        asked: Any = {"payment_intent": intent_id, "amount": amount.minor, "metadata": {"refund": key}}
        try:
            return _refund(self._api.refunds.create(asked, _once(key)).to_dict())
        except _REFUSALS as problem:
            return RefundFacts(Outcome.REFUSED, our_id=key, intent_id=intent_id, reason=problem.code or "")
        except stripe.StripeError:
            return RefundFacts(Outcome.UNKNOWN, our_id=key, intent_id=intent_id)

    def look_up_refund(self, refund_id: str) -> RefundFacts:
        try:
            return _refund(self._api.refunds.retrieve(refund_id).to_dict())
        except _REFUSALS:
            return RefundFacts(Outcome.REFUSED, refund_id)
        except stripe.StripeError:
            return RefundFacts(Outcome.UNKNOWN, refund_id)

    def refunds_since(self, moment: datetime) -> Iterator[RefundFacts]:
        """Every refund created since, newest first; NoAnswer when Stripe does not answer."""
        wanted: Any = {"created": {"gte": int(moment.timestamp())}, "limit": 100}
        try:
            for refund in self._api.refunds.list(wanted).auto_paging_iter():
                yield _refund(refund.to_dict())
        except stripe.StripeError as problem:
            raise NoAnswer from problem

    # ---- saved cards -----------------------------------------------------------------------------

    def list_payment_methods(self, customer: str) -> list[PaymentMethodFacts]:
        """Newest first; NoAnswer when Stripe does not answer (an empty list is an answer)."""
        if not customer:
            return []
        try:
            found = self._api.payment_methods.list({"customer": customer, "limit": 100})
            return [_payment_method(method.to_dict()) for method in found.auto_paging_iter()]
        except _REFUSALS:
            return []
        except stripe.StripeError as problem:
            raise NoAnswer from problem

    def start_setup(self, customer: str, *, key: str) -> Setup:
        asked: Any = {
            "customer": customer,
            "usage": "off_session",
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        }
        try:
            return _setup(self._api.setup_intents.create(asked, _once(key)).to_dict())
        except stripe.StripeError as problem:
            return Setup("", reason=_reason(problem))

    def look_up_setup(self, setup_id: str) -> Setup:
        try:
            found = self._api.setup_intents.retrieve(setup_id, {"expand": ["payment_method"]})
        except stripe.StripeError as problem:
            return Setup(setup_id, reason=_reason(problem))
        facts = found.to_dict()
        return _setup({**facts, "client_secret": ""})

    def detach_payment_method(self, payment_method: str, *, customer: str) -> bool:
        """Detach, after checking that it is this customer's."""
        found = _answered(lambda: self._api.payment_methods.retrieve(payment_method))
        if found is None or not customer or found.customer != customer:
            return False
        return _answered(lambda: self._api.payment_methods.detach(payment_method)) is not None

    # ---- webhooks --------------------------------------------------------------------------------

    def read_webhook(self, body: bytes, signature: str) -> ProcessorEvent:
        """InvalidSignature when unsigned, stale (over 300 s) or altered."""
        try:
            # As `construct_event`, which cannot read every signed body it is given (old shapes, no object).
            stripe.WebhookSignature.verify_header(body.decode(), signature, self._webhook_secret, TOLERANCE)
            event: Facts = json.loads(body)
        except (ValueError, stripe.SignatureVerificationError) as problem:
            raise InvalidSignature(type(problem).__name__) from problem
        if not isinstance(event, dict):
            raise InvalidSignature("no event")
        thing: Facts = (event.get("data") or {}).get("object") or {}
        kind, id_ = str(thing.get("object") or ""), str(thing.get("id") or "")
        intent_id = id_ if kind == "payment_intent" else _id_of(thing.get("payment_intent"))
        return ProcessorEvent(str(event.get("id") or ""), str(event.get("type") or ""), kind, id_, intent_id)


def _once(key: str) -> Any:
    return {"idempotency_key": key}


def _answered(ask: Callable[[], Asked]) -> Asked | None:
    """The answer, or None: the caller looks elsewhere or says so."""
    try:
        return ask()
    except stripe.StripeError:
        return None


def _reason(problem: stripe.StripeError) -> str:
    return problem.code or "no_answer"


def _unpaid(problem: stripe.StripeError, key: PaymentId) -> Charge:
    """What a failed charge call means: declined, refused, or not known."""
    told: Facts = (problem.json_body or {}).get("error") or {} if isinstance(problem.json_body, dict) else {}
    intent = told.get("payment_intent")
    if isinstance(problem, stripe.CardError) and intent:
        return _charge(intent)
    if isinstance(problem, stripe.CardError):  # the card itself was wrong: no intent came of it
        return Charge(Outcome.DECLINED, payment_id=key, decline_code=_code(told))
    if isinstance(problem, _REFUSALS):
        return Charge(Outcome.REFUSED, payment_id=key, decline_code=_code(told))
    return Charge(Outcome.UNKNOWN, payment_id=key)


def _charge(intent: Facts) -> Charge:
    outcome = _OUTCOMES.get(intent["status"], Outcome.UNKNOWN)
    error: Facts = intent.get("last_payment_error") or {}
    if outcome is Outcome.CANCELLED and error:
        outcome = Outcome.DECLINED  # the bank refused it, and the other who heard of it has closed it already
    charged = intent.get("latest_charge")
    metadata: Facts = intent.get("metadata") or {}
    method = intent.get("payment_method") or error.get("payment_method")
    succeeded = outcome is Outcome.SUCCEEDED
    return Charge(
        outcome=outcome,
        intent_id=intent["id"],
        charge_id=_id_of(charged),
        payment_id=PaymentId(metadata["payment"]) if metadata.get("payment") else None,
        received=_money(intent["amount_received"], intent["currency"]) if succeeded else None,
        decline_code=_code(error) if outcome is Outcome.DECLINED else "",
        client_secret=intent["client_secret"] if outcome is Outcome.REQUIRES_ACTION else "",
        payment_method=_payment_method(method) if isinstance(method, dict) else None,
        created=datetime.fromtimestamp(intent["created"], UTC),
        disputed=bool(charged.get("disputed")) if isinstance(charged, dict) else False,
    )


def _code(error: Facts) -> str:
    return error.get("decline_code") or error.get("code") or ""


def _money(minor: int, currency: str) -> Money:
    return Money(minor, currency.upper())


def _id_of(thing: Any) -> str:
    """Of an id or of the object it names."""
    return str(thing.get("id") or "") if isinstance(thing, dict) else str(thing or "")


def _payment_method(method: Facts) -> PaymentMethodFacts:
    kind: str = method["type"]
    facts: Facts = method.get(kind) or {}
    return PaymentMethodFacts(
        processor_id=method["id"],
        customer=_id_of(method.get("customer")),
        kind=_KINDS.get(kind, kind),
        brand=facts.get("brand") or facts.get("bank_name") or "",
        last4=facts.get("last4") or "",
        exp_month=facts.get("exp_month"),
        exp_year=facts.get("exp_year"),
    )


def _refund(refund: Facts) -> RefundFacts:
    metadata: Facts = refund.get("metadata") or {}
    return RefundFacts(
        outcome=_REFUND_OUTCOMES.get(refund["status"] or "", Outcome.UNKNOWN),
        refund_id=refund["id"],
        our_id=RefundId(metadata["refund"]) if metadata.get("refund") else None,
        intent_id=_id_of(refund.get("payment_intent")),
        amount=_money(refund["amount"], refund["currency"]),
        reason=refund.get("failure_reason") or "",
    )


def _setup(setup: Facts) -> Setup:
    method = setup.get("payment_method")
    done = setup["status"] == "succeeded" and isinstance(method, dict)
    return Setup(
        setup_id=setup["id"],
        client_secret=setup.get("client_secret") or "",
        payment_method=_payment_method(method) if done and isinstance(method, dict) else None,
        reason="" if done else _code(setup.get("last_setup_error") or {}),
    )
