"""Scans of agreements that were signed on paper come in."""

import hashlib
from datetime import date
from pathlib import Path

import pytest
from sqlmodel import select

from portal_app.db.scope import reading
from portal_app.db.tables.agreements import AgreementCopy, AgreementCopyFile
from portal_app.db.tables.families import Patient
from portal_app.domain.agreements.copy_files import SCAN_AT_MOST
from portal_app.domain.agreements.types import CopyOrigin, CopyStatus
from tests.services.imports.import_helper import IMPORT, bring, said, write

COLUMNS = "chart_number,title,signed_on,signed_by,file"
POLICY = "1,Financial policy,2024-05-03,Ana Reyes,policy.pdf"
PDF = b"%PDF-1.7 one"


def scan(folder: Path, name: str = "policy.pdf", content: bytes = PDF) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)


def kept() -> dict[str | None, tuple[AgreementCopy, bytes, str]]:
    """What was imported, by its key: the copy, its file, and the chart of the patient."""
    with reading(IMPORT) as tx:
        charts = {patient.id: patient.chart_number for patient in tx.exec(select(Patient))}
        files = {file.copy_id: file.pdf for file in tx.exec(select(AgreementCopyFile))}
        return {
            copy.practice_key: (copy, files[copy.id], charts[copy.patient_id] or "")
            for copy in tx.exec(select(AgreementCopy))
        }


def test_a_scan_is_kept_marked_as_one_and_twice_is_once(folder: Path):
    scan(folder)
    scan(folder, "more/cal.pdf", b"%PDF-1.4 two")
    write(folder, "agreements", COLUMNS, POLICY, "2,Privacy,2023-01-02,,more\\cal.pdf")
    first = bring(folder)
    assert (first.counts["agreements"].added, first.problems) == (2, [])
    copy, pdf, chart = kept()["policy.pdf"]
    assert (copy.origin, copy.status, copy.request_id) == (CopyOrigin.IMPORT, CopyStatus.SCAN, None)
    assert (copy.title, copy.signed_on, copy.signed_by) == ("Financial policy", date(2024, 5, 3), "Ana Reyes")
    assert (pdf, copy.size, copy.sha256) == (PDF, len(PDF), hashlib.sha256(PDF).hexdigest())
    assert (chart, kept()["more/cal.pdf"][2]) == ("1", "2")
    again = bring(folder)
    assert (again.counts["agreements"].unchanged, again.changes) == (2, 0)
    assert kept()["policy.pdf"][0].id == copy.id


def test_a_second_import_changes_what_the_row_says_and_never_the_file(folder: Path):
    scan(folder)
    write(folder, "agreements", COLUMNS, POLICY)
    bring(folder)
    write(folder, "agreements", "chart_number,title,signed_on,file", "2,Policy,2024-05-04,policy.pdf")
    assert bring(folder).counts["agreements"].changed == 1
    copy, _, chart = kept()["policy.pdf"]
    assert (copy.title, copy.signed_on, chart) == ("Policy", date(2024, 5, 4), "2")
    assert copy.signed_by == "Ana Reyes"  # a column that the file leaves out keeps its value
    scan(folder, content=b"%PDF-1.7 six")
    report = bring(folder)
    assert said(report) == [("agreements.csv", 2, "file")]
    assert "another file" in report.problems[0].reason
    assert kept()["policy.pdf"][1] == PDF


def test_a_dry_run_writes_nothing_and_reports_the_same(folder: Path):
    bring(folder)
    scan(folder)
    write(folder, "agreements", COLUMNS, POLICY, "1,Lost,2024-05-03,,lost.pdf")
    tried = bring(folder, check=True)
    assert kept() == {}
    real = bring(folder)
    assert (tried.counts, tried.problems) == (real.counts, real.problems)
    assert list(kept()) == ["policy.pdf"]


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ("1,Policy,2024-05-03,,lost.pdf", "file", "there is no file lost.pdf"),
        ("1,Policy,2024-05-03,,more", "file", "there is no file more"),
        ("1,Policy,2024-05-03,,page.pdf", "file", "page.pdf is no PDF"),
        ("1,Policy,2024-05-03,,large.pdf", "file", f"large.pdf is larger than {SCAN_AT_MOST} MB"),
        ("1,Policy,2024-05-03,,../outside.pdf", "file", "../outside.pdf is outside of the folder"),
        ("1,Policy,2024-05-03,,link.pdf", "file", "link.pdf is outside of the folder"),
        ("1,Policy,2024-05-03,,", "file", "is missing"),
        ("1,Policy,2026-06-16,,policy.pdf", "signed_on", "2026-06-16 is in the future"),
        ("1,Policy,,,policy.pdf", "signed_on", "is missing"),
        ("1,,2024-05-03,,policy.pdf", "title", "is missing"),
        ("9,Policy,2024-05-03,,policy.pdf", "chart_number", "there is no patient 9"),
    ],
)
def test_a_row_that_cannot_come_in_is_set_aside_alone(folder: Path, row: str, column: str, reason: str):
    scan(folder)
    scan(folder, "more/cal.pdf")
    scan(folder, "page.pdf", b"<html>")
    scan(folder, "large.pdf", PDF.ljust(SCAN_AT_MOST * 1024 * 1024 + 1))
    scan(folder, "../outside.pdf")
    (folder / "link.pdf").symlink_to(folder.parent / "outside.pdf")
    write(folder, "agreements", COLUMNS, row, "2,Privacy,2023-01-02,,more/cal.pdf")
    report = bring(folder)
    assert said(report) == [("agreements.csv", 2, column)]
    assert report.problems[0].reason == reason
    assert list(kept()) == ["more/cal.pdf"]


def test_an_absolute_path_is_outside_of_the_folder(folder: Path):
    scan(folder, "../outside.pdf")
    outside = (folder.parent / "outside.pdf").resolve()
    write(folder, "agreements", COLUMNS, f"1,Policy,2024-05-03,,{outside}")
    report = bring(folder)
    assert said(report) == [("agreements.csv", 2, "file")]
    assert report.problems[0].reason.endswith("is outside of the folder")


def test_the_second_row_of_a_file_is_set_aside(folder: Path):
    scan(folder)
    write(folder, "agreements", COLUMNS, POLICY, "2,Privacy,2023-01-02,,./policy.pdf")
    assert said(bring(folder)) == [("agreements.csv", 3, "file")]
    assert kept()["policy.pdf"][2] == "1"


def test_more_scans_than_one_transaction_takes_come_in(folder: Path):
    rows = [f"1,Policy,2024-05-03,,{number}.pdf" for number in range(45)]
    for number in range(45):
        scan(folder, f"{number}.pdf", b"%PDF-" + bytes([number]))
    write(folder, "agreements", COLUMNS, *rows)
    assert bring(folder).counts["agreements"].added == 45
    assert len({pdf for _, pdf, _ in kept().values()}) == 45
