"""Stripe, by its own SDK. The simulator and Stripe differ here in one address."""

import hashlib
import hmac
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import stripe

from portal_app.domain.billing.processor_limits import (
    may_be_charged,
    to_processor_units,
)
from portal_app.domain.ids import AccountId, PaymentId, RefundId
from portal_app.domain.money import Money
from portal_app.gateways.disputes.stripe import StripeDisputes
from portal_app.gateways.payments import (
    Charge,
    NoAnswer,
    Outcome,
    PaymentMethodFacts,
    ProcessorEvent,
    RefundFacts,
    RequestRefused,
    Setup,
    parse_event,
)
from portal_app.gateways.signatures import InvalidSignature
from portal_app.gateways.stripe_answers import (
    REFUSALS,
    is_stripes_own_error,
    may_pass,
    read_charge,
    read_failed_charge,
    read_payment_method,
    read_refund,
    read_setup,
    reason,
)
from portal_app.settings import Settings

_signatures: Any = stripe.WebhookSignature  # typed by half
TOLERANCE = 300  # seconds a webhook's signature may be old
_TIMEOUT = (5, 25)  # seconds to connect, to answer
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 2.0  # seconds between two tries of a charge
_EXPANDED = ["latest_charge", "payment_method"]

Asked = TypeVar("Asked")


class _AnsweredWithError(Exception):
    """Stripe answered every try of a charge with an error of its own."""


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


