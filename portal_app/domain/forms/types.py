"""A form as the portal keeps it in memory: a FHIR R4 Questionnaire, compiled once per version."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import cached_property

from portal_app.domain.forms.values import Coding, Value, ValueType

ROOT = -1  # instead of an item: the form itself


class ItemType(StrEnum):
    """The item types of FHIR R4."""

    GROUP = "group"
    DISPLAY = "display"
    BOOLEAN = "boolean"
    DECIMAL = "decimal"
    INTEGER = "integer"
    DATE = "date"
    DATE_TIME = "dateTime"
    TIME = "time"
    STRING = "string"
    TEXT = "text"
    URL = "url"
    CHOICE = "choice"
    OPEN_CHOICE = "open-choice"
    ATTACHMENT = "attachment"
    REFERENCE = "reference"
    QUANTITY = "quantity"


VALUE_TYPES: Mapping[ItemType, ValueType] = {
    ItemType.BOOLEAN: ValueType.BOOLEAN,
    ItemType.DECIMAL: ValueType.DECIMAL,
    ItemType.INTEGER: ValueType.INTEGER,
    ItemType.DATE: ValueType.DATE,
    ItemType.DATE_TIME: ValueType.DATE_TIME,
    ItemType.TIME: ValueType.TIME,
    ItemType.STRING: ValueType.STRING,
    ItemType.TEXT: ValueType.STRING,
    ItemType.URL: ValueType.URI,
    ItemType.CHOICE: ValueType.CODING,
    ItemType.OPEN_CHOICE: ValueType.CODING,
    ItemType.ATTACHMENT: ValueType.ATTACHMENT,
    ItemType.REFERENCE: ValueType.REFERENCE,
    ItemType.QUANTITY: ValueType.QUANTITY,
}


class Control(StrEnum):
    """How an item is drawn."""

    GROUP = "group"
    PAGE = "page"
    TABLE = "table"  # a stack on a phone
    DISPLAY = "display"
    RADIO = "radio"
    CHECK_BOXES = "check-boxes"
    DROP_DOWN = "drop-down"
    AUTOCOMPLETE = "autocomplete"
    LINE = "line"
    TEXT_AREA = "text-area"
    NUMBER = "number"
    SLIDER = "slider"
    QUANTITY = "quantity"
    DATE = "date"
    DATE_TIME = "date-time"
    TIME = "time"
    FILE = "file"


class Operator(StrEnum):
    """Of a condition (FHIR R4, questionnaire-enable-operator)."""

    EXISTS = "exists"
    EQUAL = "="
    NOT_EQUAL = "!="
    GREATER = ">"
    LESS = "<"
    AT_LEAST = ">="
    AT_MOST = "<="


@dataclass(frozen=True, slots=True)
class Text:
    """Words of the form: plain, as cleaned HTML where the form has such, and in other languages."""

    plain: str = ""
    html: str = ""
    translations: tuple[tuple[str, str], ...] = ()  # language ("es"), plain words

    def __bool__(self) -> bool:
        return bool(self.plain or self.html)

    def spoken_in(self, language: str) -> str:
        """The plain words in a language ("es"; a region counts only where it is given), else the form's own."""
        given = dict(self.translations)
        return given.get(language) or given.get(language.partition("-")[0]) or self.plain


@dataclass(frozen=True, slots=True)
class Option:
    """One answer to choose."""

    value: Value
    label: Text
    prefix: str = ""
    exclusive: bool = False
    weight: Decimal | None = None
    initial: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """An enableWhen: the item counts while the question has such an answer."""

    question: int  # index of an item
    operator: Operator
    answer: Value


@dataclass(frozen=True, slots=True)
class Limits:
    """What an answer must keep to; None and () where the form says nothing."""

    max_length: int | None = None
    min_length: int | None = None
    least: Value | None = None
    greatest: Value | None = None
    min_occurs: int | None = None
    max_occurs: int | None = None
    decimal_places: int | None = None
    pattern: str = ""  # for google-re2
    mime_types: tuple[str, ...] = ()
    max_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Guidance:
    """Words around a question."""

    help: Text = Text()
    flyover: Text = Text()
    lower: Text = Text()
    upper: Text = Text()
    entry_format: str = ""
    own_text_label: str = ""


