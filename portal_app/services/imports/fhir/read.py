"""FHIR R4 files (NDJSON, Bundles, single resources) turned into rows of our own sheets.

Read leniently, as plain JSON: a resource that is wrong somewhere else still comes in.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from portal_app.domain.errors import UserError
from portal_app.domain.imports import SHEETS, Where
from portal_app.services.imports.fhir import billing, people
from portal_app.services.imports.fhir.values import Unusable, items, record, text
from portal_app.services.imports.files import Raw

Feeds = dict[str, tuple[str, frozenset[str], list[Raw]]]
READ = ("Account", "Patient", "RelatedPerson", "Appointment", "Encounter", "Invoice", "Claim")
_MORE = ("ExplanationOfBenefit",)


@dataclass(slots=True)
class Found:
    """Every resource of the directory that the portal reads, by type, and how many it does not."""

    resources: dict[str, list[tuple[Where, dict[str, Any]]]] = field(default_factory=dict)
    others: Counter[str] = field(default_factory=Counter)
    names: dict[str, str] = field(default_factory=dict)  # a Bundle's fullUrl → Type/id
    unreadable: list[Raw] = field(default_factory=list)


def read_fhir(directory: Path) -> tuple[Feeds, list[str]]:
    """Rows by sheet, and what was left out as notes."""
    if not directory.is_dir():
        raise UserError("There is no folder {folder}", folder=str(directory))
    found = Found()
    for path in sorted(directory.iterdir()):
        if path.suffix.lower() in (".ndjson", ".json", ".jsonl"):
            _read_file(found, path)
    if not found.resources and not found.unreadable:
        raise UserError("There is no file to import in {folder}", folder=str(directory))
    rows: dict[str, list[Raw]] = {sheet: [] for sheet in SHEETS}
    rows["patients"].extend(found.unreadable)
    _convert(found, rows)
    # Only what FHIR says may change what is kept; the columns it never fills stay as they are.
    feeds: Feeds = {}
    for sheet, raws in rows.items():
        if raws:
            given = frozenset(column for raw in raws for column in raw.values)
            feeds[sheet] = (sheet, given, raws)
    left = ", ".join(f"{count} {kind}" for kind, count in sorted(found.others.items()))
    return feeds, [f"Left out, because the portal has no use for it: {left}."] if left else []


def _read_file(found: Found, path: Path) -> None:
    whole = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    if path.suffix.lower() == ".json":
        _read_json(found, Where(path.name, 1), whole)
        return
    for number, said in enumerate(whole.split(b"\n"), 1):
        if said.strip():
            _read_json(found, Where(path.name, number), said)


def _read_json(found: Found, where: Where, said: bytes) -> None:
    try:
        # Numbers stay as they are written: money is never a float.
        resource = json.loads(said.decode("utf-8"), parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError) as trouble:
        found.unreadable.append(Raw(where, {}, f"cannot be read as JSON: {trouble}"[:200]))
        return
    for inner, url in _resources(resource):
        kind, id_ = text(inner.get("resourceType")), text(inner.get("id"))
        if kind not in READ and kind not in _MORE:
            found.others[kind or "nameless"] += 1
            continue
        if url:
            found.names[url] = f"{kind}/{id_}"
        found.resources.setdefault(kind, []).append((where, inner))


def _resources(resource: Any) -> Iterator[tuple[dict[str, Any], str]]:
    whole = record(resource)
    if whole.get("resourceType") != "Bundle":
        yield whole, ""
        return
    for entry in items(whole.get("entry")):
        yield from ((inner, text(entry.get("fullUrl"))) for inner, _ in _resources(entry.get("resource")))


def _convert(found: Found, rows: dict[str, list[Raw]]) -> None:
    world = people.World(found.names)
    for _, account in found.resources.get("Account", []):
        world.hear_of(account)
    for _, related in found.resources.get("RelatedPerson", []):
        world.hear_of_related(related)
    readers = {
        "Patient": people.patient,
        "RelatedPerson": people.related_person,
        "Appointment": people.appointment,
        "Encounter": people.encounter,
        "Invoice": billing.invoice,
        "Claim": billing.claim,
        "ExplanationOfBenefit": billing.explanation,
    }
    for kind, read in readers.items():
        sheet = {"Patient": "patients", "RelatedPerson": "patients", "Appointment": "appointments"}.get(kind)
        sheet = sheet or {"Encounter": "appointments", "ExplanationOfBenefit": "payments"}.get(
            kind, "invoices"
        )
        for where, resource in found.resources.get(kind, []):
            name = f"{kind}/{text(resource.get('id'))}"
            try:
                for to, values in read(world, resource):
                    rows[to].append(Raw(where, values, about=name))
            except Unusable as reason:
                lost = {"chart_number": text(resource.get("id"))} if kind == "Patient" else {}
                rows[sheet].append(Raw(where, lost, str(reason), about=name, column=reason.element))
