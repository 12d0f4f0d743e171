"""The interface of the card processor. Expected results are returned, not raised.

`StripeProcessor` (gateways/stripe.py) and `FakeProcessor` (gateways/payments_fake.py) keep the
same promises and pass the same contract tests.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from portal_app.domain.ids import AccountId, PaymentId, RefundId
from portal_app.domain.json_values import is_object
from portal_app.domain.money import Money
from portal_app.gateways.disputes.types import DisputeReader
from portal_app.gateways.signatures import MalformedWebhook, webhook_id


class Outcome(StrEnum):
    SUCCEEDED = "succeeded"
    PROCESSING = "processing"  # known to be on its way (a bank debit)
    REQUIRES_ACTION = "requires_action"  # the payer's bank asks the payer
    DECLINED = "declined"
    CANCELLED = "cancelled"
    REFUSED = "refused"  # the processor would not even try: our request was wrong; nothing was charged
    NOT_CHARGED = "not_charged"  # the processor was busy or broken, and has no charge: nothing was charged
    UNKNOWN = "unknown"  # no answer: webhook or reconcile will tell


@dataclass(frozen=True, slots=True)
class PaymentMethodFacts:
    """What the portal stores of a card or bank account."""

    processor_id: str  # pm_…
    customer: str = ""
    kind: str = "card"  # or "bank", or the processor's code for what is neither: "link", "cashapp", …
    brand: str = ""
    last4: str = ""
    exp_month: int | None = None
    exp_year: int | None = None


@dataclass(frozen=True, slots=True)
class Charge:
    """One payment intent as it is now."""

    outcome: Outcome
    intent_id: str = ""
    charge_id: str = ""
    payment_id: PaymentId | None = None  # ours, from the intent's metadata
    received: Money | None = None
    decline_code: str = ""
    # With REFUSED: what of ours the processor does not know ("customer", "payment_method", "confirmation_token").
    unknown: str = ""
    client_secret: str = ""  # only with REQUIRES_ACTION: for the payer's browser
    payment_method: PaymentMethodFacts | None = None
    created: datetime | None = None


@dataclass(frozen=True, slots=True)
class RefundFacts:
    outcome: Outcome  # SUCCEEDED, PROCESSING, DECLINED (failed, cancelled), REFUSED or UNKNOWN
    refund_id: str = ""
    our_id: RefundId | None = None
    intent_id: str = ""
    amount: Money | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Setup:
    """A card being saved: the secret is for the payer's browser, the payment_method is there when done."""

    setup_id: str
    client_secret: str = ""
    payment_method: PaymentMethodFacts | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ProcessorEvent:
    """A signed webhook: which event, of which kind, about which object. Its contents are not trusted."""

    event_id: str
    kind: str
    object_kind: str  # "payment_intent", "refund", "charge", …
    object_id: str
    intent_id: str = ""  # where the object names one


class NoAnswer(Exception):
    """The processor did not answer. Only lists raise it, because an empty list is an answer too."""


class RequestRefused(Exception):
    """The processor refuses what the portal itself asks (a wrong key): raised where no result can say it."""


class CardProcessor(DisputeReader, Protocol):
    publishable_key: str
    script_url: str  # "" = Stripe's own

    def customer(self, account_id: AccountId, name: str, email: str = "", *, gone: str = "") -> str:
        """The processor's customer of an account, the same one however often it is asked.

        "" when no answer came: a new card can then be charged, but not saved. May raise RequestRefused.

        Args:
            gone: the account's customer so far, whom the processor does not know: another one is made.
        """
        ...

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
        """Create and confirm an intent with a saved `payment_method` (pm_…) or a confirmation `token`.

        Asking again with the same key charges once and is answered as the intent is by then.
        NOT_CHARGED when it answered with an error of its own and lists no such charge.
        UNKNOWN when no answer came, also when the key was used with other parameters: whether
        that one charged is for `charges_since` to tell.

        Args:
            renewed: the first try named a customer whom the processor does not know and charged nothing; this
                one names another, which the key would forbid.
        """
        ...

    def look_up(self, intent_id: str) -> Charge:
        """A payment intent as it is now; UNKNOWN when no answer came."""
        ...

    def cancel(self, intent_id: str) -> Charge:
        """Cancel a payment that has not succeeded; SUCCEEDED when it was too late."""
        ...

    def refund(self, intent_id: str, amount: Money, *, key: RefundId) -> RefundFacts:
        """Give money back; the same key gives it back once."""
        ...

    def look_up_refund(self, refund_id: str) -> RefundFacts:
        """A refund as it is now; UNKNOWN when no answer came."""
        ...

    def charges_since(self, moment: datetime) -> Iterator[Charge]:
        """Every intent created since, by the real clock, for reconcile. May raise NoAnswer."""
        ...

    def refunds_since(self, moment: datetime) -> Iterator[RefundFacts]:
        """Every refund created since. May raise NoAnswer."""
        ...

    def list_payment_methods(self, customer: str) -> list[PaymentMethodFacts]:
        """The payment methods of a customer, newest first. May raise NoAnswer."""
        ...

    def look_up_payment_method(self, payment_method: str) -> PaymentMethodFacts | None:
        """A payment method as it is now (customer "" once it was detached); None: unknown. May raise NoAnswer."""
        ...

    def start_setup(self, customer: str, *, key: str) -> Setup:
        """Begin to save a card; the same key begins once."""
        ...

    def look_up_setup(self, setup_id: str) -> Setup:
        """A card being saved, as it is now."""
        ...

    def detach_payment_method(self, payment_method: str, *, customer: str) -> bool:
        """Take a payment method off the customer, after checking that it is theirs."""
        ...

    def read_webhook(self, body: bytes, signature: str) -> ProcessorEvent:
        """The event of a signed webhook. InvalidSignature: unsigned, altered, over 300 s old. MalformedWebhook: no event."""
        ...


def parse_event(body: bytes) -> ProcessorEvent:
    """The event in the body of a webhook whose signature was checked. Raises MalformedWebhook."""
    try:
        event: Any = json.loads(body)
    except (ValueError, RecursionError) as problem:
        raise MalformedWebhook(type(problem).__name__) from problem
    thing = _member(_member(event, "data"), "object")
    kind, id_ = (_id_or_none(thing.get(name)) for name in ("object", "id"))
    intent: Any = thing.get("payment_intent")  # an id, or the object itself
    named = intent.get("id") if is_object(intent) else intent
    intent_id = id_ if kind == "payment_intent" else _id_or_none(named)
    return ProcessorEvent(webhook_id(event.get("id")), webhook_id(event.get("type")), kind, id_, intent_id)


def _id_or_none(value: object) -> str:
    return "" if value is None else webhook_id(value)


def _member(thing: Any, name: str) -> dict[str, Any]:
    """A part of an event, {} where it has none: some events say only that something happened."""
    found: Any = thing.get(name, {}) if is_object(thing) else None
    if not is_object(found):
        raise MalformedWebhook
    return found
