"""Keyed hashes and encrypted secrets: without PORTAL_SECRET_KEY a copy of the database reveals none of them."""

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

_NONCE = 12  # bytes


class CannotDecrypt(Exception):
    """The text was not encrypted by this portal for this purpose: altered, or the key has changed."""


def keyed_hash(purpose: str, *parts: str) -> str:
    """A hash that needs the secret key. For values that could be guessed from a plain hash: six digits, an email."""
    text = "\0".join((purpose, *parts))
    return hmac.new(_key("hash"), text.encode(), hashlib.sha256).hexdigest()


def equal(one: str, other: str) -> bool:
    """Compare two secrets; takes equally long wherever they differ."""
    return hmac.compare_digest(one.encode(), other.encode())


def encrypt(purpose: str, secret: str) -> str:
    """The secret encrypted with AES-GCM, as base64url text; only `decrypt` with the same purpose reads it."""
    nonce = os.urandom(_NONCE)
    encrypted = AESGCM(_key("seal")).encrypt(nonce, secret.encode(), purpose.encode())
    return base64.urlsafe_b64encode(nonce + encrypted).decode()


def decrypt(purpose: str, encrypted: str) -> str:
    """Reverse of `encrypt`. Raises CannotDecrypt for anything not encrypted with this purpose."""
    try:
        raw = base64.urlsafe_b64decode(encrypted)
        return AESGCM(_key("seal")).decrypt(raw[:_NONCE], raw[_NONCE:], purpose.encode()).decode()
    except (InvalidTag, ValueError) as error:
        raise CannotDecrypt from error


def _key(use: str) -> bytes:
    return _derived(settings().secret_key.get_secret_value(), use)


@lru_cache(maxsize=8)
def _derived(secret: str, use: str) -> bytes:
    if len(secret) < 32:
        raise RuntimeError("PORTAL_SECRET_KEY is missing or shorter than 32 characters")
    return HKDF(SHA256(), 32, salt=None, info=f"portal sign-in {use}".encode()).derive(secret.encode())
