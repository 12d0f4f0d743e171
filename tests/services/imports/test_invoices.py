"""Invoices come in; what was issued is not changed silently (IMP-4, the import's half of LEDG-2)."""

from datetime import date
from pathlib import Path

import pytest
from sqlmodel import select

from portal_app import clock
from portal_app.db.scope import transaction
from portal_app.db.tables.billing import Account, Invoice, LedgerEntry
from portal_app.domain.billing.types import InvoiceStatus
from portal_app.domain.ids import AccountId, new_id
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
    everything,
    invoice,
    paid_in_the_portal,
    said,
    tasks,
    write,
)


def test_imp_4_an_invoice_with_one_bad_line_is_set_aside_whole(folder: Path):
    write(folder, "invoices", INVOICES, INVOICE)
    write(folder, "invoice_lines", LINES, "A,1,Visit,60.00", "A,1,Vaccine,forty")
    report = bring(folder)
    assert said(report) == [("invoice_lines.csv", 3, "unit_amount"), ("invoices.csv", 2, "")]
    assert everything()["Invoice"] == 0
    assert report.counts["invoice_lines"].set_aside == 2


def test_imp_4_lines_that_do_not_add_up_are_said(folder: Path):
    write(folder, "invoices", INVOICES, INVOICE)
    write(folder, "invoice_lines", LINES, "A,1,Visit,99.99")
    report = bring(folder)
    assert report.problems[0].reason == "100.00, but its lines add up to 99.99"


def test_an_invoice_stays_on_the_account_it_is_on_of_a_guarantor_with_several(folder: Path):
    write(folder, "invoices", INVOICES, INVOICE)
    write(folder, "invoice_lines", LINES, LINE)
    bring(folder)
    second = AccountId(new_id("acc"))
    with transaction(IMPORT) as tx:
        (first,) = tx.exec(select(Account)).all()
        tx.add(Account(id=second, guarantor_id=first.guarantor_id, created_at=clock.now()))
        tx.flush()
        for row in (*tx.exec(select(Invoice)), *tx.exec(select(LedgerEntry))):
            row.account_id = second
    report = bring(folder)
    assert (report.counts["invoices"].unchanged, report.set_aside) == (1, [])
    assert invoice("A").account_id == second
    assert_invariants()


@pytest.mark.parametrize(
    ("this_invoice", "payment"),
    [
        (INVOICE + "75.00", None),  # the balance is lower, and no payment says why
        ("A,1,2026-05-01,2026-06-01,75.00,", None),  # the total itself is lower
        (INVOICE + "75.00", "P9,A,25.00,2026-06-15,card,"),  # our payment, without our id
    ],
)
def test_ledg_2_a_lower_balance_without_our_payments_id_is_flagged_and_subtracts_nothing(
    folder: Path, this_invoice: str, payment: str | None
):
    write(folder, "invoices", INVOICES, INVOICE)
    write(folder, "invoice_lines", LINES, LINE)
    bring(folder)
    paid_in_the_portal(Money(25_00), posted=True)
    write(folder, "invoices", INVOICES, this_invoice)
    write(folder, "invoice_lines", LINES, LINE.replace("100.00", this_invoice.split(",")[4]))
    if payment:
        write(folder, "payments", PAYMENTS, payment)
    for _ in range(2):
        report = bring(folder)
        assert len(report.set_aside) == 1
        assert len(tasks()) == 1
        assert (balance(), invoice("A").due) == (Money(75_00), Money(75_00))


def test_every_kind_of_invoice_keeps_the_books_balanced(folder: Path):
    header = (
        "invoice_number,guarantor_chart_number,issue_date,due_date,total,status,adjustment,opening_balance"
    )
    rows = [
        "D,,draft,,",
        "O,1,open,,",
        "V,1,void,,",
        "W,1,written_off,,",
        "C,1,open,-30.00,",
        "Z,1,open,,yes",
    ]
    invoices = []
    for row in rows:
        number, _, status, adjustment, opening = row.split(",")
        invoices.append(f"{number},1,2026-05-01,2026-06-01,100.00,{status},{adjustment},{opening or 'no'}")
    write(folder, "invoices", header, *invoices)
    write(folder, "invoice_lines", LINES, *(LINE.replace("A", number, 1) for number in "DOVWC"))
    paid = ["O,99.70", "W,20.00", "C,90.00", "V,5.00", "D,5.00"]
    write(folder, "payments", PAYMENTS, *(f"P{row[0]},{row},2026-05-09,cash," for row in paid))
    report = bring(folder)
    assert sorted(p.line for p in report.set_aside) == [5, 6]  # ALL-14: draft and void never receive money
    states = {number: (invoice(number).status.value, invoice(number).due.minor) for number in "DOVWCZ"}
    assert states == {
        "D": ("draft", 100_00),
        "O": ("partly_paid", 30),
        "V": ("void", 0),
        "W": ("written_off", 0),
        "C": ("paid", 0),
        "Z": ("open", 100_00),
    }
    assert report.totals["USD"].agree
    assert_invariants()
    assert bring(folder).changes == 0