class StripeProcessor(StripeDisputes):
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
        self._retries = retries
        self._api = stripe.StripeClient(
            secret_key,
            base_addresses={"api": api_base} if api_base else {},
            http_client=stripe.RequestsClient(timeout=_TIMEOUT),
            max_network_retries=retries,
        ).v1

    # ---- charging --------------------------------------------------------------------------------

    def customer(self, account_id: AccountId, name: str, email: str = "", *, gone: str = "") -> str:
        """The processor's customer of an account, always the same one; "" when no answer came."""
        # A key is kept for a day; the search finds older ones, but not those of the last minute.
        known = _answered(
            lambda: self._api.customers.search({"query": f"metadata['account']:'{account_id}'"})
        )
        for found in known.data if known else ():
            if found.id != gone:
                return found.id
        whose: Any = {"metadata": {"account": account_id}}
        try:
            made = self._api.customers.create(whose, _once(f"customer-{account_id}{gone}"))
        except REFUSALS as problem:
            raise RequestRefused(problem.code or type(problem).__name__) from problem
        except stripe.StripeError:
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
        renewed: bool = False,
    ) -> Charge:
        """Create and confirm an intent; the same key charges once and tells the present state."""
        if not may_be_charged(amount):  # the rules refuse it before; Stripe would charge it wrongly
            return Charge(Outcome.REFUSED, payment_id=key)
        asked = _intent_request(amount, key, description, account_id)
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
            made = self._create_intent(asked, f"{key}-{customer}" if renewed else key)
            return self._present(read_charge(made.to_dict()), made.last_response)
        except _AnsweredWithError:
            return self._find_or_not_charged(key)
        except stripe.StripeError as problem:
            return self._present(read_failed_charge(problem, key), problem)

    def _create_intent(self, asked: Any, key: str) -> Any:
        """Create it, trying again as the SDK would, but knowing whether every try was answered.

        Raises: _AnsweredWithError when each try ended in an error of Stripe's own, so that none is still at work.
        """
        unanswered = False
        for attempt in range(self._retries + 1):
            try:
                return self._api.payment_intents.create(asked, {**_once(key), "max_network_retries": 0})
            except stripe.StripeError as problem:
                unanswered = unanswered or not problem.http_status
                if not may_pass(problem):
                    raise
                if attempt == self._retries:
                    if unanswered or not is_stripes_own_error(problem):
                        raise
                    raise _AnsweredWithError from problem
                time.sleep(min(_FIRST_PAUSE * 2**attempt, _LONGEST_PAUSE))
        raise AssertionError("there is at least one try")

    def _find_or_not_charged(self, key: PaymentId) -> Charge:
        """What Stripe lists under our payment's id, of the last day, so that no wrong clock hides it."""
        try:
            since = datetime.now(UTC) - timedelta(days=1)
            found = next((one for one in self.charges_since(since) if one.payment_id == key), None)
        except NoAnswer:
            return Charge(Outcome.UNKNOWN, payment_id=key)
        return found or Charge(Outcome.NOT_CHARGED, payment_id=key)

    def _present(self, charge: Charge, answer: Any) -> Charge:
        """A replayed answer is as old as its first telling: what was not final then is asked again."""
        given: Mapping[str, str] = getattr(answer, "headers", None) or {}
        headers = {name.lower(): value for name, value in given.items()}
        if headers.get("idempotent-replayed") != "true" or not charge.intent_id:
            return charge
        if charge.outcome is Outcome.SUCCEEDED:
            return charge
        asked_again = self.look_up(charge.intent_id)
        return charge if asked_again.outcome is Outcome.UNKNOWN else asked_again

    def look_up(self, intent_id: str) -> Charge:
        try:
            intent = self._api.payment_intents.retrieve(intent_id, {"expand": _EXPANDED})
        except REFUSALS:
            return Charge(Outcome.REFUSED, intent_id)
        except stripe.StripeError:
            return Charge(Outcome.UNKNOWN, intent_id)
        return read_charge(intent.to_dict())

    def cancel(self, intent_id: str) -> Charge:
        """Cancel a payment that has not succeeded; SUCCEEDED when it was too late."""
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
                yield read_charge(intent.to_dict())
        except stripe.StripeError as problem:
            raise NoAnswer from problem

    # ---- refunds ---------------------------------------------------------------------------------

    def refund(self, intent_id: str, amount: Money, *, key: RefundId) -> RefundFacts:
        number = to_processor_units(amount)
        asked: Any = {"payment_intent": intent_id, "amount": number, "metadata": {"refund": key}}
        try:
            return read_refund(self._api.refunds.create(asked, _once(key)).to_dict())
        except REFUSALS as problem:
            return RefundFacts(Outcome.REFUSED, our_id=key, intent_id=intent_id, reason=problem.code or "")
        except stripe.StripeError:
            return RefundFacts(Outcome.UNKNOWN, our_id=key, intent_id=intent_id)

    def look_up_refund(self, refund_id: str) -> RefundFacts:
        try:
            return read_refund(self._api.refunds.retrieve(refund_id).to_dict())
        except REFUSALS:
            return RefundFacts(Outcome.REFUSED, refund_id)
        except stripe.StripeError:
            return RefundFacts(Outcome.UNKNOWN, refund_id)

    def refunds_since(self, moment: datetime) -> Iterator[RefundFacts]:
        """Every refund created since, newest first; NoAnswer when Stripe does not answer."""
        wanted: Any = {"created": {"gte": int(moment.timestamp())}, "limit": 100}
        try:
            for refund in self._api.refunds.list(wanted).auto_paging_iter():
                yield read_refund(refund.to_dict())
        except stripe.StripeError as problem:
            raise NoAnswer from problem

    # ---- saved cards -----------------------------------------------------------------------------

    def list_payment_methods(self, customer: str) -> list[PaymentMethodFacts]:
        """Newest first; NoAnswer when Stripe does not answer (an empty list is an answer)."""
        if not customer:
            return []
        try:
            found = self._api.payment_methods.list({"customer": customer, "limit": 100})
            return [read_payment_method(method.to_dict()) for method in found.auto_paging_iter()]
        except REFUSALS:
            return []
        except stripe.StripeError as problem:
            raise NoAnswer from problem

    def look_up_payment_method(self, payment_method: str) -> PaymentMethodFacts | None:
        """A payment method as Stripe has it; None: unknown. Raises NoAnswer, also when it refuses our key."""
        try:
            return read_payment_method(self._api.payment_methods.retrieve(payment_method).to_dict())
        except stripe.InvalidRequestError as problem:
            if problem.code == "resource_missing":
                return None
            raise NoAnswer from problem
        except stripe.StripeError as problem:
            raise NoAnswer from problem

    def start_setup(self, customer: str, *, key: str) -> Setup:
        asked: Any = {
            "customer": customer,
            "usage": "off_session",
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        }
        try:
            return read_setup(self._api.setup_intents.create(asked, _once(key)).to_dict())
        except stripe.StripeError as problem:
            return Setup("", reason=reason(problem))

    def look_up_setup(self, setup_id: str) -> Setup:
        try:
            found = self._api.setup_intents.retrieve(setup_id, {"expand": ["payment_method"]})
        except stripe.StripeError as problem:
            return Setup(setup_id, reason=reason(problem))
        facts = found.to_dict()
        return read_setup({**facts, "client_secret": ""})

    def detach_payment_method(self, payment_method: str, *, customer: str) -> bool:
        """Detach, after checking that it is this customer's."""
        found = _answered(lambda: self._api.payment_methods.retrieve(payment_method))
        if found is None or not customer or found.customer != customer:
            return False
        return _answered(lambda: self._api.payment_methods.detach(payment_method)) is not None

    # ---- webhooks --------------------------------------------------------------------------------

    def read_webhook(self, body: bytes, signature: str) -> ProcessorEvent:
        """The event of a signed webhook. InvalidSignature: unsigned, altered, over 300 s old. MalformedWebhook: no event."""
        if (
            not signature.isascii()
        ):  # `hmac.compare_digest`, with which Stripe's library compares, raises TypeError
            raise InvalidSignature("no signature")
        try:
            # As `construct_event`, which cannot read every signed body it is given (old shapes, no object).
            _signatures.verify_header(body.decode(), signature, self._webhook_secret, TOLERANCE)
        except (ValueError, OverflowError, stripe.SignatureVerificationError) as problem:
            raise InvalidSignature(type(problem).__name__) from problem
        return parse_event(body)


def _intent_request(
    amount: Money, key: PaymentId, description: str, account_id: AccountId | None
) -> dict[str, Any]:
    """What every intent is asked for with."""
    return {
        "amount": to_processor_units(amount),
        "currency": amount.currency.lower(),
        "description": description,
        "metadata": {"payment": key} | ({"account": account_id} if account_id else {}),
        "confirm": True,
        "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        "expand": _EXPANDED,
    }


def _once(key: str) -> Any:
    return {"idempotency_key": key}


def _answered(ask: Callable[[], Asked]) -> Asked | None:
    """The answer, or None: the caller looks elsewhere or says so."""
    try:
        return ask()
    except stripe.StripeError:
        return None
