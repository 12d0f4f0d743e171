"""Disputes at Stripe."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import stripe

from portal_app.domain.billing.disputes import OPEN_STATUSES, DisputeStatus
from portal_app.domain.billing.processor_limits import from_processor_units
from portal_app.domain.json_values import is_object, object_or_empty
from portal_app.gateways.disputes.types import DisputeFacts
from portal_app.gateways.payments import NoAnswer

_STATUSES = {
    "warning_needs_response": DisputeStatus.INQUIRY,
    "warning_under_review": DisputeStatus.INQUIRY,
    "warning_closed": DisputeStatus.INQUIRY_CLOSED,
    "prevented": DisputeStatus.INQUIRY_CLOSED,  # the payer was refunded instead: the refund tells of the money
    "needs_response": DisputeStatus.NEEDS_RESPONSE,
    "under_review": DisputeStatus.UNDER_REVIEW,
    "won": DisputeStatus.WON,
    "lost": DisputeStatus.LOST,
}


class StripeDisputes:
    """`DisputeReader` on Stripe's API."""

    _api: Any  # stripe.StripeClient(…).v1

    def look_up_dispute(self, dispute_id: str) -> DisputeFacts | None:
        try:
            return read_dispute(self._api.disputes.retrieve(dispute_id).to_dict())
        except stripe.InvalidRequestError:
            return None
        except stripe.StripeError as problem:
            raise NoAnswer from problem

    def disputes_of(self, intent_id: str) -> list[DisputeFacts]:
        return list(self._list_disputes({"payment_intent": intent_id, "limit": 100}))

    def disputes_since(self, moment: datetime) -> Iterator[DisputeFacts]:
        return self._list_disputes({"created": {"gte": int(moment.timestamp())}, "limit": 100})

    def _list_disputes(self, wanted: Any) -> Iterator[DisputeFacts]:
        try:
            for dispute in self._api.disputes.list(wanted).auto_paging_iter():
                yield read_dispute(dispute.to_dict())
        except stripe.StripeError as problem:
            raise NoAnswer from problem


def read_dispute(thing: dict[str, Any]) -> DisputeFacts:
    """Stripe's dispute as facts. Raises NoAnswer for a status that is not known: nothing is booked on a guess."""
    status = _STATUSES.get(thing["status"])
    if status is None:
        raise NoAnswer(f"dispute status {thing['status']}")
    currency = str(thing["currency"])
    moved: list[dict[str, Any]] = thing.get("balance_transactions") or []
    due_by: float | None = object_or_empty(thing.get("evidence_details")).get("due_by")
    intent = thing.get("payment_intent")
    return DisputeFacts(
        dispute_id=thing["id"],
        intent_id=str(intent["id"] if is_object(intent) else intent or ""),
        amount=from_processor_units(thing["amount"], currency),
        status=status,
        withdrawn=from_processor_units(-sum(min(one["amount"], 0) for one in moved), currency),
        reinstated=from_processor_units(sum(max(one["amount"], 0) for one in moved), currency),
        fee=from_processor_units(max(sum(one["fee"] for one in moved), 0), currency),
        reason=thing.get("reason") or "",
        evidence_due=datetime.fromtimestamp(due_by, UTC) if due_by and status in OPEN_STATUSES else None,
    )
