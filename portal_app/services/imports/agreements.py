"""Agreements that were signed on paper: rows of agreements.csv, each with a scan beside it (docs/import.md)."""

import hashlib
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

from sqlmodel import col

from portal_app.clock import now
from portal_app.db.scope import Tx
from portal_app.db.select import columns
from portal_app.db.tables.agreements import AgreementCopy, AgreementCopyFile
from portal_app.domain.agreements.copy_files import SCAN_AT_MOST
from portal_app.domain.agreements.types import CopyOrigin, CopyStatus
from portal_app.domain.ids import AgreementCopyId
from portal_app.services.agreements.errors import ScanInvalid
from portal_app.services.agreements.requests.paper import check_scan
from portal_app.services.imports.import_run import ImportRun, Person, Row, chunks, full_row

_SHEET = "agreements"
_COPIED = ("title", "signed_on", "signed_by")
_TOGETHER = 20  # rows in one transaction: their files are in memory
_MB = 1024 * 1024
_KEPT = columns(
    *(AgreementCopy.id, AgreementCopy.practice_key, AgreementCopy.patient_id, AgreementCopy.sha256),
    *(getattr(AgreementCopy, name) for name in _COPIED),
)
_copied = attrgetter(*_COPIED)


class _Scan(NamedTuple):
    """A row with the person it is about and the file that it names."""

    row: Row
    person: Person
    key: str
    pdf: bytes


class _Unfit(Exception):
    """A file that is not taken; the text is the reason."""


def import_agreements(run: ImportRun, rows: list[Row]) -> None:
    """Keep each scan once, marked as one; the file's name in the folder is its key.

    The file of a scan that is here never changes: a row whose file differs from it is set aside.
    """
    seen: dict[str, int] = {}
    for some in chunks(rows, _TOGETHER):
        found: list[_Scan] = []
        for row in some:
            key = _key(row)
            if key in seen:
                run.aside(_SHEET, row, "file", f"{row.file} was in line {seen[key]} already")
            elif scan := _read_scan(run, row, key):
                found.append(scan)
            seen.setdefault(key, row.line)
        with run.opened() as tx:
            _keep(run, tx, found)
        run.step(len(some))


def _key(row: Row) -> str:
    """The name as the folder has it; systems of Windows write it with backslashes."""
    return row.file.replace("\\", "/").removeprefix("./")


def _read_scan(run: ImportRun, row: Row, key: str) -> _Scan | None:
    """None for a row that was set aside."""
    if row.signed_on > run.options.today:
        run.aside(_SHEET, row, "signed_on", f"{row.signed_on} is in the future")
        return None
    person = run.person(_SHEET, row, "chart_number")
    if person is None:
        return None
    try:
        return _Scan(row, person, key, _content(run.folder, key))
    except _Unfit as reason:
        run.aside(_SHEET, row, "file", str(reason))
        return None


def _content(folder: Path, key: str) -> bytes:
    """The file's bytes. Raises _Unfit: outside of the folder, also by a link; not there; too large; no PDF."""
    shown = key[:80]
    root, path = folder.resolve(), (folder / key).resolve()
    if not path.is_relative_to(root):
        raise _Unfit(f"{shown} is outside of the folder")
    try:
        if not path.is_file():
            raise _Unfit(f"there is no file {shown}")
        if path.stat().st_size > SCAN_AT_MOST * _MB:
            raise _Unfit(f"{shown} is larger than {SCAN_AT_MOST} MB")
        pdf = path.read_bytes()
        check_scan(pdf)
    except OSError:
        raise _Unfit(f"{shown} cannot be read") from None
    except ScanInvalid:
        raise _Unfit(f"{shown} is no PDF") from None
    return pdf


def _keep(run: ImportRun, tx: Tx, scans: list[_Scan]) -> None:
    keys = [scan.key for scan in scans]
    here = {
        copy.practice_key: copy for copy in tx.exec(_KEPT.where(col(AgreementCopy.practice_key).in_(keys)))
    }
    copies: list[dict[str, Any]] = []
    files: list[dict[str, Any]] = []
    changed: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    count = run.count(_SHEET)
    for scan in scans:
        before = here.get(scan.key)
        if before is None:
            copies.append(_new_copy(run, scan))
            files.append({"copy_id": copies[-1]["id"], "pdf": scan.pdf})
            count.added += 1
        elif before.sha256 != hashlib.sha256(scan.pdf).hexdigest():
            reason = f"{scan.key} is another file than the one that was imported: give it another name"
            run.aside(_SHEET, scan.row, "file", reason)
        else:
            moved = _moved(scan, before)
            if moved:
                changed.setdefault(tuple(moved), []).append({"id": before.id, **moved})
            count.changed += bool(moved)
            count.unchanged += not moved
    run.bulk_insert(tx, AgreementCopy, copies)
    run.bulk_insert(tx, AgreementCopyFile, files)
    for some in changed.values():
        run.bulk_update(tx, AgreementCopy, some)


def _moved(scan: _Scan, before: Any) -> dict[str, Any]:
    """What the row says otherwise than the portal."""
    values = dict(zip(_COPIED, _copied(scan.row), strict=True))
    said = {name: value for name, value in values.items() if name in scan.row.given}
    said["patient_id"] = scan.person.id
    return {name: value for name, value in sorted(said.items()) if getattr(before, name) != value}


def _new_copy(run: ImportRun, scan: _Scan) -> dict[str, Any]:
    return full_row(
        AgreementCopy,
        id=AgreementCopyId(run.next_id("agc")),
        patient_id=scan.person.id,
        origin=CopyOrigin.IMPORT,
        status=CopyStatus.SCAN,
        practice_key=scan.key,
        created_at=now(),
        sha256=hashlib.sha256(scan.pdf).hexdigest(),
        size=len(scan.pdf),
        **dict(zip(_COPIED, _copied(scan.row), strict=True)),
    )
