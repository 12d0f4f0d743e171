"""Which of two answers is greater: for conditions, and for the least and the greatest value of a question."""

from decimal import Decimal

from portal_app.domain.forms.dates import Span, date_time_span, time_span
from portal_app.domain.forms.values import Quantity, Value, ValueType

_DATES = (ValueType.DATE, ValueType.DATE_TIME)


class Incomparable(Exception):
    """The values are of different kinds, or quantities in different units."""


def _number(value: Value, other: Value) -> Decimal | int | None:
    match value.content:
        case bool():
            return None
        case int() | Decimal() as number:
            return number
        case Quantity(value=number) as mine if number is not None:
            theirs = other.content
            if isinstance(theirs, Quantity) and not mine.has_unit_of(theirs):
                raise Incomparable
            return number
        case _:
            return None


def _span(value: Value) -> Span | None:
    if not isinstance(value.content, str):
        return None
    if value.type in _DATES:
        return date_time_span(value.content)
    return time_span(value.content) if value.type is ValueType.TIME else None


def _ends(value: Value, other: Value) -> tuple[object, object] | None:
    """First and last of a value, of kinds that compare."""
    number = _number(value, other)
    return (number, number) if number is not None else _span(value)


def _both(value: Value, other: Value) -> tuple[tuple[object, object], tuple[object, object]]:
    mine, theirs = _ends(value, other), _ends(other, value)
    if mine is None or theirs is None:
        if value.type == other.type == ValueType.STRING:
            return (value.content, value.content), (other.content, other.content)
        raise Incomparable
    return mine, theirs


def _less(one: object, other: object) -> bool:
    try:
        return one < other  # type: ignore[operator]
    except TypeError:
        raise Incomparable from None


def is_below(value: Value, least: Value) -> bool:
    """Whether the value begins before the least one does: a year counts from its first day (FORM-19).

    Raises Incomparable.
    """
    (first, _), (least_first, _) = _both(value, least)
    return _less(first, least_first)


def is_above(value: Value, greatest: Value) -> bool:
    """Whether the value ends after the greatest one does: a year counts to its last day (FORM-19).

    Raises Incomparable.
    """
    (_, last), (_, greatest_last) = _both(value, greatest)
    return _less(greatest_last, last)


def is_greater(value: Value, other: Value) -> bool:
    """Whether all of the value is after all of the other: May 2020 is not after 2020. Raises Incomparable."""
    (first, _), (_, other_last) = _both(value, other)
    return _less(other_last, first)
