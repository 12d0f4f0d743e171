"""Refunds: immediate, pending, or failing after they had succeeded."""

from portal_app.stripe_simulator import disputes, methods, objects
from portal_app.stripe_simulator.published.currencies import check_decimals
from portal_app.stripe_simulator.store import Store
from portal_app.stripe_simulator.wire import Fields, Problem, Thing, allowed, integer

_REASONS = (None, "duplicate", "fraudulent", "requested_by_customer")


def make(store: Store, fields: Fields) -> Thing:
    allowed(fields, "refund")
    charged = _charge(store, fields)
    disputes.refuse_refund(store, charged)
    left = charged["amount_captured"] - charged["amount_refunded"]
    if left <= 0:
        raise Problem(400, f"Charge {charged['id']} has already been refunded.", "charge_already_refunded")
    amount = integer(fields["amount"], "amount") if fields.get("amount") is not None else left
    if amount < 1:
        words = "This value must be greater than or equal to 1."
        raise Problem(400, words, "parameter_invalid_integer", "amount")
    check_decimals(amount, charged["currency"])
    if amount > left:
        words = f"Refund amount ({_dollars(amount)}) is greater than unrefunded amount ({_dollars(left)})"
        raise Problem(400, words, param="amount")
    if fields.get("reason") not in _REASONS:
        raise Problem(400, f"Invalid reason: {fields['reason']}", param="reason")
    acts = methods.behaviour(store, store.get("payment_method", charged["payment_method"]))
    refund = objects.refund(amount, charged, "pending" if acts.refund == "pending" else "succeeded", fields)
    refund["balance_transaction"] = _entry(store, -amount, charged, "refund")
    charged["amount_refunded"] += amount
    charged["refunded"] = charged["amount_refunded"] == charged["amount"]
    store.put(charged)
    store.put(refund)
    store.tell("refund.created", refund)
    store.tell("charge.refunded", charged)
    if acts.refund:
        store.settle_later(refund["id"], store.settle_after)
        store.hide(refund["id"], ends="failed" if acts.refund == "fails" else "succeeded")
    return refund


def _charge(store: Store, fields: Fields) -> Thing:
    if fields.get("payment_intent"):
        intent = store.get("payment_intent", fields["payment_intent"], "payment_intent")
        if not intent["latest_charge"] or intent["status"] != "succeeded":
            words = f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund."
            raise Problem(400, words, "resource_missing", "payment_intent")
        return store.get("charge", intent["latest_charge"])
    if fields.get("charge"):
        return store.get("charge", fields["charge"], "charge")
    raise Problem(
        400,
        "One of the following params should be provided for this request: payment_intent or charge.",
        "parameter_missing",
    )


def settle(store: Store, refund: Thing) -> None:
    """Days later (here seconds): the refund succeeds, or the bank returns it."""
    refund["status"] = store.hidden(refund["id"]).get("ends", "succeeded")
    failed = refund["status"] == "failed"
    if failed:
        charged = store.get("charge", refund["charge"])
        refund["failure_reason"] = "unknown"
        refund["failure_balance_transaction"] = _entry(store, refund["amount"], charged, "refund_failure")
        charged["amount_refunded"] -= refund["amount"]
        charged["refunded"] = False
        store.put(charged)
    store.put(refund)
    store.tell("refund.updated", refund)
    if failed:
        store.tell("refund.failed", refund)


def _entry(store: Store, amount: int, charged: Thing, kind: str) -> str:
    entry = objects.balance_transaction(amount, charged["currency"], charged["id"], kind)
    return store.put(entry)["id"]


def _dollars(amount: int) -> str:
    return f"${amount / 100:,.2f}"
