"""The answers that an item offers, and those that it begins with."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from portal_app.domain.forms.importing.extensions import OPTION_EXCLUSIVE, OPTION_PREFIX, values_of
from portal_app.domain.forms.importing.findings import FindingCode, Findings, Outcome
from portal_app.domain.forms.importing.texts import read_text
from portal_app.domain.forms.importing.value_sets import ValueSets, objects
from portal_app.domain.forms.types import VALUE_TYPES, ItemType, Option
from portal_app.domain.forms.values import (
    ITEM_WEIGHT,
    ORDINAL_VALUE,
    Coding,
    Value,
    extension_value,
    label_of,
    number_of,
    read_value,
    text_of,
)
from portal_app.domain.json_values import object_or_empty

_CHOICES = (ItemType.CHOICE, ItemType.OPEN_CHOICE)


def read_options(
    item: Mapping[str, Any], kind: ItemType, sets: ValueSets, findings: Findings, place: str, link_id: str
) -> tuple[tuple[Option, ...], str]:
    """The options of an item and the name of their value set ("" without); says what is unknown."""
    given = objects(item.get("answerOption"))
    if given:
        made = [_read_option(one, findings, place, link_id) for one in given]
        if None in made:
            findings.add(FindingCode.OPTION_INVALID, Outcome.LEFT_OUT, place, link_id)
        found = tuple(one for one in made if one is not None)
        if found:
            return found, ""
    name = text_of(item.get("answerValueSet"))
    if name:
        options = sets.options(name)
        if options is None:
            findings.add(FindingCode.VALUE_SET_UNKNOWN, Outcome.AS_TEXT, place, link_id, value_set=name)
        elif sets.is_incomplete(name):
            findings.add(FindingCode.VALUE_SET_INCOMPLETE, Outcome.NOTED, place, link_id, value_set=name)
        return options or (), name if options else ""
    if kind in _CHOICES:
        findings.add(FindingCode.OPTIONS_MISSING, Outcome.AS_TEXT, place, link_id)
    return (), ""


def _read_option(given: Mapping[str, Any], findings: Findings, place: str, link_id: str) -> Option | None:
    value = read_value(given)
    if value is None:
        return None
    weight = number_of(extension_value(given, ORDINAL_VALUE, ITEM_WEIGHT))
    if isinstance(value.content, Coding):
        weight = value.content.weight if weight is None else weight
        words = read_text(object_or_empty(given.get("valueCoding")), "display", findings, place, link_id)
    else:
        words = read_text(given, value.type.key, findings, place, link_id)
    prefixes = [text_of(prefix) for prefix in values_of(given, OPTION_PREFIX)]
    return Option(
        value,
        replace(words, plain=label_of(value)) if not words.plain else words,
        prefix="".join(prefixes),
        exclusive=True in values_of(given, OPTION_EXCLUSIVE),
        weight=weight,
        initial=given.get("initialSelected") is True,
    )


def read_initial(
    item: Mapping[str, Any],
    kind: ItemType,
    options: tuple[Option, ...],
    repeats: bool,
    findings: Findings,
    place: str,
    link_id: str,
) -> tuple[Value, ...]:
    """The answers that an item begins with; those that it could not have are left out and said."""
    found = [one.value for one in options if one.initial]
    for given in objects(item.get("initial")):
        value = read_value(given)
        if value is not None and _may_be(value, kind, options):
            same = next((one.value for one in options if one.value.is_same(value)), value)
            if not any(one.is_same(same) for one in found):
                found.append(same)
        elif "valueReference" not in given or kind is ItemType.REFERENCE:
            findings.add(FindingCode.INITIAL_INVALID, Outcome.LEFT_OUT, place, link_id)
    if len(found) > 1 and not repeats:
        findings.add(FindingCode.INITIAL_INVALID, Outcome.LEFT_OUT, place, link_id)
        found = found[:1]
    return tuple(found)


def _may_be(value: Value, kind: ItemType, options: tuple[Option, ...]) -> bool:
    if any(one.value.is_same(value) for one in options):
        return True
    if kind is ItemType.OPEN_CHOICE and isinstance(value.content, str):
        return True
    return kind in VALUE_TYPES and VALUE_TYPES[kind] is value.type and not options
