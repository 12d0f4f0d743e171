"""Reading a directory of CSV files: encodings, columns, and the line each record starts on."""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from portal_app.domain.imports.report import Where
from portal_app.domain.imports.sheets import SHEETS
from portal_app.services.imports.errors import (
    ColumnMissing,
    ColumnTwice,
    ColumnWithoutName,
    FilesNotRead,
    FolderMissing,
    HeaderUnreadable,
    NothingToImport,
    UnknownColumn,
    UnknownEncoding,
)
from portal_app.services.imports.mapping import Mapping, Sheet

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_TABLES = {".csv", ".tsv", ".txt", ".gz", ".zip", ".xls", ".xlsx", ".ods", ".bz2", ".7z"}
_SEPARATOR_LINE = re.compile(r'\ufeff?"?sep=(.)"?\s*')  # what Excel writes above the columns
_ROW_COUNT = re.compile(r"\(?\d+ row(?:s|\(s\))?(?: affected| selected)?\.?\)?", re.IGNORECASE)


@dataclass(slots=True)
class Raw:
    """One record as it was written; `wrong` when it is no record of this file at all."""

    file: str
    line: int  # on which it starts
    names: tuple[str, ...]  # of the columns
    cells: list[str]  # what stands in each
    wrong: str = ""
    about: str = ""  # the resource, where a file holds resources and not rows
    column: str = ""  # of `wrong`
    unread: int = 0  # further lines that nobody has read because of it
    swallowed: tuple[dict[str, str], ...] = ()  # what these lines say, where that much can be told
    withdrawn: bool = False  # the source takes it back: entered in error
    unrelated: str = ""  # chart of somebody who, as this record says, is nobody's parent or guardian

    @property
    def where(self) -> Where:
        return Where(self.file, self.line)

    @property
    def values(self) -> dict[str, str]:
        return dict(zip(self.names, self.cells, strict=True))


def unusable(where: Where, wrong: str, **more: Any) -> Raw:
    """What is no record of this file, and why."""
    return Raw(where.file, where.line, (), [], wrong, **more)


@dataclass(frozen=True, slots=True)
class Source:
    """One file that feeds one sheet."""

    sheet: str
    path: Path
    encoding: str
    delimiter: str
    columns: frozenset[str]  # of ours, that the file has
    mapped: Sheet
    skipped: Counter[str] = field(default_factory=Counter)  # lines that are no records, by what they are


def find_sources(directory: Path, mapping: Mapping) -> list[Source]:
    """The files of the directory that are ours, in the order in which they need each other."""
    if not directory.is_dir():
        raise FolderMissing(folder=str(directory))
    found = []
    for sheet in SHEETS:
        mapped = mapping.sheet(sheet)
        path = directory / mapped.file
        if path.is_file():
            found.append(_source(sheet, path, mapped, mapping))
    if not found:
        if strange := tables_not_read(directory, []):
            raise FilesNotRead(folder=str(directory), files=", ".join(strange))
        raise NothingToImport(folder=str(directory))
    return found


def tables_not_read(directory: Path, sources: list[Source]) -> list[str]:
    """Files of the folder that look like tables or are packed, and feed no sheet."""
    read = {source.path.name for source in sources}
    names = sorted(path.name for path in directory.iterdir() if path.is_file())
    return [name for name in names if name not in read and Path(name).suffix.lower() in _TABLES]


def _source(sheet: str, path: Path, mapped: Sheet, mapping: Mapping) -> Source:
    encoding = mapping.encoding or encoding_of(path)
    try:
        codecs.lookup(encoding)
    except LookupError:
        raise UnknownEncoding(encoding=encoding) from None
    with _opened(path, encoding) as text:
        said = _SEPARATOR_LINE.fullmatch(text.readline())
        text.seek(0)
        _skip_separator_line(text)
        first = text.readline()
    delimiter = mapping.delimiter or (said[1] if said else max(",;\t", key=first.count))
    header = _header(path, encoding, delimiter)
    if doubled := {name for name in header if name and header.count(name) > 1}:
        raise ColumnTwice(file=path.name, column=min(doubled))
    columns = mapped.columns_from([name for name in header if name])
    _check_columns(sheet, path, mapped, header, columns)
    source = Source(sheet, path, encoding, delimiter, columns, mapped)
    _check_nameless(source, header)
    return source


