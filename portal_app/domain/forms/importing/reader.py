"""Reads FHIR R4 Questionnaires: lenient, and it says what it repaired, left out or refused."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from portal_app.domain.forms.importing.checks import read_conditions, refuse_loops
from portal_app.domain.forms.importing.expressions import ExpressionReader, Place
from portal_app.domain.forms.importing.findings import Finding, FindingCode, Findings, Outcome
from portal_app.domain.forms.importing.items import MOST_ITEMS, ItemReader, TooManyItems, say_losses
from portal_app.domain.forms.importing.texts import read_text
from portal_app.domain.forms.importing.value_sets import ValueSets, objects
from portal_app.domain.forms.types import ROOT, Expression, Form, Item, Text
from portal_app.domain.forms.values import parse_json, text_of
from portal_app.domain.json_values import is_list_or_tuple, is_object, object_or_empty
from portal_app.domain.text import strip_unstorable

MOST_BYTES = 2_000_000
MOST_DEPTH = 20
_STATUSES = ("draft", "active", "retired", "unknown")


@dataclass(frozen=True, slots=True)
class ReadForm:
    """One questionnaire that was read: the form, or None where it is refused; and all there is to say."""

    form: Form | None
    findings: tuple[Finding, ...]


def read_questionnaires(source: bytes, supplied: Sequence[Mapping[str, Any]] = ()) -> tuple[ReadForm, ...]:
    """Reads a file with a FHIR R4 Questionnaire, or a Bundle with several.

    Args:
        source: JSON in UTF-8, at most 2 MB.
        supplied: ValueSets and CodeSystems (or Bundles of them) that the questionnaire may name.
    """
    findings = Findings()
    if len(source) > MOST_BYTES:
        return (_refused(findings, FindingCode.TOO_LARGE, most="2 MB"),)
    try:
        text = source.decode("utf-8-sig")
        given = parse_json(text)
        stored = json.dumps(given, default=str, ensure_ascii=False)
    except (ValueError, RecursionError):
        return (_refused(findings, FindingCode.NO_JSON),)
    if strip_unstorable(stored) != stored or re.search(r"\\u00[01]|\\[bf]", stored):
        return (_refused(findings, FindingCode.UNSTORABLE),)
    resources = [given]
    if is_object(given) and given.get("resourceType") == "Bundle":
        resources = [object_or_empty(entry.get("resource")) for entry in objects(given.get("entry"))]
        supplied = (
            *supplied,
            *(one for one in resources if one.get("resourceType") in ("ValueSet", "CodeSystem")),
        )
    forms = [one for one in resources if is_object(one) and one.get("resourceType") == "Questionnaire"]
    if not forms:
        return (_refused(findings, FindingCode.NO_QUESTIONNAIRE),)
    try:
        return tuple(_read_form(one, supplied) for one in forms)
    except RecursionError:
        return (_refused(Findings(), FindingCode.NO_JSON),)


def _refused(findings: Findings, code: FindingCode, **values: str) -> ReadForm:
    findings.add(code, Outcome.REFUSED, **values)
    return ReadForm(None, tuple(findings.found))


def _read_form(given: Mapping[str, Any], supplied: Sequence[Mapping[str, Any]]) -> ReadForm:
    findings = Findings()
    _say_head(given, findings)
    if _depth(given.get("item")) > MOST_DEPTH:
        return _refused(findings, FindingCode.TOO_MANY_ITEMS, most=str(MOST_ITEMS))
    sets = ValueSets(given.get("contained"), supplied, findings)
    expressions = ExpressionReader(given, findings)
    expressions.read(given, Place())
    reader = ItemReader(sets, expressions, findings)
    try:
        reader.read_all(given.get("item"))
    except TooManyItems:
        return _refused(findings, FindingCode.TOO_MANY_ITEMS, most=str(MOST_ITEMS))
    if not reader.items:
        return _refused(findings, FindingCode.NO_ITEMS)
    items = _with_conditions(reader, findings)
    made, left_out = expressions.finish(items)
    _refuse_ambiguous(reader, made, findings)
    refuse_loops(items, findings)
    if findings.refused:
        return ReadForm(None, tuple(findings.found))
    form = Form(
        items=tuple(_without(item, left_out) for item in items),
        expressions=made,
        unfilled=expressions.unfilled,
        url=text_of(given.get("url")),
        version=text_of(given.get("version")),
        title=_title(given, findings),
        description=read_text(given, "description", findings),
        language=text_of(given.get("language")),
        source=_source(given, items, reader) if any("%q" in one.text for one in made) else {},
    )
    return ReadForm(form, tuple(findings.found))


def _title(given: Mapping[str, Any], findings: Findings) -> Text:
    return read_text(given, "title", findings) or read_text(given, "name", findings)


def _say_head(given: Mapping[str, Any], findings: Findings) -> None:
    status = text_of(given.get("status"))
    if status not in _STATUSES:
        findings.add(FindingCode.STATUS_MISSING, Outcome.REPAIRED, status=status)
    if status == "retired":
        findings.add(FindingCode.RETIRED, Outcome.NOTED)
    if not text_of(given.get("version")):
        findings.add(FindingCode.VERSION_MISSING, Outcome.REPAIRED)
    if given.get("modifierExtension") or given.get("implicitRules"):
        findings.add(FindingCode.MODIFIER, Outcome.REFUSED)
    given_items = given.get("item")
    if given_items is not None and (
        not is_list_or_tuple(given_items) or len(objects(given_items)) != len(given_items)
    ):
        findings.add(FindingCode.MALFORMED, Outcome.REFUSED)
    say_losses({name: part for name, part in given.items() if name not in ("item", "meta")}, findings)


def _depth(items: object) -> int:
    """How deep items are nested, counted to one more than is taken."""
    level, depth = objects(items), 0
    while level and depth <= MOST_DEPTH:
        level, depth = [child for one in level for child in objects(one.get("item"))], depth + 1
    return depth


def _with_conditions(reader: ItemReader, findings: Findings) -> list[Item]:
    by_link_id = {item.link_id: item for item in reader.items}
    return [
        read_conditions(item, given, by_link_id, reader.ambiguous, findings)
        for item, given in zip(reader.items, reader.given, strict=True)
    ]


def _refuse_ambiguous(reader: ItemReader, made: Sequence[Expression], findings: Findings) -> None:
    """A linkId of several items that an expression names: which one it means is not known."""
    indexes = {item.link_id: item.index for item in reader.items}
    for link_id in sorted(reader.ambiguous):
        for expression in made:
            if indexes[link_id] in expression.reads:
                at = reader.items[expression.item] if expression.item != ROOT else None
                number, name = (at.number, at.link_id) if at else ("", "")
                findings.add(FindingCode.LINK_ID_AMBIGUOUS, Outcome.REFUSED, number, name, question=link_id)


def _without(item: Item, left_out: set[int]) -> Item:
    """The item without the expressions that the portal cannot run."""
    names = ("shown", "calculated", "initial_expression")
    return replace(item, **{name: ROOT for name in names if getattr(item, name) in left_out})


def _source(given: Mapping[str, Any], items: Sequence[Item], reader: ItemReader) -> Mapping[str, object]:
    """The questionnaire as expressions read it, with the linkIds that the portal gave."""

    def made(item: Item) -> dict[str, Any]:
        kept = {name: part for name, part in reader.given[item.index].items() if name not in ("item", "text")}
        below = [made(items[child]) for child in item.children]
        return {**kept, "linkId": item.link_id, **({"item": below} if below else {})}

    head = {name: given[name] for name in ("resourceType", "url", "version", "contained") if name in given}
    return {**head, "item": [made(item) for item in items if item.parent == ROOT]}
