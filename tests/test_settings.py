"""The portal starts only with settings that are whole and safe, and says why in plain lines."""

import pytest

from portal_app.settings import Misconfigured, read_settings, settings

WHOLE = {
    "PORTAL_MODE": "production",
    "PORTAL_SECRET_KEY": "k" * 32,
    "PORTAL_PUBLIC_URL": "https://portal.riverside.example",
    "STRIPE_SECRET_KEY": "sk_live_" + "0" * 8,
    "STRIPE_PUBLISHABLE_KEY": "pk_live_" + "0" * 8,
    "STRIPE_WEBHOOK_SECRET": "whsec_0",
    "SMTP_HOST": "mail.riverside.example",
    "SMTP_FROM": "portal@riverside.example",
}


def reasons(monkeypatch: pytest.MonkeyPatch, **changed: str) -> list[str]:
    for name, value in (WHOLE | changed).items():
        monkeypatch.setenv(name, value)
    return read_settings()[1]


def test_a_whole_configuration_starts(monkeypatch: pytest.MonkeyPatch):
    assert reasons(monkeypatch) == []


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("PORTAL_CLOCK", "2026-06-15T12:00", "PORTAL_CLOCK is for demo and tests"),
        ("PORTAL_CLOCK", "yesterday", "neither like"),
        ("PORTAL_SECRET_KEY", "short", "PORTAL_SECRET_KEY"),
        ("PORTAL_PUBLIC_URL", "http://portal.riverside.example", "https://"),
        ("PORTAL_PUBLIC_URL", "https://portal.riverside.example/portal", "without a path"),
        ("STRIPE_WEBHOOK_SECRET", "", "half-configured: STRIPE_WEBHOOK_SECRET"),
        ("STRIPE_SECRET_KEY", "sk_test_0", "one of Stripe's two keys"),
        ("STRIPE_API_BASE", "http://127.0.0.1:1", "STRIPE_API_BASE"),
        ("PORTAL_EMBED_ORIGINS", "https://a.example;script-src", "no address of a site"),
        ("SMTP_HOST", "", "nobody could be sent a code"),
        ("TWILIO_FROM", "+12125550100", "go together"),
        ("PORTAL_TIMEZONE", "Mars/Olympus", "names no time zone"),
        ("PORTAL_CURRENCY", "dollars", "ISO 4217"),
        ("PORTAL_CURRENCY", "XXQ", "ISO 4217"),
        ("PORTAL_LOCALE", "zz_ZZ", "no locale"),
        ("PORTAL_LANGUAGES", "en fr", "not fr"),
        ("PORTAL_CLOCK", "2026-13-45T99:99", "PORTAL_CLOCK is neither"),
        ("SMTP_TLS", "maybe", "starttls"),
        ("PORTAL_PORT", "many", "valid integer"),
    ],
)
def test_an_unsafe_production_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str, why: str):
    assert any(why in reason for reason in reasons(monkeypatch, **{name: value}))


def test_a_live_key_is_refused_in_the_demo(monkeypatch: pytest.MonkeyPatch):
    assert "live Stripe key" in reasons(monkeypatch, PORTAL_MODE="demo")[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORTAL_PUBLIC_URL", "https://portal.riverside.example"),
        ("PORTAL_PUBLIC_URL", "http://192.168.1.20:3000"),
        ("PORTAL_PUBLIC_URL", "http://localhost.riverside.example"),
        ("PORTAL_PUBLIC_URL", "http://localhost@riverside.example"),
        ("PORTAL_PUBLIC_URL", "http://127.0.0.1.riverside.example"),
        ("PORTAL_BIND", "0.0.0.0"),  # noqa: S104  (that is what is refused)
        ("PORTAL_BIND", "::"),
        ("PORTAL_BIND", "192.168.1.20"),
    ],
)
def test_a_demo_is_for_its_own_machine(monkeypatch: pytest.MonkeyPatch, name: str, value: str):
    for setting, here in DEMO.items():
        monkeypatch.setenv(setting, here)
    monkeypatch.setenv(name, value)
    (why,) = read_settings()[1]
    assert why.startswith(name) and "PORTAL_DEMO_PUBLIC=yes" in why and "\n" not in why
    monkeypatch.setenv("PORTAL_DEMO_PUBLIC", "yes")
    assert read_settings()[1] == []


DEMO = {"PORTAL_MODE": "demo", "PORTAL_PUBLIC_URL": "http://localhost:3000", "PORTAL_BIND": "127.0.0.1"}


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"PORTAL_PUBLIC_URL": "http://127.0.0.1:3471"},
        {"PORTAL_PUBLIC_URL": "http://[::1]:3000", "PORTAL_BIND": "::1"},
        {"PORTAL_PUBLIC_URL": "http://demo.localhost:3000", "PORTAL_BIND": "localhost"},
    ],
)
def test_a_demo_starts_on_its_own_machine(monkeypatch: pytest.MonkeyPatch, changed: dict[str, str]):
    for name, value in (DEMO | changed).items():
        monkeypatch.setenv(name, value)
    assert read_settings()[1] == []


def test_the_refusal_is_a_line_and_no_traceback(monkeypatch: pytest.MonkeyPatch):
    reasons(monkeypatch, PORTAL_SECRET_KEY="")
    settings.cache_clear()
    with pytest.raises(Misconfigured) as refused:
        settings()
    settings.cache_clear()
    assert str(refused.value).startswith("portal: PORTAL_SECRET_KEY")
    assert "\n" not in str(refused.value)
