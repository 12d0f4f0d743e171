"""A patient's own username and password. They never sign in alone: a second factor always follows."""

from dataclasses import dataclass
from typing import Any

from sqlmodel import col, select

from portal_app import clock
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.credentials import PatientLogin, SignInReset
from portal_app.db.tables.families import ContactPoint, Patient
from portal_app.domain.access import Permission, Principal
from portal_app.domain.credentials import (
    Proof,
    check_new_password,
    checked_username,
    username_key,
)
from portal_app.domain.errors import NotFound
from portal_app.domain.families import ContactKind
from portal_app.domain.ids import PatientId
from portal_app.services.as_system import as_system, note
from portal_app.services.credentials import second_factor
from portal_app.services.credentials.common_passwords import is_common
from portal_app.services.credentials.devices import end_others
from portal_app.services.credentials.errors import (
    NeedsProof,
    PasswordNeedsApp,
    ReasonMissing,
    UsernameTaken,
    WrongPassword,
)
from portal_app.services.credentials.logins import (
    contact_for_code,
    count_try,
    forgive_attempt,
    is_locked_out,
    lock_if_too_many,
    login_of,
    may_sign_in_now,
    passkeys_of,
    recovery_codes_left,
    require_own_login,
)
from portal_app.services.credentials.second_factor import Challenge
from portal_app.services.messaging.outbox import notify_all_contacts
from portal_app.services.sign_in import rate_limits
from portal_app.services.sign_in.password_hashes import hash_password, verify_password


@dataclass(frozen=True, slots=True)
class SignInView:
    """What "My sign-in" shows."""

    username: str
    has_password: bool
    has_app: bool
    code_by_contact: bool
    recovery_codes: int  # left
    passkeys: int
    locked: bool
    reset_at: str  # ISO moment of a reset the desk has started; "" without


def view_sign_in(principal: Principal) -> SignInView:
    me = require_own_login(principal)
    with reading(as_system(principal)) as tx:
        login = tx.get(PatientLogin, me) or PatientLogin(patient_id=me, created_at=clock.now())
        reset = tx.exec(_waiting_reset(me)).first()
        return SignInView(
            username=login.username,
            has_password=bool(login.password_hash),
            has_app=bool(login.totp_secret),
            code_by_contact=login.code_by_contact,
            recovery_codes=recovery_codes_left(tx, me),
            passkeys=len(passkeys_of(tx, me)),
            locked=login.locked,
            reset_at=reset.effective_at.isoformat() if reset else "",
        )


def set_password(principal: Principal, username: str, password: str) -> None:
    """Set or change both. Refused with the reason; NeedsProof when it must be shown again who asks.

    Ends the other sessions and tells every address. A taken username is told: it is the asker's to change.
    """
    me = require_own_login(principal)
    shown = checked_username(username)
    with reading(as_system(principal)) as tx:
        words = _own_words(tx, me, shown)
    check_new_password(password, personal_words=words, is_common=is_common)
    hashed = hash_password(password)
    with transaction(as_system(principal)) as tx:
        login = login_of(tx, me)
        second_factor.needs_proof(tx, principal, login)
        if not login.totp_secret and not _any_contact(tx, me):
            raise PasswordNeedsApp
        _claim_username(tx, login, shown)
        login.password_hash, login.password_set_at = hashed, clock.now()
        login.failures, login.locked_until = 0, None
        tx.add(login)
        end_others(tx, principal)
        note(tx, "change:password", me)
        notify_all_contacts(tx, me, "password_changed")


def remove_password(principal: Principal) -> None:
    """Back to codes and passkeys."""
    me = require_own_login(principal)
    with transaction(as_system(principal)) as tx:
        login = login_of(tx, me)
        second_factor.needs_proof(tx, principal, login)
        login.username, login.username_key, login.password_hash = "", None, ""
        tx.add(login)
        end_others(tx, principal)
        note(tx, "remove:password", me)
        notify_all_contacts(tx, me, "password_changed")


