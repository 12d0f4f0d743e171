"""Disputes: opened by the payer's bank, answered with evidence or accepted, decided by the bank.

As at Stripe in test mode, evidence that says "winning_evidence" or "losing_evidence" decides. Everything else
is done by banks: `act_as_bank`, which tests and the demo call.
"""

from portal_app.stripe_simulator import objects
from portal_app.stripe_simulator.store import Store, now
from portal_app.stripe_simulator.wire import Fields, Problem, Thing, allowed, with_metadata, yes

FEE = 15_00  # minor units
_HOLDING = ("needs_response", "under_review", "lost")
_CLOSED = ("won", "lost", "warning_closed")
_DECISIVE = {"winning_evidence": "won", "losing_evidence": "lost"}


def open_dispute(store: Store, charged: Thing, reason: str, inquiry: bool = False) -> Thing:
    """The payer's bank disputes the charge; unless it only asks, it withdraws the money."""
    charged["disputed"] = True
    store.put(charged)
    dispute = store.put(objects.dispute(charged, reason, inquiry))
    store.tell("charge.dispute.created", dispute)
    if not inquiry:
        _move(store, dispute, -dispute["amount"], "charge.dispute.funds_withdrawn")
    return dispute


def return_debit(store: Store, charged: Thing, reason: str) -> Thing:
    """The bank returns a debit that had succeeded: a dispute that is lost at once."""
    dispute = open_dispute(store, charged, reason)
    return _close(store, dispute, "lost")


def update(store: Store, fields: Fields, id_: str) -> Thing:
    """POST /v1/disputes/…: add evidence, and submit it unless `submit` is false. Raises: Problem."""
    dispute = _open(store, id_)
    allowed(fields, "dispute")
    with_metadata(dispute, fields)
    given: Fields = fields.get("evidence") or {}
    for name, value in given.items():
        if name not in dispute["evidence"]:
            raise Problem(
                400, f"Received unknown parameter: evidence[{name}]", "parameter_unknown", "evidence"
            )
        dispute["evidence"][name] = value or None
    details = dispute["evidence_details"]
    details["has_evidence"] = any(dispute["evidence"].values())
    inquiry = dispute["status"].startswith("warning_")
    if given and yes(fields.get("submit", True)):
        details["submission_count"] += 1
        dispute["status"] = "warning_under_review" if inquiry else "under_review"
    store.put(dispute)
    store.tell("charge.dispute.updated", dispute)
    decided = _DECISIVE.get(str(given.get("uncategorized_text") or ""))
    if decided and details["submission_count"] and not inquiry:
        return _close(store, dispute, decided)
    return dispute


def accept(store: Store, fields: Fields, id_: str) -> Thing:
    """POST /v1/disputes/…/close: the practice accepts the dispute, which is lost. Raises: Problem."""
    dispute = _open(store, id_)
    if dispute["status"].startswith("warning_"):
        raise Problem(400, "This dispute is an inquiry and cannot be closed.", param="dispute")
    return _close(store, dispute, "lost")


def act_as_bank(store: Store, id_: str, what: str) -> Thing:
    """Do what the payer's bank would do: `what` is "won", "lost", "warning_closed", "escalate" or "reinstate"."""
    dispute = store.get("dispute", id_)
    inquiry = dispute["status"].startswith("warning_")
    if what == "reinstate":
        if sum(one["amount"] for one in dispute["balance_transactions"]) >= 0:
            raise Problem(400, "Nothing is withdrawn.")
        return _move(store, dispute, dispute["amount"], "charge.dispute.funds_reinstated")
    if dispute["status"] in _CLOSED or inquiry != (what in ("warning_closed", "escalate")):
        raise Problem(400, f"A dispute with status {dispute['status']} does not become {what}.")
    if what == "escalate":
        dispute.update(status="needs_response", is_charge_refundable=False)
        store.put(dispute)
        store.tell("charge.dispute.updated", dispute)
        return _move(store, dispute, -dispute["amount"], "charge.dispute.funds_withdrawn")
    return _close(store, dispute, what)


def of_charge(store: Store, charge_id: str) -> list[Thing]:
    """The charge's disputes, newest first."""
    return store.every("dispute", charge=charge_id)


def refuse_refund(store: Store, charged: Thing) -> None:
    """Refuse to refund a charge whose money the bank has; an inquiry does not stop one. Raises Problem."""
    if any(dispute["status"] in _HOLDING for dispute in of_charge(store, charged["id"])):
        words = f"Charge {charged['id']} has been charged back; cannot issue a refund."
        raise Problem(400, words, "charge_disputed")


def _open(store: Store, id_: str) -> Thing:
    dispute = store.get("dispute", id_)
    if dispute["status"] in _CLOSED:
        raise Problem(400, "This dispute is already closed.", param="dispute")
    if dispute["evidence_details"]["due_by"] < now():
        raise Problem(400, "The evidence is past due.", param="evidence")
    return dispute


def _close(store: Store, dispute: Thing, status: str) -> Thing:
    dispute.update(status=status, is_charge_refundable=status != "lost")
    store.put(dispute)
    store.tell("charge.dispute.closed", dispute)
    if status == "won":
        return _move(store, dispute, dispute["amount"], "charge.dispute.funds_reinstated")
    return dispute


def _move(store: Store, dispute: Thing, amount: int, event: str) -> Thing:
    """Money is withdrawn (negative, and a fee is taken) or reinstated."""
    kind = "dispute" if amount < 0 else "dispute_reversal"
    fee = FEE if amount < 0 else 0
    entry = objects.balance_transaction(amount, dispute["currency"], dispute["id"], "adjustment", fee)
    entry["reporting_category"] = kind
    store.put(entry)
    dispute["balance_transactions"] = [*dispute["balance_transactions"], entry]
    store.put(dispute)
    store.tell(event, dispute)
    return dispute
