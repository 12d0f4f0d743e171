"""What a browser sends for a question, as answers: numbers, dates and choices as people type and tick them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, tzinfo
from decimal import Decimal

from portal_app.domain.forms.dates import date_span
from portal_app.domain.forms.responses.problems import ProblemCode
from portal_app.domain.forms.types import Control, Item, ItemType
from portal_app.domain.forms.values import Coding, Quantity, Value, ValueType

MOST_LETTERS = 100_000  # of what is sent for one question; what a text may hold, the validator decides
_MOST_CHOSEN = 200


@dataclass(frozen=True, slots=True)
class Signs:
    """How numbers are written in a language: "1,234.5" in American English."""

    decimal: str = "."
    group: str = ","


@dataclass(frozen=True, slots=True)
class Typed:
    """What a browser sent for one place. Which of these counts depends on the question.

    Args:
        text: of a line, an area, a number, a time; "yes" or "no" of a yes-or-no question.
        chosen: numbers of the ticked options, in any order.
        own: own texts beside the options, one each (FORM-20).
        parts: of a date "year", "month", "day" and "time"; of a quantity "number" and "unit".
    """

    text: str = ""
    chosen: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    parts: Mapping[str, str] = field(default_factory=dict[str, str])


class Unclear(Exception):
    """What was typed is no answer. It stays in the field as it was typed.

    Args:
        code: why.
        part: which of several fields: "month"; "" where there is one.
    """

    def __init__(self, code: ProblemCode, part: str = "") -> None:
        super().__init__(code, part)
        self.code, self.part = code, part


def read_typed(item: Item, typed: Typed, signs: Signs, zone: tzinfo) -> tuple[Value, ...]:
    """The answers to a question; () for an empty field, which is no answer. 0, "no" and midnight are (FORM-17).

    Files are not typed: who stores them makes their answers.

    Args:
        zone: of times that are typed, the practice's.

    Raises Unclear.
    """
    sizes = [len(typed.text), *map(len, typed.own), *map(len, typed.parts.values())]
    if max(sizes) > MOST_LETTERS or len(typed.chosen) > _MOST_CHOSEN or len(typed.own) > _MOST_CHOSEN:
        raise Unclear(ProblemCode.TOO_LONG)
    if item.options:
        return _read_choice(item, typed)
    text = typed.text.strip()
    match item.type:
        case ItemType.BOOLEAN:
            return _read_boolean(text)
        case ItemType.DATE | ItemType.DATE_TIME:
            return _read_date(item, typed.parts, zone)
        case ItemType.QUANTITY:
            return _read_quantity(item, typed.parts, signs)
        case _ if not text:
            return ()
        case _:
            return (_read_line(item, text, signs),)


def _read_line(item: Item, text: str, signs: Signs) -> Value:
    """One line or area that is not empty."""
    match item.type:
        case ItemType.INTEGER:
            number = read_number(text, signs)
            if number.as_tuple().exponent != 0:
                raise Unclear(ProblemCode.NUMBER)
            return Value(ValueType.INTEGER, int(number))
        case ItemType.DECIMAL:
            return Value(ValueType.DECIMAL, read_number(text, signs))
        case ItemType.TIME:
            return Value(ValueType.TIME, read_time(text).isoformat())
        case ItemType.URL:
            return Value(ValueType.URI, text)
        case ItemType.CHOICE:  # of a value set that nobody knows
            return Value(ValueType.CODING, Coding(display=text))
        case ItemType.STRING | ItemType.OPEN_CHOICE:
            return Value(ValueType.STRING, text)
        case ItemType.TEXT:
            return Value(ValueType.STRING, text.replace("\r\n", "\n").replace("\r", "\n"))
        case _:
            raise Unclear(ProblemCode.WRONG_TYPE)


def _read_boolean(text: str) -> tuple[Value, ...]:
    if text not in ("", "yes", "no"):
        raise Unclear(ProblemCode.NOT_AN_OPTION)
    return (Value(ValueType.BOOLEAN, text == "yes"),) if text else ()


def read_number(text: str, signs: Signs) -> Decimal:
    """A number as it is written in a language; its zeros stay: "7.50" is 7.50 (FORM-18).

    Raises Unclear for anything that could be meant otherwise: a comma that groups no thousands, "1e3", digits of
    other scripts.
    """
    group, point = re.escape(signs.group), re.escape(signs.decimal)
    whole = rf"\d{{1,3}}(?:{group}\d{{3}})+|\d+" if signs.group else r"\d+"
    pattern = rf"[-+\u2212]?(?:(?:{whole})(?:{point}\d*)?|{point}\d+)"
    if not re.fullmatch(pattern, text, re.ASCII) or len(text) > 40:
        raise Unclear(ProblemCode.NUMBER)
    plain = text.replace("\u2212", "-")
    plain = plain.replace(signs.group, "") if signs.group else plain
    return Decimal(plain.replace(signs.decimal, ".").rstrip("."))


def read_time(text: str) -> time:
    """A time of day, "14:30" or "14:30:00". Raises Unclear."""
    if not re.fullmatch(r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?", text, re.ASCII):
        raise Unclear(ProblemCode.TIME, "time")
    return time.fromisoformat(text.zfill(8 if text.count(":") == 2 else 5))


def _read_date(item: Item, parts: Mapping[str, str], zone: tzinfo) -> tuple[Value, ...]:
    """A date of three fields, of which a year or a year and a month are enough (FORM-19)."""
    year, month, day, clock = (parts.get(name, "").strip() for name in ("year", "month", "day", "time"))
    if not (year or month or day or clock):
        return ()
    if not re.fullmatch(r"[1-9]\d{3}", year, re.ASCII):
        raise Unclear(ProblemCode.DATE, "year")
    if not re.fullmatch(r"0?[1-9]|1[0-2]", month, re.ASCII) and (month or day or clock):
        raise Unclear(ProblemCode.DATE, "month")
    if not re.fullmatch(r"\d{1,2}", day, re.ASCII) and (day or clock):
        raise Unclear(ProblemCode.DATE, "day")
    text = "-".join([year, *(f"{int(part):02}" for part in (month, day) if part)])
    if date_span(text) is None:
        raise Unclear(ProblemCode.DATE, "day")
    if item.type is ItemType.DATE or not clock:
        return (Value(ValueType.DATE if item.type is ItemType.DATE else ValueType.DATE_TIME, text),)
    moment = datetime.combine(datetime.fromisoformat(text).date(), read_time(clock), zone)
    return (Value(ValueType.DATE_TIME, moment.isoformat()),)


def _read_quantity(item: Item, parts: Mapping[str, str], signs: Signs) -> tuple[Value, ...]:
    text, unit = parts.get("number", "").strip(), parts.get("unit", "").strip()
    if not text:
        return ()
    number = read_number(text, signs)
    if not unit and len(item.units) == 1:
        unit = item.units[0].code or item.units[0].display
    known = next((one for one in item.units if unit in (one.code, one.display) and unit), None)
    if known is not None:
        return (
            Value(
                ValueType.QUANTITY, Quantity(number, known.display or known.code, known.system, known.code)
            ),
        )
    return (Value(ValueType.QUANTITY, Quantity(number, unit)),)


def _read_choice(item: Item, typed: Typed) -> tuple[Value, ...]:
    """The ticked options in the form's order, then own texts: each one answer, commas and all (FORM-20)."""
    numbers = set[int]()
    for chosen in typed.chosen:
        if not (chosen.isascii() and chosen.isdigit() and int(chosen) < len(item.options)):
            raise Unclear(ProblemCode.NOT_AN_OPTION)
        numbers.add(int(chosen))
    own = [text.strip() for text in typed.own if text.strip()]
    if own and not item.own_text:
        raise Unclear(ProblemCode.NOT_AN_OPTION)
    found = [item.options[number].value for number in sorted(numbers)]
    found += [Value(ValueType.STRING, text) for text in dict.fromkeys(own)]
    if len(found) > 1 and not item.many:
        raise Unclear(ProblemCode.TOO_MANY)
    return tuple(found)