def password_sign_in(principal: Principal, username: str, password: str) -> Challenge:
    """The first half. WrongPassword in the same words, after the same work, whatever is wrong.

    The try is counted before the password is looked at, so that many at once gain nothing.
    """
    key = username_key(username)[:200]
    rate_limits.count("password from", principal.ip)
    rate_limits.count("password", key)
    with transaction(as_system(principal)) as tx:
        login = _by_username(tx, key)
        barred = login is None or is_locked_out(login)
        if login and not barred:
            count_try(tx, login)
        kept = login.password_hash if login else ""
    right, fresh = verify_password(password, kept)
    with transaction(as_system(principal)) as tx:
        again = _by_username(tx, key)
        if (
            right
            and not barred
            and again
            and again.password_hash == kept
            and may_sign_in_now(tx, again.patient_id)
        ):
            forgive_attempt(tx, again)
            if fresh:
                again.password_hash = fresh
            return second_factor.challenge(tx, again, principal)
        if again and not barred:
            lock_if_too_many(tx, again)
        note(tx, "sign_in_failed", again.patient_id if again else None, ok=False, way="password")
    raise WrongPassword


def is_proven(principal: Principal) -> bool:
    """Has it been shown lately who asks, so that the sign-in may be changed?"""
    me = require_own_login(principal)
    with transaction(as_system(principal)) as tx:
        try:
            second_factor.needs_proof(tx, principal, login_of(tx, me))
        except NeedsProof:
            return False
    return True


def check_password(principal: Principal, password: str) -> bool:
    """Is it the asker's own? Counted like a sign-in; for proving again who they are."""
    me = require_own_login(principal)
    with transaction(as_system(principal)) as tx:
        login = login_of(tx, me)
        barred = is_locked_out(login)
        if not barred:
            count_try(tx, login)
        kept = login.password_hash
    right, _ = verify_password(password, kept)
    with transaction(as_system(principal)) as tx:
        if right and not barred:
            forgive_attempt(tx, login_of(tx, me))
        elif not barred:
            lock_if_too_many(tx, login_of(tx, me))
    return right and not barred


def prove_by_password(principal: Principal, password: str) -> None:
    """The session counts as proven for ten minutes. WrongPassword otherwise."""
    if not check_password(principal, password):
        with transaction(as_system(principal)) as tx:
            note(tx, "proof_failed", principal.patient_id, ok=False, way="password")
        raise WrongPassword
    with transaction(as_system(principal)) as tx:
        second_factor.keep_proof(tx, principal.session_ref, Proof.PASSWORD)


def unlock_sign_in(principal: Principal, patient_id: PatientId, reason: str) -> None:
    """The desk has seen who they are; the way out of a locked sign-in."""
    principal.require(Permission.EDIT_PATIENTS)
    if not reason.strip():
        raise ReasonMissing
    with transaction(as_system(principal)) as tx:
        login = tx.get(PatientLogin, patient_id, with_for_update=True)
        if login is None:
            raise NotFound
        login.locked, login.failures, login.locked_until = False, 0, None
        tx.add(login)
        note(tx, "unlock:sign_in", patient_id, reason=reason.strip()[:500])


def _by_username(tx: Tx, key: str) -> PatientLogin | None:
    asked = select(PatientLogin).where(
        col(PatientLogin.username_key) == key, PatientLogin.password_hash != ""
    )
    return tx.exec(asked.with_for_update()).first()


def _claim_username(tx: Tx, login: PatientLogin, shown: str) -> None:
    key = username_key(shown)
    taken = tx.exec(
        select(PatientLogin.patient_id).where(
            col(PatientLogin.username_key) == key, col(PatientLogin.patient_id) != login.patient_id
        )
    ).first()
    if taken:
        raise UsernameTaken
    login.username, login.username_key = shown, key


def _own_words(tx: Tx, patient_id: PatientId, username: str) -> list[str]:
    person = tx.get_or_404(Patient, patient_id)
    points = tx.exec(select(ContactPoint).where(col(ContactPoint.patient_id) == patient_id)).all()
    emails = [p.value.partition("@")[0] for p in points if p.kind is ContactKind.EMAIL]
    born = person.birth_date.strftime("%Y%m%d") if person.birth_date else ""
    return [person.given_name, person.family_name, username, born, *emails]


def _any_contact(tx: Tx, patient_id: PatientId) -> bool:
    return any(contact_for_code(tx, patient_id, kind) for kind in ContactKind)


def _waiting_reset(patient_id: PatientId) -> Any:
    return select(SignInReset).where(
        col(SignInReset.patient_id) == patient_id,
        col(SignInReset.cancelled_at).is_(None),
        col(SignInReset.done_at).is_(None),
    )
