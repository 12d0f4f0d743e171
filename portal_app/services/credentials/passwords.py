"""A patient's username and password. They never sign in alone: a second factor always follows."""

from dataclasses import dataclass

from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from portal_app import clock
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.credentials import PatientLogin, SignInReset
from portal_app.db.tables.families import ContactPoint, Patient
from portal_app.domain.access import Permission, Principal
from portal_app.domain.credentials.passwords import check_new_password, checked_username, username_key
from portal_app.domain.credentials.types import Proof
from portal_app.domain.errors import NotFound, ReasonMissing
from portal_app.domain.families import ContactKind
from portal_app.domain.ids import PatientId
from portal_app.services.as_system import as_system, note
from portal_app.services.credentials import second_factor
from portal_app.services.credentials.common_passwords import is_common
from portal_app.services.credentials.devices import end_other_sessions
from portal_app.services.credentials.errors import (
    PasswordNeedsApp,
    ReauthRequired,
    UsernameTaken,
    WrongPassword,
)
from portal_app.services.credentials.logins import (
    accounts_of,
    contact_for_code,
    find_patient,
    login_of,
    may_sign_in_now,
    passkeys_of,
    password_account,
    recovery_codes_left,
    require_own_login,
)
from portal_app.services.credentials.second_factor import Challenge
from portal_app.services.messaging.outbox import notify_all_contacts
from portal_app.services.sign_in import rate_limits
from portal_app.services.sign_in.lockouts import (
    begin_try,
    forget_failures,
    forgive,
    is_locked_for_long,
)
from portal_app.services.sign_in.password_hashes import hash_password, verify_password


@dataclass(frozen=True, slots=True)
class SignInView:
    """What the page "My sign-in" shows."""

    username: str
    has_password: bool
    has_app: bool
    code_by_contact: bool
    recovery_codes: int  # left
    passkeys: int
    locked: (
        bool  # for a device or network that failed often, until a day is over or the front desk unlocks it
    )
    reset_at: str  # ISO moment at which a reset started by the front desk takes effect; "" without


def view_sign_in(principal: Principal) -> SignInView:
    """What the principal has set up for their sign-in."""
    patient_id = require_own_login(principal)
    with reading(as_system(principal)) as tx:
        login = tx.get(PatientLogin, patient_id) or PatientLogin(
            patient_id=patient_id, created_at=clock.now()
        )
        reset = tx.exec(_pending_reset(patient_id)).first()
        return SignInView(
            username=login.username,
            has_password=bool(login.password_hash),
            has_app=bool(login.totp_secret),
            code_by_contact=login.code_by_contact,
            recovery_codes=recovery_codes_left(tx, patient_id),
            passkeys=len(passkeys_of(tx, patient_id)),
            locked=is_locked_for_long(tx, accounts_of(login)),
            reset_at=reset.effective_at.isoformat() if reset else "",
        )


def set_password(principal: Principal, username: str, password: str) -> None:
    """Set or change username and password. Ends the other sessions and notifies all contacts.

    Raises:
        ReauthRequired: the principal has not proved recently who they are.
        UsernameTaken: said openly, since the person has to choose another.
        PasswordNeedsApp: no contact could receive a code as second factor.
        Errors of `checked_username` and `check_new_password`.
    """
    patient_id = require_own_login(principal)
    shown = checked_username(username)
    with reading(as_system(principal)) as tx:
        personal_words = _personal_words(tx, patient_id, shown)
    check_new_password(password, personal_words=personal_words, is_common=is_common)
    password_hash = hash_password(password)
    with transaction(as_system(principal)) as tx:
        login = login_of(tx, patient_id)
        second_factor.require_reauth(tx, principal, login)
        if not login.totp_secret and not _any_contact(tx, patient_id):
            raise PasswordNeedsApp
        _claim_username(tx, login, shown)
        login.password_hash, login.password_set_at = password_hash, clock.now()
        forget_failures(tx, accounts_of(login))
        tx.add(login)
        end_other_sessions(tx, principal)
        note(tx, "change:password", patient_id)
        notify_all_contacts(tx, patient_id, "password_changed")


def remove_password(principal: Principal) -> None:
    """Remove username and password; codes and passkeys remain. Raises ReauthRequired."""
    patient_id = require_own_login(principal)
    with transaction(as_system(principal)) as tx:
        login = login_of(tx, patient_id)
        second_factor.require_reauth(tx, principal, login)
        login.username, login.username_key, login.password_hash = "", None, ""
        tx.add(login)
        end_other_sessions(tx, principal)
        note(tx, "remove:password", patient_id)
        notify_all_contacts(tx, patient_id, "password_changed")