def _check_columns(sheet: str, path: Path, mapped: Sheet, header: list[str], columns: frozenset[str]) -> None:
    """Raises UnknownColumn or ColumnMissing for columns that are not ours, or are needed and not there."""
    known = {column.name for column in SHEETS[sheet]}
    if not mapped.named and (strange := [name for name in header if name and name not in known]):
        raise UnknownColumn(file=path.name, column=strange[0])
    for column in SHEETS[sheet]:
        if column.required and column.name not in columns:
            raise ColumnMissing(file=path.name, column=column.name)
    if missing := sorted(mapped.relied_upon() - set(header)):
        raise ColumnMissing(file=path.name, column=missing[0])


def _check_nameless(source: Source, header: list[str]) -> None:
    """A column without a name is none, if nothing stands in it. Raises ColumnWithoutName."""
    if source.mapped.named or all(header):
        return
    first = next(records(source), None)
    if first and first.column.isdigit():
        raise ColumnWithoutName(file=source.path.name, number=first.column, line=first.where.line)


def encoding_of(path: Path) -> str:
    """UTF-8 with or without a byte order mark; whatever is not UTF-8 is Windows-1252 (IMP-6)."""
    with path.open("rb") as raw:
        head = raw.read(4)
        for mark, name in _MARKS:
            if head.startswith(mark):
                return name
        raw.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            while block := raw.read(1 << 20):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


def _header(path: Path, encoding: str, delimiter: str) -> list[str]:
    with _opened(path, encoding) as text:
        _skip_separator_line(text)
        try:
            return [name.strip() for name in next(csv.reader(text, delimiter=delimiter, strict=True), [])]
        except csv.Error:
            raise HeaderUnreadable(file=path.name) from None


def _opened(path: Path, encoding: str) -> io.TextIOWrapper:
    # Windows-1252 leaves five bytes undefined; they become U+FFFD, which no name column hides.
    return path.open(encoding=encoding, newline="", errors="replace")


def _skip_separator_line(text: io.TextIOWrapper) -> int:
    """How many lines stand above the columns: one, where Excel named the delimiter."""
    if _SEPARATOR_LINE.fullmatch(text.readline()):
        return 1
    text.seek(0)
    return 0


def count_records(source: Source) -> int:
    """About how many rows there are, by the ends of lines: for the progress bar alone."""
    found, last = Counter[bytes](), b""
    with source.path.open("rb") as raw:
        while block := raw.read(1 << 20):
            found.update({end: block.count(end) for end in (b"\n", b"\r")})
            last = block[-1:]
    return max(max(found[b"\n"] or found[b"\r"], 0) - (last in b"\r\n\0"), 0)


