"""One import from its first file to the report (IMP cases)."""

from pathlib import Path

import pytest
from sqlmodel import select

from portal_app import clock, demo
from portal_app.db.scope import reading
from portal_app.db.tables.audit import AuditEntry
from portal_app.db.tables.practice import Practice
from portal_app.domain.money import Money
from portal_app.services.imports.run import run_import
from tests.services.imports.import_helper import (
    IMPORT,
    INVOICE,
    INVOICES,
    LINE,
    LINES,
    PAYMENTS,
    assert_invariants,
    balance,
    bring,
    everything,
    write,
)


def test_imp_1_the_same_files_twice_change_nothing(folder: Path):
    write(folder, "invoices", INVOICES, INVOICE, "B,1,2026-05-02,2026-06-02,50.00,")
    write(folder, "invoice_lines", LINES, LINE, "B,2,Visit,30.00", "B,2,Vaccine,20.00")
    write(folder, "payments", PAYMENTS, "P1,A,40.00,2026-05-09,cash,", "P2,B,50.00,2026-05-09,check,")
    write(folder, "appointments", "appointment_key,chart_number,start", "V1,2,2026-07-01 10:20")
    write(folder, "relations", "chart_number,adult_chart_number,kind", "2,1,parent")
    first = bring(folder)
    before = everything()
    again = bring(folder)
    assert first.changes == 11
    assert again.changes == 0
    assert {count.rows == count.unchanged for count in again.counts.values()} == {True}
    assert everything() == before
    assert_invariants()


@pytest.mark.slow
def test_imp_1_the_demo_practice_twice_changes_nothing(db: str, tmp_path: Path):
    demo.load(IMPORT)
    before = everything()
    demo._write_dated(tmp_path, clock.today())
    again = run_import(IMPORT, tmp_path)
    assert again.changes == 0
    assert everything() == before
    assert_invariants()


def test_imp_2_totals_equal_the_sources_receivables_to_the_cent(folder: Path):
    write(folder, "invoices", INVOICES, INVOICE, "B,1,2026-05-02,2026-06-02,0.10,", "C,1,2026-05-02,,33.33,")
    write(folder, "invoice_lines", LINES, LINE, "B,2,Visit,0.10", "C,2,Visit,33.34")
    write(folder, "payments", PAYMENTS, "P1,A,99.99,2026-05-09,cash,", "P2,B,7.00,2026-05-09,check,")
    report = bring(folder)
    totals = report.totals["USD"]
    assert totals.agree
    assert (totals.before, totals.after, totals.source) == (Money(0), Money(-6_89), Money(-6_89))
    assert totals.set_aside == Money(33_33)
    assert balance() == Money(-6_89)
    assert_invariants()


def test_imp_4_a_dry_run_writes_nothing_and_reports_the_same(folder: Path):
    write(folder, "invoices", INVOICES, INVOICE, "B,9,2026-05-02,2026-06-02,50.00,")
    write(folder, "invoice_lines", LINES, LINE, "B,2,Visit,50.00")
    write(folder, "payments", PAYMENTS, "P1,A,40.00,2026-05-09,cash,", "P2,B,5.00,2026-05-09,cash,")
    tried = bring(folder, check=True)
    assert set(everything().values()) == {0}
    real = bring(folder)
    assert (tried.counts, tried.problems, tried.totals) == (real.counts, real.problems, real.totals)


def test_an_import_is_one_line_of_the_audit_trail_and_raises_the_practices_version(folder: Path):
    bring(folder)
    with reading(IMPORT) as tx:
        lines = [entry for entry in tx.exec(select(AuditEntry)) if entry.actor == "portal:import"]
        assert [entry.action for entry in lines if entry.action == "import"] == ["import"]
        assert not [entry for entry in lines if "patient" in entry.action]
        practice = tx.get(Practice, "practice")
        assert practice
        assert practice.version == 2


def test_progress_ends_with_all_rows(folder: Path):
    seen: list[tuple[int, int]] = []
    bring(folder, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (2, 2)
    assert seen == sorted(seen)
