"""Reads values from a FHIR resource of any shape; nothing here raises for a wrong shape."""

import re
from typing import Any


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


def day(said: Any) -> str:
    """The date of a FHIR date or dateTime, as it is written there."""
    return text(said)[:10]


def the_id(resource: dict[str, Any]) -> str:
    """The resource's id, else its first identifier."""
    values = [text(one.get("value")) for one in items(resource.get("identifier"))]
    if found := text(resource.get("id")) or next(filter(None, values), ""):
        return found
    raise Unusable("id", "has neither an id nor an identifier: a second import could not know it again")


def person_name(resource: dict[str, Any]) -> tuple[str, str]:
    """(given, family): the official name, else the usual one, else the first."""
    names = items(resource.get("name"))
    ranked = sorted(names, key=lambda name: {"official": 0, "usual": 1}.get(text(name.get("use")), 2))
    if not ranked:
        raise Unusable("name", "is missing")
    given, family = " ".join(words(ranked[0].get("given"))), text(ranked[0].get("family"))
    if not given and not family:
        given, _, family = text(ranked[0].get("text")).rpartition(" ")
    if not given or not family:
        raise Unusable("name", "has no given name" if family else "has no family name")
    return given, family
