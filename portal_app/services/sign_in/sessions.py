"""Session tickets and sessions. The cookie's value is never stored, only its hash."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import col, delete, update

from portal_app import clock
from portal_app.db import audit
from portal_app.db.scope import Tx, transaction
from portal_app.db.session_lookup import SessionRecord, load_session
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
from portal_app.domain.sign_in import TICKET_LIFE, SessionScope, is_session_valid, session_ref
from portal_app.services import live
from portal_app.services.background_writes import write_soon
from portal_app.services.patients.access import load_access_lists

_TOUCH_EVERY = timedelta(minutes=1)


def hash_token(token: str) -> str:
    """The SHA-256 of a random secret (ticket, cookie value, link token), which is what is stored of it."""
    return hashlib.sha256(token.encode()).hexdigest()


def principal_of(session_ref: str, side: Side) -> Principal:
    """The principal of the session with this reference (the hash of its cookie). Asking is no activity: `keep_alive` is.

    Raises:
        NotSignedIn: the session is unknown, has ended, or belongs to the other side.
    """
    record = load_session(session_ref) if session_ref else None
    now = clock.now()
    if record is None or record.side is not side or not _is_valid(record, now):
        raise NotSignedIn
    if record.link_id:
        return _link_principal(record)
    return _patient_principal(record, now) if side is Side.PATIENT else _staff_principal(record)


def is_keep_alive_due(principal: Principal) -> bool:
    """Whether the session's last activity is due to be stored again: once a minute is enough."""
    return principal.seen_at is not None and clock.now() - principal.seen_at >= _TOUCH_EVERY


def keep_alive(principal: Principal) -> None:
    """Store the time of the session's last activity: its 15 idle minutes count from now."""
    if is_keep_alive_due(principal):
        with transaction(system_principal("activity")) as tx:
            own_session = col(PortalSession.ref) == principal.session_ref
            tx.exec(update(PortalSession).where(own_session).values(seen_at=clock.now()))


