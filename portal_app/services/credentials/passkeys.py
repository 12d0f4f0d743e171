"""Passkeys (WebAuthn): the device verifies its user by finger, face or PIN, so no second factor is needed."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
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
from portal_app.domain.credentials.types import PASSKEY_LIFE, PASSKEYS_AT_MOST, Proof
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import PatientId, new_id
from portal_app.services.as_system import as_system, note
from portal_app.services.credentials.devices import end_other_sessions
from portal_app.services.credentials.errors import PasskeyRefused, TooManyPasskeys
from portal_app.services.credentials.logins import login_of, may_sign_in_now, passkeys_of, require_own_login
from portal_app.services.credentials.second_factor import require_reauth, save_proof
from portal_app.services.messaging.outbox import notify_all_contacts
from portal_app.services.sign_in import rate_limits
from portal_app.services.sign_in.crypto import keyed_hash
from portal_app.services.sign_in.known_sources import counted_by
from portal_app.services.sign_in.sessions import write_ticket
from portal_app.settings import settings

_ANSWER_AT_MOST = 20_000  # characters


@dataclass(frozen=True, slots=True)
class PasskeyView:
    """A passkey in the list of the patient's own."""

    id: str
    name: str
    synced: bool  # on more than one device
    added: datetime


def list_passkeys(principal: Principal) -> tuple[PasskeyView, ...]:
    """The principal's own passkeys, oldest first."""
    patient_id = require_own_login(principal)
    with reading(as_system(principal)) as tx:
        return tuple(PasskeyView(p.id, p.name, p.synced, p.created_at) for p in passkeys_of(tx, patient_id))


