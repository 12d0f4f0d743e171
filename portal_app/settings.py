"""The settings of the installation: read once from the environment and `.env`, checked at start-up."""

import contextlib
import ipaddress
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.localedata import locale_identifiers
from babel.numbers import list_currencies
from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from portal_app.domain.ip import parse_ip
from portal_app.domain.mail_address import parse_sender
from portal_app.domain.sites.origins import parse_origin


class Mode(StrEnum):
    DEMO = "demo"
    PRODUCTION = "production"


class Surface(StrEnum):
    """Which pages, states and handlers exist in this process (docs/security.md)."""

    BOTH = "both"
    PATIENT = "patient"
    STAFF = "staff"


def _words(value: object) -> object:
    return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value


# What a demo does not take from outside: a practice's database, processor, mail, text messages, export.
_NOT_FOR_A_DEMO = (
    "database_url",
    "redis_url",
    "stripe_",
    "smtp_",
    "twilio_",
    "portal_export_",
    "portal_timestamp_",
)
_DEMO_DATA = Path("demo-data")
_YES = {"yes", "y", "true", "t", "on", "1"}  # what pydantic reads as true


def _address(value: object) -> object:
    """As browsers spell it (https://my.example.org:443 is https://my.example.org), where it can be read at all."""
    return (parse_origin(value) or value) if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)]


class Settings(BaseSettings):
    """One frozen object. Names in the environment are those of `.env.example`."""

    model_config = SettingsConfigDict(
        env_file=".env", env_prefix="PORTAL_", frozen=True, extra="ignore", populate_by_name=True
    )

    mode: Mode = Mode.PRODUCTION
    demo_uses_env: bool = False
    surface: Surface = Surface.BOTH
    jobs: bool = True
    data_dir: Path = Path("data")
    database_url: str = Field("", alias="DATABASE_URL")
    redis_url: SecretStr = Field(SecretStr(""), alias="REDIS_URL")
    public_url: Annotated[str, BeforeValidator(_address)] = "http://localhost:3000"
    port: int = 3000
    bind: str = "127.0.0.1"
    demo_public: bool = False
    trusted_proxy_hops: int = Field(0, ge=0)
    sockets_per_address: int = Field(200, ge=1)
    secret_key: SecretStr = SecretStr("")
    clock: str = ""

    timezone: str = "America/New_York"
    currency: str = "USD"
    locale: str = "en_US"
    languages: Words = ("en", "es")
    embed_origins: Words = ()

    stripe_secret_key: SecretStr = Field(SecretStr(""), alias="STRIPE_SECRET_KEY")
    stripe_publishable_key: str = Field("", alias="STRIPE_PUBLISHABLE_KEY")
    stripe_webhook_secret: SecretStr = Field(SecretStr(""), alias="STRIPE_WEBHOOK_SECRET")
    stripe_api_base: str = Field("", alias="STRIPE_API_BASE")
    stripe_script_url: str = Field("", alias="STRIPE_SCRIPT_URL")

    smtp_host: str = Field("", alias="SMTP_HOST")
    smtp_port: int = Field(587, alias="SMTP_PORT")
    smtp_user: str = Field("", alias="SMTP_USER")
    smtp_password: SecretStr = Field(SecretStr(""), alias="SMTP_PASSWORD")
    smtp_tls: str = Field("starttls", alias="SMTP_TLS")
    smtp_from: str = Field("", alias="SMTP_FROM")
    twilio_account_sid: str = Field("", alias="TWILIO_ACCOUNT_SID")
    twilio_auth_token: SecretStr = Field(SecretStr(""), alias="TWILIO_AUTH_TOKEN")
    twilio_from: str = Field("", alias="TWILIO_FROM")
    twilio_api_base: str = Field("", alias="TWILIO_API_BASE")

    export_url: str = ""
    export_token: SecretStr = SecretStr("")
    timestamp_url: str = ""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """In production the environment, then `.env`. A demo ignores what belongs to a practice."""
        assert isinstance(env_settings, EnvSettingsSource)
        assert isinstance(dotenv_settings, DotEnvSettingsSource)
        around, written = env_settings.env_vars, dotenv_settings.env_vars
        mode = around.get("portal_mode") or written.get("portal_mode") or ""
        if mode != Mode.DEMO:
            return init_settings, env_settings, dotenv_settings
        defaults = InitSettingsSource(settings_cls, {"mode": Mode.DEMO, "data_dir": _DEMO_DATA})
        if _demo_uses_env(around, written):
            return init_settings, env_settings, dotenv_settings, defaults
        env_settings.env_vars = {
            name: value for name, value in around.items() if not name.startswith(_NOT_FOR_A_DEMO)
        }
        return init_settings, env_settings, defaults

    @property
    def demo(self) -> bool:
        return self.mode is Mode.DEMO

    @property
    def ignores_env_file(self) -> bool:
        """Whether there is a `.env` that this demo does not read."""
        file = self.model_config.get("env_file")
        return self.demo and not self.demo_uses_env and isinstance(file, str) and Path(file).exists()

    @property
    def simulated(self) -> bool:
        """Whether payments go to the simulator that demo and tests carry with them."""
        return self.demo and not self.stripe_secret_key.get_secret_value()

    @property
    def database(self) -> str:
        """The database's address; SQLite in the data folder unless one is named."""
        url = self.database_url or f"sqlite:///{self.data_dir / 'portal.db'}"
        for plain in ("postgres://", "postgresql://"):
            if url.startswith(plain):
                return "postgresql+psycopg://" + url.removeprefix(plain)
        return url


