"""A member of staff changes their own password and authenticator app, after showing once more who asks.

Each change ends their other sessions and whatever sign-in was under way, and is told by mail.
"""

from dataclasses import dataclass, replace

from sqlmodel import col, select, update

from portal_app import clock
from portal_app.db import audit
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.credentials import SessionProof
from portal_app.db.tables.practice import Practice
from portal_app.db.tables.sign_in import StaffStep
from portal_app.db.tables.staff import StaffMember
from portal_app.domain.access import Permission, Principal
from portal_app.domain.credentials.types import PROOF_LIFE, Proof
from portal_app.domain.errors import NotSignedIn
from portal_app.domain.families import ContactKind
from portal_app.domain.ids import StaffId, new_id
from portal_app.services.as_system import as_system
from portal_app.services.credentials.devices import end_other_sessions
from portal_app.services.credentials.errors import ReauthRequired, WrongCode
from portal_app.services.credentials.second_factor import save_proof
from portal_app.services.messaging import outbox
from portal_app.services.sign_in import rate_limits
from portal_app.services.sign_in.errors import StaffEmailUnknown, WrongStaffProof
from portal_app.services.sign_in.known_sources import find_asker, person_key
from portal_app.services.sign_in.lockouts import begin_try, forget_failures
from portal_app.services.sign_in.set_up_links import end_set_up_link
from portal_app.services.sign_in.staff import (
    NewStaffApp,
    accounts_of,
    app_account,
    hash_staff_password,
    is_right_password,
    is_staff_password,
    matching_step,
    new_staff_app,
    note_failure,
)

_BOTH = {Proof.PASSWORD, Proof.TOTP}


@dataclass(frozen=True, slots=True)
class StaffAccount:
    name: str
    email: str


def view_account(principal: Principal) -> StaffAccount:
    """Name and email of the staff member who asks."""
    id_ = _at_work(principal)
    with reading(as_system(principal)) as tx:
        me = tx.get_or_404(StaffMember, id_)
        return StaffAccount(me.name, me.email)


def reauthenticate_staff(principal: Principal, password: str, code: str) -> None:
    """Check password and app code; good for ten minutes in this session. Raises WrongStaffProof."""
    id_ = _at_work(principal)
    with reading(as_system(principal)) as tx:
        me = tx.get_or_404(StaffMember, id_)
    right = is_right_password(principal, me, me.email, password)
    with transaction(as_system(principal)) as tx:
        me = tx.get_or_404(StaffMember, id_, lock=True)
        used = _matching_step(tx, principal, me, code) if right else 0
        if used:
            me.totp_last_step = used
            for proof in _BOTH:
                save_proof(tx, principal.session_ref, proof)
            tx.add(audit.entry(principal, "prove:staff", subject=me.id))
    if not used:
        note_failure(principal, me, "prove:staff")
        raise WrongStaffProof


def is_staff_reauthenticated(principal: Principal) -> bool:
    """Whether this session has proved who it is within the last ten minutes."""
    id_ = _at_work(principal)
    with reading(as_system(principal)) as tx:
        tx.get_or_404(StaffMember, id_)
        return _proven(tx, principal)


def change_staff_password(principal: Principal, password: str) -> None:
    """Change one's own password. Raises UserError with the reason when it is easy to guess; ReauthRequired first."""
    id_ = _at_work(principal)
    with reading(as_system(principal)) as tx:
        me = tx.get_or_404(StaffMember, id_)
    hashed = hash_staff_password(password, me.email, me.name)
    with transaction(as_system(principal)) as tx:
        me = tx.get_or_404(StaffMember, id_, lock=True)
        _needs_proof(tx, principal)
        me.password_hash = hashed
        _changed(tx, principal, me, "staff_password_changed", "change:staff_password")


def begin_staff_app(principal: Principal) -> NewStaffApp:
    """Another app, shown once; the one they have goes on until its first code (`confirm_staff_app`)."""
    id_ = _at_work(principal)
    with transaction(as_system(principal)) as tx:
        me = tx.get_or_404(StaffMember, id_, lock=True)
        _needs_proof(tx, principal)
        made = new_staff_app(me.email, tx.get_or_404(Practice, "practice").name)
        me.totp_waiting = made.encrypted
        return made


