"""`portal practice` as a process: before the practice has a name, nothing is served, imported or added."""

from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.commands.databases import Database
from tests.commands.places import DEMO, NAME_PRACTICE, PRODUCTION, Place
from tests.commands.test_demo_and_practice import HIRES, PASSWORD, PATIENTS

MISSING = "portal practice set --name"


@pytest.fixture
def place(database: Database, tmp_path: Path) -> Place:
    """A practice's folder with a database that was made and holds nothing."""
    made = Place(tmp_path, PRODUCTION | database.settings)
    made.does("migrate")
    return made


def test_nothing_is_written_or_served_before_the_practice_has_a_name(
    place: Place, database: Database, tmp_path: Path
):
    records = tmp_path / "records"
    records.mkdir()
    (records / "patients.csv").write_text(PATIENTS)
    for words in (
        ("serve",),
        ("import", str(records)),
        ("import", str(records), "--check"),
        HIRES,
        ("staff", "reset", "ann@riverside.example"),
        ("notify",),
        ("deliver",),
        ("reconcile",),
        ("export",),
        ("jobs", "run", "digests"),
        ("practice",),
    ):
        assert MISSING in place.refuses(*words, **PASSWORD), words
    examined = place.portal("doctor")
    assert examined.returncode == 1
    assert any(line.startswith("trouble") and MISSING in line for line in examined.stdout.splitlines())
    assert not any(database.holds().values())


def test_the_application_is_not_served_either_whoever_starts_it(place: Place):
    served = place.program(
        *("granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", "0", "--factory"),
        "portal_app.portal_app:app",
    )
    assert served.returncode == 1
    assert MISSING in served.stderr and "Traceback" not in served.stderr


def test_once_it_has_a_name_records_and_staff_are_taken(place: Place, database: Database, tmp_path: Path):
    (tmp_path / "patients.csv").write_text(PATIENTS)
    place.does(*NAME_PRACTICE)
    assert "Riverside Family Dental" in place.does("practice")
    assert "1 records written" in place.does("import", str(tmp_path))
    assert "/staff/set-up#" in place.does(*HIRES, **PASSWORD)
    assert MISSING not in place.portal("doctor").stdout
    held = database.holds()
    assert (held["practices"], held["patients"], held["staff"]) == (1, 1, 1)


def test_the_practice_is_made_with_the_settings_of_the_installation(place: Place, database: Database):
    place.does(
        *("practice", "set", "--name", "Clínica [Río]", "--phone", "555 123 4567", "--country", "mx"),
        *("--line1", "Calle 5", "--hours", "es=De lunes a viernes", "--paper", "a4"),
        PORTAL_TIMEZONE="America/Mexico_City",
        PORTAL_CURRENCY="MXN",
        PORTAL_LOCALE="es_MX",
    )
    shown = place.does("practice")
    for line in (
        "name       Clínica [Río]",
        "phone      +52 55 5123 4567",
        "address    Calle 5",
        "country    MX",
        "paper      a4",
        "time zone  America/Mexico_City",
        "currency   MXN",
        "locale     es_MX",
        "hours es   De lunes a viernes",
    ):
        assert f"{line}\n" in shown
    other = place.portal("doctor").stdout  # now with the settings of the `.env` again
    assert "keeps America/Mexico_City, MXN, es_MX, the settings say America/New_York, USD, en_US" in other
    place.does("practice", "set", "--city", "Río")
    assert "currency   USD" in place.does("practice") and "keeps" not in place.portal("doctor").stdout
    lines = _audit_lines(database)
    assert lines == [("insert:practice", "portal:practice set"), ("update:practice", "portal:practice set")]


def _audit_lines(database: Database) -> list[tuple[str, str]]:
    opened = create_engine(database.url)
    with opened.connect() as connection:
        query = "SELECT action, actor FROM audit_entry WHERE subject = 'practice' ORDER BY seq"
        found = [(action, actor) for action, actor in connection.execute(text(query))]
    opened.dispose()
    return found


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (("--phone", "12"), "not a phone number: 12"),
        (("--name", "  "), "--name"),
        (("--name", "x" * 121), "more than 120 characters"),
        ((), "say what to set"),
    ],
)
def test_what_is_not_usable_is_refused_in_one_line(words: tuple[str, ...], refusal: str, tmp_path: Path):
    place = Place(tmp_path, PRODUCTION)
    place.does("migrate")
    assert refusal in place.refuses("practice", "set", *words)
    assert MISSING in place.refuses("practice")


def test_a_demo_brings_its_own_practice(tmp_path: Path):
    place = Place(tmp_path)
    place.does("migrate", **DEMO)
    assert "Load it first: portal demo" in place.refuses(*NAME_PRACTICE, **DEMO)
    place.does("demo", **DEMO)
    assert "Juniper Family Medicine" in place.does("practice", **DEMO)
