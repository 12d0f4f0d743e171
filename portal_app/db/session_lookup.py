"""The one question in front of every event: whose session is this? In Core, because it is asked so often."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select, true
from sqlalchemy.exc import SQLAlchemyError

from portal_app.db.engine import beginning, reading_engine
from portal_app.db.prepared_queries import Prepared
from portal_app.db.tables.practice import Practice
from portal_app.db.tables.sign_in import PortalSession
from portal_app.db.tables.staff import StaffMember
from portal_app.domain.access import Role, Side
from portal_app.domain.ids import PatientId, StaffId
from portal_app.domain.sign_in import SessionScope


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A session that exists, as the database has it; whether it still holds is a rule."""

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
    version: int
    dependent_age: int
    role: Role | None
    active: bool | None
    database: str  # which one said so: what is remembered of another does not count


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


_ready: dict[str, Prepared] = {}  # by the kind of database


def load_session(session_ref: str) -> SessionRecord | None:
    """The session behind a cookie's hash, with what decides about it."""
    ours = reading_engine()
    with beginning(ours, False).connect() as connection:
        ready = _ready.get(ours.dialect.name) or _ready.setdefault(
            ours.dialect.name, Prepared(_QUERY, ours.dialect)
        )
        with connection.begin():
            rows = ready.run(connection, {"session": session_ref})
    return SessionRecord(*rows[0], database=ours.url.database or "") if rows else None


def answers() -> bool:
    """Does the database answer?"""
    try:
        return load_session("") is None
    except SQLAlchemyError:
        return False
