"""Answers as FHIR R4 has them: one value of a QuestionnaireResponse, read from JSON and written back unchanged."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

from portal_app.domain.json_values import is_list_or_tuple, is_object

ORDINAL_VALUE = "http://hl7.org/fhir/StructureDefinition/ordinalValue"
ITEM_WEIGHT = "http://hl7.org/fhir/StructureDefinition/itemWeight"


class ValueType(StrEnum):
    """The types an answer may have; `value` with a capital is the name in FHIR: valueDecimal, valueCoding."""

    BOOLEAN = "boolean"
    DECIMAL = "decimal"
    INTEGER = "integer"
    DATE = "date"
    DATE_TIME = "dateTime"
    TIME = "time"
    STRING = "string"
    URI = "uri"
    CODING = "Coding"
    QUANTITY = "Quantity"
    ATTACHMENT = "Attachment"
    REFERENCE = "Reference"

    @property
    def key(self) -> str:
        """Its name in FHIR: "valueDateTime"."""
        return f"value{self.value[0].upper()}{self.value[1:]}"


_MOST_DIGITS = 100  # before or after the point; 1E+999999999 would be a billion zeros
_TYPE_OF = {kind.key: kind for kind in ValueType}
_TEXTS = {ValueType.DATE, ValueType.DATE_TIME, ValueType.TIME, ValueType.STRING, ValueType.URI}


class Coding(NamedTuple):
    """A code of a system; `weight` is its ordinalValue, for scores."""

    system: str = ""
    code: str = ""
    display: str = ""
    weight: Decimal | None = None
    version: str = ""

    def is_same(self, other: "Coding") -> bool:
        """Whether both mean the same: code and system agree; without codes, what is shown does."""
        if not (self.code or other.code):
            return self.display == other.display
        same_system = self.system == other.system or not (self.system and other.system)
        return self.code == other.code and same_system


class Quantity(NamedTuple):
    """A number and its unit."""

    value: Decimal | None = None
    unit: str = ""
    system: str = ""
    code: str = ""
    comparator: str = ""

    def has_unit_of(self, other: "Quantity") -> bool:
        """Whether the numbers of both can be compared: their units are the same, or neither has one."""
        if self.code and other.code:
            return self.code == other.code and (
                self.system == other.system or not (self.system and other.system)
            )
        return (self.unit or self.code) == (other.unit or other.code)


class Attachment(NamedTuple):
    """A file; the portal's own are at `url`, `data` is base64."""

    content_type: str = ""
    url: str = ""
    size: int | None = None
    title: str = ""
    data: str = ""


class Reference(NamedTuple):
    """A resource elsewhere."""

    reference: str = ""
    display: str = ""
    type: str = ""


Content = bool | int | Decimal | str | Coding | Quantity | Attachment | Reference


@dataclass(frozen=True, slots=True)
class Value:
    """One answer. A date may be a year or a month ("2019", "2019-05"); a decimal keeps its zeros (7.50)."""

    type: ValueType
    content: Content

    def is_same(self, other: "Value") -> bool:
        """Whether two answers say the same; 7.5 and 7.50 do, quantities only in the same unit."""
        mine, theirs = self.content, other.content
        if isinstance(mine, Coding) and isinstance(theirs, Coding):
            return mine.is_same(theirs)
        if isinstance(mine, Quantity) and isinstance(theirs, Quantity):
            return mine.value == theirs.value and mine.has_unit_of(theirs)
        if isinstance(mine, bool) or isinstance(theirs, bool):
            return mine is theirs
        if isinstance(mine, int | Decimal) and isinstance(theirs, int | Decimal):
            return mine == theirs
        same_kind = self.type == other.type or {self.type, other.type} <= _TEXTS
        return same_kind and mine == theirs


