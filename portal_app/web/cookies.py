"""The session cookies. `__Host-` binds them to this very address; the demo's plain http has other names."""

import hashlib
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie

from portal_app.domain.access import Side
from portal_app.domain.sign_in import SessionScope
from portal_app.settings import settings

_NAMES = {Side.PATIENT: "portal", Side.STAFF: "portal-staff"}
_EMBED = "portal-embed"


def secure() -> bool:
    return settings().public_url.startswith("https://")


def cookie_name(side: Side, scope: SessionScope = SessionScope.FULL) -> str:
    name = _EMBED if scope is SessionScope.EMBED else _NAMES[side]
    return f"__Host-{name}" if secure() else f"demo-{name}"


def set_cookie(side: Side, value: str, scope: SessionScope = SessionScope.FULL) -> str:
    """The header that sets it: for the browser's session, seen by no script."""
    parts = [f"{cookie_name(side, scope)}={value}", "Path=/", "HttpOnly"]
    if scope is SessionScope.EMBED and secure():
        parts += ["SameSite=None", "Secure", "Partitioned"]
    else:
        parts += ["SameSite=Lax", *(["Secure"] if secure() else [])]
    if not value:
        parts.append("Max-Age=0")
    return "; ".join(parts)


def session_refs(headers: Iterable[tuple[bytes, bytes]]) -> tuple[str, str]:
    """The hashes of the patient's and the staff cookie, "" without."""
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load("; ".join(v.decode("latin-1") for k, v in headers if k.lower() == b"cookie"))
    except CookieError:
        return "", ""
    patient = _value(jar, cookie_name(Side.PATIENT)) or _value(
        jar, cookie_name(Side.PATIENT, SessionScope.EMBED)
    )
    return _hashed(patient), _hashed(_value(jar, cookie_name(Side.STAFF)))


def _value(jar: SimpleCookie, name: str) -> str:
    return jar[name].value if name in jar else ""


def _hashed(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest() if value else ""