class _Lines:
    """The physical lines of a file; `held` are those of the record that is being read."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self.held: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._text)
        self.held.append(line)
        return line


def records(source: Source) -> Iterator[Raw]:
    """Every record after the header, with the physical line where it starts."""
    with _opened(source.path, source.encoding) as text:
        above = _skip_separator_line(text)
        lines = _Lines(text)
        rows = csv.reader(lines, delimiter=source.delimiter, strict=True)
        header = [name.strip() for name in next(rows, [])]
        file, names, usual = source.path.name, tuple(header), _reads_by_place(source, header)
        while True:
            lines.held.clear()
            line = above + rows.line_num + 1
            try:
                cells = next(rows, None)
            except csv.Error as trouble:
                where, reason = Where(file, line), f"cannot be read as CSV: {trouble}"
                yield _broken(source, where, header, lines.held, reason)
                continue
            if cells is None:
                return
            cells = [*map(str.strip, cells)]
            if usual and len(lines.held) == 1 and _is_plain(header, cells):
                yield Raw(file, line, names, cells)
            elif any(cells) and (raw := _record(source, Where(file, line), header, cells, lines.held)):
                yield raw


def _is_plain(header: list[str], cells: list[str]) -> bool:
    """A cell for every column, and nothing that exports write among the records."""
    return len(cells) == len(header) and cells[0][:1].isalnum() and cells[0].lower() != header[0].lower()


def _reads_by_place(source: Source, header: list[str]) -> bool:
    """Are plain lines records as they stand, every cell that of the column at its place?"""
    return len(header) > 1 and "" not in header and not source.mapped.named


def _record(source: Source, where: Where, header: list[str], cells: list[str], held: list[str]) -> Raw | None:
    """The record of these cells; None for what is no record, or not one of this sheet."""
    if len(held) > 1:
        if _swallowed_records(held, len(header), source.delimiter):
            return _broken(source, where, header, held, "")
        cells = [cell.replace("\r\n", "\n") for cell in cells]
    if artefact := _artefact(header, cells):
        source.skipped[artefact] += 1
        return None
    if len(cells) != len(header):
        reason = f"has {len(cells)} columns, the first line has {len(header)}"
        return _broken(source, where, header, held, reason) if len(held) > 1 else unusable(where, reason)
    named = dict(zip(header, cells, strict=True))
    if "" in named and not source.mapped.named:
        for number, (name, cell) in enumerate(zip(header, cells, strict=True), 1):
            if cell and not name:
                reason = f"column {number} has no name, and “{cell[:40]}” stands in it"
                return unusable(where, reason, column=str(number))
        del named[""]
    if not source.mapped.counts(named):
        source.skipped["left out by the mapping"] += 1
        return None
    ours = source.mapped.translate(named)
    return Raw(where.file, where.line, tuple(ours), list(ours.values()))


def _artefact(header: list[str], cells: list[str]) -> str:
    """What a line is that exports write among the records, or ""."""
    first = cells[0].removeprefix("\ufeff")
    if [cell.lower() for cell in (first, *cells[1:])] == [name.lower() for name in header]:
        return "the columns' names again"
    if first[:1].isalnum():
        return "a count of rows" if len(cells) == 1 and _ROW_COUNT.fullmatch(first) else ""
    if not any(map(str.isalnum, "".join(cells))):
        return "a ruler"
    return "a count of rows" if len(cells) == 1 and _ROW_COUNT.fullmatch(first) else ""


def _swallowed_records(held: list[str], width: int, delimiter: str) -> bool:
    """Do at least two lines of one record each look like a record of their own?"""
    return width > 3 and sum(line.count(delimiter) >= width - 1 for line in held) > 1


def _broken(source: Source, where: Where, header: list[str], held: list[str], reason: str) -> Raw:
    """A record that cannot be told from the lines that follow it: these are counted and not read."""
    swallowed = tuple(_told_apart(source, header, held))
    more = [line for line in held[1:] if line.strip()]
    if not more:
        return unusable(where, reason or "cannot be read as CSV", swallowed=swallowed)
    first, last = where.line + 1, where.line + len(held) - 1
    said = f"has a quote that is not closed: nobody has read lines {first} to {last} ({len(more)} rows)"
    return unusable(where, said, unread=len(more), swallowed=swallowed)


def _told_apart(source: Source, header: list[str], held: list[str]) -> Iterator[dict[str, str]]:
    """What each of these lines says by itself: good enough to count amounts, not to write them."""
    for line in held:
        cells: list[str] = []
        for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE):
            reader = csv.reader([line], delimiter=source.delimiter, quoting=quoting)
            with suppress(csv.Error):
                cells = [cell.strip(' "\r\n') for cell in next(reader, [])]
            if len(cells) == len(header):
                named = dict(zip(header, cells, strict=True))
                if source.mapped.counts(named):
                    yield source.mapped.translate(named)
                break
