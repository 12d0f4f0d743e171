"""The options of a value set: contained in the questionnaire, supplied as a file, or built in."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from portal_app.domain.forms.importing.findings import Findings
from portal_app.domain.forms.importing.known_value_sets import known_options
from portal_app.domain.forms.importing.texts import read_designations
from portal_app.domain.forms.types import Option
from portal_app.domain.forms.values import (
    ITEM_WEIGHT,
    ORDINAL_VALUE,
    Coding,
    Value,
    ValueType,
    extension_value,
    number_of,
    text_of,
)
from portal_app.domain.json_values import is_list_or_tuple, is_object, object_or_empty

_MOST_OPTIONS = 200_000  # read for all value sets of a questionnaire together


def objects(given: object) -> list[dict[str, Any]]:
    """The JSON objects of a list; [] for anything else."""
    return [one for one in given if is_object(one)] if is_list_or_tuple(given) else []


class ValueSets:
    """All value sets and code systems that one questionnaire can name."""

    def __init__(self, contained: object, supplied: Iterable[Mapping[str, Any]], findings: Findings) -> None:
        self._findings = findings
        self._sets: dict[str, Mapping[str, Any]] = {}
        self._systems: dict[str, Mapping[str, Any]] = {}
        self._known: dict[str, tuple[Option, ...] | None] = {}
        self._incomplete: set[str] = set()
        self._left = _MOST_OPTIONS
        for resource in supplied:
            self._take(resource)
        for resource in objects(contained):
            self._take(resource)
            if resource.get("resourceType") == "ValueSet":
                self._sets[f"#{text_of(resource.get('id'))}"] = resource

    def _take(self, resource: Mapping[str, Any]) -> None:
        if resource.get("resourceType") == "Bundle":
            for entry in objects(resource.get("entry")):
                self._take(object_or_empty(entry.get("resource")))
        homes = {"ValueSet": self._sets, "CodeSystem": self._systems}
        home, url = homes.get(text_of(resource.get("resourceType"))), text_of(resource.get("url"))
        if home is not None and url:
            home[url] = resource

    def options(self, name: str) -> tuple[Option, ...] | None:
        """The options of the value set of this address ("#colors", "http://…|4.0"); None for an unknown one."""
        if name not in self._known:
            self._known[name] = None  # value sets that name each other in a circle end here
            self._known[name] = self._found(name)
        return self._known[name]

    def is_incomplete(self, name: str) -> bool:
        """Whether the value set names codes that only a terminology server can list."""
        return name in self._incomplete

    def _found(self, name: str) -> tuple[Option, ...] | None:
        url = name.partition("|")[0]
        resource = self._sets.get(name) or self._sets.get(url)
        if resource is None:
            return known_options(url)
        expansion = list(self._expanded(object_or_empty(resource.get("expansion")).get("contains")))
        if expansion:
            return tuple(expansion)
        compose = object_or_empty(resource.get("compose"))
        found: dict[tuple[str, str], Option] = {}
        for include in objects(compose.get("include")):
            for option in self._included(name, include):
                coding = option.value.content
                if isinstance(coding, Coding):
                    found.setdefault((coding.system, coding.code), option)
        for exclude in objects(compose.get("exclude")):
            for concept in objects(exclude.get("concept")):
                found.pop((text_of(exclude.get("system")), text_of(concept.get("code"))), None)
        return tuple(found.values()) or None

    def _expanded(self, contains: object) -> Iterator[Option]:
        for concept in objects(contains):
            if text_of(concept.get("code")) and concept.get("abstract") is not True:
                yield self._option(text_of(concept.get("system")), concept)
            yield from self._expanded(concept.get("contains"))

    def _included(self, name: str, include: Mapping[str, Any]) -> Iterator[Option]:
        system = text_of(include.get("system"))
        concepts = objects(include.get("concept"))
        if include.get("filter"):
            self._incomplete.add(name)
            return
        if concepts:
            for concept in concepts:
                yield self._option(system, concept)
        elif system in self._systems:
            yield from self._of_system(system, self._systems[system].get("concept"))
        elif system:
            self._incomplete.add(name)
        named = include.get("valueSet")
        names = named if is_list_or_tuple(named) and not system else ()
        for other in dict.fromkeys(map(text_of, names)):
            found = self.options(other)
            self._left -= len(found or ())
            if found is None or self._left < 0:
                self._incomplete.add(name)
            else:
                yield from found

    def _of_system(self, system: str, concepts: object) -> Iterator[Option]:
        for concept in objects(concepts):
            if text_of(concept.get("code")):
                yield self._option(system, concept)
            yield from self._of_system(system, concept.get("concept"))

    def _option(self, system: str, concept: Mapping[str, Any]) -> Option:
        label = read_designations(concept, self._findings)
        code, display = text_of(concept.get("code")), text_of(concept.get("display"))
        weight = number_of(extension_value(concept, ORDINAL_VALUE, ITEM_WEIGHT))
        weight = self._property_weight(concept) if weight is None else weight
        return Option(Value(ValueType.CODING, Coding(system, code, display)), label, weight=weight)

    @staticmethod
    def _property_weight(concept: Mapping[str, Any]) -> Any:
        """The property "itemWeight" of a concept, of R5 or as its extension for R4."""
        for given in objects(concept.get("property")):
            if given.get("code") in ("itemWeight", "weight"):
                return number_of(given.get("valueDecimal", given.get("valueInteger")))
        for extension in objects(concept.get("extension")):
            parts = {text_of(part.get("url")): part for part in objects(extension.get("extension"))}
            if parts.get("code", {}).get("valueCode") in ("itemWeight", "weight"):
                value = parts.get("value", {})
                return number_of(value.get("valueDecimal", value.get("valueInteger")))
        return None
