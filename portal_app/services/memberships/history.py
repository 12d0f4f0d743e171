"""The history of a membership: what happened, when and by whom, for staff to read."""

from datetime import date
from typing import Any

from portal_app.clock import now
from portal_app.db.scope import Tx
from portal_app.db.tables.memberships import Membership, MembershipEvent
from portal_app.domain.ids import new_id
from portal_app.domain.memberships.types import EventKind
from portal_app.domain.money import Money


def add_event(tx: Tx, membership: Membership, kind: EventKind, **details: Any) -> None:
    """Add a line to the membership's history. `details`: text, numbers, dates or Money that fill the line."""
    tx.add(
        MembershipEvent(
            id=new_id("mev"),
            account_id=membership.account_id,
            membership_id=membership.id,
            kind=kind,
            happened_at=now(),
            done_by=tx.principal.name,
            details={name: _plain(value) for name, value in details.items()},
        )
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Money):
        return {"minor": value.minor, "currency": value.currency}
    return value.isoformat() if isinstance(value, date) else value
