"""Payments come in and count once (the import's half of LEDG-2)."""

from pathlib import Path

import pytest
from sqlmodel import select

from portal_app.db.scope import reading
from portal_app.db.tables.billing import LedgerEntry, Payment
from portal_app.domain.billing.types import EntryKind
from portal_app.domain.money import Money
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
    invoice,
    paid_in_the_portal,
    said,
    tasks,
    write,
)


@pytest.mark.parametrize(
    "amount", ["1e3", "NaN", "1,200.00", "10.005", "-5", "0", "1000000000000", "$5", " ", "٥"]
)
def test_imp_4_an_amount_nobody_can_be_sure_of_is_set_aside(folder: Path, amount: str):
    write(folder, "invoices", INVOICES, INVOICE)
    write(folder, "invoice_lines", LINES, LINE)
    write(folder, "payments", PAYMENTS, f'P1,A,"{amount}",2026-05-09,cash,')
    assert said(bring(folder)) == [("payments.csv", 2, "amount")]
    assert balance() == Money(100_00)


@pytest.mark.parametrize("posted", [True, False])
def test_ledg_2_an_import_with_our_payments_id_leaves_75(folder: Path, posted: bool):
    write(folder, "invoices", INVOICES, INVOICE)
    write(folder, "invoice_lines", LINES, LINE)
    bring(folder)
    ours = paid_in_the_portal(Money(25_00), posted=posted)
    write(folder, "invoices", INVOICES, INVOICE + "75.00")
    write(folder, "payments", PAYMENTS, f"P9,A,25.00,2026-06-15,card,{ours}")
    report = bring(folder)
    for _ in range(2):
        assert not report.set_aside
        assert balance() == Money(75_00)
        assert invoice("A").due == Money(75_00)
        report = bring(folder)
    with reading(IMPORT) as tx:
        assert tx.exec(select(Payment)).one().posted
    assert report.totals["USD"].agree
    assert_invariants()


def test_a_payment_on_account_pays_the_oldest_due_first_and_leaves_credit(folder: Path):
    write(
        folder, "invoices", INVOICES, "A,1,2026-02-01,2026-03-01,120.00,", "B,1,2026-01-01,2026-02-01,80.00,"
    )
    write(folder, "invoice_lines", LINES, "A,1,Visit,120.00", "B,2,Visit,80.00")
    header = "payment_key,guarantor_chart_number,invoice_number,amount,date"
    write(folder, "payments", header, "P1,1,,100.00,2026-03-05", "P2,1,,110.00,2026-03-06")
    bring(folder)
    assert (invoice("A").due, invoice("B").due, balance()) == (Money(0), Money(0), Money(-10_00))
    assert_invariants()


def test_a_payment_on_account_pays_invoice_9_before_invoice_10(folder: Path):
    """With the same days the number decides, as a number: the domain's order, not that of the letters."""
    day = "2026-02-01,2026-03-01"
    write(
        folder,
        "invoices",
        INVOICES,
        *(f"INV-{n},1,{day},{amount}," for n, amount in ((10, "80.00"), (9, "50.00"))),
    )
    write(folder, "invoice_lines", LINES, "INV-10,1,Visit,80.00", "INV-9,1,Visit,50.00")
    header = "payment_key,guarantor_chart_number,invoice_number,amount,date"
    write(folder, "payments", header, "P1,1,,60.00,2026-03-05")
    bring(folder)
    assert (invoice("INV-9").due, invoice("INV-10").due) == (Money(0), Money(70_00))
    assert_invariants()


def test_all_14_a_payment_on_account_leaves_alone_what_the_files_have_written_off(folder: Path):
    header = "invoice_number,guarantor_chart_number,status,issue_date,due_date,total,opening_balance"
    invoices = ("W,1,written_off,2026-01-01,2026-02-01,80.00,yes", "O,1,open,2026-01-01,2026-03-01,60.00,yes")
    write(folder, "invoices", header, *invoices)
    write(
        folder,
        "payments",
        "payment_key,guarantor_chart_number,invoice_number,amount,date",
        "P,1,,25.00,2026-02-02",
    )
    report = bring(folder)
    assert (invoice("W").allocated, invoice("O").due, balance()) == (Money(0), Money(35_00), Money(35_00))
    assert all(sums.agree for sums in report.totals.values())
    assert_invariants()
    again = bring(folder)
    assert again.changes == 0 and again.counts["invoice_lines"].set_aside == 0


PARTS = "payment_key,invoice_number,amount,date,method,portal_payment_id"


