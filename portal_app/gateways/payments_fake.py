"""A card processor in memory, for tests: the promises of `CardProcessor`, and it can be scripted what to answer.

Stripe's own names of test cards work here too (`pm_card_visa`, `pm_card_visa_chargeDeclined` …), so that the
contract tests ask it exactly what they ask Stripe. Signatures and their age are checked as Stripe's are.
"""

import hashlib
import hmac
import json
import secrets
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from portal_app.domain.billing.processor_limits import in_steps, may_be_charged
from portal_app.domain.ids import AccountId, PaymentId, RefundId
from portal_app.domain.money import Money
from portal_app.gateways.disputes.fake import FakeDisputes
from portal_app.gateways.fake_cards import ASKING, BRANDS, DECLINING, WALLETS
from portal_app.gateways.payments import (
    Charge,
    Outcome,
    PaymentMethodFacts,
    ProcessorEvent,
    RefundFacts,
    RequestRefused,
    Setup,
    parse_event,
)
from portal_app.gateways.signatures import InvalidSignature

TOLERANCE = 300  # seconds a signature may be old


@dataclass(frozen=True, slots=True)
class ScriptedAnswer:
    """What the next charge shall answer. `answered` False: the work is done, the answer is lost."""

    outcome: Outcome
    decline_code: str = ""
    answered: bool = True


@dataclass(slots=True)
class _Intent:
    charge: Charge
    amount: Money
    customer: str
    card: PaymentMethodFacts
    save: bool


