"""What is wrong with one answer to one question, whatever else was answered."""

from collections.abc import Iterator
from decimal import Decimal
from urllib.parse import urlsplit

from portal_app.domain.forms.comparing import Incomparable, is_above, is_below
from portal_app.domain.forms.dates import date_span, date_time_span, time_span
from portal_app.domain.forms.patterns import matches
from portal_app.domain.forms.responses.problems import ProblemCode as Code
from portal_app.domain.forms.types import VALUE_TYPES, Item, ItemType
from portal_app.domain.forms.values import Attachment, Coding, Quantity, Reference, Value, ValueType, label_of
from portal_app.domain.text import strip_unstorable

MOST_LETTERS = 20_000  # of a text, where the form says nothing
MOST_LINE = 2_000  # of a single line
MOST_DIGITS = 30
_RESOURCES = {
    "Appointment", "Binary", "CareTeam", "Condition", "Coverage", "Device", "DocumentReference", "Encounter",
    "Group", "HealthcareService", "Location", "Media", "Medication", "Observation", "Organization", "Patient",
    "Person", "Practitioner", "PractitionerRole", "Procedure", "Questionnaire", "QuestionnaireResponse",
    "RelatedPerson", "Schedule", "ServiceRequest", "Slot", "Substance", "Task", "AllergyIntolerance", "Immunization",
    "MedicationRequest", "MedicationStatement", "DiagnosticReport", "Specimen", "CarePlan", "Goal", "Consent",
}  # fmt: skip

Found = tuple[Code, dict[str, str]]


def check_answer(item: Item, value: Value) -> Iterator[Found]:
    """What is wrong with one answer: codes and what fills their words. Nothing for an answer that is right."""
    wrong_type = _type_problem(item, value)
    if wrong_type:
        yield wrong_type, {}
        return
    if item.options and not _is_option(item, value):
        yield Code.NOT_AN_OPTION, {"answer": label_of(value)}
        return
    match value.content:
        case str() as text:
            yield from _check_text(item, text)
        case bool():
            pass
        case int() | Decimal() as number:
            yield from _check_number(item, Decimal(number))
        case Quantity() as quantity:
            yield from _check_quantity(item, quantity)
        case Attachment() as file:
            yield from _check_file(item, file)
        case Coding() as coding:
            yield from _check_texts(coding.display, coding.code, coding.system)
        case Reference() as reference:
            yield from _check_reference(reference)
    yield from _check_bounds(item, value)


def _type_problem(item: Item, value: Value) -> Code | None:
    if not item.is_question:
        return Code.NO_QUESTION
    if any(option.value.type is value.type for option in item.options):
        return None
    is_own_text = item.own_text and value.type is ValueType.STRING
    return None if is_own_text or VALUE_TYPES[item.type] is value.type else Code.WRONG_TYPE


def _is_option(item: Item, value: Value) -> bool:
    if item.own_text and value.type is ValueType.STRING:
        return True
    return any(option.value.is_same(value) for option in item.options)


def _check_texts(*texts: str) -> Iterator[Found]:
    for text in texts:
        if strip_unstorable(text) != text:
            yield Code.UNSTORABLE, {}
        if len(text) > MOST_LINE:
            yield Code.TOO_LONG, {"most": str(MOST_LINE)}


def _check_text(item: Item, text: str) -> Iterator[Found]:
    if strip_unstorable(text) != text:
        yield Code.UNSTORABLE, {}
    match item.type:
        case ItemType.DATE:
            if date_span(text) is None:
                yield Code.DATE, {}
        case ItemType.DATE_TIME:
            if date_time_span(text) is None:
                yield Code.DATE, {}
        case ItemType.TIME:
            if time_span(text) is None:
                yield Code.TIME, {}
        case ItemType.URL:
            if not _is_address(text):
                yield Code.ADDRESS, {}
        case _:
            yield from _check_words(item, text)