@pytest.mark.parametrize(
    ("second", "aside"),
    [
        ("P1,A,40.00,2026-05-09,cash,", [3]),  # the same twice counts once
        ("P1,A,41.00,2026-05-09,cash,", [2, 3]),  # which of the two?
        ("P1,A,40.00,2026-05-10,cash,", [2, 3]),
        ("P1,B,5.00,2026-05-10,cash,", [2, 3]),  # one payment has one day
    ],
)
def test_a_payment_names_each_invoice_once(folder: Path, second: str, aside: list[int]):
    write(folder, "invoices", INVOICES, INVOICE, "B,1,2026-05-02,2026-06-02,50.00,")
    write(folder, "invoice_lines", LINES, LINE, "B,1,Visit,50.00")
    write(folder, "payments", PARTS, "P1,A,40.00,2026-05-09,cash,", second)
    assert [problem.line for problem in bring(folder).set_aside] == aside
    assert balance() == Money(110_00 if aside == [3] else 150_00)
    assert_invariants()


@pytest.mark.parametrize("broken", ["P1,A,40.00,2026-05-09", '"P1"x,A,40.00,2026-05-09,cash,'])
def test_a_payment_is_not_gone_because_its_row_cannot_be_read(folder: Path, broken: str):
    write(folder, "invoices", INVOICES, INVOICE)
    write(folder, "invoice_lines", LINES, LINE)
    rows = ["P1,A,40.00,2026-05-09,cash,", "P2,A,5.00,2026-05-08,cash,"]
    write(folder, "payments", PAYMENTS, *rows)
    bring(folder)
    write(folder, "payments", PAYMENTS, broken, rows[1])
    assert [(p.file, p.line) for p in bring(folder).problems] == [("payments.csv", 2)]
    assert tasks() == []


def test_the_entry_of_a_payment_names_its_invoice_where_it_paid_one_alone(folder: Path):
    second = INVOICE.replace("A,", "B,", 1)
    write(folder, "invoices", INVOICES, INVOICE, second)
    write(folder, "invoice_lines", LINES, LINE, LINE.replace("A,", "B,", 1))
    write(
        folder,
        "payments",
        PAYMENTS,
        "P1,A,30.00,2026-05-02,check,",
        "P2,A,10.00,2026-05-03,check,",
        "P2,B,10.00,2026-05-03,check,",
    )
    bring(folder)
    with reading(IMPORT) as tx:
        entries = tx.exec(select(LedgerEntry).where(LedgerEntry.kind == EntryKind.PAYMENT)).all()
        numbers = {entry.amount.minor: entry.invoice_id for entry in entries}
    assert numbers == {-30_00: invoice("A").id, -20_00: None}


@pytest.mark.parametrize("bad", [2, 3])
def test_a_payment_with_a_row_nobody_can_read_is_set_aside_with_all_its_rows(folder: Path, bad: int):
    rows = ["P1,A,40.00,2026-05-09,cash,", "P1,B,30.00,2026-05-09,cash,"]
    rows[bad - 2] = rows[bad - 2].replace("0.00", "O.00")
    write(folder, "invoices", INVOICES, INVOICE, INVOICE.replace("A", "B", 1))
    write(folder, "invoice_lines", LINES, LINE, LINE.replace("A", "B", 1))
    write(folder, "payments", PAYMENTS, *rows)
    report = bring(folder)
    count = report.counts["payments"]
    assert (count.rows, count.added, count.set_aside) == (2, 0, 2)
    assert sorted(said(report)) == sorted(
        ("payments.csv", line, "amount" if line == bad else "payment_key") for line in (2, 3)
    )
    good = Money(-40_00 if bad == 3 else -30_00)
    assert (report.totals["USD"].set_aside, balance()) == (good, Money(200_00))
    assert_invariants()


@pytest.mark.parametrize("word", ["NULL", "(null)", "\\N", "#N/A"])
def test_payments_whose_key_stands_for_none_are_not_one_payment(folder: Path, word: str):
    write(folder, "invoices", INVOICES, INVOICE, INVOICE.replace("A", "B", 1))
    write(folder, "invoice_lines", LINES, LINE, LINE.replace("A", "B", 1))
    rows = (f"{word},A,40.00,2026-05-09,cash,", f"{word},B,30.00,2026-05-09,cash,")
    write(folder, "payments", PAYMENTS, *rows)
    assert said(bring(folder)) == [("payments.csv", line, "payment_key") for line in (2, 3)]
    assert balance() == Money(200_00)
