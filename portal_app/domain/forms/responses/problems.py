"""What is wrong with an answer: a code for each reason, at a place."""

from dataclasses import dataclass
from enum import StrEnum

from portal_app.domain.forms.responses.places import Place


class ProblemCode(StrEnum):
    """The reasons; `portal_app/domain/forms/responses/problem_texts.py` has their words."""

    REQUIRED = "required"
    GROUP_EMPTY = "group_empty"
    TOO_FEW = "too_few"
    TOO_MANY = "too_many"
    WRONG_TYPE = "wrong_type"
    NOT_AN_OPTION = "not_an_option"
    EXCLUSIVE = "exclusive"
    TWICE = "twice"
    TOO_LONG = "too_long"
    TOO_SHORT = "too_short"
    LINE_BREAK = "line_break"
    UNSTORABLE = "unstorable"
    PATTERN = "pattern"
    TOO_SMALL = "too_small"
    TOO_GREAT = "too_great"
    UNIT = "unit"
    UNIT_MISSING = "unit_missing"
    NUMBER = "number"
    DECIMAL_PLACES = "decimal_places"
    DATE = "date"
    TIME = "time"
    ADDRESS = "address"
    REFERENCE = "reference"
    FILE_TYPE = "file_type"
    FILE_SIZE = "file_size"
    FILE_EMPTY = "file_empty"
    READ_ONLY = "read_only"
    HIDDEN = "hidden"
    # Of a response from elsewhere only:
    UNKNOWN_ITEM = "unknown_item"
    WRONG_PLACE = "wrong_place"
    NO_QUESTION = "no_question"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Args:
        place: where; None for what the form has no place for.
        link_id: the linkId of the item, or that of the response where the form has none.
        position: which answer of several at this place, from 0; -1 for all of them together.
        values: what fills the placeholders of its words.
    """

    code: ProblemCode
    place: Place | None
    link_id: str
    position: int = -1
    values: tuple[tuple[str, str], ...] = ()

    @property
    def path(self) -> str:
        """The key of the place, for the field on screen; "" without one."""
        return self.place.key if self.place else ""
