"""Functions of FHIRPath that fhirpathpy 2.2.4 lacks, or in which it raises."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from portal_app.domain.forms.values import ITEM_WEIGHT, ORDINAL_VALUE, extension_value
from portal_app.domain.json_values import object_or_empty


class NotANumber(Exception):
    """A sum or a mean of something else than numbers."""


def _numbers(given: Iterable[Any]) -> list[Decimal | int]:
    found: list[Decimal | int] = []
    for one in given:
        if isinstance(one, bool) or not isinstance(one, int | float | Decimal):
            raise NotANumber
        found.append(Decimal(str(one)) if isinstance(one, float) else one)
    return found


def _sum(given: list[Any]) -> list[Any]:
    """The sum; of nothing nothing, so that a score without answers is none (FORM-16)."""
    return [sum(_numbers(given))] if given else []


def _average(given: list[Any]) -> list[Any]:
    return [Decimal(sum(_numbers(given))) / len(given)] if given else []


def _least(given: list[Any]) -> list[Any]:
    return [min(given)] if given else []


def _greatest(given: list[Any]) -> list[Any]:
    return [max(given)] if given else []


def _has_value(given: list[Any]) -> list[bool]:
    """Whether it is exactly one plain value, not an object."""
    return [len(given) == 1 and given[0] is not None and not isinstance(given[0], dict | list)]


def _weight(given: list[Any]) -> list[Any]:
    """The weight of each code, which the portal hands in with it; a code without one gives nothing."""
    found: list[Any] = []
    for one in given:
        option = object_or_empty(one)
        coding = object_or_empty(option.get("valueCoding", option))
        weight = extension_value(coding, ORDINAL_VALUE, ITEM_WEIGHT)
        found += [] if weight is None else [weight]
    return found


def _entry(function: Callable[..., Any]) -> dict[str, Any]:
    return {"fn": function, "arity": {0: []}}


class _Moment:
    """The practice's time, at which all expressions of one request are evaluated."""

    text = ""


def set_moment(text: str) -> None:
    """Sets what `now()` gives: "2026-06-15T12:00:00-04:00", in the practice's zone."""
    _Moment.text = text


def _now(_given: list[Any]) -> list[str]:
    return [_Moment.text]


def _today(_given: list[Any]) -> list[str]:
    return [_Moment.text[:10]]


def _time_of_day(_given: list[Any]) -> list[str]:
    return [_Moment.text[11:19]]


FUNCTIONS = {
    "now": _entry(_now),
    "today": _entry(_today),
    "timeOfDay": _entry(_time_of_day),
    "sum": _entry(_sum),
    "avg": _entry(_average),
    "min": _entry(_least),
    "max": _entry(_greatest),
    "hasValue": _entry(_has_value),
    "weight": _entry(_weight),
    "ordinal": _entry(_weight),
}
