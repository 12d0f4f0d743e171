"""FHIR's people and visits: Patient, RelatedPerson, Appointment, Encounter."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from portal_app.domain.imports.dates import last_day
from portal_app.domain.imports.values import ImportOptions, Unreadable
from portal_app.services.imports.fhir.values import (
    Unusable,
    codes,
    concept,
    day,
    has_ended,
    id_of,
    items,
    person_name,
    record,
    target,
    text,
    the_id,
    words,
)
from portal_app.services.imports.people.contacts import email_of

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
    "entered-in-error": "cancelled",
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
    "entered-in-error": "cancelled",
}


@dataclass(frozen=True, slots=True)
class PatientPart:
    """What of a claim the patient owes, as an explanation of benefit of a day says."""

    amount: Decimal
    currency: str
    created: datetime
    doubtful: bool = False  # another one of the same moment says another amount


@dataclass(slots=True)
class World:
    """What resources say of each other."""

    names: dict[str, str]
    options: ImportOptions
    guarantors: dict[str, str] = field(
        default_factory=dict[str, str]
    )  # patient → chart number of who answers
    parents: dict[str, str] = field(
        default_factory=dict[str, str]
    )  # patient → the first parent's chart number
    accounts: dict[str, str] = field(default_factory=dict[str, str])  # Account/id → patient
    patient_parts: dict[str, PatientPart] = field(
        default_factory=dict[str, PatientPart]
    )  # Claim/id → the patient's part
    survivors: dict[str, str] = field(
        default_factory=dict[str, str]
    )  # patient → who replaces them, as that one says

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
        if text(account.get("status")) in ("entered-in-error", "inactive"):
            patients = []
        if patients and text(account.get("id")):
            self.accounts[f"Account/{text(account.get('id'))}"] = patients[0]
        for guarantor in items(account.get("guarantor")):
            party = target(guarantor.get("party"), self.names)
            if party.startswith(("Patient/", "RelatedPerson/")) and not (
                guarantor.get("onHold") or self.over(guarantor.get("period"))
            ):
                self.guarantors.update(dict.fromkeys(patients, self.chart(party)))

    def hear_of_patient(self, patient: dict[str, Any]) -> None:
        """A merged chart may be named by its survivor alone."""
        chart = text(patient.get("id"))
        for link in items(patient.get("link")):
            old = target(link.get("other"), self.names)
            if text(link.get("type")) != "replaces" or not chart or not old.startswith("Patient/"):
                continue
            if self.survivors.get(chart) == id_of(old):  # each says that it replaces the other
                del self.survivors[chart]
            else:
                self.survivors[id_of(old)] = chart

    def over(self, period: Any) -> bool:
        return has_ended(period, self.options.today, self.options.zone)

    def day(self, said: Any) -> str:
        return day(said, self.options.zone)

    def hear_of_related(self, related: dict[str, Any]) -> None:
        """Whoever is a parent or guardian today answers for the child, unless an Account names another."""
        if related.get("active") is False or self.over(related.get("period")):
            return
        if relation_kind(related) and text(related.get("id")):
            child = id_of(target(related.get("patient"), self.names))
            self.parents.setdefault(child, f"RelatedPerson/{text(related.get('id'))}")


def relation_kind(related: dict[str, Any]) -> str:
    """'parent', 'guardian', or '' for whoever has no say (a neighbour, an aunt)."""
    said: set[str] = set()
    for relationship in related.get("relationship") or []:
        said |= codes(relationship) | {concept(relationship).lower()}
    return "parent" if said & _PARENTS else "guardian" if said & _GUARDIANS else ""


def _facts(world: World, resource: dict[str, Any]) -> dict[str, str]:
    given, family = person_name(resource, world.options.today, world.options.zone)
    addresses = sorted(
        items(resource.get("address")),
        key=lambda one: text(one.get("use")) == "old" or world.over(one.get("period")),
    )
    home = addresses[0] if addresses else {}
    lines = words(home.get("line"))
    telecom = _telecom(world, resource)
    phones = [text(one.get("value")) for one in telecom if text(one.get("system")) in ("phone", "sms")]
    emails = [text(one.get("value")) for one in telecom if text(one.get("system")) == "email"]
    return {
        "given_name": given,
        "family_name": family,
        "birth_date": text(resource.get("birthDate")),
        "sex": text(resource.get("gender")),
        "email": next(filter(_is_an_address, emails), (emails or [""])[0]),
        "phone": (phones or [""])[0],
        "other_phone": _one_cell(phones[1:]),
        "line1": lines[0] if lines else "",
        "line2": ", ".join(lines[1:]),
        "city": text(home.get("city")),
        "region": text(home.get("state")),
        "postal_code": text(home.get("postalCode")),
        "country": text(home.get("country")),
    }


def _is_an_address(written: str) -> bool:
    try:
        return bool(email_of(written))
    except Unreadable:
        return False


def _one_cell(phones: list[str]) -> str:
    """As many of these numbers as the column takes: those in one cell all count."""
    joined = ""
    for phone in phones:
        more = f"{joined}; {phone}" if joined else phone
        if joined and len(more) > 80:
            break
        joined = more
    return joined


def _telecom(world: World, resource: dict[str, Any]) -> list[dict[str, Any]]:
    """The contact points that hold today, in the order of their rank."""

    def rank(one: dict[str, Any]) -> int:
        said = text(one.get("rank"))
        return int(said) if said.isdigit() else 10**6

    holds = [
        one
        for one in items(resource.get("telecom"))
        if text(one.get("use")) != "old" and text(one.get("value")) and not world.over(one.get("period"))
    ]
    return sorted(holds, key=rank)


def patient(world: World, resource: dict[str, Any]) -> Made:
    """What ends a person's access counts, even when the rest of the resource is empty."""
    chart = the_id(resource)
    survivors = [
        target(link.get("other"), world.names)
        for link in items(resource.get("link"))
        if text(link.get("type")) == "replaced-by"
    ]
    survivors += [f"Patient/{world.survivors[chart]}"] if chart in world.survivors else []
    replaced = bool(survivors)
    dead = resource.get("deceasedBoolean") is True or bool(text(resource.get("deceasedDateTime")))
    asleep = resource.get("active") is False
    status = "merged" if replaced else "deceased" if dead else "inactive" if asleep else "active"
    spoken = sorted(items(resource.get("communication")), key=lambda one: one.get("preferred") is not True)
    language = next(iter(codes(record(spoken[0]).get("language"))), "") if spoken else ""
    try:
        facts = _facts(world, resource)
    except Unusable:
        if status == "active":
            raise
        facts = {}
    yield (
        "patients",
        facts
        | {
            "chart_number": chart,
            "guarantor_chart_number": world.guarantors.get(chart) or world.parents.get(chart, ""),
            "status": status,
            "merged_into": id_of(survivors[0]) if replaced else "",
            "language": language[:2] or "en",
        },
    )


