"""The one validator: whether a response may be submitted, and what is wrong with it, per field."""

from collections.abc import Iterator

from portal_app.domain.forms.responses.answer_checks import check_answer
from portal_app.domain.forms.responses.conditions import Visibility
from portal_app.domain.forms.responses.places import Place, Response
from portal_app.domain.forms.responses.problems import Problem, ProblemCode
from portal_app.domain.forms.types import ROOT, Item, ItemType
from portal_app.domain.forms.values import Value


def find_problems(response: Response) -> tuple[Problem, ...]:
    """Everything that is wrong with a response that is to be submitted, in the order of the form.

    Expressions have run before (`evaluating.evaluation.refresh`): what one shows and none has judged does not count.
    Questions that do not count are not asked: their answers, and that they are required, say nothing. 0 and "no" are
    answers (FORM-17).
    """
    visibility = Visibility(response)
    found: list[Problem] = []
    for place in response.walk():
        if visibility.counts(place):
            found += _problems_at(response, visibility, place)
    return tuple(found)


def check_place(response: Response, place: Place, values: tuple[Value, ...]) -> tuple[Problem, ...]:
    """What is wrong with answers that a browser sent for one place, before they are kept.

    A missing answer is no problem here: it may follow. Answers to what is calculated, read only, hidden from view or
    not a question are refused.
    """
    item = response.form.items[place.item]
    locked = item.read_only or item.calculated != ROOT
    hidden = any(response.form.items[index].hidden for index in item.ancestors)
    if not item.is_question or not response.exists(place):
        return (Problem(ProblemCode.UNKNOWN_ITEM, place, item.link_id),)
    if locked or hidden:
        return (Problem(ProblemCode.READ_ONLY if locked else ProblemCode.HIDDEN, place, item.link_id),)
    return tuple(_answer_problems(item, place, values))


def _problems_at(response: Response, visibility: Visibility, place: Place) -> Iterator[Problem]:
    item, values = response.form.items[place.item], response.given(place)
    if item.type is ItemType.GROUP:
        yield from _group_problems(response, visibility, item, place)
    if item.is_question:
        yield from _answer_problems(item, place, values)
    if _is_first(response, item, place):
        yield from _count_problems(response, visibility, item, place)


def _is_first(response: Response, item: Item, place: Place) -> bool:
    """Of the repetitions of an item the first one, which says what is wrong with all of them."""
    if not item.repeats:
        return True
    return place.repetitions[-1] == response.ids(Place(item.index, place.repetitions[:-1]))[0]


def _group_problems(
    response: Response, visibility: Visibility, item: Item, place: Place
) -> Iterator[Problem]:
    """A required group has an answer in it, if it has a question."""
    if item.required and not is_hidden(response, place) and not is_filled(response, visibility, place):
        asked = [at for at in response.walk(place) if response.form.items[at.item].is_question]
        if any(visibility.counts(at) for at in asked):
            yield Problem(ProblemCode.GROUP_EMPTY, place, item.link_id)


def is_hidden(response: Response, place: Place) -> bool:
    """Whether an item is hidden from view by the form itself: nobody can answer it."""
    items = response.form.items
    return any(items[index].hidden for index in items[place.item].ancestors)


def is_filled(response: Response, visibility: Visibility, place: Place) -> bool:
    """Whether anything is answered at a place or below it."""
    return bool(visibility.counts(place) and response.given(place)) or any(
        response.given(at) and visibility.counts(at) for at in response.walk(place)
    )


def _answer_problems(item: Item, place: Place, values: tuple[Value, ...]) -> Iterator[Problem]:
    for position, value in enumerate(values):
        for code, words in check_answer(item, value):
            yield Problem(code, place, item.link_id, position, tuple(words.items()))
        if any(value.is_same(other) for other in values[:position]):
            yield Problem(ProblemCode.TWICE, place, item.link_id, position)
    if len(values) > 1 and not item.many:
        yield Problem(ProblemCode.TOO_MANY, place, item.link_id, values=(("most", "1"),))
    most = item.limits.max_occurs
    if item.many and most is not None and len(values) > most:
        yield Problem(ProblemCode.TOO_MANY, place, item.link_id, values=(("most", str(most)),))
    if len(values) > 1 and any(
        option.exclusive and option.value.is_same(value) for option in item.options for value in values
    ):
        yield Problem(ProblemCode.EXCLUSIVE, place, item.link_id)


def _count_problems(
    response: Response, visibility: Visibility, item: Item, place: Place
) -> Iterator[Problem]:
    """Whether there are enough answers or repetitions of an item, and not too many."""
    if item.type is ItemType.DISPLAY or is_hidden(response, place):
        return
    around = place.repetitions[:-1] if item.repeats else place.repetitions
    all_of_it = list(response.repeated(item.index, around))
    if item.type is ItemType.GROUP:
        count = sum(is_filled(response, visibility, at) for at in all_of_it)
    else:
        count = sum(len(response.given(at)) for at in all_of_it)
    limits = item.limits
    least = max(limits.min_occurs or 0, 1 if item.required and item.is_question else 0)
    if item.required and item.is_question and count == 0:
        if not (item.read_only or item.calculated != ROOT):
            yield Problem(ProblemCode.REQUIRED, place, item.link_id)
    elif count < least:
        yield Problem(ProblemCode.TOO_FEW, place, item.link_id, values=(("least", str(least)),))
    if item.repeats and limits.max_occurs is not None and count > limits.max_occurs:
        yield Problem(ProblemCode.TOO_MANY, place, item.link_id, values=(("most", str(limits.max_occurs)),))
