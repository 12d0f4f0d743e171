"""The files' own figures are compared with the portal's (IMP-2)."""

from pathlib import Path

import pytest

from portal_app.domain.money import Money
from tests.services.imports.import_helper import (
    INVOICE,
    INVOICES,
    LINE,
    LINES,
    PAYMENTS,
    assert_invariants,
    balance,
    bring,
    invoice,
    paid_in_the_portal,
    tasks,
    write,
)

P1 = "P1,A,20.00,2026-05-09,check,"
P2 = "P2,A,30.00,2026-05-10,cash,"


@pytest.fixture
def paid(folder: Path) -> Path:
    """Invoice A of 100.00, with 20.00 and 30.00 paid."""
    write(folder, "invoices", INVOICES, INVOICE + "50.00")
    write(folder, "invoice_lines", LINES, LINE)
    write(folder, "payments", PAYMENTS, P1, P2)
    report = bring(folder)
    assert report.complete
    assert report.totals["USD"].balance_here == Money(50_00)
    return folder


def test_imp_2_a_higher_balance_there_is_told_with_both_figures_and_one_task(paid: Path):
    write(paid, "invoices", INVOICES, INVOICE + "70.00")
    write(paid, "payments", PAYMENTS, P2)
    for _ in range(2):
        report = bring(paid)
        assert [p.reason for p in report.problems if p.column == "balance"] == [
            "70.00 is due there and 50.00 here"
        ]
        assert sum(p.column == "payment_key" for p in report.problems) == 1
        assert not report.complete
        assert [task.kind for task in tasks()] == ["import_differs"] * 2
    assert (balance(), invoice("A").due) == (Money(50_00), Money(50_00))
    assert_invariants()


def test_imp_2_a_payment_gone_from_a_full_file_is_told_without_a_balance_column(paid: Path):
    write(paid, "invoices", INVOICES, INVOICE)
    write(paid, "payments", PAYMENTS, P2)
    assert bring(paid).complete  # the file begins after the other payment
    write(paid, "payments", PAYMENTS, P1, "P3,A,5.00,2026-05-12,cash,")
    report = bring(paid)
    assert [p.column for p in report.problems] == ["payment_key"]
    assert "30.00 of 2026-05-10" in report.problems[0].reason
    assert not report.totals["USD"].agree
    assert len(tasks()) == 1


def test_imp_2_an_extract_of_the_payments_is_not_taken_for_all(paid: Path):
    write(paid, "invoices", INVOICES, "B,1,2026-06-01,2026-06-30,10.00,")
    write(paid, "invoice_lines", LINES, "B,1,Visit,10.00")
    write(paid, "payments", PAYMENTS, "P9,B,5.00,2026-05-01,cash,")
    report = bring(paid)
    assert report.problems == []
    assert any("0 of 2" in note for note in report.notes) or any("1 of 3" in note for note in report.notes)
    assert tasks() == []


def test_imp_2_a_payment_made_in_the_portal_explains_a_higher_balance(folder: Path):
    write(folder, "invoices", INVOICES, INVOICE + "100.00")
    write(folder, "invoice_lines", LINES, LINE)
    bring(folder)
    paid_in_the_portal(Money(25_00), posted=True)
    report = bring(folder)
    sums = report.totals["USD"]
    assert (sums.balance_there, sums.balance_here, sums.balance_explained) == (
        Money(100_00),
        Money(75_00),
        Money(25_00),
    )
    assert report.complete
    assert report.problems == [] and tasks() == []


def test_imp_2_a_payment_on_account_explains_a_higher_balance(folder: Path):
    write(folder, "invoices", INVOICES, INVOICE + "100.00")
    write(folder, "invoice_lines", LINES, LINE)
    header = "payment_key,guarantor_chart_number,invoice_number,amount,date"
    write(folder, "payments", header, "P1,1,,60.00,2026-05-09")
    for _ in range(2):
        report = bring(folder)
        assert report.complete
        assert report.problems == [] and tasks() == []


def test_imp_2_a_payment_that_pays_another_invoice_there_is_told(paid: Path):
    write(paid, "invoices", INVOICES, INVOICE + "70.00", "B,1,2026-05-01,2026-06-01,100.00,80.00")
    write(paid, "invoice_lines", LINES, LINE, "B,1,Visit,100.00")
    write(paid, "payments", PAYMENTS, P1.replace(",A,", ",B,"), P2)
    said = [p.reason for p in bring(paid).problems]
    assert said == ["70.00 is due there and 50.00 here", "80.00 is due there and 100.00 here"]


def test_imp_2_lines_that_nobody_read_leave_the_payments_unjudged(paid: Path):
    write(paid, "payments", PAYMENTS, P1, 'P2,A,"30.00,2026-05-10,cash,', "P3,A,1.00,2026-05-11,cash,")
    report = bring(paid)
    assert not any(p.column == "payment_key" for p in report.problems)
    assert not report.complete
    assert report.totals["USD"].set_aside == Money(-31_00 + 100_00)


STATUS = "invoice_number,guarantor_chart_number,issue_date,due_date,total,status"
PAID = "A,1,2026-05-01,2026-06-01,100.00,paid"
WHOLE = "P1,A,100.00,2026-05-09,check,"


@pytest.fixture
def settled(folder: Path) -> Path:
    """Invoice A of 100.00, paid by one check; the files have a status and no balance."""
    write(folder, "invoices", STATUS, PAID)
    write(folder, "invoice_lines", LINES, LINE)
    write(folder, "payments", PAYMENTS, WHOLE)
    assert bring(folder).complete
    return folder


@pytest.mark.parametrize("status", ["open", "partly_paid"])
@pytest.mark.parametrize(
    "payments",
    [
        pytest.param((), id="no payment left"),
        pytest.param(("P9,A,1.00,2026-05-12,check,",), id="another payment"),
        pytest.param(("P1,A,0.00,2026-05-09,check,",), id="lowered to nothing"),
        pytest.param(None, id="no file of payments"),
    ],
)
def test_imp_2_a_bounced_check_is_told_by_the_status_alone(
    settled: Path, status: str, payments: tuple[str, ...] | None
):
    write(settled, "invoices", STATUS, PAID.replace("paid", status))
    if payments is None:
        (settled / "payments.csv").unlink()
    else:
        write(settled, "payments", PAYMENTS, *payments)
    for _ in range(2):
        report = bring(settled)
        assert [p.line for p in report.problems if p.column == "status"] == [2]
        assert {task.kind for task in tasks()} == {"import_differs"}
    assert len({task.once for task in tasks()}) == len(tasks()) <= 2
    assert invoice("A").due == Money(0)  # money in doubt is for staff to decide
    assert_invariants()


def test_a_status_that_the_files_own_payments_belie_is_not_told(settled: Path):
    """Systems that never close an invoice say "open" for ever."""
    write(settled, "invoices", STATUS, PAID.replace("paid", "open"))
    report = bring(settled)
    assert (report.problems, tasks()) == ([], [])


def test_imp_2_a_payment_made_in_the_portal_explains_an_open_status(folder: Path):
    write(folder, "invoices", STATUS, PAID.replace("paid", "open"))
    write(folder, "invoice_lines", LINES, LINE)
    bring(folder)
    paid_in_the_portal(Money(100_00), posted=True)
    assert bring(folder).problems == []
    assert tasks() == []
