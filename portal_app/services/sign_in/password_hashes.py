"""Hashing and checking of passwords with argon2id, the same for patients and staff."""

import secrets
from functools import cache

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from portal_app.domain.credentials.passwords import password_text

_READ_AT_MOST = 1000  # characters: longer than any password, so that no longer text matches one by its start
_hasher = PasswordHash((Argon2Hasher(),))


def hash_password(password: str) -> str:
    """The hash to store. The caller checks before whether the password is good enough."""
    return _hasher.hash(password_text(password))


def verify_password(password: str, stored_hash: str) -> tuple[bool, str | None]:
    """Whether the password matches, and a new hash to store when today's settings are stronger.

    With an empty `stored_hash` (no such person, no password) it takes the same time and never matches.
    """
    dummy = _dummy_hash()  # always called: the first call takes longer, for known and unknown people alike
    matches, new_hash = _hasher.verify_and_update(
        password_text(password[:_READ_AT_MOST]), stored_hash or dummy
    )
    return (matches, new_hash) if stored_hash else (False, None)


@cache
def _dummy_hash() -> str:
    return _hasher.hash(secrets.token_hex(16))
