"""The portal starts only with settings that are whole and safe, and says why in plain lines."""

from pathlib import Path

import pytest

from portal_app.settings import Misconfigured, Settings, read_settings, settings

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
        ("PORTAL_PUBLIC_URL", "https://localhost@riverside.example", "without a path"),
        ("PORTAL_PUBLIC_URL", "https://portal.riverside.example:99999", "without a path"),
        ("PORTAL_TRUSTED_PROXY_HOPS", "-1", "greater than or equal to 0"),
        ("PORTAL_SOCKETS_PER_ADDRESS", "0", "greater than or equal to 1"),
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
        ("SMTP_FROM", "noreply", "SMTP_FROM is no address"),
        ("SMTP_FROM", "Smith <noreply>", "SMTP_FROM is no address"),
        ("SMTP_FROM", "a@b.example, c@d.example", "SMTP_FROM is no address"),
        ("SMTP_FROM", "josé@b.example", "SMTP_FROM is no address"),
        ("PORTAL_PORT", "many", "valid integer"),
    ],
)
def test_an_unsafe_production_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str, why: str):
    assert any(why in reason for reason in reasons(monkeypatch, **{name: value}))


@pytest.mark.parametrize("written", ["https://portal.juniper.example:443", "https://Portal.Juniper.example/"])
def test_b62_the_public_address_is_kept_as_browsers_send_it(monkeypatch: pytest.MonkeyPatch, written: str):
    assert reasons(monkeypatch, PORTAL_PUBLIC_URL=written) == []
    found, _ = read_settings()
    assert found and found.public_url == "https://portal.juniper.example"


@pytest.mark.parametrize("sender", ["Smith Dental, PLLC <portal@smith.example>", "portal@zähne.example"])
def test_b60_b60b_a_sender_with_a_comma_or_a_domain_of_another_script_starts(
    monkeypatch: pytest.MonkeyPatch, sender: str
):
    assert reasons(monkeypatch, SMTP_FROM=sender) == []


def test_a_live_key_is_refused_in_the_demo(monkeypatch: pytest.MonkeyPatch):
    told = reasons(monkeypatch, PORTAL_MODE="demo", PORTAL_DEMO_USES_ENV="yes")
    assert "live Stripe key" in told[0]


# What a practice's `.env` and environment hold, and a demo leaves alone.
PRACTICES = {
    "DATABASE_URL": "postgresql://portal@127.0.0.1:1/practice",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "STRIPE_SECRET_KEY": "sk_test_0",
    "STRIPE_PUBLISHABLE_KEY": "pk_test_0",
    "STRIPE_WEBHOOK_SECRET": "whsec_0",
    "STRIPE_API_BASE": "http://127.0.0.1:1",
    "STRIPE_SCRIPT_URL": "http://127.0.0.1:1/v3",
    "SMTP_HOST": "mail.riverside.example",
    "SMTP_PORT": "2525",
    "SMTP_USER": "portal",
    "SMTP_PASSWORD": "not for a demo",
    "SMTP_TLS": "none",
    "SMTP_FROM": "portal@riverside.example",
    "TWILIO_ACCOUNT_SID": "AC0",
    "TWILIO_AUTH_TOKEN": "not for a demo",
    "TWILIO_FROM": "+12125550100",
    "TWILIO_API_BASE": "http://127.0.0.1:1",
    "PORTAL_EXPORT_URL": "https://books.riverside.example",
    "PORTAL_EXPORT_TOKEN": "not for a demo",
    "PORTAL_TIMESTAMP_URL": "http://time.riverside.example/tsa",
}


def field_of(name: str) -> str:
    return name.removeprefix("PORTAL_").lower()


@pytest.fixture
def env_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where a `.env` is read from; nothing of the settings stands in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(Settings.model_config, "env_file", ".env")
    for name in ("PORTAL_MODE", "PORTAL_DATA_DIR", "PORTAL_SECRET_KEY", "PORTAL_DEMO_USES_ENV", *PRACTICES):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / ".env"


def write(file: Path, **values: str) -> None:
    file.write_text("".join(f"{name}={value}\n" for name, value in values.items()))


