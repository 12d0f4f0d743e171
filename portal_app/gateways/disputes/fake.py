"""Disputes of the card processor in memory, for tests: a bank that opens, escalates, decides and reopens them."""

import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from portal_app.domain.billing.disputes import DisputeStatus
from portal_app.domain.money import Money
from portal_app.gateways.disputes.types import DisputeFacts

FEE = 15_00  # minor units
_HOLD_THE_MONEY = (DisputeStatus.NEEDS_RESPONSE, DisputeStatus.UNDER_REVIEW, DisputeStatus.LOST)
_CLOSED = (DisputeStatus.WON, DisputeStatus.LOST, DisputeStatus.INQUIRY_CLOSED)


class FakeDisputes(ABC):
    """`DisputeReader` in memory."""

    def __init__(self) -> None:
        self._disputes: dict[str, tuple[DisputeFacts, datetime]] = {}

    @abstractmethod
    def _charged_amount(self, intent_id: str) -> Money:
        """What was received by the intent. Raises LookupError for one that did not succeed."""

    # ---- what the payer's bank does ----------------------------------------------------------------

    def dispute(
        self,
        intent_id: str,
        amount: Money | None = None,
        *,
        inquiry: bool = False,
        reason: str = "fraudulent",
        evidence_due: datetime | None = None,
        opened: datetime | None = None,
    ) -> str:
        """The payer disputes the payment: the money is withdrawn at once, unless it is an inquiry. The id, dp_…"""
        charged = self._charged_amount(intent_id)
        amount = amount or charged
        if amount > charged or any(d.status not in _CLOSED for d in self.disputes_of(intent_id)):
            raise ValueError("a charge is disputed once at a time, for at most its amount")
        facts = DisputeFacts(
            dispute_id=f"dp_{secrets.token_hex(12)}",
            intent_id=intent_id,
            amount=amount,
            status=DisputeStatus.INQUIRY if inquiry else DisputeStatus.NEEDS_RESPONSE,
            withdrawn=amount.zero() if inquiry else amount,
            reinstated=amount.zero(),
            fee=Money(0 if inquiry else FEE, amount.currency),
            reason=reason,
            evidence_due=evidence_due or datetime.now(UTC) + timedelta(days=7),
        )
        self._disputes[facts.dispute_id] = (facts, opened or datetime.now(UTC))
        return facts.dispute_id

    def return_debit(self, intent_id: str, reason: str = "insufficient_funds") -> str:
        """The payer's bank returns a debit that had succeeded: a dispute that is lost at once."""
        dispute_id = self.dispute(intent_id, reason=reason)
        self.close_dispute(dispute_id, DisputeStatus.LOST)
        return dispute_id

    def escalate_dispute(self, dispute_id: str) -> None:
        """An inquiry becomes a dispute: now the money is withdrawn."""
        facts = self._disputes[dispute_id][0]
        if facts.status is not DisputeStatus.INQUIRY:
            raise ValueError("only an inquiry escalates")
        fee = Money(FEE, facts.amount.currency)
        self._change(dispute_id, status=DisputeStatus.NEEDS_RESPONSE, withdrawn=facts.amount, fee=fee)

    def close_dispute(self, dispute_id: str, status: DisputeStatus) -> None:
        """The bank decides: WON gives the money back, an inquiry can only be closed."""
        facts = self._disputes[dispute_id][0]
        inquiry = facts.status is DisputeStatus.INQUIRY
        if (
            facts.status in _CLOSED
            or inquiry != (status is DisputeStatus.INQUIRY_CLOSED)
            or status not in _CLOSED
        ):
            raise ValueError(f"{facts.status} does not become {status}")
        self._change(dispute_id, status=status, evidence_due=None)
        if status is DisputeStatus.WON:
            self._change(dispute_id, reinstated=facts.withdrawn)

    def reinstate_dispute(self, dispute_id: str) -> None:
        """The bank gives the money back, also after it had decided otherwise."""
        self._change(dispute_id, reinstated=self._disputes[dispute_id][0].withdrawn)

    def _change(self, dispute_id: str, **changes: object) -> None:
        facts, created = self._disputes[dispute_id]
        self._disputes[dispute_id] = (replace(facts, **changes), created)  # type: ignore[arg-type]

    def _is_charged_back(self, intent_id: str) -> bool:
        """Whether the bank has the money, so that no refund is possible."""
        return any(facts.status in _HOLD_THE_MONEY for facts in self.disputes_of(intent_id))

    # ---- the promises of DisputeReader -------------------------------------------------------------

    def look_up_dispute(self, dispute_id: str) -> DisputeFacts | None:
        known = self._disputes.get(dispute_id)
        return known[0] if known else None

    def disputes_of(self, intent_id: str) -> list[DisputeFacts]:
        """Every dispute of a payment, newest first."""
        return [facts for facts, _ in reversed(self._disputes.values()) if facts.intent_id == intent_id]

    def disputes_since(self, moment: datetime) -> Iterator[DisputeFacts]:
        """Every dispute opened since, newest first."""
        yield from [facts for facts, created in reversed(self._disputes.values()) if created >= moment]
