"""The FHIRPath expressions of a questionnaire: which run, and what each reads."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from portal_app.domain.forms.importing import extensions as urls
from portal_app.domain.forms.importing.findings import FindingCode, Findings, Outcome
from portal_app.domain.forms.types import ROOT, Expression, ExpressionKind, Item
from portal_app.domain.forms.values import text_of
from portal_app.domain.json_values import object_or_empty

LANGUAGES = ("text/fhirpath", "application/fhirpath")
MOST_LETTERS = 10_000  # of one expression
# What every expression may read; `patient` is the only person that the portal hands in.
GIVEN = {"resource", "rootResource", "context", "questionnaire", "qitem", "patient", "ucum", "sct", "loinc"}
_STRING = re.compile(r"'(?:\\.|[^'\\])*(?:'|$)")
_LINK_ID = re.compile(r"linkId\s{0,9}=\s{0,9}'((?:\\.|[^'\\])*)(?:'|$)")
_VARIABLE = re.compile(r"%`?([A-Za-z_][\w-]*)")
_ROOTS = re.compile(r"%(?:resource|rootResource|context)\b")
_PATH = re.compile(
    r"(?<![.%$\w`'])(?!(?:and|or|xor|implies|in|is|as|div|mod|contains|true|false)\b)[A-Za-z]\w*\b(?!\s*\()"
)
_RELATIVE = re.compile(r"\.\s*\w+\s*\(")  # a function of what stands before it
_WIDE = re.compile(r"\b(?:descendants|children)\s*\(")
_KINDS = {
    urls.VARIABLE: ExpressionKind.VARIABLE,
    urls.SHOWN_BY: ExpressionKind.SHOWN,
    urls.CALCULATED_BY: ExpressionKind.CALCULATED,
    urls.INITIAL_BY: ExpressionKind.INITIAL,
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where an expression stands: an item by its index, or the form itself."""

    item: int = ROOT
    number: str = ""
    link_id: str = ""


class ExpressionReader:
    """Collects the expressions while items are read; `finish` then says what each one reads."""

    def __init__(self, questionnaire: Mapping[str, Any], findings: Findings) -> None:
        self._findings = findings
        self._made: list[Expression] = []
        self._places: list[Place] = []
        self._unfilled = {  # names that another program would fill
            text_of(object_or_empty(part.get("valueCoding")).get("code")) or text_of(part.get("valueId"))
            for context in urls.extensions(questionnaire)
            if context["url"] == f"{urls.SDC}sdc-questionnaire-launchContext"
            for part in urls.extensions(context)
            if part["url"] == "name"
        } - GIVEN

    def read(self, holder: Mapping[str, Any], place: Place) -> dict[ExpressionKind, int]:
        """The expressions of an item or of the form, by kind; of variables the last one."""
        found: dict[ExpressionKind, int] = {}
        for extension in urls.extensions(holder):
            kind = _KINDS.get(extension["url"])
            if kind is not None:
                made = self._take(kind, object_or_empty(extension.get("valueExpression")), place)
                if made is not None:
                    found[kind] = made
        return found

    def _take(self, kind: ExpressionKind, given: Mapping[str, Any], place: Place) -> int | None:
        language, text, name = (text_of(given.get(part)) for part in ("language", "expression", "name"))

        def leave_out(code: FindingCode) -> None:
            words = {"expression": text, "language": language, "kind": kind.value}
            self._findings.add(code, Outcome.LEFT_OUT, place.number, place.link_id, **words)

        if language == "application/x-fhir-query":
            leave_out(FindingCode.POPULATION)
            if kind is ExpressionKind.VARIABLE and name:
                self._unfilled.add(name)
            return None
        if language not in LANGUAGES:
            leave_out(FindingCode.EXPRESSION_LANGUAGE)
            return None
        if not text or len(text) > MOST_LETTERS or (kind is ExpressionKind.VARIABLE and not name):
            leave_out(FindingCode.EXPRESSION_UNKNOWN)
            return None
        self._made.append(Expression(len(self._made), kind, name, text, place.item))
        self._places.append(place)
        return len(self._made) - 1

    def finish(self, items: Sequence[Item]) -> tuple[tuple[Expression, ...], set[int]]:
        """All expressions with what they read, and the numbers of those that the portal cannot run.

        A name means the nearest variable outwards. What reads a name that nobody fills is told once, at its place.
        """
        by_link_id = {item.link_id: item.index for item in items}
        variables: dict[tuple[int, str], int] = {
            (one.item, one.name): one.index for one in self._made if one.kind is ExpressionKind.VARIABLE
        }
        used_by: dict[int, list[int]] = {}
        finished: list[Expression] = []
        left_out: set[int] = set()
        for one in self._made:
            outwards = (*reversed(items[one.item].ancestors), ROOT) if one.item != ROOT else (ROOT,)
            uses: list[int] = []
            unknown: list[str] = []
            for name in sorted(_names(one.text) - GIVEN):
                found = [
                    variables[at, name]
                    for at in outwards
                    if variables.get((at, name), one.index) != one.index
                ]
                if found:
                    uses.append(found[0])
                    used_by.setdefault(found[0], []).append(one.index)
                else:
                    unknown.append(name)
            if unknown and self._say_unknown(one, unknown):
                left_out.add(one.index)
            reads = frozenset(by_link_id[link] for link in _link_ids(one.text) if link in by_link_id)
            wide = _reads_everything(one.text)
            finished.append(replace(one, reads=reads, reads_everything=wide, uses=tuple(uses)))
        made = tuple(replace(one, used_by=tuple(used_by.get(one.index, ()))) for one in finished)
        return made, left_out

    def _say_unknown(self, one: Expression, unknown: list[str]) -> bool:
        """Whether an expression that reads names that nobody fills is left out: a first answer, and an unknown name."""
        place, names = self._places[one.index], ", ".join(f"%{name}" for name in unknown)
        is_foreign = set(unknown) <= self._unfilled
        code = FindingCode.POPULATION if is_foreign else FindingCode.EXPRESSION_UNKNOWN
        is_left_out = one.kind is ExpressionKind.INITIAL or not is_foreign
        outcome = Outcome.LEFT_OUT if is_left_out else Outcome.NOTED
        words = {"expression": one.text, "names": names, "kind": one.kind.value, "language": ""}
        self._findings.add(code, outcome, place.number, place.link_id, **words)
        return is_left_out

    @property
    def unfilled(self) -> frozenset[str]:
        """Names that are empty here because another program would fill them."""
        return frozenset(self._unfilled)


def _names(text: str) -> set[str]:
    return set(_VARIABLE.findall(_STRING.sub("''", text)))


def _link_ids(text: str) -> list[str]:
    return [re.sub(r"\\(.)", r"\1", found) for found in _LINK_ID.findall(text)]


def _reads_everything(text: str) -> bool:
    """Whether the whole response must be handed in: not every reading of it names a linkId."""
    bare = _STRING.sub("''", text)
    named = len(_link_ids(text))
    if bare.count("linkId") > named or _WIDE.search(bare):
        return True
    return len(_ROOTS.findall(bare)) + len(_PATH.findall(_without_relative(bare))) > named


def _without_relative(bare: str) -> str:
    """The expression without what stands in the brackets of `.where(…)` and its like: that reads what was found."""
    kept, at = "", 0
    while found := _RELATIVE.search(bare, at):
        kept += bare[at : found.end()]
        at, depth = found.end(), 1
        while at < len(bare) and depth:
            depth += {"(": 1, ")": -1}.get(bare[at], 0)
            at += 1
        kept += ")"
    return kept + bare[at:]
