"""Runs the expressions that a page needs and that are not known: pulled by the page, in rounds."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from portal_app.domain.forms.dates import date_span, date_time_span
from portal_app.domain.forms.evaluating.dependencies import Dependencies, dependencies_of, in_order
from portal_app.domain.forms.evaluating.jobs import Job, make_job
from portal_app.domain.forms.responses.conditions import Visibility
from portal_app.domain.forms.responses.places import Place, Response, Site
from portal_app.domain.forms.types import ROOT, VALUE_TYPES, ExpressionKind, Item, ItemType
from portal_app.domain.forms.values import Quantity, Value, ValueType, number_of, read_content

# Gives for each job its results as JSON; () for an expression that failed.
Run = Callable[[Sequence[Job]], Sequence[tuple[Any, ...]]]


def refresh(response: Response, run: Run, items: Iterable[int] | None = None) -> Response:
    """The response with everything known that these items need (all of them, if none are named).

    Runs in rounds: what reads a calculated answer waits until that is known. One round is one call of `run`.
    """
    form = response.form
    if not form.expressions:
        return response
    dependencies = dependencies_of(form)
    indexes = range(len(form.items)) if items is None else items
    wanted = {each for index in indexes for each in dependencies.deciding(index)}
    for expressions in _rounds(response, dependencies, sorted(wanted)):
        response = _run_round(response, run, expressions)
    return response


def _rounds(response: Response, dependencies: Dependencies, wanted: Iterable[int]) -> list[list[int]]:
    """The expressions to run, by round; in a round variables stand before what uses them."""
    form, levels = response.form, dict[int, int]()

    def is_known(index: int) -> bool:
        return all(site in response.results for site in _sites(response, index))

    def needed(index: int) -> tuple[int, ...]:
        return () if is_known(index) else dependencies.needed(index)

    found: dict[int, list[int]] = {}
    for index in in_order(wanted, needed):
        if is_known(index):
            levels[index] = -1
            continue
        level = 0
        for other in dependencies.needed(index):
            is_variable = form.expressions[other].kind is ExpressionKind.VARIABLE
            level = max(level, levels.get(other, -1) + (0 if is_variable else 1))
        levels[index] = level
        found.setdefault(level, []).append(index)
    return [found[level] for level in sorted(found)]


def _sites(response: Response, expression: int) -> list[Site]:
    """An expression in every repetition of the item where it stands."""
    item = response.form.expressions[expression].item
    if item == ROOT:
        return [Site(expression)]
    places = response.places_of(response.form.items[item], ())
    return [Site(expression, place.repetitions) for place in places]


def _run_round(response: Response, run: Run, expressions: list[int]) -> Response:
    visibility, later, jobs = Visibility(response), set[Site](), list[Job]()
    for index in expressions:
        for site in _sites(response, index):
            if site not in response.results:
                jobs.append(make_job(response, visibility, site, later))
                later.add(site)
    results = run(jobs)
    return with_results(response, {job.site: found for job, found in zip(jobs, results, strict=True)})


def with_results(response: Response, found: Mapping[Site, tuple[Any, ...]]) -> Response:
    """The response with what expressions gave: calculated answers, and whether items are shown."""
    form, calculated, shown = response.form, dict(response.calculated), dict(response.shown)
    for site, results in found.items():
        one = form.expressions[site.expression]
        place = Place(one.item, site.repetitions)
        if one.kind is ExpressionKind.CALCULATED:
            calculated[place] = values_of_results(form.items[one.item], results)
        elif one.kind is ExpressionKind.SHOWN:
            shown[place] = results == (True,)
    return replace(response, results={**response.results, **found}, calculated=calculated, shown=shown)


def forget(response: Response, item: int) -> Response:
    """The response after an item was answered anew, repeated once more or removed: what reads it is not known."""
    if not response.results:
        return response
    dependencies = dependencies_of(response.form)
    lost = dependencies.affected(item)
    if response.form.items[item].repeats:
        below = range(item + 1, response.form.items[item].end)
        lost = lost.union(*(dependencies.affected(index) for index in below))
    kept = {site: found for site, found in response.results.items() if site.expression not in lost}
    return replace(response, results=kept)


def values_of_results(item: Item, results: tuple[Any, ...]) -> tuple[Value, ...]:
    """What an expression gave, as answers to an item; results of another type give none."""
    found = [value for one in results if (value := _value(item, one)) is not None]
    return tuple(found if item.many or item.repeats else found[:1])


def _value(item: Item, result: Any) -> Value | None:
    if item.options:
        return _option(item, result)
    number = number_of(result)
    match item.type:
        case ItemType.INTEGER:
            is_whole = number is not None and number == number.to_integral_value()
            return Value(ValueType.INTEGER, int(number)) if number is not None and is_whole else None
        case ItemType.QUANTITY if number is not None:
            return Value(ValueType.QUANTITY, _quantity(item, number))
        case ItemType.DATE:
            day = str(result)[:10]
            return Value(ValueType.DATE, day) if date_span(day) else None
        case ItemType.DATE_TIME:
            return Value(ValueType.DATE_TIME, str(result)) if date_time_span(str(result)) else None
        case ItemType.STRING | ItemType.TEXT if number is not None:
            return Value(ValueType.STRING, format(number, "f"))
        case ItemType.GROUP | ItemType.DISPLAY:
            return None
        case kind:
            content = read_content(VALUE_TYPES[kind], result)
            return None if content is None else Value(VALUE_TYPES[kind], content)


def _quantity(item: Item, number: Decimal) -> Quantity:
    if not item.units:
        return Quantity(number)
    unit = item.units[0]
    return Quantity(number, unit.display or unit.code, unit.system, unit.code)


def _option(item: Item, result: Any) -> Value | None:
    """The option with this code, text or number."""
    for option in item.options:
        coding = read_content(ValueType.CODING, result) if option.value.type is ValueType.CODING else None
        given = Value(ValueType.CODING, coding) if coding is not None else None
        if given is not None and option.value.is_same(given):
            return option.value
        content = option.value.content
        if isinstance(result, str) and result in (content, getattr(content, "code", None)):
            return option.value
        if number_of(result) is not None and content == result:
            return option.value
    if item.own_text and isinstance(result, str) and result:
        return Value(ValueType.STRING, result)
    return None
