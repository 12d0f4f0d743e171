"""Passkeys: a device that verifies its user (finger, face, PIN) signs a patient in alone."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

import webauthn
from sqlmodel import col, delete, select
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from webauthn.registration.verify_registration_response import VerifiedRegistration

from portal_app import clock
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.credentials import Passkey, PasskeyChallenge
from portal_app.db.tables.families import Patient
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import Principal
from portal_app.domain.credentials import PASSKEY_LIFE, PASSKEYS_AT_MOST, Proof
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import PatientId, new_id
from portal_app.services.as_system import as_system, note
from portal_app.services.credentials.devices import end_others
from portal_app.services.credentials.errors import PasskeyRefused, TooManyPasskeys
from portal_app.services.credentials.logins import login_of, may_sign_in_now, passkeys_of, require_own_login
from portal_app.services.credentials.second_factor import keep_proof, needs_proof
from portal_app.services.messaging.outbox import notify_all_contacts
from portal_app.services.sign_in import rate_limits
from portal_app.services.sign_in.crypto import keyed_hash
from portal_app.services.sign_in.sessions import write_ticket
from portal_app.settings import settings

_ANSWER_AT_MOST = 20_000  # characters


@dataclass(frozen=True, slots=True)
class PasskeyView:
    id: str
    name: str
    synced: bool
    added: datetime


def list_passkeys(principal: Principal) -> tuple[PasskeyView, ...]:
    me = require_own_login(principal)
    with reading(as_system(principal)) as tx:
        return tuple(PasskeyView(p.id, p.name, p.synced, p.created_at) for p in passkeys_of(tx, me))


def begin_passkey(principal: Principal) -> str:
    """JSON for navigator.credentials.create(). NeedsProof first."""
    me = require_own_login(principal)
    with transaction(as_system(principal)) as tx:
        login = login_of(tx, me)
        needs_proof(tx, principal, login)
        known = passkeys_of(tx, me)
        if len(known) >= PASSKEYS_AT_MOST:
            raise TooManyPasskeys(most=PASSKEYS_AT_MOST)
        person = tx.get_or_404(Patient, me)
        full_name = person.full_name
        options = webauthn.generate_registration_options(
            rp_id=rp_id(),
            rp_name=tx.get_or_404(Practice, "practice").name,
            user_id=_handle(me),
            user_name=login.username or full_name,
            user_display_name=full_name,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[
                PublicKeyCredentialDescriptor(id=base64url_to_bytes(p.credential_id)) for p in known
            ],
        )
        _remember(tx, options.challenge, patient_id=me, session_ref=principal.session_ref, registers=True)
    return webauthn.options_to_json(options)


def finish_passkey(principal: Principal, answer: str, name: str) -> str:
    """Keep what the browser made; its id. Ends the other sessions, tells every address."""
    me = require_own_login(principal)
    asked = _take(principal, answer)
    if asked is None or not asked[0].registers or asked[0].patient_id != me:
        raise PasskeyRefused
    if asked[0].session_ref != principal.session_ref:
        raise PasskeyRefused
    try:
        made = checked_registration(answer, asked[1], rp_id=rp_id(), origin=origin())
    except WebAuthnException as trouble:
        raise PasskeyRefused from trouble
    with transaction(as_system(principal)) as tx:
        needs_proof(tx, principal, login_of(tx, me))
        credential_id = bytes_to_base64url(made.credential_id)
        if tx.exec(select(Passkey.id).where(col(Passkey.credential_id) == credential_id)).first():
            raise PasskeyRefused
        kept = tx.add(
            Passkey(
                id=new_id("psk"),
                patient_id=me,
                credential_id=credential_id,
                public_key=made.credential_public_key,
                sign_count=made.sign_count,
                name=name.strip()[:60] or f"Passkey {len(passkeys_of(tx, me)) + 1}",
                synced=made.credential_backed_up,
                created_at=clock.now(),
            )
        )
        end_others(tx, principal)
        note(tx, "add:passkey", me)
        notify_all_contacts(tx, me, "passkey_added")
        return kept.id


def rename_passkey(principal: Principal, passkey_id: str, name: str) -> None:
    me = require_own_login(principal)
    with transaction(as_system(principal)) as tx:
        _mine(tx, me, passkey_id).name = name.strip()[:60] or "Passkey"
        note(tx, "rename:passkey", me)


def remove_passkey(principal: Principal, passkey_id: str) -> None:
    me = require_own_login(principal)
    with transaction(as_system(principal)) as tx:
        needs_proof(tx, principal, login_of(tx, me))
        tx.delete(_mine(tx, me, passkey_id))
        end_others(tx, principal)
        note(tx, "remove:passkey", me)
        notify_all_contacts(tx, me, "passkey_removed")


def ask_passkey(principal: Principal) -> str:
    """JSON for navigator.credentials.get(): anybody's to sign in, inside a session one's own."""
    rate_limits.count("passkey from", principal.ip)
    with transaction(as_system(principal)) as tx:
        mine = passkeys_of(tx, require_own_login(principal)) if principal.session_ref else []
        options = webauthn.generate_authentication_options(
            rp_id=rp_id(),
            user_verification=UserVerificationRequirement.REQUIRED,
            allow_credentials=[
                PublicKeyCredentialDescriptor(id=base64url_to_bytes(p.credential_id)) for p in mine
            ],
        )
        _remember(tx, options.challenge, patient_id=principal.patient_id, session_ref=principal.session_ref)
    return webauthn.options_to_json(options)


def passkey_sign_in(principal: Principal, answer: str) -> str:
    """A ticket for whoever's passkey signed what was asked; "" inside a session, which is proven now."""
    rate_limits.count("try from", principal.ip)
    asked = _take(principal, answer)
    if asked is not None and not asked[0].registers and asked[0].session_ref == principal.session_ref:
        with transaction(as_system(principal)) as tx:
            used = _used(tx, answer, asked[1])
            if used and principal.session_ref and used.patient_id == principal.patient_id:
                keep_proof(tx, principal.session_ref, Proof.PASSKEY)
                return ""
            if used and not principal.session_ref and may_sign_in_now(tx, used.patient_id):
                return write_ticket(
                    tx, way="passkey", patient_id=used.patient_id, language=principal.language
                )
            note(tx, "sign_in_failed", used.patient_id if used else None, ok=False, way="passkey")
    raise PasskeyRefused