class ExpressionKind(StrEnum):
    VARIABLE = "variable"
    SHOWN = "enableWhenExpression"
    CALCULATED = "calculatedExpression"
    INITIAL = "initialExpression"


@dataclass(frozen=True, slots=True)
class Expression:
    """A FHIRPath expression of the form, and what it reads."""

    index: int
    kind: ExpressionKind
    name: str  # of a variable, else ""
    text: str
    item: int  # where it stands; ROOT for the form itself
    reads: frozenset[int] = frozenset()  # items whose linkId it names
    reads_everything: bool = False  # it reads the response without naming linkIds
    uses: tuple[int, ...] = ()  # variables
    used_by: tuple[int, ...] = ()  # expressions that use this variable


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a form. Items stand in document order; `children` and `parent` are indexes.

    A repeating group, and a repeating question whose answers are not all ticked in one list, is `repeats`: each
    repetition is a place of its own. A question with `many` takes several answers at one place (check boxes).
    """

    index: int
    link_id: str
    type: ItemType
    control: Control
    number: str  # where it stands, for people: "4.2"
    text: Text = Text()
    prefix: Text = Text()
    parent: int = ROOT
    children: tuple[int, ...] = ()
    end: int = 0  # index after its last descendant
    ancestors: tuple[int, ...] = ()  # outermost first, itself last
    repeated: tuple[int, ...] = ()  # those of them that repeat
    repeats: bool = False
    many: bool = False
    required: bool = False
    read_only: bool = False
    hidden: bool = False
    horizontal: bool = False  # choiceOrientation
    options: tuple[Option, ...] = ()
    option_set: str = ""  # several items with the same one have the same options
    own_text: bool = False  # a text beside the options
    units: tuple[Coding, ...] = ()
    other_units: bool = False
    initial: tuple[Value, ...] = ()
    conditions: tuple[Condition, ...] = ()
    any_condition: bool = False
    limits: Limits = Limits()
    guidance: Guidance = Guidance()
    shown: int = ROOT  # index of an expression; ROOT without
    calculated: int = ROOT
    initial_expression: int = ROOT

    @property
    def is_question(self) -> bool:
        """Whether it takes an answer."""
        return self.type not in (ItemType.GROUP, ItemType.DISPLAY)

    @property
    def is_typed(self) -> bool:
        """Whether an answer to a choice is typed: its answers are not known."""
        return self.type in (ItemType.CHOICE, ItemType.OPEN_CHOICE) and not self.options


@dataclass(frozen=True, eq=False)
class Form:
    """A questionnaire of one version, for everybody."""

    items: tuple[Item, ...]
    expressions: tuple[Expression, ...] = ()
    url: str = ""
    version: str = ""
    title: Text = Text()
    description: Text = Text()
    language: str = ""
    unfilled: frozenset[str] = frozenset()  # variables that another program would fill: empty
    source: Mapping[str, object] = field(
        default_factory=dict[str, object]
    )  # what expressions read as %questionnaire

    @cached_property
    def roots(self) -> tuple[int, ...]:
        """Items that stand in no other."""
        return tuple(item.index for item in self.items if item.parent == ROOT)

    @cached_property
    def by_link_id(self) -> Mapping[str, Item]:
        return {item.link_id: item for item in self.items}

    @cached_property
    def readers(self) -> Mapping[int, tuple[int, ...]]:
        """Item → the expressions that name it."""
        found: dict[int, tuple[int, ...]] = {}
        for expression in self.expressions:
            for item in expression.reads:
                found[item] = (*found.get(item, ()), expression.index)
        return found

    @cached_property
    def readers_of_everything(self) -> tuple[int, ...]:
        """Expressions that read the whole response."""
        return tuple(one.index for one in self.expressions if one.reads_everything)
