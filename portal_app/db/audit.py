"""The audit trail: every change of an audited row adds an entry in the same transaction.

Entries name the row and the changed fields, never their values. Services add entries for reads, sign-ins and
refusals (`services.as_system.note`). `services.audit` links all entries in a hash chain after the commit.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import inspect
from sqlmodel import Session

from portal_app.clock import now
from portal_app.db.tables.audit import AuditEntry
from portal_app.domain.access import Principal


def entry(principal: Principal, action: str, **facts: Any) -> AuditEntry:
    """A new entry in the principal's name, for the caller to add. `facts`: further columns of AuditEntry."""
    return AuditEntry(
        at=now(),
        actor=principal.name,
        action=action,
        session_ref=principal.session_ref[:12],
        ip=principal.ip,
        **facts,
    )


def add_change_entries(session: Session, principal: Principal, rows: Iterable[Any]) -> None:
    """Add an entry for each audited row that the next flush inserts, updates or deletes."""
    for row in rows:
        if not row.audited:
            continue
        state = inspect(row)
        verb = "insert" if row in session.new else "delete" if row in session.deleted else "update"
        fields = [a.key for a in state.attrs if a.history.has_changes()] if verb == "update" else []
        if verb == "update" and not fields:
            continue
        session.add(
            entry(
                principal,
                f"{verb}:{row.__tablename__}",
                subject=str(state.mapper.primary_key_from_instance(row)[0]),
                patient_id=_patient_of(row),
                details={"fields": fields} if fields else {},
            )
        )


def _patient_of(row: Any) -> Any:
    if row.__tablename__ == "patient":
        return row.id
    return getattr(row, "patient_id", None)