def _demo_uses_env(around: Mapping[str, str | None], written: Mapping[str, str | None]) -> bool:
    """Set in the environment, or in a `.env` that also sets PORTAL_MODE=demo; a practice's `.env` does not count."""
    name = "portal_demo_uses_env"
    value = around.get(name)
    if value is None and written.get("portal_mode") == Mode.DEMO:
        value = written.get(name)
    return (value or "").lower() in _YES


class Misconfigured(SystemExit):
    """The portal does not start; the message says why, in a line for each reason."""


@cache
def settings() -> Settings:
    """Misconfigured when a setting is unreadable, missing or unsafe."""
    found, why = read_settings()
    if found is None or why:
        raise Misconfigured("\n".join(f"portal: {reason}" for reason in why))
    return _with_demo_key(found)


def read_settings() -> tuple[Settings | None, list[str]]:
    """The settings (None when unreadable), and the reasons not to start with them."""
    try:
        found = Settings()  # pyright: ignore[reportCallIssue]  (the aliases have defaults)
    except ValidationError as unreadable:
        return None, [f"{error['loc'][0]}: {error['msg']}" for error in unreadable.errors()]
    return found, [*_unreadable(found), *(_unsafe_demo(found) if found.demo else _unsafe(found))]


def _unreadable(found: Settings) -> Iterator[str]:
    try:
        ZoneInfo(found.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        yield f"PORTAL_TIMEZONE names no time zone: {found.timezone}"
    if found.currency not in list_currencies():
        yield f"PORTAL_CURRENCY is no ISO 4217 code, like USD: {found.currency}"
    if found.locale not in locale_identifiers():
        yield f"PORTAL_LOCALE is no locale, like en_US: {found.locale}"
    if not found.languages:
        yield "PORTAL_LANGUAGES is empty"
    spoken = {"en", *(place.name for place in (Path(__file__).parent / "locale").iterdir() if place.is_dir())}
    if unknown := [code for code in found.languages if code not in spoken]:
        yield f"PORTAL_LANGUAGES: the portal speaks {' '.join(sorted(spoken))}, not {' '.join(unknown)}"
    if not parse_origin(found.public_url):
        yield f"PORTAL_PUBLIC_URL is no address without a path, like https://my.example.org: {found.public_url}"
    if wrong := [site for site in found.embed_origins if not parse_origin(site)]:
        yield f"PORTAL_EMBED_ORIGINS: no address of a site, like https://www.example.org: {' '.join(wrong)}"
    if not re.fullmatch(r"|[+-]\d{1,5}[dhm]", found.clock) and not _is_moment(found.clock):
        yield f"PORTAL_CLOCK is neither like 2026-06-15T12:00 nor like +90d: {found.clock}"
    if found.smtp_tls not in ("starttls", "tls", "none"):
        yield f"SMTP_TLS is starttls, tls or none, not {found.smtp_tls}"
    if found.timestamp_url and not re.fullmatch(r"https?://[^\s/]+(/\S*)?", found.timestamp_url):
        yield f"PORTAL_TIMESTAMP_URL is no address of a server, like http://time.example/tsa: {found.timestamp_url}"
    if found.smtp_from and not _is_sender(found.smtp_from):
        yield f"SMTP_FROM is no address, like Riverside Dental <portal@riverside.example>: {found.smtp_from}"


def _is_sender(text: str) -> bool:
    try:
        parse_sender(text)
    except ValueError:
        return False
    return True


def _is_moment(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?", text) is not None


def _unsafe_demo(found: Settings) -> Iterator[str]:
    """Reasons why a demo must not start: it charges no real card, and is not reachable from other machines."""
    live = (found.stripe_secret_key.get_secret_value(), found.stripe_publishable_key)
    if any("_live_" in key for key in live):
        yield "a live Stripe key in demo mode; use a test key, or PORTAL_MODE=production"
    if found.demo_public:
        return
    why = "a demo shows every code and link at /outbox to anybody; if that is meant: PORTAL_DEMO_PUBLIC=yes"
    if not is_loopback(urlsplit(found.public_url).hostname or ""):
        yield f"PORTAL_PUBLIC_URL={found.public_url} is not an address of this machine, like http://localhost:3000: {why}"
    if not is_loopback(found.bind):
        yield f"PORTAL_BIND={found.bind} lets other machines in; 127.0.0.1 does not: {why}"


def is_loopback(host: str) -> bool:
    """Whether this name or address is this machine only."""
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(parse_ip(name)).is_loopback
    return False


def _unsafe(found: Settings) -> Iterator[str]:
    """Reasons why a practice must not start with these settings."""
    if found.clock:
        yield "PORTAL_CLOCK is for demo and tests; remove it in production"
    if len(found.secret_key.get_secret_value()) < 32:
        yield "PORTAL_SECRET_KEY is missing or shorter than 32 characters (for a try-out: PORTAL_MODE=demo)"
    if not found.public_url.startswith("https://"):
        yield "PORTAL_PUBLIC_URL has to begin with https:// in production"
    stripe = {
        "STRIPE_SECRET_KEY": found.stripe_secret_key.get_secret_value(),
        "STRIPE_PUBLISHABLE_KEY": found.stripe_publishable_key,
        "STRIPE_WEBHOOK_SECRET": found.stripe_webhook_secret.get_secret_value(),
    }
    if missing := [name for name, value in stripe.items() if not value]:
        yield f"card payments are half-configured: {', '.join(missing)} missing"
    elif ("_live_" in stripe["STRIPE_SECRET_KEY"]) != ("_live_" in stripe["STRIPE_PUBLISHABLE_KEY"]):
        yield "one of Stripe's two keys is live and the other is not"
    for name in ("stripe_api_base", "stripe_script_url", "twilio_api_base"):
        if getattr(found, name):
            yield f"{name.upper()} is for demo and tests; remove it in production"
    if not (found.smtp_host and found.smtp_from):
        yield "SMTP_HOST and SMTP_FROM are missing: nobody could be sent a code"
    if found.export_url and not found.export_url.startswith("https://"):
        yield "PORTAL_EXPORT_URL has to begin with https:// in production: postings name patients"
    twilio = (found.twilio_account_sid, found.twilio_auth_token.get_secret_value(), found.twilio_from)
    if any(twilio) and not all(twilio):
        yield "text messages: TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_FROM go together"


def _with_demo_key(found: Settings) -> Settings:
    if not found.demo or found.secret_key.get_secret_value():
        return found
    return found.model_copy(update={"secret_key": SecretStr(_demo_key(found.data_dir))})


def _demo_key(data_dir: Path) -> str:
    """A random key, made once per demo and stored in its data folder."""
    file = data_dir / "secret.key"
    data_dir.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        whole = file.with_name(f"secret.{secrets.token_hex(4)}.key")
        whole.touch(mode=0o600)
        whole.write_text(secrets.token_hex(32))
        try:
            os.link(whole, file)
        finally:
            whole.unlink()
    return file.read_text()
