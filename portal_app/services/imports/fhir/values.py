"""Reads values from a FHIR resource of any shape; nothing here raises for a wrong shape."""

import re
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from portal_app.domain.imports.dates import last_day


class Unusable(ValueError):
    """A resource the portal cannot use: the element, and the reason in plain words."""

    def __init__(self, element: str, reason: str) -> None:
        super().__init__(reason)
        self.element = element


def record(said: Any) -> dict[str, Any]:
    return said if isinstance(said, dict) else {}


def items(said: Any) -> list[dict[str, Any]]:
    return [one for one in said if isinstance(one, dict)] if isinstance(said, list) else []


def text(said: Any) -> str:
    return said.strip() if isinstance(said, str) else ""


def words(said: Any) -> list[str]:
    return [one.strip() for one in said if isinstance(one, str)] if isinstance(said, list) else []


def concept(said: Any) -> str:
    """A CodeableConcept in words."""
    whole = record(said)
    shown = [text(coding.get("display")) or text(coding.get("code")) for coding in items(whole.get("coding"))]
    return text(whole.get("text")) or next(filter(None, shown), "")


def codes(said: Any) -> set[str]:
    return {text(coding.get("code")) for coding in items(record(said).get("coding"))} - {""}


def target(said: Any, names: dict[str, str]) -> str:
    """'Patient/123' of a Reference: relative, absolute, or a Bundle's urn:uuid."""
    said = text(record(said).get("reference"))
    if said in names:
        return names[said]
    parts = re.split(r"[/:]", said.partition("/_history")[0])
    return "/".join(parts[-2:]) if "/" in said else parts[-1]


def id_of(reference: str) -> str:
    return reference.rpartition("/")[2]


def day(said: Any, zone: ZoneInfo) -> str:
    """The practice's day of a FHIR date or dateTime; a moment with an offset is on another day elsewhere."""
    written = text(said)
    if "T" not in written:
        return written
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return written  # as it is: whoever reads it refuses it, and guesses no day
    return (moment.astimezone(zone) if moment.tzinfo else moment).date().isoformat()


def instant(said: Any, zone: ZoneInfo) -> datetime:
    """A FHIR date or dateTime to be compared with others; a day begins at midnight. What is unreadable comes first."""
    try:
        moment = datetime.fromisoformat(text(said))
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def has_ended(said: Any, today: date, zone: ZoneInfo) -> bool:
    """Is a Period over, or not begun? An end that says only the year or month is its last day.

    What ends on a day that nobody can read is over: nobody gets access by it.
    """
    period = record(said)
    ending, start = text(period.get("end")), text(period.get("start"))
    end = last_day(day(ending, zone))
    begun = not start or day(start, zone)[: len(today.isoformat())] <= today.isoformat()
    return not begun or (bool(ending) and (end is None or end < today))


def the_id(resource: dict[str, Any]) -> str:
    """The resource's id, else its first identifier."""
    values = [text(one.get("value")) for one in items(resource.get("identifier"))]
    if found := text(resource.get("id")) or next(filter(None, values), ""):
        return found
    raise Unusable("id", "has neither an id nor an identifier: a second import could not know it again")


_NAME_USES = {
    "official": 0,
    "usual": 1,
    "": 2,
    "nickname": 3,
    "temp": 4,
    "anonymous": 5,
    "maiden": 6,
    "old": 7,
}
_SUFFIXES = {"jr", "sr", "ii", "iii", "iv", "md", "phd", "dds", "dmd", "esq", "rn", "do"}
_TITLES = {"mr", "mrs", "ms", "miss", "dr", "prof", "mx"}


def person_name(resource: dict[str, Any], today: date, zone: ZoneInfo) -> tuple[str, str]:
    """(given, family): the official name, else the usual one, else another; former names and ended ones last."""
    names = sorted(
        items(resource.get("name")),
        key=lambda name: (
            has_ended(name.get("period"), today, zone),
            _NAME_USES.get(text(name.get("use")), 2),
        ),
    )
    if not names:
        raise Unusable("name", "is missing")
    parts = [_parts(name) for name in names]
    for given, family in parts:
        if given and family:
            return given, family
    given, family = parts[0]
    raise Unusable("name", "has no given name" if family else "has no family name")


def _parts(name: dict[str, Any]) -> tuple[str, str]:
    """(given, family) of a HumanName, from its text where it has no parts: "Reyes, Ana" or "Ana Reyes"."""
    given, family = " ".join(filter(None, words(name.get("given")))), text(name.get("family"))
    if (given and family) or not text(name.get("text")):
        return given, family
    pieces = [piece.strip() for piece in text(name.get("text")).split(",")]
    pieces = [piece for n, piece in enumerate(pieces) if piece and (n == 0 or not _is_suffix(piece))]
    if len(pieces) > 1:
        return (given or pieces[1], family or pieces[0])
    spoken = pieces[0].split() if pieces else []
    while spoken and spoken[0].strip(".").lower() in _TITLES:
        spoken = spoken[1:]
    while len(spoken) > 2 and _is_suffix(spoken[-1]):
        spoken = spoken[:-1]
    whole = " ".join(spoken)
    if family and whole.lower().endswith(f" {family.lower()}"):  # a family name of several words
        return given or whole[: -len(family)].strip(), family
    return (given or " ".join(spoken[:-1]), family or " ".join(spoken[-1:]))


def _is_suffix(word: str) -> bool:
    return word.replace(".", "").lower() in _SUFFIXES
