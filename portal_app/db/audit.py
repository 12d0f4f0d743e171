"""The audit trail: every change of an audited row adds an entry in the same transaction.

Entries name the row and the changed fields, never their values. Services add entries for reads, sign-ins and
refusals (`services.as_system.note`). `services.audit` links all entries in a hash chain after the commit.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import insert, inspect
from sqlmodel import Session

from portal_app.clock import now
from portal_app.db.tables.audit import AuditEntry
from portal_app.domain.access import Principal

# Past the ORM: an object for each entry costs more than its row.
_INSERT = insert(AuditEntry.__table__).inline()  # type: ignore[attr-defined]


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
    """Write an entry for each audited row that the flush which has begun inserts, updates or deletes."""
    if entries := [values for row in rows if row.audited and (values := _change(session, row))]:
        common = {
            "at": now(),
            "actor": principal.name,
            "outcome": "ok",
            "session_ref": principal.session_ref[:12],
            "ip": principal.ip,
            "hash": "",
        }
        session.connection().execute(_INSERT, [common | values for values in entries])


def _change(session: Session, row: Any) -> dict[str, Any]:
    """What the entry of a changed row says; nothing for a row that the flush leaves as it is."""
    state = inspect(row)
    verb = "insert" if row in session.new else "delete" if row in session.deleted else "update"
    fields = [a.key for a in state.attrs if a.history.has_changes()] if verb == "update" else []
    if verb == "update" and not fields:
        return {}
    return {
        "action": f"{verb}:{row.__tablename__}",
        "subject": str(state.mapper.primary_key_from_instance(row)[0]),
        "patient_id": _patient_of(row),
        "details": {"fields": fields} if fields else {},
    }


def _patient_of(row: Any) -> Any:
    if row.__tablename__ == "patient":
        return row.id
    return getattr(row, "patient_id", None)