def _check_words(item: Item, text: str) -> Iterator[Found]:
    limits, is_long = item.limits, item.type is ItemType.TEXT
    most = min(limits.max_length or MOST_LETTERS, MOST_LETTERS if is_long or limits.max_length else MOST_LINE)
    if not is_long and ("\n" in text or "\r" in text):
        yield Code.LINE_BREAK, {}
    if not text.strip():
        yield Code.REQUIRED, {}
    if len(text) > most:
        yield Code.TOO_LONG, {"most": str(most)}
    if limits.min_length is not None and len(text) < limits.min_length:
        yield Code.TOO_SHORT, {"least": str(limits.min_length)}
    if limits.pattern and not matches(limits.pattern, text):
        yield Code.PATTERN, {"format": item.guidance.entry_format}


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    is_whole = bool(parts.scheme) and bool(parts.netloc or parts.path)
    return is_whole and not any(letter.isspace() for letter in text) and len(text) <= MOST_LINE


def _check_number(item: Item, number: Decimal) -> Iterator[Found]:
    if (
        not number.is_finite()
        or len(number.as_tuple().digits) > MOST_DIGITS
        or abs(number.adjusted()) > MOST_DIGITS
    ):
        yield Code.NUMBER, {}
        return
    exponent = number.as_tuple().exponent
    places = -exponent if isinstance(exponent, int) and exponent < 0 else 0
    if item.limits.decimal_places is not None and places > item.limits.decimal_places:
        yield Code.DECIMAL_PLACES, {"most": str(item.limits.decimal_places)}


def _check_quantity(item: Item, quantity: Quantity) -> Iterator[Found]:
    yield from _check_texts(quantity.unit, quantity.code, quantity.system)
    if quantity.value is None:
        yield Code.NUMBER, {}
        return
    yield from _check_number(item, quantity.value)
    if item.units and not item.other_units:
        codes = {unit.code or unit.display for unit in item.units}
        if not (quantity.code or quantity.unit):
            yield Code.UNIT_MISSING, {}
        elif (quantity.code or quantity.unit) not in codes and quantity.unit not in codes:
            units = ", ".join(unit.display or unit.code for unit in item.units)
            yield Code.UNIT, {"units": units}


def _check_file(item: Item, file: Attachment) -> Iterator[Found]:
    limits = item.limits
    yield from _check_texts(file.title, file.url, file.content_type)
    if not (file.url or file.data):
        yield Code.FILE_EMPTY, {}
    if limits.mime_types and not any(_is_of_type(file.content_type, wanted) for wanted in limits.mime_types):
        yield Code.FILE_TYPE, {"types": ", ".join(limits.mime_types)}
    size = file.size if file.size is not None else len(file.data) * 3 // 4
    if limits.max_bytes is not None and size > limits.max_bytes:
        yield Code.FILE_SIZE, {"most": str(limits.max_bytes)}


def _is_of_type(given: str, wanted: str) -> bool:
    given, wanted = given.partition(";")[0].strip().lower(), wanted.lower()
    return given == wanted or (wanted.endswith("/*") and given.startswith(wanted[:-1]))


def _check_reference(reference: Reference) -> Iterator[Found]:
    """A reference names a resource: "Patient/123", absolute or a part of this one ("#p"); or it only shows words."""
    yield from _check_texts(reference.reference, reference.display)
    text = reference.reference
    if not text:
        if not reference.display:
            yield Code.REFERENCE, {}
        return
    if text.startswith(("#", "urn:")):
        return
    kind = text.rstrip("/").split("/")[-2] if "/" in text else ""
    if any(letter.isspace() for letter in text) or kind not in _RESOURCES:
        yield Code.REFERENCE, {}


def _check_bounds(item: Item, value: Value) -> Iterator[Found]:
    for bound, is_beyond, code in (
        (item.limits.least, is_below, Code.TOO_SMALL),
        (item.limits.greatest, is_above, Code.TOO_GREAT),
    ):
        if bound is None:
            continue
        try:
            beyond = is_beyond(value, bound)
        except Incomparable:
            if isinstance(value.content, Quantity):
                yield Code.UNIT, {"units": _bound_unit(bound)}
            continue
        if beyond:
            yield code, {"bound": _bound_label(bound)}


def _bound_unit(bound: Value) -> str:
    """The unit of a least or greatest value, as it is shown."""
    content = bound.content
    return (content.unit or content.code) if isinstance(content, Quantity) else ""


def _bound_label(bound: Value) -> str:
    """A least or greatest value as it is shown."""
    content = bound.content
    if isinstance(content, Quantity):
        return f"{content.value} {content.unit or content.code}".strip()
    return label_of(bound)
