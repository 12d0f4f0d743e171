"""The second factor: an authenticator app, a code to a contact, a recovery code. And proving it again."""

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
from portal_app.domain.credentials import (
    CHALLENGE_LIFE,
    FACTOR_CODE_LIFE,
    FACTOR_TRIES,
    PROOF_LIFE,
    RECOVERY_CODES,
    Proof,
    bare_code,
    is_strong,
    new_recovery_code,
    steps_near,
    unused_step,
)
from portal_app.domain.errors import NotFound
from portal_app.domain.families import ContactKind
from portal_app.domain.ids import PatientId, new_id
from portal_app.services.as_system import as_system, note
from portal_app.services.credentials.devices import end_others
from portal_app.services.credentials.errors import (
    AppIsOnlySecondFactor,
    AppNotSetUp,
    NeedsProof,
    StartAgain,
    WrongCode,
)
from portal_app.services.credentials.logins import (
    contact_for_code,
    count_failure,
    has_set_up_anything,
    is_locked_out,
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
from portal_app.services.sign_in.sessions import write_ticket

_CODES_AT_MOST = 3  # sent for one challenge
_KINDS = {Proof.EMAIL: ContactKind.EMAIL, Proof.SMS: ContactKind.PHONE}


@dataclass(frozen=True, slots=True)
class Challenge:
    """What is asked next. `shown`: the masked address a code would go to, by way."""

    id: str
    ways: tuple[Proof, ...]
    shown: tuple[tuple[Proof, str], ...] = ()


@dataclass(frozen=True, slots=True)
class AppSetUp:
    """Shown once: to scan, or to type into the app."""

    secret: str  # in fours
    uri: str
    qr_svg: str


def challenge(tx: Tx, login: PatientLogin, principal: Principal, session_ref: str = "") -> Challenge:
    """A question in the caller's transaction: after a right password, or inside a session."""
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
    places = _places(tx, login, proving=bool(session_ref))
    ways: list[Proof] = [Proof.TOTP] if login.totp_secret else []
    ways += [way for way, _ in places]
    ways += [Proof.RECOVERY] if recovery_codes_left(tx, login.patient_id) else []
    ways += [Proof.PASSKEY] if passkeys_of(tx, login.patient_id) else []
    ways += [Proof.PASSWORD] if session_ref and login.password_hash else []
    return Challenge(row.id, tuple(ways), tuple(places))


def ask_proof(principal: Principal) -> Challenge:
    """Inside a session: what may be shown before something sensitive is changed."""
    me = require_own_login(principal)
    with transaction(as_system(principal)) as tx:
        return challenge(tx, login_of(tx, me), principal, principal.session_ref)


@retried
def send_second_code(principal: Principal, challenge_id: str, way: Proof) -> str:
    """Six digits by email or SMS, at most three times. The masked address; Refused when it cannot be."""
    with transaction(as_system(principal)) as tx:
        row = _open_challenge(tx, principal, challenge_id)
        login = login_of(tx, row.patient_id)
        allowed = dict(_places(tx, login, proving=bool(row.session_ref)))
        point = contact_for_code(tx, row.patient_id, _KINDS[way]) if way in allowed else None
        if point is None:
            raise NotFound
        if row.codes_sent >= _CODES_AT_MOST:
            raise StartAgain
        rate_limits.count("second code", f"{point.kind} {point.value}")
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
def answer(principal: Principal, challenge_id: str, way: Proof, code: str) -> str:
    """A ticket after a password; "" inside a session, which is proven now. WrongCode, StartAgain."""
    rate_limits.count("try from", principal.ip)
    with transaction(as_system(principal)) as tx:
        row = _open_challenge(tx, principal, challenge_id)
        login = login_of(tx, row.patient_id)
        right = not is_locked_out(login) and _is_right(tx, row, login, way, code)
        if right:
            return _let_in(tx, row, login, way)
        row.tries += 1
        row.burnt_at = clock.now() if row.tries >= FACTOR_TRIES else None
        tx.add(row)
        count_failure(tx, login)
        note(tx, "second_factor_failed", row.patient_id, ok=False, way=str(way), tries=row.tries)
        burnt = row.burnt_at is not None
    raise StartAgain if burnt else WrongCode


def begin_app(principal: Principal) -> AppSetUp:
    """A new secret to scan; it counts when `confirm_app` has seen one code of it."""
    me = require_own_login(principal)
    secret = pyotp.random_base32(32)  # 160 bits
    with transaction(as_system(principal)) as tx:
        login = login_of(tx, me)
        needs_proof(tx, principal, login)
        login.totp_waiting = encrypt(f"totp:{me}", secret)
        tx.add(login)
        issuer = tx.get_or_404(Practice, "practice").name
    uri = pyotp.totp.TOTP(secret).provisioning_uri(name=login.username or issuer, issuer_name=issuer)
    return AppSetUp(" ".join(secret[i : i + 4] for i in range(0, 32, 4)), uri, qr_svg(uri))


def confirm_app(principal: Principal, code: str) -> tuple[str, ...]:
    """The app works: it is the second factor from now on. Recovery codes, when there are none yet."""
    me = require_own_login(principal)
    with transaction(as_system(principal)) as tx:
        login = login_of(tx, me)
        if not login.totp_waiting:
            raise StartAgain
        barred = is_locked_out(login)
        step = None if barred else _step_of(decrypt(f"totp:{me}", login.totp_waiting), code, last=0)
        if step is not None:
            needs_proof(tx, principal, login)
            login.totp_secret, login.totp_waiting, login.totp_last_step = login.totp_waiting, "", step
            login.code_by_contact = False  # the stronger one replaces the weaker; they may allow it again
            tx.add(login)
            _changed(tx, principal, me, "change:authenticator_app")
            return () if recovery_codes_left(tx, me) else _new_recovery_codes(tx, me)
        count_failure(tx, login)
        note(tx, "second_factor_failed", me, ok=False, way="set_up")
    raise WrongCode


def remove_app(principal: Principal) -> None:
    """Codes to the contact are the second factor again."""
    me = require_own_login(principal)
    with transaction(as_system(principal)) as tx:
        login = login_of(tx, me)
        needs_proof(tx, principal, login)
        if login.password_hash and not any(contact_for_code(tx, me, kind) for kind in ContactKind):
            raise AppIsOnlySecondFactor
        login.totp_secret, login.totp_waiting, login.code_by_contact = "", "", True
        tx.add(login)
        _changed(tx, principal, me, "remove:authenticator_app")


def allow_codes(principal: Principal, allowed: bool) -> None:
    """May a code by email or SMS be the second factor, beside the app?"""
    me = require_own_login(principal)
    with transaction(as_system(principal)) as tx:
        login = login_of(tx, me)
        needs_proof(tx, principal, login)
        if not allowed and not login.totp_secret:
            raise AppNotSetUp
        login.code_by_contact = allowed
        tx.add(login)
        _changed(tx, principal, me, "change:code_by_contact")


def new_recovery_codes(principal: Principal) -> tuple[str, ...]:
    """Ten, shown this once; the old ones are dead."""
    me = require_own_login(principal)
    with transaction(as_system(principal)) as tx:
        needs_proof(tx, principal, login_of(tx, me))
        codes = _new_recovery_codes(tx, me)
        _changed(tx, principal, me, "change:recovery_codes")
    return codes


def needs_proof(tx: Tx, principal: Principal, login: PatientLogin) -> None:
    """NeedsProof, unless it was shown in this session in the last ten minutes who asks (ASVS 7.5.1)."""
    shown, fresh = _shown_lately(tx, principal.session_ref)
    if has_set_up_anything(tx, login):
        if not is_strong(shown):
            raise NeedsProof
    elif not (fresh or shown):
        raise NeedsProof


def keep_proof(tx: Tx, session_ref: str, proof: Proof) -> None:
    kept = tx.get(SessionProof, (session_ref, proof)) or SessionProof(
        session_ref=session_ref, proof=proof, at=clock.now()
    )
    kept.at = clock.now()
    tx.add(kept)


def _shown_lately(tx: Tx, session_ref: str) -> tuple[set[Proof], bool]:
    """What was shown, and whether the sign-in itself is that fresh."""
    since = clock.now() - PROOF_LIFE
    kept = tx.exec(select(SessionProof).where(col(SessionProof.session_ref) == session_ref))
    shown = {row.proof for row in kept if row.at > since}
    session = tx.get(PortalSession, session_ref)
    fresh = session is not None and session.created_at > since
    if session and fresh and session.way in (Proof.PASSWORD, Proof.PASSKEY):
        shown.add(Proof(session.way))
    return shown, fresh


def _open_challenge(tx: Tx, principal: Principal, challenge_id: str) -> SecondFactorChallenge:
    row = tx.get(SecondFactorChallenge, challenge_id, with_for_update=True, populate_existing=True)
    if row is None or row.burnt_at or row.expires_at <= clock.now():
        raise StartAgain
    if row.session_ref != principal.session_ref and row.session_ref:
        raise StartAgain
    return row


def _places(tx: Tx, login: PatientLogin, *, proving: bool) -> list[tuple[Proof, str]]:
    """Where a code may go: nowhere, when the app replaced codes (inside a session both together count)."""
    if login.totp_secret and not login.code_by_contact and not proving:
        return []
    found = ((way, contact_for_code(tx, login.patient_id, kind)) for way, kind in _KINDS.items())
    return [(way, masked(point.kind, point.value)) for way, point in found if point]


def _is_right(tx: Tx, row: SecondFactorChallenge, login: PatientLogin, way: Proof, code: str) -> bool:
    if way is Proof.TOTP:
        if not login.totp_secret:
            return False
        step = _step_of(
            decrypt(f"totp:{login.patient_id}", login.totp_secret), code, last=login.totp_last_step
        )
        login.totp_last_step = step or login.totp_last_step
        return step is not None
    if way is Proof.RECOVERY:
        used = delete(RecoveryCode).where(
            col(RecoveryCode.hash) == _recovery_hash(login.patient_id, code),
            col(RecoveryCode.patient_id) == login.patient_id,
        )
        return tx.exec(used).rowcount == 1
    if way is row.code_proof and row.code_expires_at and row.code_expires_at > clock.now():
        return equal(row.code_hash, keyed_hash("second code", row.id, bare_code(code)))
    return False


def _let_in(tx: Tx, row: SecondFactorChallenge, login: PatientLogin, way: Proof) -> str:
    row.burnt_at = clock.now()  # one challenge, one session
    login.failures, login.locked_until = 0, None
    tx.add(row)
    tx.add(login)
    if way is Proof.RECOVERY:
        left = recovery_codes_left(tx, row.patient_id)
        notify_all_contacts(tx, row.patient_id, "recovery_code_used", left=left)
    note(tx, "second_factor", row.patient_id, way=str(way))
    if row.session_ref:
        keep_proof(tx, row.session_ref, way)
        return ""
    if not may_sign_in_now(tx, row.patient_id):
        raise StartAgain
    return write_ticket(tx, way="password", patient_id=row.patient_id, language=row.language)


def _step_of(secret: str, code: str, *, last: int) -> int | None:
    """The step whose code this is, newer than `last`; by the real clock, whatever the portal's says."""
    app, typed = pyotp.totp.TOTP(secret), bare_code(code)
    return unused_step((s for s in steps_near(clock.real_now()) if equal(app.generate_otp(s), typed)), last)


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


def _changed(tx: Tx, principal: Principal, patient_id: PatientId, what: str) -> None:
    end_others(tx, principal)
    note(tx, what, patient_id)
    notify_all_contacts(tx, patient_id, "second_factor_changed")
