"""Reads what staff typed into a form: amounts, dates, reasons and whole numbers."""

from collections.abc import Mapping
from datetime import date

from portal_app.domain.errors import ReasonMissing
from portal_app.domain.money import Money
from portal_app.settings import settings
from portal_app.state.errors import InvalidDate

_SHORTEST_REASON, _LONGEST_REASON = 3, 300  # characters


def read_amount(form: Mapping[str, str], name: str = "amount") -> Money:
    """The amount in the field `name`, in the practice's currency: "25", "25.50" or "$25.50".

    Raises:
        UserError: of `Money.parse`, for anything else.
    """
    return Money.parse(form.get(name, "").strip(), settings().currency)


def read_date(form: Mapping[str, str], name: str) -> date | None:
    """The date in the field `name`, as a browser sends it (ISO 8601). None when the field is empty.

    Raises:
        InvalidDate: it is no date of the calendar.
    """
    text = form.get(name, "").strip()
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidDate(field=name) from None


def read_reason(form: Mapping[str, str]) -> str:
    """The field `reason`, with single spaces, cut after 300 characters.

    Raises:
        ReasonMissing: it has less than 3 characters.
    """
    reason = " ".join(form.get("reason", "").split())
    if len(reason) < _SHORTEST_REASON:
        raise ReasonMissing
    return reason[:_LONGEST_REASON]


def read_whole_number(form: Mapping[str, str], name: str, *, digits: int = 3, otherwise: int = 0) -> int:
    """The whole number in the field `name`; `otherwise`, which the setting refuses, for anything else or longer."""
    text = form.get(name, "").strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= digits else otherwise
