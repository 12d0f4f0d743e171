"""Passkeys, tested with a simulated device and with the W3C's test vectors."""

import hashlib
import json
import struct
from datetime import timedelta
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import bytes_to_base64url as b64
from webauthn.helpers.exceptions import WebAuthnException

from portal_app import clock
from portal_app.domain.access import Side
from portal_app.domain.credentials.types import Proof
from portal_app.domain.errors import NotFound, NotSignedIn
from portal_app.services.credentials import passkeys, passwords, second_factor
from portal_app.services.credentials.errors import PasskeyRefused
from portal_app.services.sign_in.sessions import principal_of
from tests.domain.test_credentials import facts
from tests.people import KIM, MARIA, People
from tests.services.credentials_helper import (
    NOBODY,
    new_session,
    recipients_of,
    sign_in_as,
    trail,
    with_password,
)

UP, UV, AT = 0x01, 0x04, 0x40


class Device:
    """A simulated phone that makes one passkey and signs with it."""

    def __init__(self, *, verifies: bool = True, origin: str = "") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = hashlib.sha256(str(id(self)).encode()).digest()
        self.count, self.verifies, self.origin = 0, verifies, origin or passkeys.origin()
        self.handle = ""

    def create(self, options: str) -> str:
        asked = json.loads(options)
        self.handle = asked["user"]["id"]
        numbers = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        attested = bytes(16) + struct.pack(">H", len(self.id)) + self.id + cbor2.dumps(cose)
        made = {"fmt": "none", "attStmt": {}, "authData": self._data(AT) + attested}
        return self._answer(
            {
                "clientDataJSON": self._client("webauthn.create", asked["challenge"]),
                "attestationObject": b64(cbor2.dumps(made)),
            }
        )

    def get(self, options: str, *, count: int | None = None) -> str:
        self.count = self.count + 1 if count is None else count
        client = self._client("webauthn.get", json.loads(options)["challenge"])
        data = self._data(0)
        signed = data + hashlib.sha256(_bytes(client)).digest()
        return self._answer(
            {
                "clientDataJSON": client,
                "authenticatorData": b64(data),
                "signature": b64(self.key.sign(signed, ec.ECDSA(SHA256()))),
                "userHandle": self.handle,
            }
        )

    def _data(self, flags: int) -> bytes:
        here = hashlib.sha256(passkeys.rp_id().encode()).digest()
        return here + bytes([flags | UP | (UV if self.verifies else 0)]) + struct.pack(">I", self.count)

    def _client(self, what: str, challenge: str) -> str:
        return b64(json.dumps({"type": what, "challenge": challenge, "origin": self.origin}).encode())

    def _answer(self, response: dict[str, Any]) -> str:
        return json.dumps(
            {"id": b64(self.id), "rawId": b64(self.id), "type": "public-key", "response": response}
        )


def _bytes(text: str) -> bytes:
    return passkeys.base64url_to_bytes(text)


def with_passkey(principal, name: str = "Phone") -> tuple[Device, str]:
    device = Device()
    return device, passkeys.finish_passkey(principal, device.create(passkeys.begin_passkey(principal)), name)


def test_a_passkey_that_verifies_its_user_signs_in_alone(sample_people: People):
    device, _ = with_passkey(new_session(MARIA))
    ticket = passkeys.passkey_sign_in(NOBODY, device.get(passkeys.ask_passkey(NOBODY)))
    maria = sign_in_as(ticket)
    assert maria.patient_id == MARIA.id
    assert [p.name for p in passkeys.list_passkeys(maria)] == ["Phone"]
    assert recipients_of("passkey_added") == {"maria@example.com", "+12125550142"}
    passwords.set_password(
        maria, "maria", "violet kettle on the moon"
    )  # new sessions need no re-authentication


def test_a_passkey_must_be_resident_and_verify_its_user(sample_people: People):
    asked = json.loads(passkeys.begin_passkey(new_session(MARIA)))
    assert asked["authenticatorSelection"]["userVerification"] == "required"
    assert asked["authenticatorSelection"]["residentKey"] == "required"
    assert MARIA.id not in json.dumps(asked)
    assert json.loads(passkeys.ask_passkey(NOBODY))["allowCredentials"] == []


def test_a_passkey_challenge_is_answered_once_within_five_minutes(sample_people: People):
    device, _ = with_passkey(new_session(MARIA))
    answer = device.get(passkeys.ask_passkey(NOBODY))
    assert passkeys.passkey_sign_in(NOBODY, answer)
    with pytest.raises(PasskeyRefused):
        passkeys.passkey_sign_in(NOBODY, answer)
    late = device.get(passkeys.ask_passkey(NOBODY))
    with clock.held_at(clock.now() + timedelta(minutes=6)), pytest.raises(PasskeyRefused):
        passkeys.passkey_sign_in(NOBODY, late)


