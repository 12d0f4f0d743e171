"""The interface of the card processor. Expected results are returned, not raised.

`StripeProcessor` (gateways/stripe.py) and `FakeProcessor` (gateways/payments_fake.py) keep the
same promises and pass the same contract tests.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from portal_app.domain.ids import AccountId, PaymentId, RefundId
from portal_app.domain.money import Money


class Outcome(StrEnum):
    SUCCEEDED = "succeeded"
    PROCESSING = "processing"  # known to be on its way (a bank debit)
    REQUIRES_ACTION = "requires_action"  # the payer's bank asks the payer
    DECLINED = "declined"
    CANCELLED = "cancelled"
    REFUSED = "refused"  # the processor would not even try: our request was wrong; nothing was charged
    UNKNOWN = "unknown"  # no answer: webhook or reconcile will tell


@dataclass(frozen=True, slots=True)
class PaymentMethodFacts:
    """What the portal stores of a card or bank account."""

    processor_id: str  # pm_…
    customer: str = ""
    kind: str = "card"  # or "bank"
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
    client_secret: str = ""  # only with REQUIRES_ACTION: for the payer's browser
    payment_method: PaymentMethodFacts | None = None
    created: datetime | None = None
    disputed: bool = False


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


class CardProcessor(Protocol):
    publishable_key: str
    script_url: str  # "" = Stripe's own

    def customer(self, account_id: AccountId, name: str, email: str = "") -> str:
        """The processor's customer of an account, the same one however often it is asked.

        "" when no answer came: a new card can then be charged, but not saved.
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
    ) -> Charge:
        """Create and confirm an intent with a saved `payment_method` (pm_…) or a confirmation `token`.

        Asking again with the same key charges once and is answered as the intent is by then.
        UNKNOWN when no answer came, also when the key was used with other parameters: whether
        that one charged is for `charges_since` to tell.
        """
        ...

    def look_up(self, intent_id: str) -> Charge: ...

    def cancel(self, intent_id: str) -> Charge:
        """Cancel before release: SUCCEEDED when it was too late."""
        ...

    def refund(self, intent_id: str, amount: Money, *, key: RefundId) -> RefundFacts: ...

    def look_up_refund(self, refund_id: str) -> RefundFacts: ...

    def charges_since(self, moment: datetime) -> Iterator[Charge]:
        """Every intent created since, by the real clock, for reconcile. May raise NoAnswer."""
        ...

    def refunds_since(self, moment: datetime) -> Iterator[RefundFacts]:
        """Every refund created since. May raise NoAnswer."""
        ...

    def list_payment_methods(self, customer: str) -> list[PaymentMethodFacts]:
        """On the customer's file, newest first. May raise NoAnswer."""
        ...

    def start_setup(self, customer: str, *, key: str) -> Setup: ...

    def look_up_setup(self, setup_id: str) -> Setup: ...

    def detach_payment_method(self, payment_method: str, *, customer: str) -> bool:
        """Detach, after checking that it is this customer's."""
        ...

    def read_webhook(self, body: bytes, signature: str) -> ProcessorEvent:
        """InvalidSignature when unsigned, stale (over 300 s) or altered."""
        ...
