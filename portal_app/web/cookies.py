"""The session cookies. `__Host-` binds them to this address; over plain http (the demo) they have other names.

A frame in another site has a cookie of its own, partitioned by site: it is sent to frames in that site only,
and to none of the portal's own pages. Browsers accept `Secure` over http on loopback.

An action link has a cookie of its own too: it opens beside a sign-in, not instead of it.
"""

from collections.abc import Iterable

from portal_app.domain.access import Side
from portal_app.domain.credentials.lockouts import DEVICE_KNOWN_FOR
from portal_app.domain.sign_in import SessionScope, session_ref
from portal_app.settings import settings

_NAMES = {Side.PATIENT: "portal", Side.STAFF: "portal-staff"}
_APART = {SessionScope.EMBED: "portal-embed", SessionScope.LINK: "portal-link"}
_DEVICE, _EMBED_DEVICE = "portal-device", "portal-embed-device"


def secure() -> bool:
    """Whether the portal is reached by https."""
    return settings().public_url.startswith("https://")


def cookie_name(side: Side, scope: SessionScope = SessionScope.FULL) -> str:
    """The name of the session cookie of a side, or of a frame's or an action link's."""
    name = _APART.get(scope) or _NAMES[side]
    return f"__Host-{name}" if secure() else f"demo-{name}"


def set_cookie(side: Side, value: str, scope: SessionScope = SessionScope.FULL) -> str:
    """The Set-Cookie header: until the browser closes, invisible to scripts. An empty value deletes the cookie."""
    return _header(cookie_name(side, scope), value, scope, None if value else 0)


def device_cookie(value: str, scope: SessionScope = SessionScope.FULL) -> str:
    """The Set-Cookie header of the cookie by which a browser is recognised; invisible to scripts, signs nobody in."""
    return _header(_device_name(scope), value, scope, int(DEVICE_KNOWN_FOR.total_seconds()))


def device_ref(headers: Iterable[tuple[bytes, bytes]], *, embedded: bool) -> str:
    """Hash of the device cookie; "" where there is none."""
    value = read_cookie(headers, _device_name(SessionScope.EMBED if embedded else SessionScope.FULL))
    return session_ref(value) if value else ""


def _device_name(scope: SessionScope) -> str:
    name = _EMBED_DEVICE if scope is SessionScope.EMBED else _DEVICE
    return f"__Host-{name}" if secure() else f"demo-{name}"


def _header(name: str, value: str, scope: SessionScope, max_age: int | None) -> str:
    parts = [f"{name}={value}", "Path=/", "HttpOnly"]
    if scope is SessionScope.EMBED:
        parts += ["SameSite=None", "Secure", "Partitioned"]
    else:
        parts += ["SameSite=Lax", *(["Secure"] if secure() else [])]
    if max_age is not None:
        parts.append(f"Max-Age={max_age}")
    return "; ".join(parts)


def session_refs(headers: Iterable[tuple[bytes, bytes]]) -> tuple[str, str]:
    """Hashes of the patient's and the staff cookie; "" where there is none."""
    given = tuple(headers)
    return _ref(given, Side.PATIENT), _ref(given, Side.STAFF)


def embed_ref(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Hash of the frame's cookie; "" where there is none."""
    return _ref(headers, Side.PATIENT, SessionScope.EMBED)


def read_cookie(headers: Iterable[tuple[bytes, bytes]], name: str) -> str:
    """The value of the cookie of this name; "" where there is none. The only reader of cookies.

    Everything else in the header is passed over, whatever it looks like: other programs on the practice's domain
    set cookies too, and what they write is not ours to judge. A strict parser that refuses the whole header for
    one of them (`http.cookies`) would let each of them keep everybody from signing in. A browser sends at most
    one `__Host-` cookie of a name; of several others the first one that has a value counts.
    """
    asked = name.encode("latin-1")
    for header, text in headers:
        if header.lower() != b"cookie":
            continue
        for pair in text.split(b";"):
            found, _, value = pair.strip(b" \t").partition(b"=")
            if found == asked and value:
                return value.decode("latin-1")
    return ""


def link_ref(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Hash of the cookie of an action link; "" where there is none."""
    return _ref(headers, Side.PATIENT, SessionScope.LINK)


def _ref(headers: Iterable[tuple[bytes, bytes]], side: Side, scope: SessionScope = SessionScope.FULL) -> str:
    value = read_cookie(headers, cookie_name(side, scope))
    return session_ref(value, scope) if value else ""