def write_typed(item: Item, values: Sequence[Value], signs: Signs, zone: tzinfo) -> Typed:
    """What stands in the fields for these answers: the reverse of `read_typed`."""
    if item.options:
        chosen = [
            str(number)
            for number, option in enumerate(item.options)
            if any(option.value.is_same(value) for value in values)
        ]
        is_own = [not any(option.value.is_same(value) for option in item.options) for value in values]
        own = [str(value.content) for value, mine in zip(values, is_own, strict=True) if mine]
        return Typed(chosen=tuple(chosen), own=tuple(own))
    if not values:
        return Typed()
    match values[0].content:
        case bool() as answer:
            return Typed("yes" if answer else "no")
        case int() | Decimal() as number:
            return Typed(_write_number(Decimal(number), signs))
        case Quantity() as quantity:
            number = _write_number(quantity.value, signs) if quantity.value is not None else ""
            return Typed(parts={"number": number, "unit": quantity.code or quantity.unit})
        case Coding() as coding:
            return Typed(coding.display or coding.code)
        case str() as text if item.control in (Control.DATE, Control.DATE_TIME):
            return Typed(parts=_write_date(text, zone))
        case str() as text:
            return Typed(text)
        case _:
            return Typed()


def _write_number(number: Decimal, signs: Signs) -> str:
    return format(number, "f").replace(".", signs.decimal)


def _write_date(text: str, zone: tzinfo) -> dict[str, str]:
    if "T" in text:
        moment = datetime.fromisoformat(text).astimezone(zone)
        text, clock = moment.date().isoformat(), moment.time().isoformat()
    else:
        clock = ""
    names: list[str] = ["year", "month", "day"]
    parts = dict(zip(names, text.split("-"), strict=False))
    return {**parts, "time": clock} if clock else parts
