"""Which items are asked: enableWhen, within each repetition and under what is hidden (FORM-14, FORM-15)."""

from collections.abc import Iterator
from dataclasses import replace

from portal_app.domain.forms.comparing import Incomparable, is_above, is_below, is_greater
from portal_app.domain.forms.responses.places import Place, Response
from portal_app.domain.forms.types import ROOT, Condition, Item, Operator
from portal_app.domain.forms.values import Value


class Visibility:
    """Answers for one response whether a place counts; remembers what it found.

    An item counts while its conditions hold, its expression says yes and what it stands in counts. A condition reads
    only answers that count: those of a question that is not asked are as if they were not there.
    """

    def __init__(self, response: Response) -> None:
        self._response = response
        self._known: dict[Place, bool] = {}

    def counts(self, place: Place) -> bool:
        """Whether a place is part of the response; items that are hidden from view count."""
        if place not in self._known:
            self._known[place] = False  # what reads itself does not count
            self._known[place] = self._judge(place)
        return self._known[place]

    def is_asked(self, place: Place) -> bool:
        """Whether a place is on the screen: it counts, and neither it nor what it stands in is hidden from view."""
        items = self._response.form.items
        return self.counts(place) and not any(items[index].hidden for index in items[place.item].ancestors)

    def _judge(self, place: Place) -> bool:
        response, item = self._response, self._response.form.items[place.item]
        above = response.parent(place)
        if above is not None and not self.counts(above):
            return False
        if item.conditions:
            held = (self._holds(item, place, condition) for condition in item.conditions)
            if not (any(held) if item.any_condition else all(held)):
                return False
        return item.shown == ROOT or response.shown.get(place, False)

    def _holds(self, item: Item, place: Place, condition: Condition) -> bool:
        answers = list(self._answers(item, place, condition.question))
        if condition.operator is Operator.EXISTS:
            return bool(answers) == bool(condition.answer.content)
        return any(compare(answer, condition.operator, condition.answer) for answer in answers)

    def _answers(self, item: Item, place: Place, question: int) -> Iterator[Value]:
        """Answers to the question in the same repetition as far as both share one, in any repetition beyond."""
        target = self._response.form.items[question]
        shared = 0
        for one, other in zip(item.repeated, target.repeated, strict=False):
            if one != other:
                break
            shared += 1
        for at in self._response.places_of(target, place.repetitions[:shared]):
            if self.counts(at):
                yield from self._response.given(at)


def compare(answer: Value, operator: Operator, wanted: Value) -> bool:
    """Whether one answer is as a condition wants it; False where the two do not compare."""
    try:
        match operator:
            case Operator.EQUAL:
                return answer.is_same(wanted)
            case Operator.NOT_EQUAL:
                return not answer.is_same(wanted)
            case Operator.GREATER:
                return is_greater(answer, wanted)
            case Operator.LESS:
                return is_greater(wanted, answer)
            case Operator.AT_LEAST:
                return not is_below(answer, wanted)
            case Operator.AT_MOST:
                return not is_above(answer, wanted)
            case Operator.EXISTS:
                return wanted.content is True
    except Incomparable:
        return False


def without_hidden(response: Response) -> Response:
    """The response as it is submitted: answers to questions that do not count are gone (FORM-14).

    Questions that are hidden from view keep theirs.
    """
    visibility = Visibility(response)
    kept = {at: values for at, values in response.answers.items() if values and response.exists(at)}
    return replace(
        response,
        answers={at: values for at, values in kept.items() if visibility.counts(at)},
        calculated={at: values for at, values in response.calculated.items() if visibility.counts(at)},
    )
