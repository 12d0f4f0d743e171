"""Keyed hashes and sealed secrets: a copy of the database alone opens nothing."""

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
    """Not sealed by this portal for this purpose: tampered with, or the key has changed."""


def keyed_hash(purpose: str, *parts: str) -> str:
    """For what could be guessed from a plain hash: six digits, an email."""
    told = "\0".join((purpose, *parts))
    return hmac.new(_key("hash"), told.encode(), hashlib.sha256).hexdigest()


def equal(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def encrypt(purpose: str, secret: str) -> str:
    nonce = os.urandom(_NONCE)
    box = AESGCM(_key("seal")).encrypt(nonce, secret.encode(), purpose.encode())
    return base64.urlsafe_b64encode(nonce + box).decode()


def decrypt(purpose: str, sealed: str) -> str:
    """NotOurs for anything that was not sealed with this purpose."""
    try:
        raw = base64.urlsafe_b64decode(sealed)
        return AESGCM(_key("seal")).decrypt(raw[:_NONCE], raw[_NONCE:], purpose.encode()).decode()
    except (InvalidTag, ValueError) as trouble:
        raise NotOurs from trouble


def _key(use: str) -> bytes:
    return _derived(settings().secret_key.get_secret_value(), use)


@lru_cache(maxsize=8)
def _derived(secret: str, use: str) -> bytes:
    if len(secret) < 32:
        raise RuntimeError("PORTAL_SECRET_KEY is missing or shorter than 32 characters")
    return HKDF(SHA256(), 32, salt=None, info=f"portal sign-in {use}".encode()).derive(secret.encode())
