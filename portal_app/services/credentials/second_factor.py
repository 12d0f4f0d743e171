"""Second factors of patients (authenticator app, code to a contact, recovery code) and re-authentication."""

import secrets
from dataclasses import dataclass

import pyotp.totp
from sqlmodel import col, delete, select

from portal_app import clock
from portal_app.db.scope import Tx, retried, transaction
from portal_app.db.tables.credentials import PatientLogin, RecoveryCode, SecondFactorChallenge, SessionProof
from portal_app.db.tables.practice import Practice
from portal_app.db.tables.sign_in import PortalSession
from portal_app.domain.access import Principal
from portal_app.domain.credentials.codes import (
    RECOVERY_CODES,
    bare_code,
    in_fours,
    new_recovery_code,
    steps_near,
    unused_step,
)
from portal_app.domain.credentials.types import (
    CHALLENGE_LIFE,
    FACTOR_CODE_LIFE,
    FACTOR_TRIES,
    PROOF_LIFE,
    Proof,
    is_strong,
)
from portal_app.domain.errors import NotFound
from portal_app.domain.families import ContactKind
from portal_app.domain.ids import PatientId, new_id
from portal_app.services.as_system import as_system, note
from portal_app.services.credentials.devices import end_other_sessions
from portal_app.services.credentials.errors import (
    AppIsOnlySecondFactor,
    AppNotSetUp,
    ChallengeOver,
    ReauthRequired,
    WrongCode,
)
from portal_app.services.credentials.logins import (
    accounts_of,
    code_account,
    contact_for_code,
    find_patient,
    has_set_up_anything,
    login_of,
    masked,
    may_sign_in_now,
    passkeys_of,
    recovery_codes_left,
    require_own_login,
)
from portal_app.services.links.qr_codes import qr_svg
from portal_app.services.messaging import outbox
from portal_app.services.messaging.outbox import notify_all_contacts
from portal_app.services.sign_in import rate_limits
from portal_app.services.sign_in.codes import contact_hash
from portal_app.services.sign_in.crypto import decrypt, encrypt, equal, keyed_hash
from portal_app.services.sign_in.known_sources import counted_by
from portal_app.services.sign_in.lockouts import begin_try, forget_failures
from portal_app.services.sign_in.sessions import write_ticket

_CODES_AT_MOST = 3  # sent for one challenge
_CONTACT_KINDS = {Proof.EMAIL: ContactKind.EMAIL, Proof.SMS: ContactKind.PHONE}


@dataclass(frozen=True, slots=True)
class Challenge:
    """A question for a second factor.

    `ways`: what may answer it. `shown`: the masked contact that a code would be sent to, by way.
    """

    id: str
    ways: tuple[Proof, ...]
    shown: tuple[tuple[Proof, str], ...] = ()


@dataclass(frozen=True, slots=True)
class AppSetUp:
    """The secret of a new authenticator app, shown once: to scan, or to type."""

    secret: str  # in groups of four
    uri: str
    qr_svg: str


def create_challenge(tx: Tx, login: PatientLogin, principal: Principal, session_ref: str = "") -> Challenge:
    """Make a challenge in the caller's transaction: after a right password, or to re-authenticate.

    Args:
        session_ref: the session to re-authenticate; "" for a sign-in.
    """
    now = clock.now()
    row = tx.add(
        SecondFactorChallenge(
            id=new_id("chl"),
            patient_id=login.patient_id,
            session_ref=session_ref,
            language=principal.language,
            created_at=now,
            expires_at=now + CHALLENGE_LIFE,
        )
    )
    contacts = _code_contacts(tx, login, reauth=bool(session_ref))
    ways: list[Proof] = [Proof.TOTP] if login.totp_secret else []
    ways += [way for way, _ in contacts]
    ways += [Proof.RECOVERY] if recovery_codes_left(tx, login.patient_id) else []
    ways += [Proof.PASSKEY] if passkeys_of(tx, login.patient_id) else []
    ways += [Proof.PASSWORD] if session_ref and login.password_hash else []
    return Challenge(row.id, tuple(ways), tuple(contacts))


