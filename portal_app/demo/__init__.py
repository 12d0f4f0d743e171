"""The demo practice: its CSV files stand beside this module, in the importer's own format.

Dates in them count from the day they are loaded: `{today-12}` is twelve days ago,
`{today-9y120d}` nine years and 120 days, `{today+2m}` in two months.
"""

import calendar
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from portal_app.clock import today
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.practice import Practice
from portal_app.demo.agreements import add_agreements
from portal_app.demo.joining import open_joining
from portal_app.demo.memberships import complete_memberships
from portal_app.domain.access import Principal
from portal_app.domain.imports.report import ImportReport
from portal_app.services.imports.run import run_import
from portal_app.services.practice.installation import require_demo

HERE = Path(__file__).parent
_DAY = re.compile(r"\{today(?:([+-])(?:(\d+)y)?(?:(\d+)m)?(?:(\d+)d?)?)?\}")

PRACTICE = {
    "name": "Juniper Family Medicine",
    "phone": "+1 212 555 0100",
    "email": "hello@juniper.example",
    "line1": "12 Alder Street",
    "city": "New York",
    "region": "NY",
    "postal_code": "10014",
    "website": "https://juniper.example",
    "opening_hours": {
        "en": "Monday to Friday, 8:00 am to 5:30 pm",
        "es": "De lunes a viernes, de 8:00 a 17:30",
    },
}


@dataclass(frozen=True, slots=True)
class SignIn:
    """A patient as whom one can sign in to the demo; `make run` prints it."""

    who: str
    contact: str
    birth_date: str


PATIENTS = (
    SignIn("Maria Alvarez, mother and guarantor of Eva, Tim and Tom", "maria@example.com", "1981-03-14"),
    SignIn("Luis Alvarez, their father, same email and phone", "maria@example.com", "1979-05-02"),
    SignIn("Nadia Brennan, pays for a 16-year-old", "nadia.brennan@example.com", "1978-11-20"),
    SignIn("Hal Whitcomb, looks after Gus", "hal.whitcomb@example.com", "1986-02-08"),
)


def sign_in_lines() -> list[str]:
    """The patients as whom one can sign in, as `make run` and `portal demo --who` print them."""
    return [line for one in PATIENTS for line in (f"{one.contact}, {one.birth_date}", f"  {one.who}")]


def load(principal: Principal, *, progress: Callable[[int, int], None] | None = None) -> ImportReport:
    """Makes the practice and imports its files, dated from today. Does nothing once it is loaded.

    Raises IsNoDemo for a database that is not a demo's.
    """
    require_demo(principal)
    if is_loaded(principal):
        return ImportReport(notes=["The demo practice is here already."])
    _open_practice(principal)
    with tempfile.TemporaryDirectory(prefix="demo-") as folder:
        _write_dated(Path(folder), today())
        report = run_import(principal, folder, progress=progress)
    complete_memberships(principal)
    open_joining(principal)
    add_agreements(principal)
    return report


def is_loaded(principal: Principal) -> bool:
    """Whether the demo was loaded completely: the import raises the version as its last step."""
    with reading(principal) as tx:
        practice = tx.get(Practice, "practice")
        return practice is not None and practice.version > 1


def _open_practice(principal: Principal) -> None:
    with transaction(principal) as tx:
        if tx.get(Practice, "practice") is None:
            tx.add(Practice(id="practice", **PRACTICE))


def _write_dated(folder: Path, day: date) -> None:
    for path in sorted(HERE.glob("*.csv")):
        text = path.read_text("utf-8")
        (folder / path.name).write_text(_DAY.sub(lambda place: _dated(place, day), text), "utf-8")


def _dated(place: re.Match[str], day: date) -> str:
    sign = -1 if place[1] == "-" else 1
    years, months, days = (sign * int(number or 0) for number in place.groups()[1:])
    year, month = divmod(day.year * 12 + day.month - 1 + 12 * years + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return (date(year, month + 1, min(day.day, last)) + timedelta(days=days)).isoformat()
