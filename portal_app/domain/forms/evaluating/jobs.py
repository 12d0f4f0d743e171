"""What is handed to the evaluator of expressions: each expression with as little of the response as it reads."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal_app.domain.forms.responses.conditions import Visibility
from portal_app.domain.forms.responses.places import Place, Response, Site
from portal_app.domain.forms.types import ROOT, ExpressionKind, Item, ItemType
from portal_app.domain.forms.values import Coding, Value, write_value

FOCUS = "_focus"  # marks the item at which an expression begins


@dataclass(frozen=True, slots=True)
class Job:
    """One expression to evaluate.

    Args:
        items: the items of a QuestionnaireResponse, cut down; the one marked FOCUS is where the expression stands.
        variables: name → known results.
        later: name → the expression in the same request that gives it.
    """

    site: Site
    items: list[dict[str, Any]]
    variables: Mapping[str, tuple[Any, ...]]
    later: Mapping[str, Site]


def make_job(response: Response, visibility: Visibility, site: Site, later: set[Site]) -> Job:
    """The job of an expression in certain repetitions; `later` are those that run before it in the same request."""
    form = response.form
    one = form.expressions[site.expression]
    known: dict[str, tuple[Any, ...]] = dict.fromkeys(form.unfilled, ())
    waiting: dict[str, Site] = {}
    for index in one.uses:
        variable = form.expressions[index]
        depth = len(form.items[variable.item].repeated) if variable.item != ROOT else 0
        its_site = Site(index, site.repetitions[:depth])
        if its_site in later:
            waiting[variable.name] = its_site
        else:
            known[variable.name] = response.results.get(its_site, ())
    focus = None if one.item == ROOT else Place(one.item, site.repetitions)
    names = None if one.reads_everything else one.reads
    reading = _Cutter(response, visibility, names, focus)
    is_reading = one.reads_everything or bool(one.reads) or one.kind is not ExpressionKind.VARIABLE
    return Job(site, reading.items(None, names is None) if is_reading else [], known, waiting)


class _Cutter:
    """Writes the response's items: those that are named with all that is below, and the way to them.

    Args:
        names: the items that are read; None for all.
        focus: where the expression stands: on the way even without an answer.
    """

    def __init__(
        self, response: Response, visibility: Visibility, names: frozenset[int] | None, focus: Place | None
    ) -> None:
        self.response, self.visibility, self.names, self.focus = (
            response,
            visibility,
            names or frozenset(),
            focus,
        )
        items = response.form.items
        self.around = {above for name in self.names for above in items[name].ancestors}
        self.around |= set(items[focus.item].ancestors) if focus else set()

    def items(self, above: Place | None, is_whole: bool) -> list[dict[str, Any]]:
        made: list[dict[str, Any]] = []
        written: dict[int, dict[str, Any]] = {}
        form = self.response.form
        children = form.roots if above is None else form.items[above.item].children
        for child in children:
            item = form.items[child]
            if item.type is ItemType.DISPLAY or not (is_whole or child in self.around):
                continue
            for place in self.response.repeated(child, () if above is None else above.repetitions):
                if self.visibility.counts(place) or self._is_on_way(place):
                    self._write(item, place, is_whole or child in self.names, made, written)
        return made

    def _is_on_way(self, place: Place) -> bool:
        focus = self.focus
        return focus is not None and self.response.is_within(focus, place)

    def _write(
        self,
        item: Item,
        place: Place,
        is_whole: bool,
        made: list[dict[str, Any]],
        written: dict[int, dict[str, Any]],
    ) -> None:
        below = self.items(place, is_whole) if item.children else []
        counts = self.visibility.counts(place)
        answers = [self._answer(item, value) for value in self.response.given(place)] if counts else []
        if not (below or answers or self._is_on_way(place)):
            return
        one: dict[str, Any] = written.get(item.index) or {"linkId": item.link_id}
        if item.type is ItemType.GROUP:
            one["item"] = below
            made.append(one)
        else:
            if below:
                answers = [{**answer, "item": below} for answer in answers or [{}]]
            if answers:
                one["answer"] = [*one.get("answer", ()), *answers]
            if item.index not in written:
                made.append(one)
            written[item.index] = one
        if place == self.focus:
            one[FOCUS] = True

    @staticmethod
    def _answer(item: Item, value: Value) -> dict[str, Any]:
        """The answer as JSON; a code brings its weight along, which `weight()` reads."""
        coding = value.content
        if isinstance(coding, Coding) and coding.weight is None:
            for option in item.options:
                if option.weight is not None and option.value.is_same(value):
                    return write_value(Value(value.type, coding._replace(weight=option.weight)))
        return write_value(value)