def start_reauth(principal: Principal) -> Challenge:
    """Start to re-authenticate inside a session, before a change of sign-in or contacts."""
    patient_id = require_own_login(principal)
    with transaction(as_system(principal)) as tx:
        return create_challenge(tx, login_of(tx, patient_id), principal, principal.session_ref)


@retried
def send_second_code(principal: Principal, challenge_id: str, way: Proof) -> str:
    """Send six digits by email or SMS, at most three times per challenge; returns the masked contact.

    Raises:
        NotFound: a code may not be sent that way.
        ChallengeOver: the challenge is unknown, expired or has sent three codes.
        TooManyAttempts: the contact's rate limit is reached.
    """
    with transaction(as_system(principal)) as tx:
        row = _open_challenge(tx, principal, challenge_id)
        login = login_of(tx, row.patient_id)
        allowed = dict(_code_contacts(tx, login, reauth=bool(row.session_ref)))
        point = contact_for_code(tx, row.patient_id, _CONTACT_KINDS[way]) if way in allowed else None
        if point is None:
            raise NotFound
        if row.codes_sent >= _CODES_AT_MOST:
            raise ChallengeOver
        rate_limits.count_attempt("second code", f"{point.kind} {point.value}")
        code = f"{secrets.randbelow(1_000_000):06d}"
        row.code_hash = keyed_hash("second code", row.id, code)
        row.code_proof, row.code_expires_at = way, clock.now() + FACTOR_CODE_LIFE
        row.contact_hash = contact_hash(point.kind, point.value)
        row.codes_sent += 1
        row.expires_at = row.code_expires_at
        tx.add(row)
        outbox.write_message(
            tx,
            "second_code",
            once=f"second_code:{row.id}:{row.codes_sent}",
            to_contact=(point.kind, point.value),
            language=row.language,
            values={"code": code},
            expires_at=row.code_expires_at,
        )
        note(tx, "send:second_code", row.patient_id, way=str(way))
        return allowed[way]


@retried
def answer_challenge(principal: Principal, challenge_id: str, way: Proof, code: str) -> str:
    """Answer a challenge: returns a session ticket after a password, "" after re-authentication.

    Raises:
        WrongCode: wrong, used, or the sign-in is locked; may be tried again.
        ChallengeOver: unknown or expired, or it was the fifth wrong answer.
    """
    rate_limits.count_attempt("try from", counted_by(principal))
    with transaction(as_system(principal)) as tx:
        row = _open_challenge(tx, principal, challenge_id)
        login = login_of(tx, row.patient_id)
        asker = find_patient(tx, principal, row.patient_id)
        is_open = begin_try(tx, "guess", code_account(row.patient_id), asker)
        if is_open and _is_right(tx, row, login, way, code):
            forget_failures(tx, accounts_of(login), asker.source)
            return _complete(tx, row, login, way)
        row.tries += 1
        row.burnt_at = clock.now() if row.tries >= FACTOR_TRIES else None
        tx.add(row)
        note(tx, "second_factor_failed", row.patient_id, ok=False, way=str(way), tries=row.tries)
        burnt = row.burnt_at is not None
    raise ChallengeOver if burnt else WrongCode


def begin_app(principal: Principal) -> AppSetUp:
    """Start to set up an authenticator app; `confirm_app` with its first code completes it.

    Raises ReauthRequired.
    """
    patient_id = require_own_login(principal)
    secret = pyotp.random_base32(32)  # 160 bits
    with transaction(as_system(principal)) as tx:
        login = login_of(tx, patient_id)
        require_reauth(tx, principal, login)
        login.totp_waiting = encrypt(f"totp:{patient_id}", secret)
        tx.add(login)
        issuer = tx.get_or_404(Practice, "practice").name
    uri = pyotp.totp.TOTP(secret).provisioning_uri(name=login.username or issuer, issuer_name=issuer)
    return AppSetUp(in_fours(secret).replace("-", " "), uri, qr_svg(uri))


