"""Origins: scheme, host and port of a site, spelled as browsers send them."""

import re
from urllib.parse import urlsplit

from portal_app.domain.domain_names import ascii_domain

_DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\]")
_ALLOWED = re.compile(r"https?://[^\s/?#@]+/?", re.IGNORECASE)


def parse_origin(text: str) -> str:
    """The origin as a browser spells it: small letters, punycode, no default port, no slash at the end.

    Returns "" for anything that is more or less than scheme, host and port of a site.
    """
    typed = text.strip()
    if not _ALLOWED.fullmatch(typed):
        return ""
    try:
        parts = urlsplit(typed)
        port, host = parts.port, _ascii_host(parts.hostname or "")
    except ValueError:
        return ""
    if not _HOST.fullmatch(host) or parts.netloc.endswith(":"):
        return ""
    shown = "" if port is None or port == _DEFAULT_PORTS[parts.scheme] else f":{port}"
    return f"{parts.scheme}://{host}{shown}"


def hosts_of(origin: str) -> tuple[str, ...]:
    """What is sent as `Host` to this origin: a browser leaves the default port out, some proxies write it."""
    scheme, _, host = origin.partition("://")
    written = urlsplit(origin).port
    return (host,) if written else (host, f"{host}:{_DEFAULT_PORTS[scheme]}")


def _ascii_host(host: str) -> str:
    """A host's name in ASCII. Raises UnicodeError, a ValueError, for a name that no domain can have."""
    if ":" in host:
        return f"[{host}]"
    return ascii_domain(host)
