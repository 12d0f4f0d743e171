"""How passwords are kept and compared: argon2id, one way for patients and staff."""

import secrets
from functools import cache

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from portal_app.domain.credentials import password_text

_READ_AT_MOST = 1000  # characters; more than any password has, so that none fits by its beginning
_keeper = PasswordHash((Argon2Hasher(),))


def hash_password(password: str) -> str:
    """What is kept of it; whether it is good enough is asked before."""
    return _keeper.hash(password_text(password))


def verify_password(password: str, kept: str) -> tuple[bool, str | None]:
    """Right or not, and what to keep instead when today's settings are stronger. The same work for nobody (`kept` "")."""
    nobodys = _nobodys()  # asked first: whoever is the first of all waits for it, known or not
    right, fresh = _keeper.verify_and_update(password_text(password[:_READ_AT_MOST]), kept or nobodys)
    return (right, fresh) if kept else (False, None)


@cache
def _nobodys() -> str:
    return _keeper.hash(secrets.token_hex(16))
