"""FHIR R4 files (NDJSON, Bundles, single resources) turned into rows of our own sheets.

Read leniently, as plain JSON: a resource that is wrong somewhere else still comes in.
"""

import gzip
import json
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from portal_app.domain.imports.report import Where
from portal_app.domain.imports.sheets import SHEETS
from portal_app.domain.imports.values import ImportOptions
from portal_app.services.imports.errors import FilesNotRead, FolderMissing, NothingToImport
from portal_app.services.imports.fhir import billing, people
from portal_app.services.imports.fhir.values import Unusable, items, record, text
from portal_app.services.imports.files import Raw, unusable

Feeds = dict[str, tuple[str, frozenset[str], list[Raw]]]
READ = ("Account", "Patient", "RelatedPerson", "Appointment", "Encounter", "Invoice", "Claim")
_MORE = ("ExplanationOfBenefit",)
_GZIP = b"\x1f\x8b"


@dataclass(slots=True)
class Found:
    """Every resource of the directory that the portal reads, by type, and how many it does not."""

    resources: dict[str, list[tuple[Where, dict[str, Any]]]] = field(default_factory=dict)
    others: Counter[str] = field(default_factory=Counter)
    names: dict[str, str] = field(default_factory=dict)  # a Bundle's fullUrl → Type/id
    unreadable: list[Raw] = field(default_factory=list)


def read_fhir(directory: Path, options: ImportOptions) -> tuple[Feeds, list[str]]:
    """Rows by sheet, and what was left out as notes. Raises FolderMissing, NothingToImport, FilesNotRead."""
    if not directory.is_dir():
        raise FolderMissing(folder=str(directory))
    found = Found()
    strange = []
    for path in sorted(directory.iterdir()):
        kind = "".join(path.suffixes[-2:]).lower() if path.suffix.lower() == ".gz" else path.suffix.lower()
        if kind.removesuffix(".gz") in (".ndjson", ".json", ".jsonl"):
            _read_file(found, path, kind)
        elif not path.name.startswith("."):
            strange.append(path.name if path.is_file() else f"{path.name}/")
    if not found.resources and not found.unreadable:
        if strange:
            raise FilesNotRead(folder=str(directory), files=", ".join(strange))
        raise NothingToImport(folder=str(directory))
    rows: dict[str, list[Raw]] = {sheet: [] for sheet in SHEETS}
    rows["patients"].extend(found.unreadable)
    _convert(found, rows, options)
    # Only what FHIR says may change what is kept; the columns it never fills stay as they are.
    feeds: Feeds = {}
    for sheet, raws in rows.items():
        if raws:
            given = frozenset(column for raw in raws for column in raw.names)
            feeds[sheet] = (sheet, given, raws)
    left = ", ".join(f"{count} {kind}" for kind, count in sorted(found.others.items()))
    notes = [f"Left out, because the portal has no use for it: {left}."] if left else []
    return feeds, notes + (
        [f"Not read: {', '.join(strange)}. Only .ndjson, .jsonl and .json are, also with .gz."]
        if strange
        else []
    )


def _read_file(found: Found, path: Path, kind: str) -> None:
    """One resource a line, or one or more JSON values: a resource, a Bundle, an array. May be gzipped."""
    try:
        whole = path.read_bytes()
        if whole.startswith(_GZIP):  # whatever the file is called
            whole = gzip.decompress(whole)
        said = whole.decode(json.detect_encoding(whole[:4]))
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as trouble:
        found.unreadable.append(_unreadable(Where(path.name, 1), trouble, 1))
        return
    said = said.removeprefix("\ufeff")
    if ".json" in kind and ".jsonl" not in kind:
        _read_values(found, path.name, said)
        return
    for number, line in enumerate(said.split("\n"), 1):
        if not line.strip():
            continue
        try:
            _take(found, Where(path.name, number), _decoder.decode(line))
        except (ValueError, RecursionError) as trouble:
            found.unreadable.append(_unreadable(Where(path.name, number), trouble, 0))


# Numbers stay as they are written: money is never a float.
_decoder = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)


def _read_values(found: Found, name: str, said: str) -> None:
    """Every JSON value of a file, one behind the other; what follows one that is broken is counted as unread."""
    at = 0
    while said[at:].strip():
        at += len(said[at:]) - len(said[at:].lstrip())
        where = Where(name, said.count("\n", 0, at) + 1)
        try:
            value, at = _decoder.raw_decode(said, at)
        except (ValueError, RecursionError) as trouble:
            found.unreadable.append(_unreadable(where, trouble, said[at:].strip().count("\n") + 1))
            return
        _take(found, where, value)


def _unreadable(where: Where, trouble: Exception, lines: int) -> Raw:
    """`lines`: how many lines nobody has read because of it; one line of its own is a row set aside."""
    return unusable(where, f"cannot be read as JSON: {trouble}"[:200], unread=lines)


def _take(found: Found, where: Where, value: Any) -> None:
    for inner, url in _resources(value):
        kind, id_ = text(inner.get("resourceType")), text(inner.get("id"))
        if kind not in READ and kind not in _MORE:
            found.others[kind or "nameless"] += 1
            continue
        if url:
            found.names[url] = f"{kind}/{id_}"
        found.resources.setdefault(kind, []).append((where, inner))


def _resources(resource: Any) -> Iterator[tuple[dict[str, Any], str]]:
    if isinstance(resource, list):
        for one in resource:
            yield from _resources(one)
        return
    whole = record(resource)
    if whole.get("resourceType") != "Bundle":
        yield whole, ""
        return
    for entry in items(whole.get("entry")):
        yield from ((inner, text(entry.get("fullUrl"))) for inner, _ in _resources(entry.get("resource")))


def _convert(found: Found, rows: dict[str, list[Raw]], options: ImportOptions) -> None:
    world = people.World(found.names, options)
    for _, account in found.resources.get("Account", []):
        world.hear_of(account)
    for _, related in found.resources.get("RelatedPerson", []):
        world.hear_of_related(related)
    for _, patient in found.resources.get("Patient", []):
        world.hear_of_patient(patient)
    for _, explanation in found.resources.get("ExplanationOfBenefit", []):
        billing.hear_of_explanation(world, explanation)
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
                for to, values in list(read(world, resource)):
                    error = text(resource.get("status")) == "entered-in-error"
                    rows[to].append(_raw(where, values, name, error))
            except Unusable as reason:
                lost = {"chart_number": text(resource.get("id"))} if kind == "Patient" else {}
                raw = _raw(where, lost, name, False)
                raw.wrong, raw.column = str(reason), reason.element
                if kind == "RelatedPerson" and reason.element == "relationship":
                    raw.unrelated = name
                rows[sheet].append(raw)
    rows["patients"].extend(_merged_without_record(found, world))


def _merged_without_record(found: Found, world: people.World) -> Iterator[Raw]:
    """Charts that only their survivors still name: who had them is merged, if they were here."""
    there = {text(resource.get("id")): where for where, resource in found.resources.get("Patient", [])}
    for old, survivor in world.survivors.items():
        if old not in there:
            values = {"chart_number": old, "status": "merged", "merged_into": survivor}
            yield _raw(there[survivor], values, f"Patient/{survivor}", True)


def _raw(where: Where, values: dict[str, str], about: str, withdrawn: bool) -> Raw:
    names, cells = tuple(values), list(values.values())
    return Raw(where.file, where.line, names, cells, about=about, withdrawn=withdrawn)