def password_sign_in(principal: Principal, username: str, password: str) -> Challenge:
    """First step of a sign-in by password: returns the challenge for the second factor.

    The try is counted before the password is checked, so that many tries at once gain nothing.

    Raises:
        WrongPassword: the same, after the same work, whatever is wrong.
        TooManyAttempts: a rate limit of the username or the network is reached.
    """
    key = username_key(username)[:200]
    account = password_account(key)
    with transaction(as_system(principal)) as tx:
        login = _by_username(tx, key)
        asker = find_patient(tx, principal, login.patient_id if login else None)
        rate_limits.spend_on_source("password", asker, principal.ip)
        is_open = begin_try(tx, "password", account, asker)
        stored_hash = login.password_hash if login else ""
    is_right, new_hash = verify_password(password, stored_hash)
    with transaction(as_system(principal)) as tx:
        login = _by_username(tx, key)
        if (
            is_right
            and is_open
            and login
            and login.password_hash == stored_hash
            and may_sign_in_now(tx, login.patient_id)
        ):
            forgive(tx, account, asker)
            if new_hash:
                login.password_hash = new_hash
            return second_factor.create_challenge(tx, login, principal)
        note(tx, "sign_in_failed", login.patient_id if login else None, ok=False, way="password")
    raise WrongPassword


def is_reauthenticated(principal: Principal) -> bool:
    """Whether the principal has proved recently who they are, so that the sign-in may be changed."""
    patient_id = require_own_login(principal)
    with transaction(as_system(principal)) as tx:
        try:
            second_factor.require_reauth(tx, principal, login_of(tx, patient_id))
        except ReauthRequired:
            return False
    return True


def _check_password(principal: Principal, password: str) -> bool:
    """Whether it is the principal's own password; a wrong one counts like a failed sign-in."""
    patient_id = require_own_login(principal)
    with transaction(as_system(principal)) as tx:
        login = login_of(tx, patient_id)
        account, asker = password_account(login.username_key or ""), find_patient(tx, principal, patient_id)
        rate_limits.spend_on_source("password", asker, principal.ip)
        is_open = begin_try(tx, "password", account, asker)
        stored_hash = login.password_hash
    is_right, _ = verify_password(password, stored_hash)
    if is_right and is_open:
        with transaction(as_system(principal)) as tx:
            forgive(tx, account, asker)
    return is_right and is_open


def reauthenticate_by_password(principal: Principal, password: str) -> None:
    """Re-authenticate: the session may change the sign-in for ten minutes. Raises WrongPassword."""
    if not _check_password(principal, password):
        with transaction(as_system(principal)) as tx:
            note(tx, "proof_failed", principal.patient_id, ok=False, way="password")
        raise WrongPassword
    with transaction(as_system(principal)) as tx:
        second_factor.save_proof(tx, principal.session_ref, Proof.PASSWORD)


def unlock_sign_in(principal: Principal, patient_id: PatientId, reason: str) -> None:
    """Unlock a sign-in for every device and network that is locked out of it.

    The front desk has checked the person's identity before.

    Raises ReasonMissing, or NotFound when the patient has no login.
    """
    principal.require(Permission.EDIT_PATIENTS)
    if not reason.strip():
        raise ReasonMissing
    with transaction(as_system(principal)) as tx:
        login = tx.get(PatientLogin, patient_id, with_for_update=True)
        if login is None:
            raise NotFound
        forget_failures(tx, accounts_of(login))
        note(tx, "unlock:sign_in", patient_id, reason=reason.strip()[:500])


def _by_username(tx: Tx, key: str) -> PatientLogin | None:
    query = select(PatientLogin).where(
        col(PatientLogin.username_key) == key, PatientLogin.password_hash != ""
    )
    return tx.exec(query.with_for_update()).first()


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


def _personal_words(tx: Tx, patient_id: PatientId, username: str) -> list[str]:
    person = tx.get_or_404(Patient, patient_id)
    points = tx.exec(select(ContactPoint).where(col(ContactPoint.patient_id) == patient_id)).all()
    emails = [p.value.partition("@")[0] for p in points if p.kind is ContactKind.EMAIL]
    birth_date = person.birth_date.strftime("%Y%m%d") if person.birth_date else ""
    return [person.given_name, person.family_name, username, birth_date, *emails]


def _any_contact(tx: Tx, patient_id: PatientId) -> bool:
    return any(contact_for_code(tx, patient_id, kind) for kind in ContactKind)


def _pending_reset(patient_id: PatientId) -> SelectOfScalar[SignInReset]:
    return select(SignInReset).where(
        col(SignInReset.patient_id) == patient_id,
        col(SignInReset.cancelled_at).is_(None),
        col(SignInReset.done_at).is_(None),
    )
