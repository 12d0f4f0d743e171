"""The doctor says what is wrong, also where the portal refuses to start."""

from pathlib import Path

import pytest

from portal_app.db import engine
from portal_app.doctor import Finding, Verdict, examine


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


def test_codes_in_clear_are_trouble(monkeypatch: pytest.MonkeyPatch):
    for name, value in {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": "1", "SMTP_TLS": "none"}.items():
        monkeypatch.setenv(name, value)
    assert "does not answer" in about(examine(), "mail")[0].text


def test_a_redis_that_does_not_answer_is_trouble(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    assert about(examine(), "redis")[0].verdict is Verdict.BAD
