"""Tickets and sessions. The cookie's value is never kept, only its SHA-256."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import col, delete, update

from portal_app import clock
from portal_app.db import audit
from portal_app.db.scope import Tx, transaction
from portal_app.db.session_lookup import SessionRecord, answers, load_session
from portal_app.db.tables.sign_in import PortalSession, SessionTicket
from portal_app.domain.access import (
    EMBED_PERMISSIONS,
    EVERYONE,
    PATIENT_PERMISSIONS,
    ROLES,
    Permission,
    Principal,
    Side,
    system_principal,
)
from portal_app.domain.errors import NotSignedIn
from portal_app.domain.ids import PatientId, StaffId
from portal_app.domain.sign_in import TICKET_LIFE, SessionScope, session_ref, still_holds
from portal_app.services import live
from portal_app.services.patients.access import load_access_lists

_TOUCH_EVERY = timedelta(minutes=1)


def hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def principal_of(session_ref: str, side: Side, *, touch: bool = True) -> Principal:
    """Whoever's cookie has this hash. NotSignedIn when it is unknown, over, or of the other side.

    `touch`: the asking counts as activity; what the server itself pushes does not.
    """
    met = load_session(session_ref) if session_ref else None
    now = clock.now()
    if met is None or met.side is not side or not _holds(met, now):
        raise NotSignedIn
    principal = _linked(met) if met.link_id else _patient(met, now) if side is Side.PATIENT else _staff(met)
    if touch:
        keep_alive(principal)
    return principal


def to_be_kept_alive(principal: Principal) -> bool:
    """Whether that they do something is worth writing down: once a minute."""
    return principal.seen_at is not None and clock.now() - principal.seen_at >= _TOUCH_EVERY


def keep_alive(principal: Principal) -> None:
    """They do something: their session counts its quarter of an hour from now."""
    if to_be_kept_alive(principal):
        with transaction(system_principal("activity")) as tx:
            theirs = col(PortalSession.ref) == principal.session_ref
            tx.exec(update(PortalSession).where(theirs).values(seen_at=clock.now()))


def write_ticket(
    tx: Tx,
    *,
    way: str,
    patient_id: PatientId | None = None,
    staff_id: StaffId | None = None,
    scope: SessionScope = SessionScope.FULL,
    link_id: str | None = None,
    language: str = "en",
) -> str:
    """For whoever has just shown who they are: good once, for a minute, at POST /auth/session."""
    ticket = secrets.token_urlsafe(32)
    tx.add(
        SessionTicket(
            hash=hashed(ticket),
            side=Side.STAFF if staff_id else Side.PATIENT,
            scope=scope,
            patient_id=patient_id,
            staff_id=staff_id,
            link_id=link_id,
            way=way,
            expires_at=clock.now() + TICKET_LIFE,
            language=language,
        )
    )
    return ticket


@dataclass(frozen=True, slots=True)
class NewSession:
    """`value` is the cookie's; nobody can read it again."""

    value: str
    side: Side
    scope: SessionScope


def redeem(
    ticket: str,
    *,
    ip: str = "",
    device: str = "",
    replaces: tuple[str, ...] = (),
    scope: SessionScope = SessionScope.FULL,
) -> NewSession:
    """A session for a ticket; the browser's former session on that side ends.

    NotSignedIn if it is spent, or was written for a frame and redeemed elsewhere, or the reverse.
    """
    value, now = secrets.token_urlsafe(32), clock.now()
    framed, in_frame = col(SessionTicket.scope) == SessionScope.EMBED, scope is SessionScope.EMBED
    with transaction(system_principal("sign-in")) as tx:
        taken = tx.exec(
            delete(SessionTicket)
            .where(col(SessionTicket.hash) == hashed(ticket), framed if in_frame else ~framed)
            .returning(SessionTicket)  # type: ignore[call-overload]
        ).scalar_one_or_none()
        if taken is None or taken.expires_at < now:
            raise NotSignedIn
        session = PortalSession(
            ref=session_ref(value, taken.scope),
            side=taken.side,
            scope=taken.scope,
            patient_id=taken.patient_id,
            staff_id=taken.staff_id,
            link_id=taken.link_id,
            created_at=now,
            seen_at=now,
            way=taken.way,
            device=device[:200],
            ip=ip,
            language=taken.language,
        )
        tx.add(session)
        _end(tx, replaces, now, side=taken.side)
        whose = Principal(
            f"patient:{taken.patient_id}" if taken.patient_id else f"staff:{taken.staff_id}",
            taken.side,
            session_ref=session.ref,
            ip=ip,
        )
        tx.add(audit.line(whose, "sign_in", patient_id=taken.patient_id, details={"way": taken.way}))
    _gone(replaces)
    return NewSession(value, session.side, session.scope)


def ready() -> bool:
    """Does the database answer?"""
    return answers()


def end_session(principal: Principal) -> None:
    """Sign out: the session ends here, and its open pages with it."""
    now = clock.now()
    with transaction(system_principal("sign-out")) as tx:
        _end(tx, (principal.session_ref,), now)
        tx.add(audit.line(principal, "sign_out", patient_id=principal.patient_id))
    _gone((principal.session_ref,))


def _end(tx: Tx, refs: tuple[str, ...], now: datetime, side: Side | None = None) -> None:
    ended = update(PortalSession).where(
        col(PortalSession.ref).in_(refs), col(PortalSession.revoked_at).is_(None)
    )
    if side:
        ended = ended.where(col(PortalSession.side) == side)
    tx.exec(ended.values(revoked_at=now))


def _gone(refs: tuple[str, ...]) -> None:
    for ref in refs:
        live.announce(f"session:{ref}")


def _holds(met: SessionRecord, now: datetime) -> bool:
    return met.revoked_at is None and still_holds(met.created_at, met.seen_at, now, met.scope)


def _patient(met: SessionRecord, now: datetime) -> Principal:
    patient_id = met.patient_id
    if patient_id is None:
        raise NotSignedIn
    seen = load_access_lists(patient_id, met, clock.local_date(now))
    if not seen.patients:  # merged, inactive, deceased, or a child after all
        raise NotSignedIn
    return Principal(
        name=f"patient:{patient_id}",
        side=Side.PATIENT,
        permissions=PATIENT_PERMISSIONS if met.scope is SessionScope.FULL else EMBED_PERMISSIONS,
        accounts=seen.accounts,
        patients=seen.patients,
        pays_for=seen.pays_for,
        visits=seen.visits,
        patient_id=patient_id,
        session_ref=met.ref,
        language=met.language,
        seen_at=met.seen_at,
    )


def _linked(met: SessionRecord) -> Principal:
    """Nobody's accounts, nobody's charts, one permission; what it is for is asked of `services.links`."""
    return Principal(
        name=f"link:{met.link_id}",
        side=Side.PATIENT,
        permissions=frozenset({Permission.LINKED}),
        session_ref=met.ref,
        language=met.language,
        seen_at=met.seen_at,
    )


def _staff(met: SessionRecord) -> Principal:
    if met.staff_id is None or met.role is None or not met.active:
        raise NotSignedIn
    may = ROLES[met.role]
    return Principal(
        name=f"staff:{met.staff_id}",
        side=Side.STAFF,
        permissions=may,
        accounts=EVERYONE if Permission.VIEW_BILLING in may else frozenset(),
        patients=EVERYONE if Permission.VIEW_PATIENTS in may else frozenset(),
        staff_id=met.staff_id,
        session_ref=met.ref,
        language=met.language,
        seen_at=met.seen_at,
    )
