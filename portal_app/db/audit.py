"""Every change of a row leaves a line in the audit trail, in the same transaction.

Lines name the row and the fields, never their values. Lines for reads, sign-ins and refusals are
written by services through `note`. `services.audit` seals them into a hash chain after commit.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import inspect
from sqlmodel import Session

from portal_app.clock import now
from portal_app.db.tables.audit import AuditEntry
from portal_app.domain.access import Principal


def line(principal: Principal, action: str, **facts: Any) -> AuditEntry:
    return AuditEntry(
        at=now(),
        actor=principal.name,
        action=action,
        session_ref=principal.session_ref[:12],
        ip=principal.ip,
        **facts,
    )


def note_changes(session: Session, principal: Principal, rows: Iterable[Any]) -> None:
    """Called by the scope before each flush."""
    for row in rows:
        if not row.audited:
            continue
        state = inspect(row)
        verb = "insert" if row in session.new else "delete" if row in session.deleted else "update"
        fields = [a.key for a in state.attrs if a.history.has_changes()] if verb == "update" else []
        if verb == "update" and not fields:
            continue
        session.add(
            line(
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
