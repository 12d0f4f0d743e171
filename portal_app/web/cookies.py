"""The session cookies. `__Host-` binds them to this very address; the demo's plain http has other names.

A frame in another site has a cookie of its own, kept apart by site (Partitioned): it reaches nobody's
frame but that site's, and none of the portal's own pages. Browsers take `Secure` from http on loopback.
"""

from collections.abc import Iterable
from contextlib import suppress
from http.cookies import CookieError, SimpleCookie

from portal_app.domain.access import Side
from portal_app.domain.sign_in import SessionScope, session_ref
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
    if scope is SessionScope.EMBED:
        parts += ["SameSite=None", "Secure", "Partitioned"]
    else:
        parts += ["SameSite=Lax", *(["Secure"] if secure() else [])]
    if not value:
        parts.append("Max-Age=0")
    return "; ".join(parts)


def session_refs(headers: Iterable[tuple[bytes, bytes]]) -> tuple[str, str]:
    """The hashes of the patient's and the staff cookie, "" without."""
    jar = _jar(headers)
    return _ref(jar, Side.PATIENT), _ref(jar, Side.STAFF)


def embed_ref(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The hash of the frame's cookie, "" without."""
    return _ref(_jar(headers), Side.PATIENT, SessionScope.EMBED)


def _jar(headers: Iterable[tuple[bytes, bytes]]) -> SimpleCookie:
    jar: SimpleCookie = SimpleCookie()
    with suppress(CookieError):
        jar.load("; ".join(v.decode("latin-1") for k, v in headers if k.lower() == b"cookie"))
    return jar


def _ref(jar: SimpleCookie, side: Side, scope: SessionScope = SessionScope.FULL) -> str:
    name = cookie_name(side, scope)
    value = jar[name].value if name in jar else ""
    return session_ref(value, scope) if value else ""
