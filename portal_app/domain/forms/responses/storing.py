"""Answers of one place as text for the database: exact, and read back as they were."""

from collections.abc import Sequence

from portal_app.domain.forms.values import Value, parse_json, read_value, write_json, write_value
from portal_app.domain.json_values import is_list_or_tuple, is_object


class NoAnswers(Exception):
    """A text that is not one of answers."""


def write_answers(values: Sequence[Value]) -> str:
    """The answers as JSON: [{"valueDecimal":7.50}]; "[]" for an answer that was cleared."""
    return write_json([write_value(value) for value in values])


def read_answers(text: str) -> tuple[Value, ...]:
    """The answers of a text that `write_answers` wrote.

    Raises NoAnswers for any other text.
    """
    try:
        given = parse_json(text)
    except ValueError:
        raise NoAnswers from None
    if not is_list_or_tuple(given):
        raise NoAnswers
    found = [read_value(one) if is_object(one) else None for one in given]
    if None in found:
        raise NoAnswers
    return tuple(value for value in found if value is not None)
