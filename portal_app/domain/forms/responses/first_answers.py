"""The answers that a response begins with: given once, so that a cleared answer stays cleared (FORM-22)."""

from portal_app.domain.forms.evaluating.dependencies import in_order
from portal_app.domain.forms.evaluating.evaluation import Run, values_of_results
from portal_app.domain.forms.evaluating.jobs import Job, make_job
from portal_app.domain.forms.responses.answer_checks import check_answer
from portal_app.domain.forms.responses.conditions import Visibility
from portal_app.domain.forms.responses.places import Place, Response, Site
from portal_app.domain.forms.types import ROOT, ExpressionKind, Form, Item
from portal_app.domain.forms.values import Value


def begin(form: Form, run: Run | None = None) -> Response:
    """A new response: initial answers of the form, then those of its expressions about the patient.

    An answer that its own question would refuse is left out. Without `run` no expression is asked.
    """
    response = Response(form)
    for item in form.items:
        if item.initial and not any(form.items[index].repeats for index in item.ancestors[:-1]):
            response = _filled(response, item, item.initial)
    if run is not None:
        for item, values in _calculated(response, run).items():
            if not response.answers.get(Place(item, _first(form.items[item]))):
                response = _filled(response, form.items[item], values)
    return response


def _first(item: Item) -> tuple[int, ...]:
    return (1,) * len(item.repeated)


def _filled(response: Response, item: Item, values: tuple[Value, ...]) -> Response:
    """The response with these answers; several of a question that repeats are as many repetitions."""
    right = tuple(value for value in values if not any(True for _ in check_answer(item, value)))
    first = Place(item.index, _first(item))
    if not right:
        return response
    if not item.repeats:
        return response.with_answer(first, right if item.many else right[:1])
    outer = Place(item.index, first.repetitions[:-1])
    for number, value in enumerate(right, 1):
        if number > 1:
            response = response.with_repetition(outer)
        if number in response.ids(outer):
            response = response.with_answer(Place(item.index, (*outer.repetitions, number)), (value,))
    return response


def _calculated(response: Response, run: Run) -> dict[int, tuple[Value, ...]]:
    """What the expressions of first answers give; variables run before what uses them, in one request."""
    form = response.form
    wanted = [item.initial_expression for item in form.items if item.initial_expression != ROOT]
    order = in_order(wanted, lambda index: form.expressions[index].uses)
    if not order:
        return {}
    visibility, later, made = Visibility(response), set[Site](), list[Job]()
    for index in order:
        at = form.expressions[index].item
        site = Site(index, _first(form.items[at]) if at != ROOT else ())
        made.append(make_job(response, visibility, site, later))
        later.add(site)
    found: dict[int, tuple[Value, ...]] = {}
    for job, results in zip(made, run(made), strict=True):
        one = form.expressions[job.site.expression]
        if one.kind is ExpressionKind.INITIAL and form.items[one.item].initial_expression == one.index:
            found[one.item] = values_of_results(form.items[one.item], results)
    return found