def test_a_signature_count_that_does_not_grow_is_refused(sample_people: People):
    device, _ = with_passkey(new_session(MARIA))
    assert passkeys.passkey_sign_in(NOBODY, device.get(passkeys.ask_passkey(NOBODY), count=7))
    for copied in (7, 3):
        with pytest.raises(PasskeyRefused):
            passkeys.passkey_sign_in(NOBODY, device.get(passkeys.ask_passkey(NOBODY), count=copied))
    assert [e.outcome for e in trail() if e.action == "sign_in_failed"] == ["refused", "refused"]


@pytest.mark.parametrize(
    "device",
    [Device(verifies=False), Device(origin="https://portal.example.evil")],
    ids=["no check", "elsewhere"],
)
def test_a_passkey_without_user_verification_or_of_another_origin_is_refused(
    sample_people: People, device: Device
):
    maria = new_session(MARIA)
    with pytest.raises(PasskeyRefused):
        passkeys.finish_passkey(maria, device.create(passkeys.begin_passkey(maria)), "Phone")


def test_a_sign_in_answer_of_another_key_or_nonsense_is_refused(sample_people: People):
    with_passkey(new_session(MARIA))
    stranger = Device()
    for answer in (
        stranger.get(passkeys.ask_passkey(NOBODY)),
        "{}",
        "[]",
        "",
        '{"response":1}',
        "x" * 30_000,
    ):
        with pytest.raises(PasskeyRefused):
            passkeys.passkey_sign_in(NOBODY, answer)


def test_a_passkey_challenge_of_another_patient_is_refused(sample_people: People):
    maria, kim, device = new_session(MARIA), new_session(KIM), Device()
    answer = device.create(passkeys.begin_passkey(maria))
    with pytest.raises(PasskeyRefused):
        passkeys.finish_passkey(kim, answer, "Mine")


def test_a_removed_passkey_does_not_sign_in(sample_people: People):
    maria = new_session(MARIA)
    phone, phone_id = with_passkey(maria)
    asked = passkeys.ask_passkey(maria)
    assert passkeys.passkey_sign_in(maria, phone.get(asked)) == ""  # re-authenticated
    key, _ = with_passkey(maria, "Blue key")
    other = sign_in_as(passkeys.passkey_sign_in(NOBODY, key.get(passkeys.ask_passkey(NOBODY))))
    passkeys.remove_passkey(maria, phone_id)
    with pytest.raises(NotSignedIn):
        principal_of(other.session_ref, Side.PATIENT)
    with pytest.raises(PasskeyRefused):
        passkeys.passkey_sign_in(NOBODY, phone.get(passkeys.ask_passkey(NOBODY)))
    assert [p.name for p in passkeys.list_passkeys(maria)] == ["Blue key"]
    with pytest.raises(NotFound):
        passkeys.rename_passkey(new_session(KIM), passkeys.list_passkeys(maria)[0].id, "Mine")


def test_a_passkey_is_among_the_second_factors(sample_people: People):
    with_passkey(new_session(MARIA))
    maria = new_session(MARIA, way="passkey")
    passwords.set_password(maria, "maria", "violet kettle on the moon")
    assert Proof.PASSKEY in second_factor.start_reauth(maria).ways
    assert with_password(KIM)


def _vectors() -> list[dict[str, Any]]:
    return [v for v in json.loads(facts("webauthn_w3c_vectors.json").read_text()) if "collector_check" in v]


def _b64(vector: dict[str, Any], part: str, *names: str) -> str:
    known = vector["registration"]["credential_id"]
    response = {name: b64(bytes.fromhex(vector[part][name])) for name in names}
    id_ = b64(bytes.fromhex(known))
    return json.dumps({"id": id_, "rawId": id_, "type": "public-key", "response": response})


def test_the_w3c_vectors_give_what_was_collected():
    vectors = _vectors()
    assert len(vectors) == 5
    for vector in vectors:
        try:
            verified = _both_ceremonies(vector)
        except WebAuthnException:
            verified = False
        assert verified == ("verified OK" in vector["collector_check"]), vector["id"]


def _both_ceremonies(vector: dict[str, Any]) -> bool:
    where = {"rp_id": vector["rp_id"], "origin": vector["origin"], "user_verified": False}
    made = passkeys.checked_registration(
        _b64(vector, "registration", "clientDataJSON", "attestationObject"),
        bytes.fromhex(vector["registration"]["challenge"]),
        **where,
    )
    count = passkeys.checked_sign_count(
        _b64(vector, "authentication", "clientDataJSON", "authenticatorData", "signature"),
        bytes.fromhex(vector["authentication"]["challenge"]),
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        **where,
    )
    return count == 0 and b64(made.credential_id) == b64(
        bytes.fromhex(vector["registration"]["credential_id"])
    )


def test_vectors_without_user_verification_are_no_sign_in_here():
    vector = _vectors()[0]
    with pytest.raises(WebAuthnException):
        passkeys.checked_registration(
            _b64(vector, "registration", "clientDataJSON", "attestationObject"),
            bytes.fromhex(vector["registration"]["challenge"]),
            rp_id=vector["rp_id"],
            origin=vector["origin"],
        )
