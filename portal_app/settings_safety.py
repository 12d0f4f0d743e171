"""What is unsafe in settings with which the portal starts all the same: read by `portal doctor`."""

import os
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from portal_app.domain.sites.origins import parse_origin
from portal_app.settings import Settings, is_loopback


class Weakness(NamedTuple):
    """`about` is the subject under which the doctor lists it."""

    about: str
    text: str


def weaknesses(found: Settings) -> Iterator[Weakness]:
    """Every setting that protects nobody, each with what to do."""
    if why := weak_secret(found.secret_key.get_secret_value()):
        yield Weakness("settings", f"PORTAL_SECRET_KEY {why}: make one as .env.example says")
    if why := _readable(_env_file(found)):
        yield Weakness("settings", why)
    if found.smtp_tls == "none" and found.smtp_host and not is_loopback(found.smtp_host):
        yield Weakness("mail", "SMTP_TLS=none sends sign-in codes in clear: starttls or tls")
    yield from (Weakness("redis", why) for why in _redis(found.redis_url.get_secret_value()))
    if why := _database(found.database):
        yield Weakness("database", why)
    if "_test_" in found.stripe_secret_key.get_secret_value():
        yield Weakness("cards", "STRIPE_SECRET_KEY is a test key: payments succeed and no card is charged")
    if sites := http_sites(found.embed_origins):
        yield Weakness(
            "frames", f"PORTAL_EMBED_ORIGINS: {sites}, over http anybody on the way can change the page"
        )
    if not found.trusted_proxy_hops:
        yield Weakness(
            "network",
            "PORTAL_TRUSTED_PROXY_HOPS=0: behind the proxy that ends TLS every visitor has the proxy's address, "
            "and all share one rate limit. Set the number of your proxies, mostly 1",
        )


def http_sites(sites: tuple[str, ...]) -> str:
    """Those that are no https sites, in a row; "" for none."""
    return " ".join(site for site in sites if parse_origin(site).startswith("http://"))


def weak_secret(key: str) -> str:
    """Why a key can be guessed, as the end of a sentence; "" for one that looks random.

    A random key of 32 characters from 16 has about 14 different ones, hardly a run and no word in it.
    """
    plain = key.lower()
    if not key:
        return ""  # the settings say that it is missing
    if len(set(key)) < 10:
        return "has too few different characters"
    if any(plain.count(plain[at : at + 6]) > 1 for at in range(len(plain) - 5)):
        return "repeats itself"
    steps = [ord(b) - ord(a) for a, b in pairwise(plain)]
    if sum(abs(step) == 1 and step == last for last, step in pairwise(steps)) > len(key) / 4:
        return "is a row of the alphabet or of digits"
    if re.search(r"secret|password|change|example|portal|default|letmein|qwerty|asdf|insert|replace", plain):
        return "holds a word that everybody tries"
    return ""


def _env_file(found: Settings) -> Path | None:
    file = found.model_config.get("env_file")
    return Path(file) if isinstance(file, str) and Path(file).exists() else None


def _readable(file: Path | None) -> str:
    """The file holds every secret. A group may read it: the portal's own user may be in one."""
    if file is None or os.name != "posix":
        return ""
    mode = file.stat().st_mode
    if mode & 0o006:
        return f"{file} is open to every user of this machine: chmod 600 {file}"
    return f"{file} can be changed by its group: chmod g-w {file}" if mode & 0o020 else ""


def _redis(address: str) -> Iterator[str]:
    where = urlsplit(address)
    if not address or where.scheme == "unix":  # the file's permissions protect a Unix socket
        return
    if not where.password:
        yield "REDIS_URL has no password, and whoever writes to Redis runs code in the portal: requirepass"
    if where.scheme != "rediss" and not is_loopback(where.hostname or "localhost"):
        yield "REDIS_URL leaves this machine without TLS: rediss://"


def _database(address: str) -> str:
    where = urlsplit(address)
    if not where.scheme.startswith("postgres"):
        return ""
    asked = parse_qs(where.query)
    hosts = ",".join([*asked.get("host", []), *([where.hostname] if where.hostname else [])]).split(",")
    mode = asked.get("sslmode", [os.environ.get("PGSSLMODE", "prefer")])[-1]
    away = [host for host in hosts if host and not host.startswith("/") and not is_loopback(host)]
    if not away or mode in ("require", "verify-ca", "verify-full"):
        return ""
    return f"DATABASE_URL reaches {away[0]} without requiring TLS (sslmode={mode}): add ?sslmode=verify-full"
