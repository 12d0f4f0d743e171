"""FHIR R4 files come in."""

import gzip
import json
from collections import Counter
from pathlib import Path

import pytest
from sqlmodel import select

from portal_app.db.scope import reading
from portal_app.db.tables.families import Patient
from portal_app.domain.families import PatientStatus
from portal_app.services.imports.run import run_import
from tests.services.imports.import_helper import IMPORT, assert_invariants, bring, shared


def test_sixty_patients_come_in_from_fhir(db: str):
    report = run_import(IMPORT, shared("synthea_fhir_r4"), fhir=True)
    added = {sheet: count.added for sheet, count in report.counts.items()}
    assert added == {
        "patients": 60,
        "appointments": 480,
        "invoices": 0,
        "invoice_lines": 0,
        "payments": 0,
    }
    assert {p.reason for p in report.set_aside} == {
        "says neither what the patient owes nor what they paid",
        "no explanation of benefit says what of it the patient owes",
    }
    assert report.totals["USD"].agree
    with reading(IMPORT) as tx:
        states = Counter(person.status for person in tx.exec(select(Patient)))
    assert states[PatientStatus.DECEASED] == 14
    assert run_import(IMPORT, shared("synthea_fhir_r4"), fhir=True).changes == 0
    assert_invariants()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("german_invoices_gematik", "54.95, but its lines add up to 54.94"),
        ("german_appointments_isik", "not agreed upon"),
        ("hl7_core_r4", "neither parent nor guardian"),
        ("synthea_fhir_r4/full_bundles", "no explanation of benefit says what of it the patient owes"),
    ],
)
def test_other_fhir_files_are_read_without_a_crash(db: str, name: str, reason: str):
    report = run_import(IMPORT, shared(name), fhir=True)
    assert any(reason in problem.reason for problem in report.set_aside)
    assert all(problem.about and problem.line for problem in report.set_aside)
    assert_invariants()


def patient(chart: str) -> str:
    return json.dumps(
        {"resourceType": "Patient", "id": chart, "name": [{"text": "Zoë Reyes"}]}, ensure_ascii=False
    )


def test_every_way_of_writing_resources_is_read(folder: Path):
    (folder / "a.ndjson.gz").write_bytes(gzip.compress(("\ufeff" + patient("p1")).encode()))
    (folder / "b.JSON").write_bytes(f"[{patient('p2')}]".encode("utf-16"))
    (folder / "c.json").write_bytes(
        f'{{"resourceType": "Bundle", "entry": [{{"resource": {patient("p3")}}}]}}'.encode("utf-8-sig")
    )
    (folder / "d.jsonl").write_bytes(f"{patient('p4')}\r\n\r\n{patient('p5')}\r\n".encode())
    (folder / "e.json.gz").write_bytes(
        gzip.compress(f"{patient('p6')}\n[[{patient('p7')}]]".encode(), mtime=0)
    )
    (folder / "g.ndjson.gz").write_text(patient("p8"))  # unpacked by whoever fetched it
    (folder / "h.ndjson").write_bytes(gzip.compress(patient("p9").encode(), mtime=0))
    both = gzip.compress(f"{patient('p10')}\n".encode(), mtime=0) + gzip.compress(patient("p11").encode())
    (folder / "Patient.000.NDJSON.GZ").write_bytes(both)
    (folder / "f.zip").write_bytes(b"PK")
    (folder / "Patient.xml").write_bytes(b"<Patient/>")
    (folder / "more").mkdir()
    report = bring(folder, fhir=True)
    assert (report.counts["patients"].added, report.complete) == (11, True)
    assert any("Patient.xml, f.zip, more/" in note for note in report.notes)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a.json", b'{"resourceType": \n x\n y'),
        ("a.json.gz", b"no gzip"),
        ("a.ndjson.gz", gzip.compress(b"{}" * 999, mtime=0)[:-9]),
        ("a.ndjson.gz", gzip.compress(b"{}", mtime=0) + b"more"),
        ("a.ndjson", b"\x1f\x8b"),
        ("a.ndjson", b"\xff\xfe\x00"),
        ("a.json", b'[{"resourceType": "Patient"'),
    ],
)
def test_a_file_that_cannot_be_read_is_said_and_fails(folder: Path, name: str, said: bytes):
    (folder / name).write_bytes(said)
    (folder / "b.ndjson").write_text(patient("p1"))
    report = bring(folder, fhir=True)
    assert [problem.file for problem in report.set_aside] == [name]
    assert report.counts["patients"].added == 1
    assert not report.complete