def number_of(value: object) -> Decimal | None:
    """A JSON number as an exact decimal, zeros at its end too; None for anything else, and for more than 100 digits."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    number = value if isinstance(value, Decimal) else Decimal(str(value))
    return number if number.is_finite() and abs(number.adjusted()) < _MOST_DIGITS else None


def text_of(value: object) -> str:
    """A JSON string; "" for anything else."""
    return value if isinstance(value, str) else ""


def extension_value(holder: Mapping[str, Any], *urls: str) -> object:
    """The value of the first extension with one of these addresses; None without."""
    extensions = holder.get("extension")
    for extension in extensions if is_list_or_tuple(extensions) else ():
        if is_object(extension) and extension.get("url") in urls:
            return next((extension[name] for name in extension if name.startswith("value")), None)
    return None


def read_coding(given: object) -> Coding | None:
    """A Coding of JSON, with its ordinalValue or itemWeight; None where neither code nor display is there."""
    if not is_object(given):
        return None
    weight = number_of(extension_value(given, ORDINAL_VALUE, ITEM_WEIGHT))
    made = Coding(
        text_of(given.get("system")),
        text_of(given.get("code")),
        text_of(given.get("display")),
        weight,
        text_of(given.get("version")),
    )
    return made if made.code or made.display else None


def read_quantity(given: object) -> Quantity | None:
    """A Quantity of JSON; None without a number and without a unit."""
    if not is_object(given):
        return None
    value = number_of(given.get("value"))
    if "value" in given and value is None:
        return None
    names = ("unit", "system", "code", "comparator")
    made = Quantity(value, *(text_of(given.get(name)) for name in names))
    return made if value is not None or made.unit or made.code else None


def _read_attachment(given: object) -> Attachment | None:
    if not is_object(given):
        return None
    size = given.get("size")
    return Attachment(
        text_of(given.get("contentType")),
        text_of(given.get("url")),
        size if isinstance(size, int) and not isinstance(size, bool) else None,
        text_of(given.get("title")),
        text_of(given.get("data")),
    )


def _read_reference(given: object) -> Reference | None:
    if not is_object(given):
        return None
    return Reference(*(text_of(given.get(name)) for name in ("reference", "display", "type")))


def read_content(kind: ValueType, given: object) -> Content | None:
    """The content of a value of JSON; None where it is not of this type. The text itself is not checked."""
    match kind:
        case ValueType.BOOLEAN:
            return given if isinstance(given, bool) else None
        case ValueType.INTEGER:
            return given if isinstance(given, int) and not isinstance(given, bool) else None
        case ValueType.DECIMAL:
            return number_of(given)
        case ValueType.CODING:
            return read_coding(given)
        case ValueType.QUANTITY:
            return read_quantity(given)
        case ValueType.ATTACHMENT:
            return _read_attachment(given)
        case ValueType.REFERENCE:
            return _read_reference(given)
        case _:
            return given if isinstance(given, str) and given else None


def read_value(holder: Mapping[str, Any], prefix: str = "value") -> Value | None:
    """The value in `valueX` (with another prefix `answerX`, `defaultValueX`) of a JSON object; None without one."""
    for name, given in holder.items():
        kind = _TYPE_OF.get(f"value{name.removeprefix(prefix)}") if name.startswith(prefix) else None
        if kind is not None:
            content = read_content(kind, given)
            return None if content is None else Value(kind, content)
    return None


def label_of(value: Value) -> str:
    """What is shown for an answer without words of its own."""
    match value.content:
        case Coding() as coding:
            return coding.display or coding.code
        case Reference() as reference:
            return reference.display or reference.reference
        case str() as text:
            return text
        case content:
            return str(content)


def _without_empty(**parts: object) -> dict[str, Any]:
    return {name: part for name, part in parts.items() if part not in ("", None)}


def write_content(content: Content) -> Any:
    """The content as JSON; decimals stay Decimal, which `write_json` writes exactly."""
    match content:
        case Coding():
            weight = [{"url": ORDINAL_VALUE, "valueDecimal": content.weight}]
            return _without_empty(
                extension=weight if content.weight is not None else "",
                system=content.system,
                version=content.version,
                code=content.code,
                display=content.display,
            )
        case Quantity():
            return _without_empty(
                value=content.value,
                comparator=content.comparator,
                unit=content.unit,
                system=content.system,
                code=content.code,
            )
        case Attachment():
            return _without_empty(
                contentType=content.content_type,
                data=content.data,
                url=content.url,
                size=content.size,
                title=content.title,
            )
        case Reference():
            return _without_empty(reference=content.reference, type=content.type, display=content.display)
        case _:
            return content


def write_value(value: Value) -> dict[str, Any]:
    """The value as JSON, under its name in FHIR: {"valueDecimal": Decimal("7.50")}."""
    return {value.type.key: write_content(value.content)}


def write_json(given: Any) -> str:
    """JSON of objects, lists and plain values; a decimal keeps its digits and zeros: 7.50."""
    if isinstance(given, Decimal):
        return format(given, "f") if abs(given.adjusted()) < _MOST_DIGITS else str(given)
    if is_object(given):
        parts = (f"{json.dumps(name)}:{write_json(part)}" for name, part in given.items())
        return "{" + ",".join(parts) + "}"
    if is_list_or_tuple(given):
        return "[" + ",".join(map(write_json, given)) + "]"
    return json.dumps(given, ensure_ascii=False)


def parse_json(text: str | bytes) -> Any:
    """JSON with exact decimals.

    Raises ValueError for what is no JSON, for NaN and infinity; RecursionError for what is nested too deep.
    """

    def refuse(name: str) -> float:
        raise ValueError(name)

    return json.loads(text, parse_float=Decimal, parse_constant=refuse)
