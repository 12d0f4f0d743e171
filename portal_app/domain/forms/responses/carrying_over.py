"""Answers taken over to a newer version of a form, or from the last response to a new one (FORM-26)."""

from collections.abc import Mapping
from dataclasses import dataclass

from portal_app.domain.forms.responses.answer_checks import check_answer
from portal_app.domain.forms.responses.places import Place, Response
from portal_app.domain.forms.types import ROOT, Form, Item
from portal_app.domain.forms.values import Value


@dataclass(frozen=True, slots=True)
class CarriedOver:
    """A response to another version, with what there is to say about it.

    Args:
        response: the answers that still fit.
        asked_again: place in the new form → the old answers, which no longer fit.
        new: questions that the old form did not have.
        gone: answered questions of the old form that are no longer asked, in its order.
    """

    response: Response
    asked_again: Mapping[Place, tuple[Value, ...]]
    new: tuple[Item, ...]
    gone: tuple[Item, ...]


def carry_over(old: Response, form: Form) -> CarriedOver:
    """Takes answers over by linkId and type; one that is no option any more, or breaks a limit, is asked again.

    Calculated answers are calculated anew; what nobody may answer keeps what the new form gives it.
    """
    answers: dict[Place, tuple[Value, ...]] = {}
    asked_again: dict[Place, tuple[Value, ...]] = {}
    gone: dict[int, Item] = {}
    for place, values in old.answers.items():
        item = old.form.items[place.item]
        target = form.by_link_id.get(item.link_id)
        if not values or item.hidden:
            continue
        if target is None or target.type is not item.type or not _fits_around(old.form, item, form, target):
            gone[item.index] = item
            continue
        if target.calculated != ROOT:
            continue
        there = Place(target.index, place.repetitions)
        fits = not any(True for value in values for _ in check_answer(target, value))
        is_alone = len(values) == 1 or target.many
        (answers if fits and is_alone else asked_again)[there] = values
    known = old.form.by_link_id
    new = tuple(item for item in form.items if item.is_question and item.link_id not in known)
    response = Response(form, answers, _repetitions(old, form))
    return CarriedOver(response, asked_again, new, tuple(gone[index] for index in sorted(gone)))


def _fits_around(old: Form, item: Item, form: Form, target: Item) -> bool:
    """Whether both stand in the same repeating items: else one answer would be several, or several one."""
    before = [old.items[index].link_id for index in item.repeated]
    return before == [form.items[index].link_id for index in target.repeated]


def _repetitions(old: Response, form: Form) -> dict[Place, tuple[int, ...]]:
    found: dict[Place, tuple[int, ...]] = {}
    for outer, ids in old.repetitions.items():
        item = old.form.items[outer.item]
        target = form.by_link_id.get(item.link_id)
        if target is not None and target.repeats and _fits_around(old.form, item, form, target):
            most = target.limits.max_occurs
            found[Place(target.index, outer.repetitions)] = ids[:most] if most else ids
    return found