def confirm_staff_app(principal: Principal, code: str) -> None:
    """The first code of the new app; from now on only its codes count. WrongCode otherwise."""
    id_ = _at_work(principal)
    with transaction(as_system(principal)) as tx:
        me = tx.get_or_404(StaffMember, id_, lock=True)
        _needs_proof(tx, principal)
        used = _matching_step(tx, principal, me, code, waiting=True) if me.totp_waiting else 0
        if used:
            me.totp_secret, me.totp_waiting, me.totp_last_step = me.totp_waiting, "", used
            _changed(tx, principal, me, "staff_app_changed", "change:staff_app")
    if not used:
        note_failure(principal, me, "change:staff_app")
        raise WrongCode


def reset_staff_sign_in(principal: Principal, email: str, password: str) -> None:
    """Password or phone lost: another password, and the app is set up anew, by a new link in production."""
    principal.require(Permission.MANAGE_STAFF)
    with reading(as_system(principal)) as tx:
        whose = tx.exec(select(StaffMember).where(col(StaffMember.email) == email.strip().lower())).first()
    if whose is None:
        raise StaffEmailUnknown
    hashed = hash_staff_password(password, whose.email, whose.name)
    theirs = replace(
        as_system(principal), staff_id=whose.id, session_ref="", ip="", device=""
    )  # every session of theirs ends
    with transaction(as_system(principal)) as tx:
        them = tx.get_or_404(StaffMember, whose.id, lock=True)
        them.password_hash, them.totp_secret, them.totp_waiting = hashed, "", ""
        end_set_up_link(tx, them.id)
        _changed(tx, theirs, them, "staff_password_changed", "reset:staff_sign_in")


def staff_emails(principal: Principal) -> set[str]:
    """Of everybody who works here or did."""
    principal.require(Permission.MANAGE_STAFF)
    with reading(as_system(principal)) as tx:
        return set(tx.exec(select(StaffMember.email)))


def has_password(principal: Principal, email: str, password: str) -> bool:
    """Whether this is the password they have: for one that was published."""
    principal.require(Permission.MANAGE_STAFF)
    with reading(as_system(principal)) as tx:
        whose = tx.exec(select(StaffMember).where(col(StaffMember.email) == email)).first()
    return is_staff_password(whose, password)


def _at_work(principal: Principal) -> StaffId:
    """The member of staff who changes their own sign-in; nobody else does it for them."""
    principal.require(Permission.STAFF_SIGNED_IN)
    if principal.staff_id is None or not principal.session_ref:
        raise NotSignedIn
    return StaffId(principal.staff_id)


def _matching_step(tx: Tx, principal: Principal, me: StaffMember, code: str, *, waiting: bool = False) -> int:
    """The time step of a right code of the app, or of the one being set up; 0 for a wrong one, which is counted."""
    asker = find_asker(tx, principal, [person_key(me.id, staff=True)])
    rate_limits.spend_on_source("guess", asker, principal.ip)
    if not begin_try(tx, "guess", app_account(me.id), asker):
        return 0
    # A waiting app has a secret of its own: none of its codes was used before.
    secret, last_used = (me.totp_waiting, 0) if waiting else (me.totp_secret, me.totp_last_step)
    if step := matching_step(secret, code, last_used):
        forget_failures(tx, [app_account(me.id)], asker.source)
    return step


def _needs_proof(tx: Tx, principal: Principal) -> None:
    if not _proven(tx, principal):
        raise ReauthRequired


def _proven(tx: Tx, principal: Principal) -> bool:
    shown = tx.exec(select(SessionProof).where(col(SessionProof.session_ref) == principal.session_ref))
    return {row.proof for row in shown if row.at > clock.now() - PROOF_LIFE} >= _BOTH


def _changed(tx: Tx, principal: Principal, me: StaffMember, kind: str, action: str) -> None:
    forget_failures(tx, accounts_of(me))
    under_way = (col(StaffStep.staff_id) == me.id, col(StaffStep.burnt_at).is_(None))
    tx.exec(update(StaffStep).where(*under_way).values(burnt_at=clock.real_now()))
    end_other_sessions(tx, principal)
    tx.add(audit.entry(principal, action, subject=me.id))
    outbox.write_message(
        tx,
        kind,
        once=f"{kind}:{new_id('say')}",
        to_contact=(ContactKind.EMAIL, me.email),
        language=me.language,
        values={"date": clock.today()},
    )