def related_person(world: World, resource: dict[str, Any]) -> Made:
    """A parent or guardian is a person of the portal too: who else could act for the child?

    What ends it counts, even when the rest of the resource is empty.
    """
    chart, gone = f"RelatedPerson/{the_id(resource)}", resource.get("active") is False
    end = world.day(record(resource.get("period")).get("end"))
    until = last_day(end)
    try:
        kind, child = _related_to(world, resource)
    except Unusable:
        if not gone:
            raise
        yield "patients", {"chart_number": chart, "status": "inactive"}
        return
    if end and until is None:
        raise Unusable("period.end", f"“{end[:40]}” is no date: until when may they act?")
    try:
        facts = _facts(world, resource)
    except Unusable:
        if not gone and not (until and until < world.options.today):
            raise
        facts = {}
    if facts or gone:
        yield "patients", facts | {"chart_number": chart, "status": "inactive" if gone else "active"}
    if until is None and world.over(resource.get("period")):
        return  # it has not begun
    yield (
        "relations",
        {
            "chart_number": child,
            "adult_chart_number": chart,
            "kind": kind,
            "until": until.isoformat() if until else "",
        },
    )


def _related_to(world: World, resource: dict[str, Any]) -> tuple[str, str]:
    """(kind of relation, the child's chart number). Raises Unusable."""
    if kind := relation_kind(resource):
        return kind, world.patient(resource, "patient")
    said = ", ".join(concept(one) for one in resource.get("relationship") or []) or "nothing"
    raise Unusable("relationship", f"says {said}: neither parent nor guardian")


def appointment(world: World, resource: dict[str, Any]) -> Made:
    status = text(resource.get("status"))
    if status not in _BOOKED:
        raise Unusable("status", f"“{status[:40]}”: not agreed upon, or no appointment at all")
    actors = [record(one.get("actor")) for one in items(resource.get("participant"))]
    named = [(target(actor, world.names), text(actor.get("display"))) for actor in actors]
    people = [id_of(name) for name, _ in named if name.startswith("Patient/")]
    key = f"Appointment/{the_id(resource)}"
    if not people:
        if _BOOKED[status] != "cancelled":
            raise Unusable("participant", "names no patient")
        yield "appointments", {"appointment_key": key, "status": "cancelled"}
        return
    yield (
        "appointments",
        {
            "appointment_key": key,
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
    key = f"Encounter/{the_id(resource)}"
    if _VISITS[status] == "cancelled" and not target(resource.get("subject"), world.names):
        yield "appointments", {"appointment_key": key, "status": "cancelled"}
        return
    period = record(resource.get("period"))
    individuals = [record(one.get("individual")) for one in items(resource.get("participant"))]
    places = [record(one.get("location")) for one in items(resource.get("location"))]
    kinds = [concept(kind) for kind in items(resource.get("type"))]
    yield (
        "appointments",
        {
            "appointment_key": key,
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
