"""The session cookies. `__Host-` binds them to this address; over plain http (the demo) they have other names.

A frame in another site has a cookie of its own, partitioned by site: it is sent to frames in that site only,
and to none of the portal's own pages. Browsers accept `Secure` over http on loopback.
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
    """The Set-Cookie header: until the browser closes, invisible to scripts. An empty value deletes the cookie."""
    parts = [f"{cookie_name(side, scope)}={value}", "Path=/", "HttpOnly"]
    if scope is SessionScope.EMBED:
        parts += ["SameSite=None", "Secure", "Partitioned"]
    else:
        parts += ["SameSite=Lax", *(["Secure"] if secure() else [])]
    if not value:
        parts.append("Max-Age=0")
    return "; ".join(parts)


def session_refs(headers: Iterable[tuple[bytes, bytes]]) -> tuple[str, str]:
    """Hashes of the patient's and the staff cookie; "" where there is none."""
    jar = _jar(headers)
    return _ref(jar, Side.PATIENT), _ref(jar, Side.STAFF)


def embed_ref(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Hash of the frame's cookie; "" where there is none."""
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
