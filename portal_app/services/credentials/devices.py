"""The devices on which a patient or staff member is signed in, and signing out there."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, delete, select

from portal_app import clock
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.sign_in import PortalSession, SessionTicket
from portal_app.domain.access import Permission, Principal, Side
from portal_app.domain.credentials.devices import browser_and_system
from portal_app.domain.errors import NotFound, NotSignedIn
from portal_app.domain.ids import PatientId
from portal_app.domain.sign_in import is_session_valid
from portal_app.i18n import gettext_noop, translate
from portal_app.services import live
from portal_app.services.as_system import as_system, note
from portal_app.services.sign_in.known_sources import forget_all_sources, forget_other_devices


@dataclass(frozen=True, slots=True)
class Device:
    """A valid session, as its person sees it."""

    id: str  # names the session on the page; nobody can sign in with it
    words: str  # "Chrome on Android"
    here: bool  # the session that asks
    way: str  # "code", "password", "passkey", …
    since: datetime
    seen_at: datetime
    ip: str


def list_devices(principal: Principal) -> tuple[Device, ...]:
    """The principal's own valid sessions: this one first, then by last activity."""
    _require_session(principal)
    with reading(as_system(principal)) as tx:
        sessions = sorted(_valid_sessions(tx, principal), key=lambda s: s.seen_at, reverse=True)
        sessions.sort(key=lambda s: s.ref != principal.session_ref)
    return tuple(
        Device(
            id=_id(session),
            words=device_name(session.device, principal.language),
            here=session.ref == principal.session_ref,
            way=session.way,
            since=session.created_at,
            seen_at=session.seen_at,
            ip=session.ip,
        )
        for session in sessions
    )


def end_device(principal: Principal, device_id: str) -> None:
    """Sign the device out at once. Raises NotFound when it is not one of the principal's valid sessions."""
    _require_session(principal)
    with transaction(as_system(principal)) as tx:
        sessions = [s for s in _valid_sessions(tx, principal) if _id(s) == device_id]
        if not sessions:
            raise NotFound
        _end(tx, sessions, "end_session")


def end_other_devices(principal: Principal) -> int:
    """Sign out all other devices of the principal; returns how many."""
    _require_session(principal)
    with transaction(as_system(principal)) as tx:
        return end_other_sessions(tx, principal)


def end_other_sessions(tx: Tx, principal: Principal) -> int:
    """End the principal's other sessions and unused tickets, in the transaction of a change of credentials."""
    others = [s for s in _valid_sessions(tx, principal) if s.ref != principal.session_ref]
    _end(tx, others, "end_other_sessions")
    if principal.patient_id:
        tx.exec(delete(SessionTicket).where(col(SessionTicket.patient_id) == principal.patient_id))
    if principal.staff_id:
        tx.exec(delete(SessionTicket).where(col(SessionTicket.staff_id) == principal.staff_id))
    forget_other_devices(tx, principal)
    return len(others)


def end_all_sessions(tx: Tx, patient_id: PatientId) -> int:
    """End all sessions and unused tickets of a patient, after a sign-in reset; returns how many sessions."""
    tx.exec(delete(SessionTicket).where(col(SessionTicket.patient_id) == patient_id))
    forget_all_sources(tx, patient_id)
    sessions = [
        s
        for s in tx.exec(select(PortalSession).where(col(PortalSession.patient_id) == patient_id))
        if s.revoked_at is None
    ]
    _end(tx, sessions, "end_all_sessions", patient_id)
    return len(sessions)


def device_name(user_agent: str, language: str) -> str:
    """ "Chrome on Android" for a User-Agent header, in the reader's language."""
    browser, system = browser_and_system(user_agent)
    if browser and system:
        return translate(language, gettext_noop("{browser} on {system}"), browser=browser, system=system)
    return browser or system or translate(language, gettext_noop("Unknown device"))


def _require_session(principal: Principal) -> None:
    """Raise NotSignedIn or PermissionDenied unless the principal may manage their own sessions."""
    if not principal.session_ref or not (principal.patient_id or principal.staff_id):
        raise NotSignedIn
    principal.require(Permission.MY_ACCOUNT if principal.side is Side.PATIENT else Permission.STAFF_SIGNED_IN)


def _valid_sessions(tx: Tx, principal: Principal) -> list[PortalSession]:
    of_person = (
        col(PortalSession.staff_id) == principal.staff_id
        if principal.staff_id
        else col(PortalSession.patient_id) == principal.patient_id
    )
    unrevoked = tx.exec(select(PortalSession).where(of_person, col(PortalSession.revoked_at).is_(None)))
    return [s for s in unrevoked if is_session_valid(s.created_at, s.seen_at, clock.now())]


def _end(tx: Tx, sessions: list[PortalSession], action: str, patient_id: PatientId | None = None) -> None:
    for session in sessions:
        session.revoked_at = clock.now()
        tx.add(session)
        tx.on_commit(lambda ref=session.ref: live.announce(f"session:{ref}"))
    if sessions:
        note(tx, action, patient_id or tx.principal.patient_id, count=len(sessions))


def _id(session: PortalSession) -> str:
    return f"dev_{session.ref[:32]}"