def begin_passkey(principal: Principal) -> str:
    """Start to add a passkey: returns JSON for navigator.credentials.create().

    Raises ReauthRequired or TooManyPasskeys.
    """
    patient_id = require_own_login(principal)
    with transaction(as_system(principal)) as tx:
        login = login_of(tx, patient_id)
        require_reauth(tx, principal, login)
        known = passkeys_of(tx, patient_id)
        if len(known) >= PASSKEYS_AT_MOST:
            raise TooManyPasskeys(most=PASSKEYS_AT_MOST)
        person = tx.get_or_404(Patient, patient_id)
        full_name = person.full_name
        options = webauthn.generate_registration_options(
            rp_id=rp_id(),
            rp_name=tx.get_or_404(Practice, "practice").name,
            user_id=_user_handle(patient_id),
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
        _store_challenge(
            tx, options.challenge, patient_id=patient_id, session_ref=principal.session_ref, registers=True
        )
    return webauthn.options_to_json(options)


def finish_passkey(principal: Principal, answer: str, name: str) -> str:
    """Store the passkey that the browser made and return its id. Ends the other sessions and notifies all contacts.

    Args:
        answer: JSON of navigator.credentials.create().

    Raises PasskeyRefused or ReauthRequired.
    """
    patient_id = require_own_login(principal)
    taken = _take_challenge(principal, answer)
    if taken is None or not taken.row.registers or taken.row.patient_id != patient_id:
        raise PasskeyRefused
    if taken.row.session_ref != principal.session_ref:
        raise PasskeyRefused
    try:
        made = checked_registration(answer, taken.challenge, rp_id=rp_id(), origin=origin())
    except WebAuthnException as error:
        raise PasskeyRefused from error
    with transaction(as_system(principal)) as tx:
        require_reauth(tx, principal, login_of(tx, patient_id))
        credential_id = bytes_to_base64url(made.credential_id)
        if tx.exec(select(Passkey.id).where(col(Passkey.credential_id) == credential_id)).first():
            raise PasskeyRefused
        row = tx.add(
            Passkey(
                id=new_id("psk"),
                patient_id=patient_id,
                credential_id=credential_id,
                public_key=made.credential_public_key,
                sign_count=made.sign_count,
                name=name.strip()[:60] or f"Passkey {len(passkeys_of(tx, patient_id)) + 1}",
                synced=made.credential_backed_up,
                created_at=clock.now(),
            )
        )
        end_other_sessions(tx, principal)
        note(tx, "add:passkey", patient_id)
        notify_all_contacts(tx, patient_id, "passkey_added")
        return row.id


def rename_passkey(principal: Principal, passkey_id: str, name: str) -> None:
    """Give one's own passkey another name. Raises NotFound for anybody else's."""
    patient_id = require_own_login(principal)
    with transaction(as_system(principal)) as tx:
        _own_passkey(tx, patient_id, passkey_id).name = name.strip()[:60] or "Passkey"
        note(tx, "rename:passkey", patient_id)


def remove_passkey(principal: Principal, passkey_id: str) -> None:
    """Remove a passkey, end the other sessions and notify all contacts. Raises ReauthRequired or NotFound."""
    patient_id = require_own_login(principal)
    with transaction(as_system(principal)) as tx:
        require_reauth(tx, principal, login_of(tx, patient_id))
        tx.delete(_own_passkey(tx, patient_id, passkey_id))
        end_other_sessions(tx, principal)
        note(tx, "remove:passkey", patient_id)
        notify_all_contacts(tx, patient_id, "passkey_removed")


def ask_passkey(principal: Principal) -> str:
    """Ask for a passkey: returns JSON for navigator.credentials.get().

    Before sign-in any passkey of this portal may answer; inside a session only the principal's own.
    """
    rate_limits.count_attempt("passkey from", counted_by(principal))
    with transaction(as_system(principal)) as tx:
        allowed = passkeys_of(tx, require_own_login(principal)) if principal.session_ref else []
        options = webauthn.generate_authentication_options(
            rp_id=rp_id(),
            user_verification=UserVerificationRequirement.REQUIRED,
            allow_credentials=[
                PublicKeyCredentialDescriptor(id=base64url_to_bytes(p.credential_id)) for p in allowed
            ],
        )
        _store_challenge(
            tx, options.challenge, patient_id=principal.patient_id, session_ref=principal.session_ref
        )
    return webauthn.options_to_json(options)


def passkey_sign_in(principal: Principal, answer: str) -> str:
    """Sign in with the browser's answer to `ask_passkey`: returns a session ticket.

    Inside a session it counts as re-authentication, and "" is returned. Raises PasskeyRefused.
    """
    rate_limits.count_attempt("try from", counted_by(principal))
    taken = _take_challenge(principal, answer)
    if taken is not None and not taken.row.registers and taken.row.session_ref == principal.session_ref:
        with transaction(as_system(principal)) as tx:
            used = _verify_passkey(tx, answer, taken.challenge)
            if used and principal.session_ref and used.patient_id == principal.patient_id:
                save_proof(tx, principal.session_ref, Proof.PASSKEY)
                return ""
            if used and not principal.session_ref and may_sign_in_now(tx, used.patient_id):
                return write_ticket(
                    tx, way="passkey", patient_id=used.patient_id, language=principal.language
                )
            if used or rate_limits.has_room("nobody all"):
                note(tx, "sign_in_failed", used.patient_id if used else None, ok=False, way="passkey")
    raise PasskeyRefused


def checked_registration(
    answer: str | dict[str, Any], challenge: bytes, *, rp_id: str, origin: str, user_verified: bool = True
) -> VerifiedRegistration:
    """Verify the registration of a passkey (WebAuthn Level 3, section 7.1). Raises WebAuthnException."""
    return webauthn.verify_registration_response(
        credential=answer,
        expected_challenge=challenge,
        expected_rp_id=rp_id,
        expected_origin=origin,
        require_user_verification=user_verified,
    )


def checked_sign_count(
    answer: str | dict[str, Any],
    challenge: bytes,
    *,
    public_key: bytes,
    sign_count: int,
    rp_id: str,
    origin: str,
    user_verified: bool = True,
) -> int:
    """Verify a sign-in with a passkey (WebAuthn Level 3, section 7.2); returns the new signature count.

    Raises WebAuthnException, also when the count has not grown: then the key was copied.
    """
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
    """The origin of the portal as browsers write it: scheme, host and port."""
    parts = urlsplit(settings().public_url)
    return f"{parts.scheme}://{parts.netloc}"


def rp_id() -> str:
    """The relying party of WebAuthn: the portal's host name."""
    return urlsplit(settings().public_url).hostname or ""


def _user_handle(patient_id: PatientId) -> bytes:
    """The user handle that devices store: the same for all passkeys of a patient, and it reveals nothing."""
    return bytes.fromhex(keyed_hash("passkey user", patient_id))


def _own_passkey(tx: Tx, patient_id: PatientId, passkey_id: str) -> Passkey:
    row = tx.get(Passkey, passkey_id, with_for_update=True)
    if row is None or row.patient_id != patient_id:
        raise NotFound
    return row


def _store_challenge(
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


class _Taken(NamedTuple):
    row: PasskeyChallenge
    challenge: bytes


def _take_challenge(principal: Principal, answer: str) -> _Taken | None:
    """The stored challenge that this answers, if it is valid. It is deleted: no second answer is accepted."""
    challenge = _challenge_in(answer)
    if challenge is None:
        return None
    challenge_hash = hashlib.sha256(challenge).hexdigest()
    with transaction(as_system(principal)) as tx:
        row = tx.get(PasskeyChallenge, challenge_hash)
        deleted = tx.exec(
            delete(PasskeyChallenge).where(col(PasskeyChallenge.hash) == challenge_hash)
        ).rowcount
    return _Taken(row, challenge) if row and deleted == 1 and row.expires_at > clock.now() else None


def _challenge_in(answer: str) -> bytes | None:
    if len(answer) > _ANSWER_AT_MOST:
        return None
    try:
        client_data = json.loads(base64url_to_bytes(json.loads(answer)["response"]["clientDataJSON"]))
        return base64url_to_bytes(client_data["challenge"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _verify_passkey(tx: Tx, answer: str, challenge: bytes) -> Passkey | None:
    """The passkey that signed the challenge, its signature count stored; None when none did."""
    query = select(Passkey).where(col(Passkey.credential_id) == str(json.loads(answer).get("id", "")))
    row = tx.exec(query.with_for_update()).first()
    if row is None or not _is_handle_of(answer, row.patient_id):
        return None
    try:
        row.sign_count = checked_sign_count(
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


def _is_handle_of(answer: str, patient_id: PatientId) -> bool:
    """Whether the answer's user handle, if it has one, is the patient's."""
    handle = json.loads(answer)["response"].get("userHandle")
    return not handle or handle == bytes_to_base64url(_user_handle(patient_id))
