"""A demo and a practice in one place, as real processes: each sequence that once mixed them ends in a refusal."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal_app.db import engine, migrations
from tests.commands.databases import Database, file_database, postgres_database, practice_url
from tests.commands.places import DEMO, NAME_PRACTICE, PRODUCTION, Place
from tests.conftest import DATABASES

pytestmark = pytest.mark.attack

PASSWORD = {"PORTAL_STAFF_PASSWORD": "seven quiet herons fly"}
HIRES = ("staff", "add", "ann@riverside.example", "--name", "Ann Ito", "--role", "owner")
PATIENTS = (
    "chart_number,given_name,family_name,birth_date,email\n7001,Rita,Real,1980-02-01,rita@example.com\n"
)
DEMOS, NO_DEMOS = "This database is a demo's", "This database is not a demo's"


@pytest.fixture(scope="module", params=DATABASES)
def loaded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A demo as `make run` makes it, once for each kind of database: its kind, and its folder."""
    folder = tmp_path_factory.mktemp("loaded")
    settings = {"PORTAL_DATA_DIR": str(folder)}
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres")
        server.command("CREATE DATABASE loaded_demo")
        settings |= {
            "DATABASE_URL": practice_url(server.url("loaded_demo")),
            "PORTAL_DEMO_USES_ENV": "yes",
            "PORTAL_DEMO_PUBLIC": "yes",
        }
    place = Place(folder)
    place.does("migrate", **DEMO, **settings)
    place.does("demo", **DEMO, **settings)
    return request.param, folder


@pytest.fixture
def demos(loaded: tuple[str, Path], request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A copy of the demo's database."""
    kind, folder = loaded
    if kind == "sqlite":
        shutil.copytree(folder, tmp_path / "shared")
        yield file_database(tmp_path)
        return
    yield from postgres_database(request.getfixturevalue("postgres"), "TEMPLATE loaded_demo")


@pytest.fixture
def records(tmp_path: Path) -> str:
    """A practice's own records, to import."""
    folder = tmp_path / "records"
    folder.mkdir()
    (folder / "patients.csv").write_text(PATIENTS)
    return str(folder)


def a_practice_in(database: Database, folder: Path) -> Place:
    """Its `.env` names the database; the practice has its name and its owner."""
    place = Place(folder, PRODUCTION | database.settings)
    place.does("migrate")
    place.does(*NAME_PRACTICE)
    place.does(*HIRES, **PASSWORD)
    return place


def test_production_refuses_what_a_demo_has_left(demos: Database, tmp_path: Path, records: str):
    before = demos.holds()
    assert before["the demo's staff"] == 3 and before["patients"] > 50
    place = Place(tmp_path, PRODUCTION | demos.settings)
    for words in (
        ("serve",),
        ("import", records),
        HIRES,
        NAME_PRACTICE,
        ("staff", "reset", "olga@juniper.example"),
        ("notify",),
        ("deliver",),
        ("reconcile",),
        ("export",),
    ):
        said = place.refuses(*words, **PASSWORD)
        assert DEMOS in said and "portal migrate" in said, words
    examined = place.portal("doctor")
    assert examined.returncode == 1
    assert any(line.startswith("trouble") and DEMOS in line for line in examined.stdout.splitlines())
    assert demos.holds() == before


def test_production_refuses_a_demo_that_is_older_than_the_mark(demos: Database, tmp_path: Path):
    engine.bind(demos.url)
    try:
        migrations.downgrade("0007")
    finally:
        engine.dispose()
        engine.unbind()
    place = Place(tmp_path, PRODUCTION | demos.settings)
    examined = place.portal("doctor")
    assert examined.returncode == 1 and DEMOS in examined.stdout
    assert DEMOS in place.refuses("serve")
    place.does("migrate")
    assert DEMOS in place.refuses("serve")


def test_the_application_refuses_too_whoever_starts_it(demos: Database, tmp_path: Path):
    place = Place(tmp_path, PRODUCTION | demos.settings)
    served = place.program(
        *("granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", "0", "--factory"),
        "portal_app.portal_app:app",
    )
    assert served.returncode == 1
    assert DEMOS in served.stderr and "Traceback" not in served.stderr


def test_a_demo_beside_a_practices_settings_has_data_of_its_own(database: Database, tmp_path: Path):
    place = a_practice_in(database, tmp_path)
    before = database.holds()
    assert before["staff"] == 1 and before["patients"] == 0
    place.does("migrate", **DEMO)
    place.does("demo", **DEMO)
    assert database.holds() == before
    own = Database(f"sqlite:///{tmp_path / 'demo-data' / 'portal.db'}", {})
    assert own.holds()["the demo's staff"] == 3
    assert not (tmp_path / "data").exists()
    said = place.portal("doctor", **DEMO).stdout
    assert "the demo does not read .env" in said
    # The practice goes on as before: its portal still knows its own database.
    examined = place.portal("doctor").stdout
    assert "production at" in examined and DEMOS not in examined


def test_a_demo_does_not_touch_a_practices_database_that_it_is_given(
    database: Database, tmp_path: Path, records: str
):
    place = a_practice_in(database, tmp_path)
    before = database.holds()
    told = DEMO | database.settings | {"PORTAL_DEMO_USES_ENV": "yes", "PORTAL_DEMO_PUBLIC": "yes"} | PASSWORD
    for words in (
        ("migrate",),
        ("demo",),
        ("serve",),
        ("import", records),
        ("staff", "add", "eve@riverside.example", "--name", "Eve", "--role", "owner"),
        ("staff", "reset", "ann@riverside.example"),
        NAME_PRACTICE,
        ("notify",),
        ("deliver",),
    ):
        assert NO_DEMOS in place.refuses(*words, **told), words
    assert NO_DEMOS in place.refuses("demo")  # in production mode: it has no demo
    assert database.holds() == before


def test_a_practice_that_is_still_empty_is_no_place_for_a_demo(database: Database, tmp_path: Path):
    place = Place(tmp_path, PRODUCTION | database.settings)
    place.does("migrate")
    assert NO_DEMOS in place.refuses("demo")
    assert NO_DEMOS in place.refuses(
        "demo", **DEMO | database.settings | {"PORTAL_DEMO_USES_ENV": "yes", "PORTAL_DEMO_PUBLIC": "yes"}
    )
    assert not any(database.holds().values())


def test_a_database_that_cannot_be_asked_is_not_served(tmp_path: Path):
    place = Place(tmp_path, PRODUCTION | {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"})
    assert "does not answer" in place.refuses("serve")