@pytest.mark.parametrize(("status", "here"), [("open", "void"), ("written_off", "written_off")])
def test_an_invoice_credited_in_full_is_void_as_it_is_when_staff_credit_it(
    folder: Path, status: str, here: str
):
    """The domain's rule of the states; what was paid for it in the source is credit, and not lost."""
    header = "invoice_number,guarantor_chart_number,issue_date,due_date,total,status,adjustment"
    write(folder, "invoices", header, f"A,1,2026-05-01,2026-06-01,100.00,{status},-100.00")
    write(folder, "invoice_lines", LINES, LINE)
    write(folder, "payments", PAYMENTS, "P1,A,25.00,2026-05-09,cash,")
    report = bring(folder)
    assert not report.set_aside
    assert (invoice("A").status, invoice("A").allocated) == (InvoiceStatus(here), Money(0))
    assert balance() == Money(-25_00)
    assert report.totals["USD"].agree
    assert_invariants()
    assert bring(folder).changes == 0


def test_an_issued_invoice_may_change_its_due_date_and_be_voided(folder: Path):
    write(folder, "invoices", INVOICES, INVOICE)
    write(folder, "invoice_lines", LINES, LINE)
    bring(folder)
    write(folder, "invoices", INVOICES + ",status", INVOICE.replace("2026-06-01", "2026-07-01") + ",void")
    report = bring(folder)
    this_invoice = invoice("A")
    assert (report.changes, this_invoice.status, this_invoice.due_date) == (
        1,
        InvoiceStatus.VOID,
        date(2026, 7, 1),
    )
    assert balance() == Money(0)
    assert_invariants()


def test_lines_that_come_twice_count_once_where_only_then_they_add_up(folder: Path):
    write(folder, "invoices", INVOICES, INVOICE, "B,1,2026-05-02,2026-06-02,40.00,")
    write(folder, "invoice_lines", LINES, LINE, LINE, "B,1,Vaccine,20.00", "B,1,Vaccine,20.00")
    report = bring(folder)
    assert not report.set_aside
    assert [(p.line, p.warning) for p in report.problems] == [(3, True)]
    assert (invoice("A").total, invoice("B").total) == (Money(100_00), Money(40_00))
    counts = report.counts["invoice_lines"]
    assert (counts.rows, counts.added, counts.set_aside) == (4, 3, 1)
    assert_invariants()


def test_a_void_row_that_lacks_everything_else_is_enough(folder: Path):
    write(folder, "invoices", INVOICES, INVOICE)
    write(folder, "invoice_lines", LINES, LINE)
    bring(folder)
    write(folder, "invoices", INVOICES + ",status", "A,,,,,,void", "Z,,,,,,void")
    write(folder, "invoice_lines", LINES)
    for _ in range(2):
        assert [p.line for p in bring(folder).set_aside] == [3]
        assert (invoice("A").status, balance()) == (InvoiceStatus.VOID, Money(0))
    assert_invariants()


def test_a_void_row_of_a_paid_invoice_is_for_staff(folder: Path):
    write(folder, "invoices", INVOICES, INVOICE)
    write(folder, "invoice_lines", LINES, LINE)
    write(folder, "payments", PAYMENTS, "P1,A,40.00,2026-05-09,cash,")
    bring(folder)
    write(folder, "invoices", INVOICES + ",status", "A,,,,,,void")
    assert [p.column for p in bring(folder).set_aside] == ["status"]
    assert (invoice("A").status, len(tasks())) == (InvoiceStatus.PARTLY_PAID, 1)
    assert_invariants()


def test_a_placeholder_is_no_due_date(folder: Path):
    write(folder, "invoices", INVOICES, "A,1,2026-05-01,0001-01-01,100.00,")
    write(folder, "invoice_lines", LINES, LINE)
    assert [(p.column, p.warning) for p in bring(folder).problems] == [("due_date", True)]
    assert invoice("A").due_date == date(2026, 5, 1)
