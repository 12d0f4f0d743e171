"""How long a session still holds, and which ones no longer do: for the warning, and for the sweeper."""

from collections.abc import Collection

from sqlmodel import col, select

from portal_app import clock
from portal_app.db.scope import reading
from portal_app.db.session_lookup import load_session
from portal_app.db.tables.sign_in import PortalSession
from portal_app.domain.access import Principal
from portal_app.domain.errors import NotSignedIn
from portal_app.domain.sign_in import IDLE, longest, still_holds


def seconds_left(principal: Principal) -> int:
    """Until the asker's session ends, if they do nothing more. NotSignedIn when it has."""
    met = load_session(principal.session_ref) if principal.session_ref else None
    now = clock.now()
    if met is None or met.revoked_at or not still_holds(met.created_at, met.seen_at, now, met.scope):
        raise NotSignedIn
    return int(min(met.seen_at + IDLE - now, met.created_at + longest(met.scope) - now).total_seconds())


def over(principal: Principal, refs: Collection[str]) -> list[str]:
    """Those of these sessions that have ended: idle, twelve hours old, signed out, or never were."""
    if not refs:
        return []
    with reading(principal) as tx:
        known = tx.exec(select(PortalSession).where(col(PortalSession.ref).in_(refs))).all()
    now = clock.now()
    held = {s.ref for s in known if not s.revoked_at and still_holds(s.created_at, s.seen_at, now, s.scope)}
    return [ref for ref in refs if ref not in held]
