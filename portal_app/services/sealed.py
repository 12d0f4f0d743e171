"""Secrets that must be read again are kept sealed: AES-256-GCM under a key made from PORTAL_SECRET_KEY."""

import base64
import hashlib
import hmac
import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from portal_app.settings import settings

_NONCE = 12


class NotOurs(Exception):
    """Not sealed by this portal, for this purpose: tampered with, or the key has changed."""


def seal(plain: str, purpose: str) -> str:
    """Text for a column or a link. `purpose` names what it is; under another it does not open."""
    nonce = os.urandom(_NONCE)
    box = AESGCM(_key("seal")).encrypt(nonce, plain.encode(), purpose.encode())
    return base64.urlsafe_b64encode(nonce + box).decode().rstrip("=")


def unseal(text: str, purpose: str) -> str:
    """What was sealed. NotOurs for anything else."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return AESGCM(_key("seal")).decrypt(raw[:_NONCE], raw[_NONCE:], purpose.encode()).decode()
    except (InvalidTag, ValueError) as trouble:
        raise NotOurs from trouble


def fingerprint(text: str, purpose: str) -> str:
    """A keyed hash for codes: from a copy of the database alone nobody can try six digits."""
    return hmac.new(_key("fingerprint"), f"{purpose}\0{text}".encode(), hashlib.sha256).hexdigest()


def same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _key(use: str) -> bytes:
    secret = settings().secret_key.get_secret_value()
    if len(secret) < 32:
        raise RuntimeError("PORTAL_SECRET_KEY has fewer than 32 characters")
    return _derived(secret, use)


@lru_cache(maxsize=8)
def _derived(secret: str, use: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=f"patient-portal {use} v1".encode()).derive(secret.encode())
