"""Where somebody is signed in, and how they sign out there: patients and staff alike."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, delete, select

from portal_app import clock
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.sign_in import PortalSession, SessionTicket
from portal_app.domain.access import Permission, Principal, Side
from portal_app.domain.credentials import browser_and_system
from portal_app.domain.errors import NotFound, NotSignedIn
from portal_app.domain.ids import PatientId
from portal_app.domain.sign_in import still_holds
from portal_app.i18n import gettext_noop, translate
from portal_app.services import live
from portal_app.services.as_system import as_system, note


@dataclass(frozen=True, slots=True)
class Device:
    id: str  # names the session to its owner; nobody signs in with it
    words: str  # "Chrome on Android"
    here: bool
    way: str  # "code", "password", "passkey", …
    since: datetime
    seen_at: datetime
    ip: str


def list_devices(principal: Principal) -> tuple[Device, ...]:
    """The asker's own sessions that still hold, this one first."""
    _own_session(principal)
    with reading(as_system(principal)) as tx:
        mine = sorted(_theirs(tx, principal), key=lambda s: s.seen_at, reverse=True)
        mine.sort(key=lambda s: s.ref != principal.session_ref)
    return tuple(
        Device(
            id=_id(session),
            words=device_words(session.device, principal.language),
            here=session.ref == principal.session_ref,
            way=session.way,
            since=session.created_at,
            seen_at=session.seen_at,
            ip=session.ip,
        )
        for session in mine
    )


def end_device(principal: Principal, device_id: str) -> None:
    """Sign out there, at once. NotFound when it is not theirs or over."""
    _own_session(principal)
    with transaction(as_system(principal)) as tx:
        there = [s for s in _theirs(tx, principal) if _id(s) == device_id]
        if not there:
            raise NotFound
        _end(tx, there, "end_session")


def end_other_devices(principal: Principal) -> int:
    """Sign out everywhere but here; how many that were."""
    _own_session(principal)
    with transaction(as_system(principal)) as tx:
        return end_others(tx, principal)


def end_others(tx: Tx, principal: Principal) -> int:
    """The same in the transaction of a change of password, second factor or passkey."""
    others = [s for s in _theirs(tx, principal) if s.ref != principal.session_ref]
    _end(tx, others, "end_other_sessions")
    if principal.patient_id:
        tx.exec(delete(SessionTicket).where(col(SessionTicket.patient_id) == principal.patient_id))
    if principal.staff_id:
        tx.exec(delete(SessionTicket).where(col(SessionTicket.staff_id) == principal.staff_id))
    return len(others)


def end_all_of(tx: Tx, patient_id: PatientId) -> int:
    """Every session of a patient: the portal's own errand, after a reset."""
    tx.exec(delete(SessionTicket).where(col(SessionTicket.patient_id) == patient_id))
    theirs = [
        s
        for s in tx.exec(select(PortalSession).where(col(PortalSession.patient_id) == patient_id))
        if s.revoked_at is None
    ]
    _end(tx, theirs, "end_all_sessions", patient_id)
    return len(theirs)


def device_words(user_agent: str, language: str) -> str:
    browser, system = browser_and_system(user_agent)
    if browser and system:
        return translate(language, gettext_noop("{browser} on {system}"), browser=browser, system=system)
    return browser or system or translate(language, gettext_noop("Unknown device"))


def _own_session(principal: Principal) -> None:
    if not principal.session_ref or not (principal.patient_id or principal.staff_id):
        raise NotSignedIn
    principal.require(Permission.MY_ACCOUNT if principal.side is Side.PATIENT else Permission.STAFF_SIGNED_IN)


def _theirs(tx: Tx, principal: Principal) -> list[PortalSession]:
    whose = (
        col(PortalSession.staff_id) == principal.staff_id
        if principal.staff_id
        else col(PortalSession.patient_id) == principal.patient_id
    )
    open_ones = tx.exec(select(PortalSession).where(whose, col(PortalSession.revoked_at).is_(None)))
    return [s for s in open_ones if still_holds(s.created_at, s.seen_at, clock.now())]


def _end(tx: Tx, sessions: list[PortalSession], action: str, patient_id: PatientId | None = None) -> None:
    for session in sessions:
        session.revoked_at = clock.now()
        tx.add(session)
        tx.on_commit(lambda ref=session.ref: live.announce(f"session:{ref}"))
    if sessions:
        note(tx, action, patient_id or tx.principal.patient_id, count=len(sessions))


def _id(session: PortalSession) -> str:
    return f"dev_{session.ref[:32]}"
