"""What an answer must keep to, as the questionnaire says it."""

from collections.abc import Mapping
from typing import Any

from portal_app.domain.forms.importing import extensions as urls
from portal_app.domain.forms.importing.extensions import values_of
from portal_app.domain.forms.importing.findings import FindingCode, Findings, Outcome
from portal_app.domain.forms.patterns import PatternInvalid, check_pattern
from portal_app.domain.forms.types import VALUE_TYPES, ItemType, Limits
from portal_app.domain.forms.values import Quantity, Value, ValueType, number_of, read_quantity, text_of


class _Reader:
    """Reads the extensions of one item; what is wrong with one is said and it is left out."""

    def __init__(self, item: Mapping[str, Any], findings: Findings, place: str, link_id: str) -> None:
        self.item, self.findings, self.place, self.link_id = item, findings, place, link_id

    def refuse(self, url: str) -> None:
        name = url.rpartition("/")[2]
        self.findings.add(FindingCode.LIMIT_INVALID, Outcome.LEFT_OUT, self.place, self.link_id, limit=name)

    def count(self, url: str) -> int | None:
        for given in values_of(self.item, url):
            number = number_of(given)
            if number is not None and number >= 0 and number == number.to_integral_value():
                return int(number)
            self.refuse(url)
        return None

    def bound(self, kind: ItemType, url: str, quantity_url: str) -> Value | None:
        """The least or the greatest value; minValue of a quantity may be a number in whatever unit."""
        for extension in urls.extensions(self.item):
            if extension["url"] not in (url, quantity_url):
                continue
            given = next((extension[name] for name in extension if name.startswith("value")), None)
            made = _bound(kind, given)
            if made is not None:
                return made
            self.refuse(extension["url"])
        return None

    def pattern(self) -> str:
        for given in values_of(self.item, urls.REGEX):
            pattern = text_of(given)
            try:
                check_pattern(pattern)
            except PatternInvalid:
                self.findings.add(
                    FindingCode.PATTERN_INVALID, Outcome.LEFT_OUT, self.place, self.link_id, pattern=pattern
                )
                continue
            return pattern
        return ""


def _bound(kind: ItemType, given: object) -> Value | None:
    if kind is ItemType.QUANTITY:
        number = number_of(given)
        quantity = Quantity(number) if number is not None else read_quantity(given)
        return Value(ValueType.QUANTITY, quantity) if quantity and quantity.value is not None else None
    if kind in (ItemType.INTEGER, ItemType.DECIMAL):
        number = number_of(given)
        return None if number is None else Value(ValueType.DECIMAL, number)
    if kind in (ItemType.DATE, ItemType.DATE_TIME, ItemType.TIME) and text_of(given):
        return Value(VALUE_TYPES[kind], text_of(given))
    return None


def read_limits(
    item: Mapping[str, Any], kind: ItemType, findings: Findings, place: str, link_id: str
) -> Limits:
    """The limits of an item. Patterns are those of google-re2: look-ahead and back references are refused."""
    read = _Reader(item, findings, place, link_id)
    length = item.get("maxLength")
    size = read.count(urls.MAX_SIZE)
    return Limits(
        max_length=length if isinstance(length, int) and length > 0 else None,
        min_length=read.count(urls.MIN_LENGTH),
        least=read.bound(kind, urls.MIN_VALUE, urls.MIN_QUANTITY),
        greatest=read.bound(kind, urls.MAX_VALUE, urls.MAX_QUANTITY),
        min_occurs=read.count(urls.MIN_OCCURS),
        max_occurs=read.count(urls.MAX_OCCURS),
        decimal_places=read.count(urls.DECIMAL_PLACES),
        pattern=read.pattern(),
        mime_types=tuple(filter(None, map(text_of, values_of(item, urls.MIME_TYPE)))),
        max_bytes=size,
    )
