"""Reads a FHIR QuestionnaireResponse against its form: the answers, and what does not belong there."""

from collections.abc import Iterator, Mapping
from typing import Any

from portal_app.domain.forms.importing.value_sets import objects
from portal_app.domain.forms.responses.conditions import Visibility
from portal_app.domain.forms.responses.places import Place, Response
from portal_app.domain.forms.responses.problems import Problem, ProblemCode
from portal_app.domain.forms.responses.validation import find_problems
from portal_app.domain.forms.types import ROOT, Form, Item
from portal_app.domain.forms.values import Value, read_value, text_of

_SHAPE = {ProblemCode.UNKNOWN_ITEM, ProblemCode.WRONG_PLACE, ProblemCode.NO_QUESTION, ProblemCode.WRONG_TYPE}


class _Reader:
    """Places the items of a response in the form, repetition by repetition."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self.answers: dict[Place, tuple[Value, ...]] = {}
        self.repetitions: dict[Place, tuple[int, ...]] = {}
        self.problems: list[Problem] = []

    def read(self, given: object, parent: int, around: tuple[int, ...]) -> None:
        for item in objects(given):
            link_id = text_of(item.get("linkId"))
            known = self.form.by_link_id.get(link_id)
            if known is None:
                self.problems.append(Problem(ProblemCode.UNKNOWN_ITEM, None, link_id))
            elif known.parent != parent:
                self.problems.append(Problem(ProblemCode.WRONG_PLACE, None, link_id))
            else:
                self._read_item(known, item, around)

    def _read_item(self, known: Item, given: Mapping[str, Any], around: tuple[int, ...]) -> None:
        answers, below = objects(given.get("answer")), objects(given.get("item"))
        if not known.is_question:
            if answers:
                self._say(ProblemCode.NO_QUESTION, known, around)
            self.read(below, known.index, self._next(known, around))
            return
        if below:  # items of a question stand in its answers
            self._say(ProblemCode.WRONG_PLACE, known, around)
        if known.repeats:
            for answer in answers:
                self._read_answer(known, answer, self._next(known, around))
        else:
            for answer in answers:
                self._read_answer(known, answer, around)

    def _read_answer(self, known: Item, answer: Mapping[str, Any], at: tuple[int, ...]) -> None:
        value, place = read_value(answer), Place(known.index, at)
        if value is not None:
            self.answers[place] = (*self.answers.get(place, ()), value)
        elif any(name.startswith("value") for name in answer):
            self._say(ProblemCode.WRONG_TYPE, known, at)
        self.read(answer.get("item"), known.index, at)

    def _next(self, known: Item, around: tuple[int, ...]) -> tuple[int, ...]:
        """The repetitions of one more occurrence of an item."""
        if not known.repeats:
            return around
        outer = Place(known.index, around)
        ids = self.repetitions.get(outer, ())
        self.repetitions[outer] = (*ids, len(ids) + 1)
        return (*around, len(ids) + 1)

    def _say(self, code: ProblemCode, known: Item, at: tuple[int, ...]) -> None:
        self.problems.append(Problem(code, None, known.link_id))


def read_response(form: Form, given: Mapping[str, Any]) -> tuple[Response, tuple[Problem, ...]]:
    """The answers of a QuestionnaireResponse, and what has no place in the form.

    Answers to calculated items are kept as what was calculated.
    """
    reader = _Reader(form)
    reader.read(given.get("item"), ROOT, ())
    calculated = {
        at: values for at, values in reader.answers.items() if form.items[at.item].calculated != ROOT
    }
    answers = {at: values for at, values in reader.answers.items() if at not in calculated}
    response = Response(form, answers, reader.repetitions, calculated=calculated)
    return response, tuple(reader.problems)


def find_problems_of(form: Form, given: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Everything that is wrong with a QuestionnaireResponse from elsewhere; of one in progress only its shape."""
    response, problems = read_response(form, given)
    found = (*problems, *find_problems(response), *_hidden_answers(response))
    if given.get("status") in ("in-progress", "stopped", "entered-in-error"):
        return tuple(one for one in found if one.code in _SHAPE)
    return found


def _hidden_answers(response: Response) -> Iterator[Problem]:
    visibility = Visibility(response)
    for place, values in response.answers.items():
        item = response.form.items[place.item]
        if values and item.shown == ROOT and not visibility.counts(place):
            yield Problem(ProblemCode.HIDDEN, place, item.link_id)
