"""Everything the outside world decides for us: read once, checked at start-up."""

import contextlib
import os
import secrets
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


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


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)]


class Settings(BaseSettings):
    """One frozen object. Names in the environment are those of `.env.example`."""

    model_config = SettingsConfigDict(
        env_file=".env", env_prefix="PORTAL_", frozen=True, extra="ignore", populate_by_name=True
    )

    mode: Mode = Mode.PRODUCTION
    surface: Surface = Surface.BOTH
    data_dir: Path = Path("data")
    database_url: str = Field("", alias="DATABASE_URL")
    redis_url: SecretStr = Field(SecretStr(""), alias="REDIS_URL")
    public_url: str = "http://localhost:3000"
    port: int = 3000
    bind: str = "127.0.0.1"
    trusted_proxy_hops: int = 0
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

    @property
    def demo(self) -> bool:
        return self.mode is Mode.DEMO

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


@cache
def settings() -> Settings:
    ours = Settings()
    if ours.demo and not ours.secret_key.get_secret_value():
        return ours.model_copy(update={"secret_key": SecretStr(_demo_key(ours.data_dir))})
    return ours


def _demo_key(data_dir: Path) -> str:
    """Made once for each demo: so that nobody needs a secret to look around, and no two demos share one."""
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
