"""Evaluates the expressions of forms by fhirpathpy. It runs in the worker, which may be killed at any time."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, cast

import fhirpathpy
from fhirpathpy import models
from fhirpathpy.engine import nodes

from portal_app.gateways.expressions.functions import FUNCTIONS

FOCUS = "_focus"
_LINK_ID = re.compile(r"linkId\s*=\s*'((?:\\.|[^'\\])*)'")
# Its types are incomplete.
_library, _nodes, _R4 = cast(Any, fhirpathpy), cast(Any, nodes), cast(Any, models).models["r4"]
_Compiled = Callable[[Any, dict[str, Any]], list[Any]]


class CompiledForm:
    """The expressions of one version of a form; each is compiled when it is first needed, and once."""

    def __init__(self, texts: list[str], link_ids: list[str], source: dict[str, Any]) -> None:
        self.texts, self.link_ids, self.source = texts, link_ids, source
        self._made: dict[int, tuple[_Compiled, dict[str, Any]]] = {}

    def expression(self, index: int) -> tuple[_Compiled, dict[str, Any]]:
        """The compiled expression, and what it reads of the questionnaire."""
        if index not in self._made:
            text = self.texts[index]
            compiled = _library.compile(text, _R4, {"userInvocationTable": FUNCTIONS})
            self._made[index] = (compiled, self._questionnaire(index, text))
        return self._made[index]

    def _questionnaire(self, index: int, text: str) -> dict[str, Any]:
        """%questionnaire, cut to the items that the expression names, and %qitem."""
        found: dict[str, Any] = {}
        if "%questionnaire" in text:
            names = {re.sub(r"\\(.)", r"\1", name) for name in _LINK_ID.findall(text)}
            items = self.source.get("item", [])
            found["questionnaire"] = {**self.source, "item": _cut(items, names) if names else items}
        if "%qitem" in text:
            found["qitem"] = _item(self.source.get("item", []), self.link_ids[index]) or []
        return found


def _cut(items: list[dict[str, Any]], names: set[str]) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = []
    for item in items:
        if item.get("linkId") in names:
            kept.append(item)
        elif inside := _cut(item.get("item", []), names):
            kept.append({"linkId": item.get("linkId"), "type": item.get("type"), "item": inside})
    return kept


def _item(items: list[dict[str, Any]], link_id: str) -> dict[str, Any] | None:
    for item in items:
        if item.get("linkId") == link_id:
            return {name: part for name, part in item.items() if name != "item"}
        if found := _item(item.get("item", []), link_id):
            return found
    return None


def evaluate(
    form: CompiledForm, index: int, items: list[dict[str, Any]], variables: Mapping[str, Any], patient: Any
) -> list[Any]:
    """The results of one expression as plain JSON.

    Raises whatever fhirpathpy raises: there an error of any kind is an expression without a value.
    """
    call, more = form.expression(index)
    response = {"resourceType": "QuestionnaireResponse", "item": items}
    begun = _take_focus(items)
    focus: Any = response
    if begun is not None:
        focus = _nodes.ResourceNode.create_node(begun, "QuestionnaireResponse.item")
    given: dict[str, Any] = {
        "resource": response,
        "rootResource": response,
        "patient": patient or [],
        "context": focus,
    }
    return [_plain(one) for one in call(focus, {**given, **more, **variables})]


def _take_focus(items: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The item that is marked, without the mark."""
    for item in items:
        if item.pop(FOCUS, False):
            return item
        found = _take_focus(item.get("item", []))
        for answer in item.get("answer", ()):
            found = found or _take_focus(answer.get("item", []))
        if found is not None:
            return found
    return None


def _plain(value: Any) -> Any:
    """JSON of a result: dates and quantities of fhirpathpy become texts."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in cast(dict[str, Any], value).items()}
    if isinstance(value, list):
        return [_plain(part) for part in cast(list[Any], value)]
    return value if value is None or isinstance(value, bool | int | float | Decimal | str) else str(value)
