"""How long a session is still valid, and which sessions have ended: for the warning and for open pages."""

from collections.abc import Collection

from sqlmodel import col, select

from portal_app import clock
from portal_app.db.scope import reading
from portal_app.db.session_lookup import load_session
from portal_app.db.tables.sign_in import PortalSession
from portal_app.domain.access import Principal
from portal_app.domain.errors import NotSignedIn
from portal_app.domain.sign_in import IDLE, is_session_valid, longest_life


def seconds_left(principal: Principal) -> int:
    """Seconds until the principal's session ends without further activity. Raises NotSignedIn when it has ended."""
    record = load_session(principal.session_ref) if principal.session_ref else None
    now = clock.now()
    if (
        record is None
        or record.revoked_at
        or not is_session_valid(record.created_at, record.seen_at, now, record.scope)
    ):
        raise NotSignedIn
    return int(
        min(record.seen_at + IDLE - now, record.created_at + longest_life(record.scope) - now).total_seconds()
    )


def ended_sessions(principal: Principal, refs: Collection[str]) -> list[str]:
    """Those of these session references that are not valid: idle, too old, revoked or unknown."""
    if not refs:
        return []
    with reading(principal) as tx:
        known = tx.exec(select(PortalSession).where(col(PortalSession.ref).in_(refs))).all()
    now = clock.now()
    valid = {
        s.ref for s in known if not s.revoked_at and is_session_valid(s.created_at, s.seen_at, now, s.scope)
    }
    return [ref for ref in refs if ref not in valid]