def confirm_app(principal: Principal, code: str) -> tuple[str, ...]:
    """Make the app the second factor, with its first code; returns new recovery codes if there were none.

    Raises WrongCode, ReauthRequired, or ChallengeOver when no set-up was started.
    """
    patient_id = require_own_login(principal)
    with transaction(as_system(principal)) as tx:
        login = login_of(tx, patient_id)
        if not login.totp_waiting:
            raise ChallengeOver
        asker = find_patient(tx, principal, patient_id)
        is_open = begin_try(tx, "guess", code_account(patient_id), asker)
        secret = decrypt(f"totp:{patient_id}", login.totp_waiting)
        step = _unused_step_of(secret, code, last_used=0) if is_open else None
        if step is not None:
            forget_failures(tx, [code_account(patient_id)], asker.source)
            require_reauth(tx, principal, login)
            login.totp_secret, login.totp_waiting, login.totp_last_step = login.totp_waiting, "", step
            login.code_by_contact = (
                False  # the app replaces the weaker factor; the patient may allow codes again
            )
            tx.add(login)
            _after_change(tx, principal, patient_id, "change:authenticator_app")
            return () if recovery_codes_left(tx, patient_id) else _new_recovery_codes(tx, patient_id)
        note(tx, "second_factor_failed", patient_id, ok=False, way="set_up")
    raise WrongCode


def remove_app(principal: Principal) -> None:
    """Remove the app; codes to contacts are the second factor again. Raises ReauthRequired, AppIsOnlySecondFactor."""
    patient_id = require_own_login(principal)
    with transaction(as_system(principal)) as tx:
        login = login_of(tx, patient_id)
        require_reauth(tx, principal, login)
        if login.password_hash and not any(contact_for_code(tx, patient_id, kind) for kind in ContactKind):
            raise AppIsOnlySecondFactor
        login.totp_secret, login.totp_waiting, login.code_by_contact = "", "", True
        tx.add(login)
        _after_change(tx, principal, patient_id, "remove:authenticator_app")


def allow_codes(principal: Principal, allowed: bool) -> None:
    """Allow or forbid codes by email or SMS beside the app. Raises ReauthRequired or AppNotSetUp."""
    patient_id = require_own_login(principal)
    with transaction(as_system(principal)) as tx:
        login = login_of(tx, patient_id)
        require_reauth(tx, principal, login)
        if not allowed and not login.totp_secret:
            raise AppNotSetUp
        login.code_by_contact = allowed
        tx.add(login)
        _after_change(tx, principal, patient_id, "change:code_by_contact")


def new_recovery_codes(principal: Principal) -> tuple[str, ...]:
    """Ten new recovery codes, shown only now; the old ones end. Raises ReauthRequired."""
    patient_id = require_own_login(principal)
    with transaction(as_system(principal)) as tx:
        require_reauth(tx, principal, login_of(tx, patient_id))
        codes = _new_recovery_codes(tx, patient_id)
        _after_change(tx, principal, patient_id, "change:recovery_codes")
    return codes


def require_reauth(tx: Tx, principal: Principal, login: PatientLogin) -> None:
    """Raise ReauthRequired unless the session has a proof of the last ten minutes (ASVS 7.5.1).

    Who has set nothing up yet needs any proof or a session that new; others need a strong proof (`is_strong`).
    """
    proofs, is_new_session = _recent_proofs(tx, principal.session_ref)
    if has_set_up_anything(tx, login):
        if not is_strong(proofs):
            raise ReauthRequired
    elif not (is_new_session or proofs):
        raise ReauthRequired


def save_proof(tx: Tx, session_ref: str, proof: Proof) -> None:
    """Store that the session has just been re-authenticated with this proof."""
    row = tx.get(SessionProof, (session_ref, proof)) or SessionProof(
        session_ref=session_ref, proof=proof, at=clock.now()
    )
    row.at = clock.now()
    tx.add(row)


def _recent_proofs(tx: Tx, session_ref: str) -> tuple[set[Proof], bool]:
    """The session's proofs of the last ten minutes, and whether the session itself is that new."""
    since = clock.now() - PROOF_LIFE
    rows = tx.exec(select(SessionProof).where(col(SessionProof.session_ref) == session_ref))
    proofs = {row.proof for row in rows if row.at > since}
    session = tx.get(PortalSession, session_ref)
    is_new = session is not None and session.created_at > since
    if session and is_new and session.way in (Proof.PASSWORD, Proof.PASSKEY):
        proofs.add(Proof(session.way))
    return proofs, is_new


