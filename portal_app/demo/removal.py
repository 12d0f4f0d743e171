"""Removes the demo again: how its rows are recognised, and what `portal demo --remove` prints."""

import csv
from collections.abc import Callable, Iterable

from portal_app.demo import HERE, PRACTICE
from portal_app.demo.agreements import NAMES
from portal_app.demo.joining import JOINED
from portal_app.demo.passwords import FILE
from portal_app.domain.access import Principal, system_principal
from portal_app.services.practice.demo_removal import (
    DemoMarks,
    Removal,
    find_demo,
    find_demo_people,
    noun,
    remove_demo,
)
from portal_app.settings import settings

STAFF_DOMAIN = "@juniper.example"  # .example belongs to nobody (RFC 2606)
# Beside the database in a folder that a demo and a practice shared. Production uses none of them.
_LEFT_IN_THE_FOLDER = (FILE, "secret.key", "stripe_simulator.db")


def marks() -> DemoMarks:
    """By what the demo's rows are recognised: the numbers, keys and names in its files, and its staff's addresses."""
    people = {row["chart_number"]: (row["given_name"], row["family_name"]) for row in _rows("patients")}
    return DemoMarks(
        people=people,
        plans=frozenset((row["plan_key"], row["name"]) for row in _rows("plans")),
        invoices=frozenset(row["invoice_number"] for row in _rows("invoices")),
        keys={
            "appointment": frozenset(row["appointment_key"] for row in _rows("appointments")),
            "membership": frozenset(row["membership_key"] for row in _rows("memberships")),
        },
        staff_domain=STAFF_DOMAIN,
        agreements=NAMES,
        joined=frozenset({JOINED}),
        practice=PRACTICE,
    )


def remove(principal: Principal, *, say: Callable[[str], None], agree: Callable[[str], None]) -> None:
    """Lists what would be removed, calls `agree` (which raises without consent), removes it and lists what is left to do.

    Raises a UserError, with nothing removed, when something of a real patient stands in the way.
    """
    ours = marks()
    found = find_demo(principal, ours)
    if found.empty:
        say("Nothing of the demo is in this database.")
        return
    for line in _shown(found):
        say(line)
    if not found.in_the_way:
        agree("Take all this away? It cannot be undone: make a copy of the database first.")
    remove_demo(principal, ours, found)
    say(f"Removed: {sum(found.counts.values())} rows. The audit trail is as it was, with a line about this.")
    for line in _left_to_do(found):
        say(line)


def demo_people() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Emails of the demo's staff and names of its patients in this database."""
    return find_demo_people(system_principal("doctor"), marks())


def _shown(found: Removal) -> Iterable[str]:
    if settings().demo:
        yield f"This is a demo. To start over, delete the folder {settings().data_dir} instead."
    for title, lines in (("staff accounts", found.staff), ("patients", found.patients)):
        yield f"{len(lines)} {title} of the demo{':' if lines else ''}"
        yield from (f"  {line}" for line in lines)
    counts = (f"{count} {noun(table, count)}" for table, count in found.counts.items())
    yield f"With all that belongs to them: {', '.join(counts)}."
    if found.practice:
        yield f"The practice's {_listed(found.practice)}, which are still the demo's."


def _left_to_do(found: Removal) -> Iterable[str]:
    if found.practice:
        yield f"Empty now, to be set by you: the practice's {_listed(found.practice)}."
        if "name" in found.practice:
            yield 'Nothing is served before the name is set: portal practice set --name "…"'
    if found.exported:
        yield f"{found.exported} entries of demo patients went to your own system already: take them back there."
    folder = settings().data_dir
    if files := [name for name in _LEFT_IN_THE_FOLDER if (folder / name).exists()]:
        yield f"Files that only a demo uses are still in {folder}, delete them: {', '.join(files)}."


def _listed(names: Iterable[str]) -> str:
    words = {"line1": "address", "region": "state", "postal_code": "ZIP code"}
    return ", ".join(words.get(name, name.replace("_", " ")) for name in names)


def _rows(sheet: str) -> list[dict[str, str]]:
    with (HERE / f"{sheet}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))
