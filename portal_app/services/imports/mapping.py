"""A mapping file (TOML): which columns of a foreign export are which of ours (docs/import.md)."""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from portal_app.domain.imports.sheets import SHEETS
from portal_app.services.imports.errors import (
    MappingMissing,
    MappingNoTable,
    MappingUnknownName,
    MappingUnreadable,
    MappingWrongValue,
)

_SHEET_WORDS = {"file", "columns", "constants", "values", "templates", "only"}
_FILE_WORDS = {"encoding", "delimiter", "date_format", "decimal_mark", "thousands", "round", "empty"}

_PLACE = re.compile(r"\{([^}]+)\}")


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of ours, fed by one file of theirs."""

    file: str
    named: bool = False  # from a mapping: columns it does not name are left out
    columns: dict[str, str] = field(default_factory=dict[str, str])  # ours → theirs
    constants: dict[str, str] = field(default_factory=dict[str, str])
    templates: dict[str, str] = field(default_factory=dict[str, str])  # ours → "{Their column} 09:00"
    values: dict[str, dict[str, str]] = field(
        default_factory=dict[str, dict[str, str]]
    )  # ours → their word → ours
    only: dict[str, list[str]] = field(
        default_factory=dict[str, list[str]]
    )  # theirs → the words of rows that count
    empty: tuple[str, ...] = ()  # words that say nothing

    def columns_from(self, header: Iterable[str]) -> frozenset[str]:
        if not self.named:
            return frozenset(header)
        there = {ours for ours, theirs in self.columns.items() if theirs in set(header)}
        return frozenset(there | self.constants.keys() | self.templates.keys())

    def relied_upon(self) -> set[str]:
        """Their columns without which rows would be left out or filled wrongly without a word."""
        inside = {name for template in self.templates.values() for name in _PLACE.findall(template)}
        return inside | self.only.keys()

    def counts(self, cells: dict[str, str]) -> bool:
        """Is this row one of those this sheet is made of?"""
        return not self.only or all(cells.get(theirs, "") in words for theirs, words in self.only.items())

    def translate(self, cells: dict[str, str]) -> dict[str, str]:
        if not self.named:
            return cells
        if self.empty:
            cells = {name: "" if cell in self.empty else cell for name, cell in cells.items()}
        ours = {name: cells.get(theirs, "") for name, theirs in self.columns.items()}
        for name, template in self.templates.items():
            ours[name] = _PLACE.sub(lambda place: cells.get(place[1], ""), template).strip()
        for name, words in self.values.items():
            ours[name] = words.get(ours.get(name, ""), ours.get(name, ""))
        return ours | self.constants


@dataclass(frozen=True, slots=True)
class Mapping:
    sheets: dict[str, Sheet] = field(default_factory=dict[str, Sheet])
    encoding: str = ""
    delimiter: str = ""
    date_format: str = ""
    decimal_mark: str = ""
    thousands: str = ""
    round: str = ""

    def sheet(self, name: str) -> Sheet:
        if self.sheets:
            return self.sheets.get(name) or Sheet(file=f"/nothing/{name}")
        return Sheet(file=f"{name}.csv")


def read_mapping(path: Path) -> Mapping:
    """Raises UserError when it is not a mapping, with what is wrong."""
    try:
        said: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise MappingMissing(file=str(path)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as trouble:
        raise MappingUnreadable(file=path.name, reason=str(trouble)) from None
    about = said.pop("files", {})
    _known(path, about, _FILE_WORDS, "files")
    _known(path, said, set(SHEETS), "")
    _check_format(path, about)
    empty = tuple(about.pop("empty", ()))
    return Mapping({name: _sheet(path, name, words, empty) for name, words in said.items()}, **about)


def _check_format(path: Path, about: dict[str, Any]) -> None:
    """Raises MappingWrongValue for a word of [files] that could be understood in two ways, or in none."""

    def one_sign(word: str) -> bool:
        said = about.get(word, "")
        return isinstance(said, str) and len(said) <= 1 and not said.isalnum() and said != "-"

    allowed = {
        "round": ("half_even, or left out", about.get("round", "") in ("", "half_even")),
        "delimiter": ("one sign", one_sign("delimiter")),
        "decimal_mark": ("one sign", one_sign("decimal_mark")),
        "thousands": (
            "one sign, and not the decimal mark",
            one_sign("thousands") and about.get("thousands") != (about.get("decimal_mark") or "."),
        ),
        "encoding": ("a name", isinstance(about.get("encoding", ""), str)),
        "date_format": ("a format like MM/DD/YYYY", isinstance(about.get("date_format", ""), str)),
        "empty": ("a list of words", _is_words(about.get("empty", []))),
    }
    for word, (what, fits) in allowed.items():
        if not fits:
            raise MappingWrongValue(file=path.name, part=f"files.{word}", allowed=what)


def _is_words(said: Any) -> bool:
    return isinstance(said, list) and all(isinstance(word, str) for word in said)


def _sheet(path: Path, name: str, said: dict[str, Any], empty: tuple[str, ...]) -> Sheet:
    _known(path, said, _SHEET_WORDS, name)
    ours = {column.name for column in SHEETS[name]}
    for part in ("columns", "constants", "values", "templates"):
        _known(path, said.get(part, {}), ours, f"{name}.{part}")
    parts = {part: said.get(part, {}) for part in ("columns", "constants", "values", "templates")}
    return Sheet(said.get("file", f"{name}.csv"), named=True, only=said.get("only", {}), empty=empty, **parts)


def _known(path: Path, said: Any, known: set[str], part: str) -> None:
    if not isinstance(said, dict):
        raise MappingNoTable(file=path.name, part=part)
    if strange := sorted(set(said) - known):
        where = f"{part}.{strange[0]}" if part else strange[0]
        raise MappingUnknownName(file=path.name, part=where)
