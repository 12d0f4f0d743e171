"""Reads Stripe's objects and errors as the portal's facts: what was charged, refunded, saved."""

from datetime import UTC, datetime
from typing import Any

import stripe

from portal_app.domain.billing.processor_limits import from_processor_units
from portal_app.domain.ids import PaymentId, RefundId
from portal_app.domain.json_values import is_object, object_or_empty
from portal_app.gateways.payments import Charge, Outcome, PaymentMethodFacts, RefundFacts, Setup

Facts = dict[str, Any]

_BANK_DEBITS = (
    "us_bank_account",
    "sepa_debit",
    "acss_debit",
    "au_becs_debit",
    "bacs_debit",
    "nz_bank_account",
)
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
REFUSALS = (stripe.InvalidRequestError, stripe.AuthenticationError, stripe.PermissionError)


def is_stripes_own_error(problem: stripe.StripeError) -> bool:
    """Whether Stripe itself, not a proxy before it, answered that it is busy or broken (429, 5xx with Stripe's body)."""
    body = problem.json_body
    status = problem.http_status or 0
    return is_object(body) and "error" in body and (status == 429 or status >= 500)


def may_pass(problem: stripe.StripeError) -> bool:
    """Whether the same request may succeed a moment later: not reached, busy, broken, or its key is still in use."""
    if isinstance(problem, stripe.APIConnectionError):
        return problem.should_retry
    status = problem.http_status or 0
    return status in (409, 429) or status >= 500


def reason(problem: stripe.StripeError) -> str:
    """Stripe's code of the error; "no_answer" where it has none."""
    return problem.code or "no_answer"


def read_failed_charge(problem: stripe.StripeError, key: PaymentId) -> Charge:
    """What a failed charge call means: declined, refused, or not known."""
    told = object_or_empty(object_or_empty(problem.json_body).get("error"))
    intent = told.get("payment_intent")
    if isinstance(problem, stripe.CardError) and intent:
        return read_charge(intent)
    if isinstance(problem, stripe.CardError):  # the card itself was wrong: no intent came of it
        return Charge(Outcome.DECLINED, payment_id=key, decline_code=error_code(told))
    if isinstance(problem, REFUSALS):
        unknown = str(told.get("param") or "") if told.get("code") == "resource_missing" else ""
        return Charge(Outcome.REFUSED, payment_id=key, decline_code=error_code(told), unknown=unknown)
    return Charge(Outcome.UNKNOWN, payment_id=key)


def read_charge(intent: Facts) -> Charge:
    """What came of a payment intent, expanded by its payment method."""
    outcome = _OUTCOMES.get(intent["status"], Outcome.UNKNOWN)
    error: Facts = intent.get("last_payment_error") or {}
    if outcome is Outcome.CANCELLED and error:
        outcome = Outcome.DECLINED  # the bank refused it, and the other process has closed it already
    charged = intent.get("latest_charge")
    metadata: Facts = intent.get("metadata") or {}
    method = intent.get("payment_method") or error.get("payment_method")
    succeeded = outcome is Outcome.SUCCEEDED
    return Charge(
        outcome=outcome,
        intent_id=intent["id"],
        charge_id=id_of(charged),
        payment_id=PaymentId(metadata["payment"]) if metadata.get("payment") else None,
        received=from_processor_units(intent["amount_received"], intent["currency"]) if succeeded else None,
        decline_code=error_code(error) if outcome is Outcome.DECLINED else "",
        client_secret=intent["client_secret"] if outcome is Outcome.REQUIRES_ACTION else "",
        payment_method=read_payment_method(method) if is_object(method) else None,
        created=datetime.fromtimestamp(intent["created"], UTC),
    )


def error_code(error: Facts) -> str:
    """Why the bank or Stripe refused: the bank's code before Stripe's; "" for no reason."""
    return error.get("decline_code") or error.get("code") or ""


def id_of(thing: Any) -> str:
    """The id in a field that holds an id, the expanded object, or nothing ("")."""
    return str(thing.get("id") or "") if is_object(thing) else str(thing or "")


def read_payment_method(method: Facts) -> PaymentMethodFacts:
    """Facts of a payment method, from Stripe's object."""
    kind: str = method["type"]
    facts: Facts = method.get(kind) or {}
    return PaymentMethodFacts(
        processor_id=method["id"],
        customer=id_of(method.get("customer")),
        kind="bank" if kind in _BANK_DEBITS else kind,
        brand=facts.get("brand") or facts.get("bank_name") or "",
        last4=facts.get("last4") or "",
        exp_month=facts.get("exp_month"),
        exp_year=facts.get("exp_year"),
    )


def read_refund(refund: Facts) -> RefundFacts:
    """Facts of a refund, from Stripe's object."""
    metadata: Facts = refund.get("metadata") or {}
    return RefundFacts(
        outcome=_REFUND_OUTCOMES.get(refund["status"] or "", Outcome.UNKNOWN),
        refund_id=refund["id"],
        our_id=RefundId(metadata["refund"]) if metadata.get("refund") else None,
        intent_id=id_of(refund.get("payment_intent")),
        amount=from_processor_units(refund["amount"], refund["currency"]),
        reason=refund.get("failure_reason") or "",
    )


def read_setup(setup: Facts) -> Setup:
    """Facts of a card being saved, from Stripe's SetupIntent."""
    method = setup.get("payment_method")
    done = setup["status"] == "succeeded" and is_object(method)
    return Setup(
        setup_id=setup["id"],
        client_secret=setup.get("client_secret") or "",
        payment_method=read_payment_method(method) if done and is_object(method) else None,
        reason="" if done else error_code(setup.get("last_setup_error") or {}),
    )