def _open_challenge(tx: Tx, principal: Principal, challenge_id: str) -> SecondFactorChallenge:
    """The challenge, locked for update. Raises ChallengeOver when it cannot be answered in this session."""
    row = tx.get(SecondFactorChallenge, challenge_id, with_for_update=True, populate_existing=True)
    if row is None or row.burnt_at or row.expires_at <= clock.now():
        raise ChallengeOver
    if row.session_ref != principal.session_ref and row.session_ref:
        raise ChallengeOver
    return row


def _code_contacts(tx: Tx, login: PatientLogin, *, reauth: bool) -> list[tuple[Proof, str]]:
    """The ways by which a code may be sent, with the masked contact.

    None at sign-in when the app has replaced codes; at re-authentication codes to email and phone together
    are a strong proof.
    """
    if login.totp_secret and not login.code_by_contact and not reauth:
        return []
    points = ((way, contact_for_code(tx, login.patient_id, kind)) for way, kind in _CONTACT_KINDS.items())
    return [(way, masked(point.kind, point.value)) for way, point in points if point]


def _is_right(tx: Tx, row: SecondFactorChallenge, login: PatientLogin, way: Proof, code: str) -> bool:
    """Whether the code answers the challenge. A right code is used up."""
    if way is Proof.TOTP:
        if not login.totp_secret:
            return False
        step = _unused_step_of(
            decrypt(f"totp:{login.patient_id}", login.totp_secret), code, last_used=login.totp_last_step
        )
        login.totp_last_step = step or login.totp_last_step
        return step is not None
    if way is Proof.RECOVERY:
        query = delete(RecoveryCode).where(
            col(RecoveryCode.hash) == _recovery_hash(login.patient_id, code),
            col(RecoveryCode.patient_id) == login.patient_id,
        )
        return tx.exec(query).rowcount == 1
    if way is row.code_proof and row.code_expires_at and row.code_expires_at > clock.now():
        return equal(row.code_hash, keyed_hash("second code", row.id, bare_code(code)))
    return False


def _complete(tx: Tx, row: SecondFactorChallenge, login: PatientLogin, way: Proof) -> str:
    """End an answered challenge: a session ticket, or "" after storing the proof of a re-authentication."""
    row.burnt_at = clock.now()  # a challenge makes at most one session
    tx.add(row)
    tx.add(login)
    if way is Proof.RECOVERY:
        left = recovery_codes_left(tx, row.patient_id)
        notify_all_contacts(tx, row.patient_id, "recovery_code_used", left=left)
    note(tx, "second_factor", row.patient_id, way=str(way))
    if row.session_ref:
        save_proof(tx, row.session_ref, way)
        return ""
    if not may_sign_in_now(tx, row.patient_id):
        raise ChallengeOver
    return write_ticket(tx, way="password", patient_id=row.patient_id, language=row.language)


def _unused_step_of(secret: str, code: str, *, last_used: int) -> int | None:
    """The TOTP time step whose code this is, if newer than `last_used`; else None. Uses the real clock."""
    app, typed = pyotp.totp.TOTP(secret), bare_code(code)
    matching = (step for step in steps_near(clock.real_now()) if equal(app.generate_otp(step), typed))
    return unused_step(matching, last_used)


def _new_recovery_codes(tx: Tx, patient_id: PatientId) -> tuple[str, ...]:
    tx.exec(delete(RecoveryCode).where(col(RecoveryCode.patient_id) == patient_id))
    codes = tuple(new_recovery_code() for _ in range(RECOVERY_CODES))
    for code in codes:
        tx.add(
            RecoveryCode(hash=_recovery_hash(patient_id, code), patient_id=patient_id, created_at=clock.now())
        )
    return codes


def _recovery_hash(patient_id: PatientId, code: str) -> str:
    return keyed_hash("recovery code", patient_id, bare_code(code))


def _after_change(tx: Tx, principal: Principal, patient_id: PatientId, action: str) -> None:
    """What every change of a second factor does: end the other sessions, record it, notify all contacts."""
    end_other_sessions(tx, principal)
    note(tx, action, patient_id)
    notify_all_contacts(tx, patient_id, "second_factor_changed")