class FakeProcessor(FakeDisputes):
    """Keeps everything in itself. `attempts` counts the charges that reached it, replays not."""

    publishable_key = "pk_test_fake"
    script_url = ""

    def __init__(self, webhook_secret: str = "whsec_fake") -> None:  # noqa: S107
        super().__init__()
        self.attempts = 0
        self.wrong_key = False  # True: every request is refused, as with a key that is not ours
        self._secret = webhook_secret
        self._lock = threading.RLock()
        self._scripted: deque[ScriptedAnswer] = deque()
        self._scripted_refunds: deque[ScriptedAnswer] = deque()
        self._customers: dict[AccountId, str] = {}
        self._cards: dict[
            str, tuple[PaymentMethodFacts, str]
        ] = {}  # pm_… → facts, Stripe's name of its behaviour
        self._tokens: dict[str, str] = {}  # ctoken_… → pm_…
        self._used: set[str] = set()
        self._keys: dict[str, tuple[tuple[object, ...], str]] = {}  # key → what was asked, what came of it
        self._intents: dict[str, _Intent] = {}
        self._refunds: dict[str, tuple[RefundFacts, datetime]] = {}
        self._setups: dict[str, tuple[Setup, str]] = {}

    # ---- telling it what to answer -------------------------------------------------------------

    def answers(self, outcome: Outcome, decline_code: str = "") -> None:
        """The next new charge ends so, whatever its card."""
        self._scripted.append(ScriptedAnswer(outcome, decline_code))

    def no_answer(self, outcome: Outcome = Outcome.UNKNOWN) -> None:
        """The next new charge ends with `outcome` but UNKNOWN is answered; UNKNOWN: it never arrived."""
        self._scripted.append(ScriptedAnswer(outcome, answered=False))

    def refund_answers(self, outcome: Outcome) -> None:
        """The next new refund ends so; UNKNOWN: it is made, its answer is lost."""
        self._scripted_refunds.append(ScriptedAnswer(outcome, answered=outcome is not Outcome.UNKNOWN))

    def finish(self, intent_id: str, outcome: Outcome = Outcome.SUCCEEDED, decline_code: str = "") -> Charge:
        """The payer's bank has answered (3-D Secure), or a bank debit has come to its end."""
        with self._lock:
            return self._end(self._intents[intent_id], outcome, decline_code)

    def finish_refund(self, refund_id: str, outcome: Outcome, reason: str = "") -> RefundFacts:
        """Refunds can fail days later."""
        with self._lock:
            facts, created = self._refunds[refund_id]
            self._refunds[refund_id] = (replace(facts, outcome=outcome, reason=reason), created)
            return self._refunds[refund_id][0]

    def save_card(self, customer: str, card: str = "pm_card_visa", **facts: object) -> PaymentMethodFacts:
        """A card on the customer's file, as if saved earlier; `facts` replace those of PaymentMethodFacts."""
        with self._lock:
            made = replace(self._new_card(card), customer=customer, **facts)  # type: ignore[arg-type]
            self._cards[made.processor_id] = (made, card)
            return made

    def renew_card(self, payment_method: str, **facts: object) -> None:
        """The card's network has given it a new expiry."""
        card, name = self._cards[payment_method]
        self._cards[payment_method] = (replace(card, **facts), name)  # type: ignore[arg-type]

    def delete_customer(self, customer: str) -> None:
        """As in the processor's dashboard: the customer and everything on its file is gone."""
        with self._lock:
            self._customers = {account: id_ for account, id_ in self._customers.items() if id_ != customer}
            self._used |= {id_ for id_, (card, _) in self._cards.items() if card.customer == customer}

    def token(self, card: str = "pm_card_visa") -> str:
        """What the browser's form sends for a newly typed card: good for one payment."""
        with self._lock:
            token = _id("ctoken")
            self._tokens[token] = self._new_card(card).processor_id
            return token

    def finish_setup(self, setup_id: str, card: str = "pm_card_visa", reason: str = "") -> Setup:
        """The payer has typed a card to be saved (`reason`: and was refused)."""
        with self._lock:
            setup, customer = self._setups[setup_id]
            payment_method = None if reason else self.save_card(customer, card)
            self._setups[setup_id] = (replace(setup, payment_method=payment_method, reason=reason), customer)
            return self._setups[setup_id][0]

    def event(self, kind: str, object_id: str, intent_id: str = "", event_id: str = "") -> tuple[bytes, str]:
        """A webhook's body and signature."""
        object_kind = "payment_intent" if object_id.startswith("pi_") else kind.split(".")[0]
        thing = {"id": object_id, "object": object_kind, "payment_intent": intent_id or None}
        body = json.dumps(
            {"id": event_id or _id("evt"), "object": "event", "type": kind, "data": {"object": thing}}
        )
        return body.encode(), self.sign(body.encode())

    def sign(self, body: bytes, at: int | None = None) -> str:
        moment = int(time.time()) if at is None else at
        return f"t={moment},v1={self._mac(moment, body)}"

    # ---- the promises of CardProcessor ---------------------------------------------------------

    def customer(self, account_id: AccountId, name: str, email: str = "", *, gone: str = "") -> str:
        """The processor's customer of an account, the same one however often it is asked."""
        with self._lock:
            if self.wrong_key:
                raise RequestRefused("api_key_expired")
            if gone and self._customers.get(account_id) == gone:
                self.delete_customer(gone)
            return self._customers.setdefault(account_id, _id("cus"))

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
        """Create and confirm an intent; the same key charges once."""
        if self.wrong_key:
            return Charge(Outcome.REFUSED, payment_id=key)
        if customer and customer not in self._customers.values():
            return _unknown_customer(key)
        asked = (customer, amount, description, payment_method, token, save, off_session)
        with self._lock:
            if key in self._keys:
                before, intent_id = self._keys[key]
                return self._intents[intent_id].charge if before == asked else Charge(Outcome.UNKNOWN)
            scripted = self._scripted.popleft() if self._scripted else None
            if scripted and not scripted.answered and scripted.outcome is Outcome.UNKNOWN:
                return Charge(Outcome.UNKNOWN)
            if scripted and scripted.outcome is Outcome.NOT_CHARGED:
                return Charge(Outcome.NOT_CHARGED, payment_id=key)
            card = self._card_for(customer, payment_method, token)
            refused = scripted is not None and scripted.outcome is Outcome.REFUSED
            if card is None or refused or not may_be_charged(amount):
                return Charge(Outcome.REFUSED, payment_id=key)
            self.attempts += 1
            intent = self._new_intent(key, customer, amount, card, save)
            self._keys[key] = (asked, intent.charge.intent_id)
            scripted = scripted or self._by_card(card, off_session)
            ended = self._end(intent, scripted.outcome, scripted.decline_code)
            return ended if scripted.answered else Charge(Outcome.UNKNOWN)

    def look_up(self, intent_id: str) -> Charge:
        with self._lock:
            known = self._intents.get(intent_id)
            return known.charge if known else Charge(Outcome.REFUSED, intent_id)

    def cancel(self, intent_id: str) -> Charge:
        """Cancel before release: SUCCEEDED when it was too late."""
        with self._lock:
            known = self._intents.get(intent_id)
            if known is None:
                return Charge(Outcome.REFUSED, intent_id)
            if known.charge.outcome in (Outcome.REQUIRES_ACTION, Outcome.DECLINED):
                self._end(known, Outcome.CANCELLED, "")
            return known.charge

    def refund(self, intent_id: str, amount: Money, *, key: RefundId) -> RefundFacts:
        with self._lock:
            if key in self._keys:
                before, refund_id = self._keys[key]
                same = before == (intent_id, amount)
                return self._refunds[refund_id][0] if same else RefundFacts(Outcome.UNKNOWN)
            scripted = (
                self._scripted_refunds.popleft()
                if self._scripted_refunds
                else ScriptedAnswer(Outcome.SUCCEEDED)
            )
            left = self._refundable(intent_id)
            possible = left is not None and left.zero() < amount <= left and in_steps(amount)
            if not possible or scripted.outcome is Outcome.REFUSED:
                return RefundFacts(Outcome.REFUSED, our_id=key, intent_id=intent_id)
            ended = scripted.outcome if scripted.answered else Outcome.SUCCEEDED
            facts = RefundFacts(ended, _id("re"), key, intent_id, amount)
            self._keys[key] = ((intent_id, amount), facts.refund_id)
            self._refunds[facts.refund_id] = (facts, datetime.now(UTC))
            return facts if scripted.answered else RefundFacts(Outcome.UNKNOWN)

    def look_up_refund(self, refund_id: str) -> RefundFacts:
        with self._lock:
            known = self._refunds.get(refund_id)
            return known[0] if known else RefundFacts(Outcome.REFUSED, refund_id)

    def charges_since(self, moment: datetime) -> Iterator[Charge]:
        """Every intent created since, newest first."""
        with self._lock:
            found = [
                i.charge for i in self._intents.values() if i.charge.created and i.charge.created >= moment
            ]
        yield from reversed(found)

    def refunds_since(self, moment: datetime) -> Iterator[RefundFacts]:
        with self._lock:
            found = [facts for facts, created in self._refunds.values() if created >= moment]
        yield from reversed(found)

    def list_payment_methods(self, customer: str) -> list[PaymentMethodFacts]:
        with self._lock:
            return [
                card for card, _ in reversed(self._cards.values()) if customer and card.customer == customer
            ]

    def look_up_payment_method(self, payment_method: str) -> PaymentMethodFacts | None:
        with self._lock:
            return self._cards.get(payment_method, (None, ""))[0]

    def start_setup(self, customer: str, *, key: str) -> Setup:
        with self._lock:
            if self.wrong_key:
                return Setup("", reason="api_key_expired")
            if customer not in self._customers.values():
                return Setup("", reason="resource_missing")
            if key not in self._keys:
                setup = Setup(_id("seti"), client_secret=_id("seti_secret"))
                self._keys[key] = ((customer,), setup.setup_id)
                self._setups[setup.setup_id] = (setup, customer)
            return self._setups[self._keys[key][1]][0]

    def look_up_setup(self, setup_id: str) -> Setup:
        known = self._setups.get(setup_id)
        return replace(known[0], client_secret="") if known else Setup(setup_id, reason="resource_missing")

    def detach_payment_method(self, payment_method: str, *, customer: str) -> bool:
        """Detach, after checking that it is this customer's."""
        with self._lock:
            card, name = self._cards.get(payment_method, (PaymentMethodFacts(""), ""))
            if not card.customer or card.customer != customer:
                return False
            self._cards[payment_method] = (replace(card, customer=""), name)
            self._used.add(payment_method)
            return True

    def read_webhook(self, body: bytes, signature: str) -> ProcessorEvent:
        """The event of a signed webhook. InvalidSignature: unsigned, altered, over 300 s old. MalformedWebhook: no event."""
        parts = dict(part.split("=", 1) for part in signature.split(",") if "=" in part)
        moment = int(parts["t"]) if parts.get("t", "").isdecimal() else 0
        if not hmac.compare_digest(parts.get("v1", "").encode(), self._mac(moment, body).encode()):
            raise InvalidSignature("signature")
        if moment < time.time() - TOLERANCE:
            raise InvalidSignature("stale")
        return parse_event(body)

    # ---- inside --------------------------------------------------------------------------------

    def _mac(self, moment: int, body: bytes) -> str:
        return hmac.new(self._secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()

    def _new_card(self, name: str) -> PaymentMethodFacts:
        if name in WALLETS:
            made = PaymentMethodFacts(_id("pm"), kind=WALLETS[name])
            self._cards[made.processor_id] = (made, name)
            return made
        brand, last4 = BRANDS.get(name, ("visa", "4242"))
        year = datetime.now(UTC).year + 1
        card = PaymentMethodFacts(_id("pm"), brand=brand, last4=last4, exp_month=12, exp_year=year)
        self._cards[card.processor_id] = (card, name)
        return card

    def _card_for(self, customer: str, payment_method: str, token: str) -> PaymentMethodFacts | None:
        """The card that may be charged for this customer; None is a wrong request."""
        if token:
            chosen = self._tokens.pop(token, "")
        elif payment_method.startswith("pm_card_"):
            chosen = self._new_card(payment_method).processor_id
        else:
            chosen = payment_method
        card, _ = self._cards.get(chosen, (None, ""))
        if card is None or chosen in self._used or card.customer not in ("", customer):
            return None
        return card

    def _by_card(self, card: PaymentMethodFacts, off_session: bool) -> ScriptedAnswer:
        name = self._cards[card.processor_id][1]
        if name in DECLINING:
            return ScriptedAnswer(Outcome.DECLINED, DECLINING[name])
        if name in ASKING and off_session:
            return ScriptedAnswer(Outcome.DECLINED, "authentication_required")
        return ScriptedAnswer(Outcome.REQUIRES_ACTION if name in ASKING else Outcome.SUCCEEDED)

    def _new_intent(
        self, key: PaymentId, customer: str, amount: Money, card: PaymentMethodFacts, save: bool
    ) -> _Intent:
        charge = Charge(
            Outcome.UNKNOWN, _id("pi"), payment_id=key, payment_method=card, created=datetime.now(UTC)
        )
        intent = _Intent(charge, amount, customer, card, save)
        self._intents[charge.intent_id] = intent
        return intent

    def _end(self, intent: _Intent, outcome: Outcome, decline_code: str) -> Charge:
        succeeded, asking = outcome is Outcome.SUCCEEDED, outcome is Outcome.REQUIRES_ACTION
        if succeeded:
            self._keep_or_use_up(intent)
        intent.charge = replace(
            intent.charge,
            outcome=outcome,
            charge_id=_id("ch") if succeeded else intent.charge.charge_id,
            received=intent.amount if succeeded else None,
            decline_code=decline_code or ("generic_decline" if outcome is Outcome.DECLINED else ""),
            client_secret=f"{intent.charge.intent_id}_secret_{secrets.token_hex(8)}" if asking else "",
            payment_method=intent.card,
        )
        return intent.charge

    def _keep_or_use_up(self, intent: _Intent) -> None:
        """A card that was not saved can be charged once."""
        card = intent.card
        if intent.save and not card.customer:
            intent.card = replace(card, customer=intent.customer)
            self._cards[card.processor_id] = (intent.card, self._cards[card.processor_id][1])
        elif not card.customer:
            self._used.add(card.processor_id)

    def _charged_amount(self, intent_id: str) -> Money:
        intent = self._intents.get(intent_id)
        if intent is None or intent.charge.received is None:
            raise LookupError(intent_id)
        return intent.charge.received

    def _refundable(self, intent_id: str) -> Money | None:
        intent = self._intents.get(intent_id)
        if intent is None or intent.charge.received is None or self._is_charged_back(intent_id):
            return None
        left = intent.charge.received
        for facts, _ in self._refunds.values():
            if facts.intent_id == intent_id and facts.amount and facts.outcome is not Outcome.DECLINED:
                left = left - facts.amount
        return left


def _unknown_customer(key: PaymentId) -> Charge:
    return Charge(Outcome.REFUSED, payment_id=key, decline_code="resource_missing", unknown="customer")


def _id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(12)}"
