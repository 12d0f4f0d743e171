"""FHIR's people and visits: Patient, RelatedPerson, Appointment, Encounter."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from portal_app.services.imports.fhir.values import (
    Unusable,
    codes,
    concept,
    day,
    id_of,
    items,
    person_name,
    record,
    target,
    text,
    the_id,
    words,
)

Made = Iterator[tuple[str, dict[str, str]]]
_PARENTS = {"MTH", "FTH", "NMTH", "NFTH", "PRN", "NPRN", "ADOPTP", "ADOPTM", "ADOPTF", "STPPRN", "STPMTH"}
_PARENTS |= {"STPFTH", "PRNFOST", "mother", "father", "parent"}
_GUARDIANS = {"GUARD", "guardian"}
_BOOKED = {
    "booked": "booked",
    "arrived": "arrived",
    "checked-in": "arrived",
    "fulfilled": "completed",
    "cancelled": "cancelled",
    "noshow": "no_show",
}
_VISITS = {
    "planned": "booked",
    "arrived": "arrived",
    "triaged": "arrived",
    "in-progress": "arrived",
    "onleave": "arrived",
    "finished": "completed",
    "cancelled": "cancelled",
}


@dataclass(slots=True)
class World:
    """What resources say of each other."""

    names: dict[str, str]
    guarantors: dict[str, str] = field(default_factory=dict)  # patient → chart number of who answers
    parents: dict[str, str] = field(default_factory=dict)  # patient → the first parent's chart number
    accounts: dict[str, str] = field(default_factory=dict)  # Account/id → patient

    def patient(self, resource: dict[str, Any], element: str) -> str:
        named = target(resource.get(element), self.names)
        if not named or ("/" in named and not named.startswith("Patient/")):
            raise Unusable(element, "names no patient")
        return id_of(named)

    def chart(self, reference: str) -> str:
        return reference if reference.startswith("RelatedPerson/") else id_of(reference)

    def hear_of(self, account: dict[str, Any]) -> None:
        named = [target(one, self.names) for one in items(account.get("subject"))]
        patients = [id_of(one) for one in named if one.startswith("Patient/")]
        if patients and text(account.get("id")):
            self.accounts[f"Account/{text(account.get('id'))}"] = patients[0]
        for guarantor in items(account.get("guarantor")):
            party = target(guarantor.get("party"), self.names)
            if party.startswith(("Patient/", "RelatedPerson/")) and not guarantor.get("onHold"):
                self.guarantors.update(dict.fromkeys(patients, self.chart(party)))

    def hear_of_related(self, related: dict[str, Any]) -> None:
        if relation_kind(related) and text(related.get("id")):
            child = id_of(target(related.get("patient"), self.names))
            self.parents.setdefault(child, f"RelatedPerson/{text(related.get('id'))}")


def relation_kind(related: dict[str, Any]) -> str:
    """'parent', 'guardian', or '' for whoever has no say (a neighbour, an aunt)."""
    said: set[str] = set()
    for relationship in related.get("relationship") or []:
        said |= codes(relationship) | {concept(relationship).lower()}
    return "parent" if said & _PARENTS else "guardian" if said & _GUARDIANS else ""


def _facts(resource: dict[str, Any]) -> dict[str, str]:
    given, family = person_name(resource)
    addresses = sorted(items(resource.get("address")), key=lambda one: text(one.get("use")) == "old")
    home = addresses[0] if addresses else {}
    lines = words(home.get("line"))
    telecom = [one for one in items(resource.get("telecom")) if text(one.get("use")) != "old"]
    phones = [text(one.get("value")) for one in telecom if text(one.get("system")) in ("phone", "sms")]
    emails = [text(one.get("value")) for one in telecom if text(one.get("system")) == "email"]
    born = text(resource.get("birthDate"))
    return {
        "given_name": given,
        "family_name": family,
        # A year alone is no date of birth: without one a person is an adult, and staff are told (DEP-10).
        "birth_date": born if len(born) == 10 else "",
        "sex": text(resource.get("gender")),
        "email": (emails or [""])[0],
        "phone": (phones or [""])[0],
        "other_phone": phones[1] if len(phones) > 1 else "",
        "line1": lines[0] if lines else "",
        "line2": ", ".join(lines[1:]),
        "city": text(home.get("city")),
        "region": text(home.get("state")),
        "postal_code": text(home.get("postalCode")),
        "country": text(home.get("country")),
    }


def patient(world: World, resource: dict[str, Any]) -> Made:
    chart = the_id(resource)
    replaced = any(text(link.get("type")) == "replaced-by" for link in items(resource.get("link")))
    dead = resource.get("deceasedBoolean") is True or bool(text(resource.get("deceasedDateTime")))
    asleep = resource.get("active") is False
    status = "merged" if replaced else "deceased" if dead else "inactive" if asleep else "active"
    spoken = sorted(items(resource.get("communication")), key=lambda one: one.get("preferred") is not True)
    language = next(iter(codes(record(spoken[0]).get("language"))), "") if spoken else ""
    yield (
        "patients",
        _facts(resource)
        | {
            "chart_number": chart,
            "guarantor_chart_number": world.guarantors.get(chart) or world.parents.get(chart, ""),
            "status": status,
            "language": language[:2] or "en",
        },
    )


def related_person(world: World, resource: dict[str, Any]) -> Made:
    """A parent or guardian is a person of the portal too: who else could act for the child?"""
    kind = relation_kind(resource)
    if not kind:
        said = ", ".join(concept(one) for one in resource.get("relationship") or []) or "nothing"
        raise Unusable("relationship", f"says {said}: neither parent nor guardian")
    chart, child = f"RelatedPerson/{the_id(resource)}", world.patient(resource, "patient")
    active = "inactive" if resource.get("active") is False else "active"
    yield "patients", _facts(resource) | {"chart_number": chart, "status": active}
    until = day(record(resource.get("period")).get("end"))
    yield (
        "relations",
        {"chart_number": child, "adult_chart_number": chart, "kind": kind, "until": until},
    )


def appointment(world: World, resource: dict[str, Any]) -> Made:
    status = text(resource.get("status"))
    if status not in _BOOKED:
        raise Unusable("status", f"“{status[:40]}”: not agreed upon, or no appointment at all")
    actors = [record(one.get("actor")) for one in items(resource.get("participant"))]
    named = [(target(actor, world.names), text(actor.get("display"))) for actor in actors]
    people = [id_of(name) for name, _ in named if name.startswith("Patient/")]
    if not people:
        raise Unusable("participant", "names no patient")
    yield (
        "appointments",
        {
            "appointment_key": f"Appointment/{the_id(resource)}",
            "chart_number": people[0],
            "start": text(resource.get("start")),
            "minutes": text(resource.get("minutesDuration"))
            or _minutes(resource.get("start"), resource.get("end")),
            "provider": next((shown for name, shown in named if name.startswith("Practitioner")), ""),
            "location": next((shown for name, shown in named if name.startswith("Location")), ""),
            "reason": text(resource.get("description")) or concept(resource.get("appointmentType")),
            "status": _BOOKED[status],
        },
    )


def encounter(world: World, resource: dict[str, Any]) -> Made:
    status = text(resource.get("status"))
    if status not in _VISITS:
        raise Unusable("status", f"“{status[:40]}” is no visit")
    period = record(resource.get("period"))
    individuals = [record(one.get("individual")) for one in items(resource.get("participant"))]
    places = [record(one.get("location")) for one in items(resource.get("location"))]
    kinds = [concept(kind) for kind in items(resource.get("type"))]
    yield (
        "appointments",
        {
            "appointment_key": f"Encounter/{the_id(resource)}",
            "chart_number": world.patient(resource, "subject"),
            "start": text(period.get("start")),
            "minutes": _minutes(period.get("start"), period.get("end")),
            "provider": next((text(one.get("display")) for one in individuals), ""),
            "location": next((text(one.get("display")) for one in places), ""),
            "reason": next(iter(kinds), ""),
            "status": _VISITS[status],
        },
    )


def _minutes(start: Any, end: Any) -> str:
    """Of whole visits within a day; of anything else nothing is said, and 30 minutes are assumed."""
    try:
        length = datetime.fromisoformat(text(end)) - datetime.fromisoformat(text(start))
    except (ValueError, TypeError):
        return ""
    minutes = round(length.total_seconds() / 60)
    return str(minutes) if 1 <= minutes <= 1440 else ""