def checked_registration(
    answer: str | dict, challenge: bytes, *, rp_id: str, origin: str, user_verified: bool = True
) -> VerifiedRegistration:
    """WebAuthn Level 3, section 7.1. WebAuthnException when anything is not as it must be."""
    return webauthn.verify_registration_response(
        credential=answer,
        expected_challenge=challenge,
        expected_rp_id=rp_id,
        expected_origin=origin,
        require_user_verification=user_verified,
    )


def checked_count(
    answer: str | dict,
    challenge: bytes,
    *,
    public_key: bytes,
    sign_count: int,
    rp_id: str,
    origin: str,
    user_verified: bool = True,
) -> int:
    """Section 7.2: the new signature count; one that does not grow is a copied key."""
    return webauthn.verify_authentication_response(
        credential=answer,
        expected_challenge=challenge,
        expected_rp_id=rp_id,
        expected_origin=origin,
        credential_public_key=public_key,
        credential_current_sign_count=sign_count,
        require_user_verification=user_verified,
    ).new_sign_count


def origin() -> str:
    """Where the portal is, as browsers name it."""
    parts = urlsplit(settings().public_url)
    return f"{parts.scheme}://{parts.netloc}"


def rp_id() -> str:
    return urlsplit(settings().public_url).hostname or ""


def _handle(patient_id: PatientId) -> bytes:
    """What the device keeps of the patient: the same for all their passkeys, saying nothing."""
    return bytes.fromhex(keyed_hash("passkey user", patient_id))


def _mine(tx: Tx, patient_id: PatientId, passkey_id: str) -> Passkey:
    row = tx.get(Passkey, passkey_id, with_for_update=True)
    if row is None or row.patient_id != patient_id:
        raise NotFound
    return row


def _remember(
    tx: Tx, challenge: bytes, *, patient_id: PatientId | None, session_ref: str, registers: bool = False
) -> None:
    now = clock.now()
    tx.exec(delete(PasskeyChallenge).where(col(PasskeyChallenge.expires_at) < now))
    tx.add(
        PasskeyChallenge(
            hash=hashlib.sha256(challenge).hexdigest(),
            patient_id=patient_id if session_ref else None,
            session_ref=session_ref,
            registers=registers,
            expires_at=now + PASSKEY_LIFE,
        )
    )


def _take(principal: Principal, answer: str) -> tuple[PasskeyChallenge, bytes] | None:
    """The question this answers, which is used up by it whatever comes of it."""
    challenge = _challenge_in(answer)
    if challenge is None:
        return None
    hashed = hashlib.sha256(challenge).hexdigest()
    with transaction(as_system(principal)) as tx:
        row = tx.get(PasskeyChallenge, hashed)
        taken = tx.exec(delete(PasskeyChallenge).where(col(PasskeyChallenge.hash) == hashed)).rowcount
    return (row, challenge) if row and taken == 1 and row.expires_at > clock.now() else None


def _challenge_in(answer: str) -> bytes | None:
    if len(answer) > _ANSWER_AT_MOST:
        return None
    try:
        said = json.loads(base64url_to_bytes(json.loads(answer)["response"]["clientDataJSON"]))
        return base64url_to_bytes(said["challenge"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _used(tx: Tx, answer: str, challenge: bytes) -> Passkey | None:
    """The passkey that signed it, its count raised; None when it did not."""
    asked = select(Passkey).where(col(Passkey.credential_id) == str(json.loads(answer).get("id", "")))
    row = tx.exec(asked.with_for_update()).first()
    if row is None or not _same_handle(answer, row.patient_id):
        return None
    try:
        row.sign_count = checked_count(
            answer,
            challenge,
            public_key=row.public_key,
            sign_count=row.sign_count,
            rp_id=rp_id(),
            origin=origin(),
        )
    except WebAuthnException:
        return None
    row.last_used_at = clock.now()
    return tx.add(row)


def _same_handle(answer: str, patient_id: PatientId) -> bool:
    handle = json.loads(answer)["response"].get("userHandle")
    return not handle or handle == bytes_to_base64url(_handle(patient_id))
