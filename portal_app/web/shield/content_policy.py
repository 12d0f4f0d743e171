"""Which scripts, styles and frames a page may use: one policy for patients' pages, one for staff's.

A policy belongs to the document first loaded, so all pages of a side share it. The few inline
scripts of the build are let in by their hashes.
"""

import base64
import hashlib
import re
from functools import cache, lru_cache
from pathlib import Path

from portal_app.domain.sites.embedding import is_embed
from portal_app.settings import settings

_SCRIPT = re.compile(r"<script\b(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.S)
_STYLE = re.compile(r"<style\b[^>]*>(.*?)</style>", re.S)
STRIPE_SCRIPTS = "https://js.stripe.com https://*.js.stripe.com"
STRIPE_FRAMES = f"{STRIPE_SCRIPTS} https://hooks.stripe.com"
STRIPE_CALLS = "https://api.stripe.com"


def is_staff(path: str) -> bool:
    """Whether a path is one of staff's pages, in any language: /staff, /es/staff/…"""
    parts = path.strip("/").split("/")
    return "staff" in parts[:2]


@lru_cache(maxsize=2048)
def policy(path: str, *, document: bool, web_root: Path, framed_by: tuple[str, ...] = ()) -> str:
    """The Content-Security-Policy for a path. `document`: an HTML page of the build. `framed_by`: origins."""
    scripts, styles = _hashes(web_root, path) if document else ("", "")
    patient = not is_staff(path)
    pays = patient and not settings().simulated
    frames = STRIPE_FRAMES if pays else "'self'" if patient and settings().simulated else "'none'"
    ancestors = (" ".join(framed_by) if is_embed(path) else "") or "'none'"
    return "; ".join(
        " ".join(part.split())
        for part in (
            "default-src 'none'",
            f"script-src 'self' {STRIPE_SCRIPTS if pays else ''} {scripts}",
            f"style-src-elem 'self' {styles}",
            "style-src-attr 'unsafe-inline'",
            "img-src 'self' data:",
            "font-src 'self'",
            f"connect-src 'self' {_socket()} {STRIPE_CALLS if pays else ''}",
            "manifest-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "object-src 'none'",
            "worker-src 'none'",
            f"frame-src {frames}",
            f"frame-ancestors {ancestors}",
            *(["upgrade-insecure-requests"] if settings().public_url.startswith("https") else []),
        )
    )


def permissions_policy(path: str) -> str:
    """The Permissions-Policy for a path: wallets on patients' pages, passkeys everywhere, nothing else."""
    pays = "(self)" if is_staff(path) else '(self "https://js.stripe.com" "https://hooks.stripe.com")'
    return (
        f"payment={pays}, publickey-credentials-get=(self), publickey-credentials-create=(self), "
        "camera=(), microphone=(), geolocation=(), usb=(), serial=(), midi=(), "
        "accelerometer=(), gyroscope=(), magnetometer=(), display-capture=(), browsing-topics=()"
    )


def _socket() -> str:
    return settings().public_url.replace("http", "ws", 1)


def _hashes(web_root: Path, path: str) -> tuple[str, str]:
    """The hashes of the inline scripts and styles of the path's document."""
    found = _all_hashes(web_root)
    bare = path.rstrip("/")
    for key in (f"{bare}/index.html", f"{bare}.html", path):
        if key in found:
            return found[key]
    # A page whose address names a thing, or one that does not exist.
    others = [found[key] for key in ("/__spa-fallback.html", "/404.html") if key in found]
    return " ".join(scripts for scripts, _ in others), " ".join(styles for _, styles in others)


@cache
def _all_hashes(web_root: Path) -> dict[str, tuple[str, str]]:
    return {
        f"/{file.relative_to(web_root).as_posix()}": (
            _sources(_SCRIPT, text := file.read_text(encoding="utf-8")),
            _sources(_STYLE, text),
        )
        for file in web_root.rglob("*.html")
    }


def _sources(pattern: re.Pattern[str], html: str) -> str:
    return " ".join(dict.fromkeys(_hash(found) for found in pattern.findall(html)))


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
