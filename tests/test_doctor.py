"""The doctor says what is wrong, also where the portal refuses to start."""

import secrets
import uuid
from pathlib import Path

import pytest

from portal_app.db import engine
from portal_app.doctor import Finding, Verdict, examine
from portal_app.settings import Settings, read_settings
from portal_app.settings_safety import Weakness, weak_secret, weaknesses
from tests.servers import Server
from tests.test_settings import WHOLE


def about(findings: list[Finding], subject: str) -> list[Finding]:
    return [finding for finding in findings if finding.about == subject]


@pytest.fixture(autouse=True)
def _no_database_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    engine.unbind()
    monkeypatch.setenv("PORTAL_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("PORTAL_DEMO_USES_ENV", "yes")  # what a test sets of mail and database counts
    yield
    engine.dispose()
    engine.unbind()


def test_a_database_that_was_never_migrated_is_trouble():
    (finding,) = about(examine(), "database")
    assert finding.verdict is Verdict.BAD
    assert "portal migrate" in finding.text


def test_a_database_that_is_not_there_is_trouble(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    (finding,) = about(examine(), "database")
    assert finding.verdict is Verdict.BAD
    assert "cannot be reached" in finding.text


def test_an_unsafe_production_is_examined_to_the_end(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PORTAL_MODE", "production")
    monkeypatch.setenv("PORTAL_SECRET_KEY", "")
    findings = examine()
    assert any("PORTAL_SECRET_KEY" in finding.text for finding in about(findings, "settings"))
    assert about(findings, "clock")
    assert about(findings, "mail")[0].verdict is Verdict.BAD


def test_b60_a_sender_that_is_no_address_is_trouble(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SMTP_FROM", "noreply")
    assert any("SMTP_FROM is no address" in finding.text for finding in about(examine(), "settings"))


def test_a_redis_that_does_not_answer_is_trouble(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    assert about(examine(), "redis")[0].verdict is Verdict.BAD


@pytest.mark.parametrize(
    ("currency", "verdict", "words"),
    [
        ("IQD", Verdict.BAD, "nobody can pay online"),
        ("KWD", Verdict.NOTE, "steps of 0.010"),
        ("USD", None, ""),
    ],
)
def test_b41_a_currency_that_is_charged_in_steps_or_not_at_all_is_said(
    monkeypatch: pytest.MonkeyPatch, currency: str, verdict: Verdict | None, words: str
):
    monkeypatch.setenv("PORTAL_CURRENCY", currency)
    said = [finding for finding in about(examine(), "cards") if currency in finding.text]
    assert [finding.verdict for finding in said] == ([verdict] if verdict else [])
    assert all(words in finding.text for finding in said)


SAFE = WHOLE | {
    "SMTP_PORT": "1",
    "PORTAL_SECRET_KEY": "0c9b2f6d1e8a4375" + "7fd3a85e41c60b92",
    "PORTAL_TRUSTED_PROXY_HOPS": "1",
    "STRIPE_SECRET_KEY": "sk_live_0",
    "REDIS_URL": "",
}


def unsafe(monkeypatch: pytest.MonkeyPatch, **changed: str) -> list[Weakness]:
    for name, value in (SAFE | changed).items():
        monkeypatch.setenv(name, value)
    found, _ = read_settings()
    assert found
    return list(weaknesses(found))


def test_a_safe_production_has_nothing_to_find(monkeypatch: pytest.MonkeyPatch):
    assert unsafe(monkeypatch) == []


@pytest.mark.parametrize(
    ("about_", "name", "value"),
    [
        ("settings", "PORTAL_SECRET_KEY", "k" * 32),
        ("settings", "PORTAL_SECRET_KEY", "0123456789abcdef" * 2),
        ("settings", "PORTAL_SECRET_KEY", "abcdefghijklmnopqrstuvwxyz012345"),
        ("settings", "PORTAL_SECRET_KEY", "ChangeMe-7fd3a85e41c60b92-0c9b2f"),
        ("mail", "SMTP_TLS", "none"),
        ("redis", "REDIS_URL", "redis://127.0.0.1:6379/0"),
        ("redis", "REDIS_URL", "redis://:word@redis.example:6379/0"),
        ("redis", "REDIS_URL", "rediss://redis.example:6379/0"),
        ("database", "DATABASE_URL", "postgresql://portal:word@db.example/portal"),
        ("database", "DATABASE_URL", "postgresql://portal:word@db.example/portal?sslmode=prefer"),
        ("database", "DATABASE_URL", "postgresql://portal:word@/portal?host=db.example"),
        ("cards", "STRIPE_SECRET_KEY", "sk_test_0"),
        ("cards", "STRIPE_SECRET_KEY", "rk_test_0"),
        ("frames", "PORTAL_EMBED_ORIGINS", "https://a.example http://b.example"),
        ("network", "PORTAL_TRUSTED_PROXY_HOPS", "0"),
    ],
)
def test_each_weakness_is_trouble(monkeypatch: pytest.MonkeyPatch, about_: str, name: str, value: str):
    (found,) = unsafe(monkeypatch, **{name: value})
    assert found.about == about_ and name in found.text


def test_the_doctor_lists_every_weakness_as_trouble(monkeypatch: pytest.MonkeyPatch):
    found = unsafe(
        monkeypatch, SMTP_HOST="127.0.0.1", PORTAL_TRUSTED_PROXY_HOPS="0", STRIPE_SECRET_KEY="sk_test_0"
    )
    assert len(found) == 2
    assert {Finding(Verdict.BAD, *weakness) for weakness in found} <= set(examine())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REDIS_URL", "redis://:word@127.0.0.1:6379/0"),
        ("REDIS_URL", "rediss://:word@redis.example:6379/0"),
        ("REDIS_URL", "unix:///run/redis/redis.sock"),
        ("DATABASE_URL", "postgresql://portal@127.0.0.1/portal"),
        ("DATABASE_URL", "postgresql://portal@/portal?host=/run/postgresql"),
        ("DATABASE_URL", "postgresql://portal@db.example/portal?sslmode=verify-full"),
        ("PORTAL_EMBED_ORIGINS", "https://a.example"),
    ],
)
def test_what_is_safe_is_no_trouble(monkeypatch: pytest.MonkeyPatch, name: str, value: str):
    assert unsafe(monkeypatch, **{name: value}) == []


def test_a_mail_server_of_this_machine_may_be_spoken_to_in_clear(monkeypatch: pytest.MonkeyPatch):
    assert unsafe(monkeypatch, SMTP_TLS="none", SMTP_HOST="127.0.0.1") == []


def test_no_random_key_is_called_weak():
    keys = (secrets.token_hex(16), secrets.token_hex(32), secrets.token_urlsafe(32), str(uuid.uuid4()))
    assert [weak_secret(key) for key in keys] == [""] * len(keys)


@pytest.mark.parametrize(("mode", "trouble"), [(0o644, True), (0o660, True), (0o640, False), (0o600, False)])
def test_an_env_file_that_others_read_or_write_is_trouble(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mode: int, trouble: bool
):
    file = tmp_path / ".env"
    file.write_text("")
    file.chmod(mode)
    monkeypatch.setitem(Settings.model_config, "env_file", str(file))
    assert bool(unsafe(monkeypatch)) is trouble


def test_a_demo_has_no_such_trouble(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PORTAL_TRUSTED_PROXY_HOPS", "0")
    assert not about(examine(), "network")


def test_a_redis_that_wants_another_password_is_trouble(
    monkeypatch: pytest.MonkeyPatch, redis_server: Server
):
    """A Redis without a password refuses one: it protects nothing though REDIS_URL names one."""
    monkeypatch.setenv("REDIS_URL", f"redis://:word@127.0.0.1:{redis_server.port}/0")
    (found,) = about(examine(), "redis")
    assert found.verdict is Verdict.BAD and "AuthenticationError" in found.text
