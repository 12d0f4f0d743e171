"""What every answer carries besides its content."""

from pathlib import Path

from portal_app.domain.sites.embedding import is_embed
from portal_app.settings import settings
from portal_app.web.shield.content_policy import permissions_policy, policy

Headers = list[tuple[bytes, bytes]]
_FOR_EVER = b"public, max-age=31536000, immutable"
_A_DAY = b"public, max-age=86400"


def answer_headers(path: str, given: Headers, web_root: Path, framed_by: tuple[str, ...] = ()) -> Headers:
    """The answer's own headers, ours instead of or besides them. `framed_by`: for pages in a frame, whose."""
    document = any(k.lower() == b"content-type" and v.startswith(b"text/html") for k, v in given)
    ours = _security(path, document, web_root, framed_by)
    names = {name for name, _ in ours} | {b"server"}
    if cache := _cache(path):
        ours.append((b"cache-control", cache))
        names.add(b"cache-control")
    elif not any(k.lower() == b"cache-control" for k, _ in given):
        ours.append((b"cache-control", b"no-store"))
    return [(k, v) for k, v in given if k.lower() not in names and not _opens_cors(k)] + ours


def _security(path: str, document: bool, web_root: Path, framed_by: tuple[str, ...]) -> Headers:
    headers = {
        "content-security-policy": policy(path, document=document, web_root=web_root, framed_by=framed_by),
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "permissions-policy": permissions_policy(path),
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
    }
    if settings().public_url.startswith("https://"):
        headers["strict-transport-security"] = "max-age=63072000; includeSubDomains"
    if is_embed(path):  # a site that isolates itself may load it; who may frame it, the policy says
        headers["cross-origin-resource-policy"] = "cross-origin"
    else:
        headers["x-frame-options"] = "DENY"
    return [(name.encode(), value.encode()) for name, value in headers.items()]


def _cache(path: str) -> bytes:
    if path.startswith("/assets/") or path == "/ui.js":  # named by their content
        return _FOR_EVER
    if path.startswith("/fonts/") or path.endswith((".svg", ".ico", ".webmanifest")):
        return _A_DAY
    return b""


def _opens_cors(name: bytes) -> bool:
    """Nobody else's page may read us."""
    return name.lower().startswith(b"access-control-")
