"""The sheets an import reads and the columns of each, with the reader of every column.

The columns are the contract with the practice: docs/import.md describes them one by one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import getitem, itemgetter
from typing import Any

from portal_app.domain.appointments import AppointmentStatus
from portal_app.domain.billing.types import Method
from portal_app.domain.families import PatientStatus
from portal_app.domain.imports.dates import NoValue, happens_twice, read_birth_date, read_date, read_moment
from portal_app.domain.imports.values import (
    ImportOptions,
    Unreadable,
    key_up_to,
    line_up_to,
    name_up_to,
    one_of,
    read_amount,
    read_not_negative,
    read_not_positive,
    read_positive,
    read_yes,
    text_up_to,
    whole_number,
)
from portal_app.domain.memberships.types import BilledBy, MembershipStatus, Period


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    read: Callable[[str, ImportOptions], Any]
    required: bool = False
    default: Any = None
    doubt: Callable[[str, Any, ImportOptions], str] | None = None  # what to say of a value that was read


def _column(
    name: str,
    read: Callable[[str, ImportOptions], Any],
    default: Any = None,
    doubt: Callable[[str, Any, ImportOptions], str] | None = None,
) -> Column:
    """A name that ends in * must be filled in."""
    return Column(name.rstrip("*"), read, name.endswith("*"), default, doubt)


_KEY, _NAME, _LONG = key_up_to(80), text_up_to(200), text_up_to(2000)

SHEETS: dict[str, tuple[Column, ...]] = {
    "patients": (
        _column("chart_number*", _KEY),
        _column("family_key", _KEY, ""),
        _column("guarantor_chart_number", _KEY, ""),
        _column("given_name*", name_up_to(200)),
        _column("family_name*", name_up_to(200)),
        _column("birth_date", read_birth_date),
        _column("sex", text_up_to(20), ""),
        _column("status", one_of(*PatientStatus), PatientStatus.ACTIVE),
        _column("merged_into", _KEY, ""),
        _column("language", text_up_to(12), "en"),
        _column("email", text_up_to(320), ""),
        _column("phone", text_up_to(80), ""),
        _column("other_phone", text_up_to(80), ""),
        _column("line1", _NAME, ""),
        _column("line2", _NAME, ""),
        _column("city", _NAME, ""),
        _column("region", _NAME, ""),
        _column("postal_code", text_up_to(40), ""),
        _column("country", text_up_to(60), ""),
    ),
    "relations": (
        _column("chart_number*", _KEY),
        _column("adult_chart_number*", _KEY),
        _column("kind*", one_of("parent", "guardian", "dependent_of")),
        _column("until", read_date),
        _column("reason", _NAME, ""),
    ),
    "appointments": (
        _column("appointment_key*", _KEY),
        _column("chart_number*", _KEY),
        _column("start*", read_moment, None, happens_twice),
        _column("minutes", whole_number(1, 1440), 30),
        _column("provider", _NAME, ""),
        _column("location", _NAME, ""),
        _column("reason", _NAME, ""),
        _column("status", one_of(*AppointmentStatus), AppointmentStatus.BOOKED),
    ),
    "invoices": (
        _column("invoice_number*", _KEY),
        _column("guarantor_chart_number", _KEY, ""),
        _column("status", one_of("draft", "open", "partly_paid", "paid", "void", "written_off"), "open"),
        _column("issue_date*", read_date),
        _column("due_date", read_date),
        _column("total*", read_not_negative),
        _column("adjustment", read_not_positive),
        _column("balance", read_not_negative),
        _column("currency", text_up_to(3), ""),
        _column("opening_balance", read_yes, False),
        _column("note", _LONG, ""),
    ),
    "invoice_lines": (
        _column("invoice_number*", _KEY),
        _column("chart_number*", _KEY),
        _column("description*", _NAME),
        _column("quantity", whole_number(1, 99999), 1),
        _column("unit_amount*", read_amount),
        _column("amount", read_amount),
        _column("service_date", read_date),
        _column("provider", _NAME, ""),
        _column("code", _KEY, ""),
    ),
    "payments": (
        _column("payment_key*", _KEY),
        _column("guarantor_chart_number", _KEY, ""),
        _column("invoice_number", _KEY, ""),
        _column("amount*", read_positive),
        _column("currency", text_up_to(3), ""),
        _column("date*", read_date),
        _column("method", one_of(*Method), Method.OTHER),
        _column("paid_with", _KEY, ""),
        _column("portal_payment_id", _KEY, ""),
        _column("note", _LONG, ""),
    ),
    "plans": (
        _column("plan_key*", _KEY),
        _column("name*", _NAME),
        _column("description", _LONG, ""),
        _column("period", one_of(*Period), Period.MONTH),
        _column("contract_months", whole_number(1, 120)),
        _column("adult_price*", read_not_negative),
        _column("child_price", read_not_negative),
        _column("child_below", whole_number(1, 30), 18),
        _column("senior_price", read_not_negative),
        _column("senior_from", whole_number(40, 120), 65),
        _column("family_cap", read_not_negative),
        _column("enrolment_fee", read_not_negative),
        _column("currency", text_up_to(3), ""),
    ),
    "memberships": (
        _column("membership_key*", _KEY),
        _column("owner_chart_number*", _KEY),
        _column("plan_key*", _KEY),
        _column("status", one_of(*MembershipStatus, "cancelled"), MembershipStatus.ACTIVE),
        _column("billed_by", one_of(*BilledBy), BilledBy.PRACTICE),
        _column("start*", read_date),
        _column("next_bill_date", read_date),
        _column("anchor_day", whole_number(1, 31)),
        _column("contract_end", read_date),
        _column("renews_automatically", read_yes, False),
    ),
    "enrolments": (
        _column("membership_key*", _KEY),
        _column("chart_number*", _KEY),
        _column("start*", read_date),
        _column("end", read_date),
    ),
    "agreements": (
        _column("chart_number*", _KEY),
        _column("title*", line_up_to(150)),
        _column("signed_on*", read_date),
        _column("signed_by", line_up_to(200), ""),
        _column("file*", key_up_to(200)),
    ),
}


@dataclass(slots=True)
class ReadRow:
    """One record: its values by column, and what is wrong or doubtful about them."""

    values: dict[str, Any] = field(default_factory=dict[str, Any])
    wrong: list[tuple[str, str]] = field(
        default_factory=list[tuple[str, str]]
    )  # (column, reason): the row cannot come in
    doubtful: list[tuple[str, str]] = field(
        default_factory=list[tuple[str, str]]
    )  # it comes in, and somebody should look
    without: dict[str, NoValue] = field(
        default_factory=dict[str, NoValue]
    )  # columns whose text stands for no value


class _Remark(Exception):
    """There is something to say about a value, so its row is read column by column."""


class _Meanings(dict[str, Any]):
    """What each text of one column means, found out once: files repeat most of what they say."""

    _REMEMBERED = 20_000  # texts

    def __init__(self, read: Callable[[str], Any]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, text: str) -> Any:
        value = self._read(text)
        if len(self) >= self._REMEMBERED:
            self.clear()
        self[text] = value
        return value


@dataclass(frozen=True, slots=True)
class _Layout:
    """How the cells of rows with the same columns become values in the order of the sheet."""

    meanings: tuple[_Meanings, ...]  # of each cell
    defaults: tuple[Any, ...]  # of the columns that are not there
    arrange: Callable[[list[Any]], tuple[Any, ...]]


class SheetReader:
    """Reads the records of one sheet.

    Args:
        kept: the columns whose values a row has; those of all others are their defaults.
    """

    def __init__(self, sheet: str, options: ImportOptions, kept: frozenset[str] | None = None) -> None:
        self._manner = options
        self._columns = {column.name: column for column in SHEETS[sheet]}
        self._meanings = {column.name: _Meanings(self._reader_of(column)) for column in SHEETS[sheet]}
        self._layouts: dict[tuple[str, ...], _Layout | None] = {}
        self._names: tuple[str, ...] | None = None  # of the row that was read last
        self._usual: _Layout | None = None  # its layout
        self.kept = [name for name in self._columns if kept is None or name in kept]
        self.defaults = {name: c.default for name, c in self._columns.items() if name not in self.kept}

    def values_of(self, names: tuple[str, ...], cells: Sequence[str]) -> tuple[Any, ...] | None:
        """The row's values, each at the place of its column; None where `read` has something to say about it."""
        if names is not self._names:  # the rows of one file share them
            self._names = names
            if names not in self._layouts:
                self._layouts[names] = self._layout(names)
            self._usual = self._layouts[names]
        layout = self._usual
        if layout is None:
            return None
        try:
            return layout.arrange([*map(getitem, layout.meanings, cells), *layout.defaults])
        except _Remark:
            return None

    def read(self, raw: dict[str, str]) -> ReadRow:
        """The row's values in the order of the columns, and each that cannot be read."""
        row = ReadRow()
        for name, column in self._columns.items():
            self._read_into(row, column, raw.get(name, ""))
        return row

    def values_in(self, row: ReadRow) -> tuple[Any, ...]:
        """The same of a row of which something was to be said."""
        return tuple(row.values[name] for name in self.kept)

    def _layout(self, names: tuple[str, ...]) -> _Layout | None:
        """Which columns a file has; None where one is missing that must be there, or is there and not kept."""
        left_out = [column for name, column in self._columns.items() if name not in names]
        if any(column.required for column in left_out) or not set(self.kept) >= set(names):
            return None
        left_out = [column for column in left_out if column.name in self.kept]
        order = [*names, *(column.name for column in left_out)]
        return _Layout(
            tuple(self._meanings[name] for name in names),
            tuple(column.default for column in left_out),
            itemgetter(*(order.index(name) for name in self.kept)),
        )

    def _reader_of(self, column: Column) -> Callable[[str], Any]:
        def read(text: str) -> Any:
            if not text and not column.required:
                return column.default
            try:
                value = column.read(text, self._manner) if text else None
            except Unreadable:
                raise _Remark from None
            if not text or (column.doubt and column.doubt(text, value, self._manner)):
                raise _Remark
            return value

        return read

    def _read_into(self, row: ReadRow, column: Column, text: str) -> bool:
        """Whether there was nothing to say about the value."""
        row.values[column.name] = column.default
        if not text:
            if column.required:
                row.wrong.append((column.name, "is missing"))
            return not column.required
        try:
            row.values[column.name] = value = column.read(text, self._manner)
        except NoValue as reason:
            row.without[column.name] = reason
            (row.wrong if column.required else row.doubtful).append((column.name, str(reason)))
        except Unreadable as reason:
            row.wrong.append((column.name, str(reason)))
        else:
            doubt = column.doubt(text, value, self._manner) if column.doubt else ""
            if doubt:
                row.doubtful.append((column.name, doubt))
            return not doubt
        return False
