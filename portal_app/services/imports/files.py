"""Reading a directory of CSV files: encodings, columns, and the line each record starts on."""

import codecs
import csv
import io
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from portal_app.domain.errors import UserError
from portal_app.domain.imports import SHEETS, Where
from portal_app.services.imports.mapping import Mapping, Sheet

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True, slots=True)
class Raw:
    """One record as it was written; `wrong` when it is no record of this file at all."""

    where: Where
    values: dict[str, str]
    wrong: str = ""
    about: str = ""  # the resource, where a file holds resources and not rows
    column: str = ""  # of `wrong`


@dataclass(frozen=True, slots=True)
class Source:
    """One file that feeds one sheet."""

    sheet: str
    path: Path
    encoding: str
    delimiter: str
    columns: frozenset[str]  # of ours, that the file has
    mapped: Sheet


def find_sources(directory: Path, mapping: Mapping) -> list[Source]:
    """The files of the directory that are ours, in the order in which they need each other."""
    if not directory.is_dir():
        raise UserError("There is no folder {folder}", folder=str(directory))
    found = []
    for sheet in SHEETS:
        mapped = mapping.sheet(sheet)
        path = directory / mapped.file
        if path.is_file():
            found.append(_source(sheet, path, mapped, mapping))
    if not found:
        raise UserError("There is no file to import in {folder}", folder=str(directory))
    return found


def _source(sheet: str, path: Path, mapped: Sheet, mapping: Mapping) -> Source:
    encoding = mapping.encoding or encoding_of(path)
    try:
        codecs.lookup(encoding)
    except LookupError:
        raise UserError("There is no text encoding named {encoding}", encoding=encoding) from None
    with _opened(path, encoding) as text:
        first = text.readline()
    delimiter = mapping.delimiter or max(",;\t", key=first.count)
    header = _header(path, encoding, delimiter)
    if doubled := {name for name in header if name and header.count(name) > 1}:
        raise UserError("{file} has two columns named {column}", file=path.name, column=min(doubled))
    columns = mapped.columns_from(header)
    known = {column.name for column in SHEETS[sheet]}
    if not mapped.named and (strange := [name for name in header if name not in known]):
        raise UserError("{file} has an unknown column: {column}", file=path.name, column=strange[0])
    for column in SHEETS[sheet]:
        if column.required and column.name not in columns:
            raise UserError("{file} has no column {column}", file=path.name, column=column.name)
    return Source(sheet, path, encoding, delimiter, columns, mapped)


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
        try:
            return [name.strip() for name in next(csv.reader(text, delimiter=delimiter, strict=True), [])]
        except csv.Error:
            raise UserError("The first line of {file} does not name its columns", file=path.name) from None


def _opened(path: Path, encoding: str) -> io.TextIOWrapper:
    # Windows-1252 leaves five bytes undefined; they become U+FFFD, which no name column hides.
    return path.open(encoding=encoding, newline="", errors="replace")


def count_records(source: Source) -> int:
    """About how many rows there are: for the progress bar alone, so broken ones need no care."""
    found = -1
    with _opened(source.path, source.encoding) as text, suppress(csv.Error):
        for _ in csv.reader(text, delimiter=source.delimiter):
            found += 1
    return max(found, 0)


def records(source: Source) -> Iterator[Raw]:
    """Every record after the header, with the physical line where it starts."""
    with _opened(source.path, source.encoding) as text:
        rows = csv.reader(text, delimiter=source.delimiter, strict=True)
        header = [name.strip() for name in next(rows, [])]
        while True:
            where = Where(source.path.name, rows.line_num + 1)
            try:
                cells = next(rows, None)
            except csv.Error as trouble:
                yield Raw(where, {}, f"cannot be read as CSV: {trouble}")
                continue
            if cells is None:
                return
            if not cells:
                continue
            if len(cells) != len(header):
                yield Raw(where, {}, f"has {len(cells)} columns, the first line has {len(header)}")
                continue
            if rows.line_num > where.line:
                cells = [cell.replace("\r\n", "\n") for cell in cells]
            named = dict(zip(header, [cell.strip() for cell in cells], strict=True))
            if source.mapped.counts(named):
                yield Raw(where, source.mapped.translate(named))
