"""Load the session of a cookie. Runs before every event, so it is a prepared query without the ORM."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select, true

from portal_app.db.engine import begin_mode, reading_engine
from portal_app.db.prepared_queries import PreparedQuery
from portal_app.db.tables.practice import Practice
from portal_app.db.tables.sign_in import PortalSession
from portal_app.db.tables.staff import StaffMember
from portal_app.domain.access import Role, Side
from portal_app.domain.ids import PatientId, StaffId
from portal_app.domain.sign_in import SessionScope


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A session as the database has it, with the settings and the staff role that go with it.

    Whether it is still valid is decided by `domain.sign_in.is_session_valid`.
    """

    ref: str
    side: Side
    scope: SessionScope
    patient_id: PatientId | None
    staff_id: StaffId | None
    link_id: str | None
    created_at: datetime
    seen_at: datetime
    revoked_at: datetime | None
    language: str
    version: int  # of the practice's row: cached access lists of another version are stale
    dependent_age: int  # years
    role: Role | None  # of the staff member
    active: bool | None  # of the staff member
    database: str  # where it was read: cached access lists of another database are not used


_s, _p, _m = PortalSession.__table__.c, Practice.__table__.c, StaffMember.__table__.c  # type: ignore[attr-defined]
_QUERY = (
    select(
        *(_s.ref, _s.side, _s.scope, _s.patient_id, _s.staff_id, _s.link_id),
        *(_s.created_at, _s.seen_at, _s.revoked_at, _s.language),
        *(_p.version, _p.dependent_age, _m.role, _m.active),
    )
    .select_from(PortalSession.__table__)  # type: ignore[attr-defined]
    .join(Practice.__table__, true())  # type: ignore[attr-defined]
    .outerjoin(StaffMember.__table__, _m.id == _s.staff_id)  # type: ignore[attr-defined]
    .where(_s.ref == bindparam("session"))
)


_prepared: dict[str, PreparedQuery] = {}  # by name of the database's dialect


def load_session(session_ref: str) -> SessionRecord | None:
    """The session with this reference (the hash of its cookie); None when there is none."""
    engine = reading_engine()
    with begin_mode(engine, False).connect() as connection:
        name = engine.dialect.name
        query = _prepared.get(name) or _prepared.setdefault(name, PreparedQuery(_QUERY, engine.dialect))
        with connection.begin():
            rows = query.run(connection, {"session": session_ref})
    return SessionRecord(*rows[0], database=engine.url.database or "") if rows else None