def keep_alive_soon(principal: Principal) -> None:
    """The same in the background: it waits for other writers, and no answer waits for it."""
    if is_keep_alive_due(principal):
        write_soon(principal, keep_alive, once=principal.session_ref)


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
    """A ticket for somebody who has just signed in: valid once, for a minute, at POST /auth/session.

    The page posts it there to get the session cookie, which only an HTTP answer can set.
    """
    ticket = secrets.token_urlsafe(32)
    tx.add(
        SessionTicket(
            hash=hash_token(ticket),
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
    """A session just made. `value` is the cookie's value, which is stored nowhere."""

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
    """Make a session for a ticket and end the browser's former session on that side.

    A session of an action link stands beside a sign-in: neither ends the other (LINK-1).

    Args:
        replaces: references of sessions whose cookies the browser sent.
        scope: EMBED when redeemed inside a frame.

    Raises:
        NotSignedIn: the ticket is unknown, used or expired, or was written for a frame and is redeemed
            elsewhere, or the reverse.
    """
    value, now = secrets.token_urlsafe(32), clock.now()
    with transaction(system_principal("sign-in")) as tx:
        used_ticket = _take_ticket(tx, ticket, now, in_frame=scope is SessionScope.EMBED)
        session = tx.add(_session_of(used_ticket, session_ref(value, used_ticket.scope), now))
        session.device, session.ip = device[:200], ip
        _end(tx, replaces, now, side=used_ticket.side, by_link=used_ticket.scope is SessionScope.LINK)
        _note_sign_in(tx, session)
    return NewSession(value, session.side, session.scope)


def _session_of(ticket: SessionTicket, ref: str, now: datetime) -> PortalSession:
    """The session that a ticket is good for."""
    return PortalSession(
        ref=ref,
        side=ticket.side,
        scope=ticket.scope,
        patient_id=ticket.patient_id,
        staff_id=ticket.staff_id,
        link_id=ticket.link_id,
        created_at=now,
        seen_at=now,
        way=ticket.way,
        language=ticket.language,
    )


def _note_sign_in(tx: Tx, session: PortalSession) -> None:
    name = f"patient:{session.patient_id}" if session.patient_id else f"staff:{session.staff_id}"
    signed_in = Principal(name, session.side, session_ref=session.ref, ip=session.ip)
    tx.add(audit.entry(signed_in, "sign_in", patient_id=session.patient_id, details={"way": session.way}))


def _take_ticket(tx: Tx, ticket: str, now: datetime, *, in_frame: bool) -> SessionTicket:
    """Delete the ticket and return it. Raises NotSignedIn when it is not valid here."""
    for_frame = col(SessionTicket.scope) == SessionScope.EMBED
    taken = tx.exec(
        delete(SessionTicket)
        .where(col(SessionTicket.hash) == hash_token(ticket), for_frame if in_frame else ~for_frame)
        .returning(SessionTicket)  # type: ignore[call-overload]
    ).scalar_one_or_none()
    if taken is None or taken.expires_at < now:
        raise NotSignedIn
    return taken


def end_session(principal: Principal) -> None:
    """Sign out: end the principal's session and tell its open pages."""
    now = clock.now()
    with transaction(system_principal("sign-out")) as tx:
        _end(tx, (principal.session_ref,), now)
        tx.add(audit.entry(principal, "sign_out", patient_id=principal.patient_id))


def _end(
    tx: Tx, refs: tuple[str, ...], now: datetime, side: Side | None = None, by_link: bool | None = None
) -> None:
    """End those of the sessions that are of this side and kind; only their pages are told, after the commit."""
    query = update(PortalSession).where(
        col(PortalSession.ref).in_(refs), col(PortalSession.revoked_at).is_(None)
    )
    if side:
        query = query.where(col(PortalSession.side) == side)
    if by_link is not None:
        query = query.where((col(PortalSession.scope) == SessionScope.LINK) == by_link)
    for ref in tx.exec(query.values(revoked_at=now).returning(col(PortalSession.ref))).scalars().all():
        tx.on_commit(lambda ref=ref: live.announce(f"session:{ref}"))


def _is_valid(record: SessionRecord, now: datetime) -> bool:
    return record.revoked_at is None and is_session_valid(
        record.created_at, record.seen_at, now, record.scope
    )


def _patient_principal(record: SessionRecord, now: datetime) -> Principal:
    patient_id = record.patient_id
    if patient_id is None:
        raise NotSignedIn
    access = load_access_lists(patient_id, record, clock.local_date(now))
    if not access.patients:  # merged, inactive, deceased, or a dependent child
        raise NotSignedIn
    return Principal(
        name=f"patient:{patient_id}",
        side=Side.PATIENT,
        permissions=PATIENT_PERMISSIONS if record.scope is SessionScope.FULL else EMBED_PERMISSIONS,
        accounts=access.accounts,
        patients=access.patients,
        granted_accounts=access.granted_accounts,
        granted_patients=access.granted_patients,
        patient_id=patient_id,
        session_ref=record.ref,
        language=record.language,
        seen_at=record.seen_at,
    )


def _link_principal(record: SessionRecord) -> Principal:
    """The principal of an action link: one permission, no accounts, no patients."""
    return Principal(
        name=f"link:{record.link_id}",
        side=Side.PATIENT,
        permissions=frozenset({Permission.ACTION_LINK}),
        session_ref=record.ref,
        language=record.language,
        seen_at=record.seen_at,
    )


def _staff_principal(record: SessionRecord) -> Principal:
    if record.staff_id is None or record.role is None or not record.active:
        raise NotSignedIn
    permissions = ROLES[record.role]
    return Principal(
        name=f"staff:{record.staff_id}",
        side=Side.STAFF,
        permissions=permissions,
        accounts=EVERYONE if Permission.VIEW_BILLING in permissions else frozenset(),
        patients=EVERYONE if Permission.VIEW_PATIENTS in permissions else frozenset(),
        staff_id=record.staff_id,
        session_ref=record.ref,
        language=record.language,
        seen_at=record.seen_at,
    )