def test_the_list_of_what_a_demo_leaves_alone_is_whole():
    outside = {field.alias for field in Settings.model_fields.values() if field.alias}
    own = {"PORTAL_EXPORT_URL", "PORTAL_EXPORT_TOKEN", "PORTAL_TIMESTAMP_URL"}
    assert outside | own == set(PRACTICES)


@pytest.mark.parametrize("where", ["environment", ".env"])
def test_a_demo_takes_nothing_of_a_practice(monkeypatch: pytest.MonkeyPatch, env_file: Path, where: str):
    practices = PRACTICES | {"PORTAL_MODE": "production", "PORTAL_LANGUAGES": "en"}
    if where == ".env":
        write(env_file, **practices, PORTAL_SECRET_KEY="k" * 32, PORTAL_DATA_DIR="data")
    else:
        for name, value in practices.items():
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("PORTAL_MODE", "demo")
    found, why = read_settings()
    assert found is not None and why == [] and found.demo
    untouched = {name: Settings.model_fields[field_of(name)].default for name in PRACTICES}
    assert {name: getattr(found, field_of(name)) for name in PRACTICES} == untouched
    assert found.data_dir == Path("demo-data")
    assert found.database == "sqlite:///demo-data/portal.db"
    assert found.ignores_env_file is (where == ".env")


def test_a_practice_reads_its_env_file(env_file: Path):
    write(env_file, **WHOLE, DATABASE_URL="postgresql://portal@127.0.0.1/practice")
    found, why = read_settings()
    assert found is not None and why == []
    assert found.database == "postgresql+psycopg://portal@127.0.0.1/practice"
    assert found.data_dir == Path("data") and not found.ignores_env_file


def test_a_demo_that_is_written_into_env_is_one_and_reads_no_more_of_it(env_file: Path):
    write(env_file, PORTAL_MODE="demo", DATABASE_URL=PRACTICES["DATABASE_URL"], PORTAL_DATA_DIR="data")
    found, _ = read_settings()
    assert found is not None and found.demo
    assert (found.database_url, found.data_dir) == ("", Path("demo-data"))


def test_a_demo_uses_the_environment_when_it_is_told_to(monkeypatch: pytest.MonkeyPatch, env_file: Path):
    write(env_file, SMTP_HOST="mail.riverside.example")
    monkeypatch.setenv("PORTAL_MODE", "demo")
    monkeypatch.setenv("DATABASE_URL", PRACTICES["DATABASE_URL"])
    monkeypatch.setenv("PORTAL_DEMO_USES_ENV", "yes")
    found, _ = read_settings()
    assert found is not None
    assert (found.database_url, found.smtp_host) == (PRACTICES["DATABASE_URL"], "mail.riverside.example")
    assert found.data_dir == Path("demo-data") and not found.ignores_env_file


def test_a_practices_env_file_does_not_tell_a_demo_to_use_it(monkeypatch: pytest.MonkeyPatch, env_file: Path):
    write(env_file, PORTAL_MODE="production", PORTAL_DEMO_USES_ENV="yes", SMTP_HOST="mail.riverside.example")
    monkeypatch.setenv("PORTAL_MODE", "demo")
    found, _ = read_settings()
    assert found is not None and found.smtp_host == "" and not found.demo_uses_env


def test_a_demos_own_env_file_tells_it_to_use_it(env_file: Path):
    write(env_file, PORTAL_MODE="demo", PORTAL_DEMO_USES_ENV="yes", SMTP_HOST="mail.riverside.example")
    found, _ = read_settings()
    assert found is not None and found.smtp_host == "mail.riverside.example"


def test_a_data_folder_of_the_environment_is_the_demos_too(monkeypatch: pytest.MonkeyPatch, env_file: Path):
    write(env_file, PORTAL_DATA_DIR="data")
    monkeypatch.setenv("PORTAL_MODE", "demo")
    monkeypatch.setenv("PORTAL_DATA_DIR", "elsewhere")
    found, _ = read_settings()
    assert found is not None and found.data_dir == Path("elsewhere")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORTAL_PUBLIC_URL", "https://portal.riverside.example"),
        ("PORTAL_PUBLIC_URL", "http://192.168.1.20:3000"),
        ("PORTAL_PUBLIC_URL", "http://localhost.riverside.example"),
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
