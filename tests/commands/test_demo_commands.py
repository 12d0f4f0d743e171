"""`portal import` into a demo, `portal demo --who` and `--remove`: as processes, as they are typed."""

import os
import pty
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from portal_app.demo.passwords import passwords_in
from tests.commands.preloaded import run_portal
from tests.servers import Postgres

ROOT = Path(__file__).parents[2]
Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]
PRACTICE = {
    "PORTAL_MODE": "production",
    "PORTAL_PUBLIC_URL": "https://portal.riverside.example",
    "STRIPE_SECRET_KEY": "sk_live_" + "0" * 8,
    "STRIPE_PUBLISHABLE_KEY": "pk_live_" + "0" * 8,
    "STRIPE_WEBHOOK_SECRET": "whsec_0",
    "SMTP_HOST": "127.0.0.1",
    "SMTP_FROM": "portal@riverside.example",
}
PATIENTS = """chart_number,family_key,given_name,family_name,birth_date,email
R-1,F-1,Ana,Reyes,1985-02-03,ana@riverside.example
"""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    if request.param == "sqlite":
        return {"DATABASE_URL": f"sqlite:///{tmp_path / 'portal.db'}"}
    server: Postgres = request.getfixturevalue("postgres")
    name = f"commands_{abs(hash(request.node.nodeid))}"
    server.command(f"CREATE DATABASE {name}")
    return {"DATABASE_URL": server.url(name)}


@pytest.fixture
def portal(database: dict[str, str], tmp_path: Path) -> Run:
    """portal("demo", PORTAL_MODE="production") runs `portal demo` so; nobody is there to be asked."""

    def run(*words: str, stdin: int = subprocess.DEVNULL, **settings: str) -> Done:
        around = os.environ | {"PORTAL_DATA_DIR": str(tmp_path), "PORTAL_DEMO_USES_ENV": "yes", **database}
        return run_portal(words, ROOT, around | {"PYTHONPATH": str(ROOT)} | settings, stdin)

    assert run("migrate").returncode == 0
    return run


def typed(text: str) -> int:
    """A terminal on which this was typed already."""
    ours, theirs = pty.openpty()
    os.write(ours, text.encode())
    return theirs


def folder_of(tmp_path: Path, patients: str = PATIENTS) -> str:
    folder = tmp_path / "own"
    folder.mkdir(exist_ok=True)
    (folder / "patients.csv").write_text(patients)
    return str(folder)


def refused(done: Done, *words: str) -> None:
    assert done.returncode == 1
    assert done.stderr.startswith("portal: ") and done.stderr.count("\n") == 1, done.stderr
    for word in words:
        assert word in done.stderr


def test_an_import_into_a_demo_asks(portal: Run, tmp_path: Path):
    folder = folder_of(tmp_path)
    done = portal("import", folder)
    refused(done, "--yes")
    assert "This is a demo" in done.stdout and "/outbox" in done.stdout
    assert "records written" not in done.stdout
    assert "nothing was changed" in portal("import", folder, stdin=typed("n\n")).stderr
    assert "Nothing was written (--check)." in portal("import", folder, "--check").stdout
    assert "1 records written." in portal("import", folder, stdin=typed("y\n")).stdout
    done = portal("import", folder, "--yes")
    assert done.returncode == 0 and "This is a demo" in done.stdout and "0 records written." in done.stdout


def test_the_demo_says_who_one_may_be_and_loads_nothing(portal: Run, tmp_path: Path):
    assert "no password yet" in portal("demo", "--who").stdout
    assert portal("demo").returncode == 0
    said = portal("demo", "--who").stdout
    assert "maria@example.com, 1981-03-14" in said and "records written" not in said
    for email, password in passwords_in(tmp_path).items():
        assert f"{email}, {password}\n" in said


def test_a_practice_takes_the_demo_away_in_production(portal: Run, tmp_path: Path):
    assert portal("demo").returncode == 0
    assert portal("import", folder_of(tmp_path), "--yes").returncode == 0

    def production(*words: str, **how: int) -> Done:
        return portal(*words, **how, **PRACTICE)

    sick = production("doctor").stdout
    assert "demo staff accounts are here: dana@juniper.example" in sick and "portal demo --remove" in sick
    assert "57 demo patients are here" in sick
    done = production("demo", "--remove")
    refused(done, "--yes")
    assert (
        "olga@juniper.example (never signed in)" in done.stdout
        and "Maria Alvarez (chart 1001)" in done.stdout
    )
    assert "nothing was changed" in production("demo", "--remove", stdin=typed("n\n")).stderr
    done = production("demo", "--remove", "--yes")
    assert done.returncode == 0 and "Removed: " in done.stdout and "to be set by you" in done.stdout
    assert "demo-passwords.json" in done.stdout
    well = production("doctor").stdout
    assert "demo staff" not in well and "demo patients" not in well
    assert production("demo", "--remove").stdout == "Nothing of the demo is in this database.\n"
    assert production("audit", "verify").returncode == 0
    assert "portal practice set" in done.stdout
    refused(production("import", folder_of(tmp_path)), "portal practice set")
    assert production("practice", "set", "--name", "Riverside Family Dental").returncode == 0
    again = production("import", folder_of(tmp_path)).stdout
    assert "0 records written." in again  # Ana is here already


def test_a_real_patient_in_a_family_of_the_demo_stops_it_in_one_line(portal: Run, tmp_path: Path):
    assert portal("demo").returncode == 0
    mixed = PATIENTS.replace("F-1", "F-ALVAREZ")
    assert portal("import", folder_of(tmp_path, mixed), "--yes").returncode == 0
    done = portal("demo", "--remove", "--yes", **PRACTICE)
    refused(done, "Nothing was removed", "Ana Reyes (chart R-1)", "family file")
