"""The practice's own records come in (IMP cases, MEM-11, DEP-10, the import's half of LEDG-2)."""

import os
from collections import Counter
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pytest
from sqlmodel import func, select

from portal_app import clock, demo
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.audit import AuditEntry
from portal_app.db.tables.billing import Account, Allocation, Invoice, InvoiceLine, LedgerEntry, Payment
from portal_app.db.tables.families import ContactPoint, DependentMark, Patient, Relation
from portal_app.db.tables.memberships import Enrolment, Membership
from portal_app.db.tables.practice import Practice
from portal_app.db.tables.staff import Task
from portal_app.domain.access import system_principal
from portal_app.domain.billing.types import EntryKind, InvoiceStatus, Method, Origin, PaymentStatus
from portal_app.domain.errors import UserError
from portal_app.domain.families import PatientStatus
from portal_app.domain.imports import ImportReport
from portal_app.domain.money import Money
from portal_app.services.billing.ledger.person_shares import store_shares
from portal_app.services.imports.run import run_import

IMPORT = system_principal("import")
ROOT = Path(__file__).parents[3]
SHARED = (ROOT / os.environ.get("PORTAL_SHARED", "../shared")).resolve() / "data" / "02_patients"
TABLES = (
    Patient,
    Account,
    ContactPoint,
    Relation,
    Invoice,
    InvoiceLine,
    LedgerEntry,
    Payment,
    Allocation,
    Task,
)

PATIENTS = "chart_number,guarantor_chart_number,given_name,family_name,birth_date,email,phone"
ANA = "1,,Ana,Reyes,1985-02-03,ana@example.com,(212) 555-0142"
CAL = "2,1,Cal,Reyes,2017-05-06,,"
INVOICES = "invoice_number,guarantor_chart_number,issue_date,due_date,total,balance"
LINES = "invoice_number,chart_number,description,unit_amount"
PAYMENTS = "payment_key,invoice_number,amount,date,method,portal_payment_id"
INVOICE = "A,1,2026-05-01,2026-06-01,100.00,"
LINE = "A,1,Visit,100.00"


@pytest.fixture
def folder(tmp_path: Path, db: str) -> Path:
    made = tmp_path / "files"
    made.mkdir()
    with transaction(IMPORT) as tx:
        tx.add(Practice(id="practice", name="Juniper Family Medicine"))
    write(made, "patients", PATIENTS, ANA, CAL)
    return made


def write(folder: Path, name: str, *rows: str, encoding: str = "utf-8") -> None:
    (folder / f"{name}.csv").write_bytes(("\n".join(rows) + "\n").encode(encoding))


def bring(folder: Path, **how: object) -> ImportReport:
    return run_import(IMPORT, folder, **how)  # type: ignore[arg-type]


def everything() -> dict[str, int]:
    with reading(IMPORT) as tx:
        return {table.__name__: len(tx.exec(select(table)).all()) for table in TABLES}


def said(report: ImportReport) -> list[tuple[str, int, str]]:
    return [(p.file, p.line, p.column) for p in report.set_aside]


def invoice(number: str) -> Invoice:
    with reading(IMPORT) as tx:
        return tx.exec(select(Invoice).where(Invoice.number == number)).one()


def balance() -> Money:
    with reading(IMPORT) as tx:
        return sum_of(entry.amount for entry in tx.exec(select(LedgerEntry)))


def sum_of(amounts: Iterable[Money]) -> Money:
    return sum(amounts, Money(0))  # type: ignore[arg-type]


def tasks() -> list[Task]:
    with reading(IMPORT) as tx:
        return list(tx.exec(select(Task)))


def paid_in_the_portal(amount: Money, *, posted: bool) -> str:
    """A card payment of invoice A, made in the portal."""
    this_invoice, now = invoice("A"), clock.now()
    payment_id = "pay_" + "7" * 32
    with transaction(IMPORT) as tx:
        tx.add(
            Payment(
                id=payment_id,  # type: ignore[arg-type]
                account_id=this_invoice.account_id,
                amount=amount,
                refunded=Money(0),
                allocated=amount,
                status=PaymentStatus.SUCCEEDED,
                method=Method.CARD,
                origin=Origin.PORTAL,
                invoice_id=this_invoice.id,
                receipt_number="R-1",
                posted=posted,
                created_at=now,
                settled_at=now,
            )
        )
        tx.flush()
        facts = {
            "account_id": this_invoice.account_id,
            "payment_id": payment_id,
            "invoice_id": this_invoice.id,
        }
        tx.add(Allocation(id="alc_1", amount=amount, made_at=now, **facts))  # type: ignore[arg-type]
        if posted:
            days = {"happened_on": clock.today(), "posted_on": clock.today(), "posted_at": now}
            entry = {"kind": EntryKind.PAYMENT, "amount": -amount, "source": payment_id}
            posted_entry = tx.add(LedgerEntry(id="ent_1", **entry, **days, **facts))  # type: ignore[arg-type]
            tx.flush()
            store_shares(tx, [posted_entry])
        row = tx.get_or_404(Invoice, this_invoice.id)
        row.allocated, row.status = amount, InvoiceStatus.PARTLY_PAID
    return payment_id


def assert_invariants() -> None:
    """DOMAIN.md, Money, invariants 1 and 2, for every account."""
    with reading(IMPORT) as tx:
        entries: Counter[str] = Counter()
        for entry in tx.exec(select(LedgerEntry)):
            entries[entry.account_id] += entry.amount.minor
        allocated: Counter[str] = Counter()
        used: Counter[str] = Counter()
        for allocation in tx.exec(select(Allocation)):
            allocated[allocation.invoice_id] += allocation.amount.minor
            used[allocation.payment_id] += allocation.amount.minor
        owed: Counter[str] = Counter()
        lines = {
            id_: Money(int(total.minor))
            for id_, total in tx.exec(
                select(InvoiceLine.invoice_id, func.sum(InvoiceLine.amount)).group_by(InvoiceLine.invoice_id)  # type: ignore[arg-type]
            )
        }
        for invoice in tx.exec(select(Invoice)):
            assert invoice.due >= Money(0)
            assert invoice.allocated.minor == allocated[invoice.id]
            assert lines[invoice.id] == invoice.total
            if invoice.status is not InvoiceStatus.DRAFT:
                owed[invoice.account_id] += invoice.due.minor
        for payment in tx.exec(select(Payment)):
            assert 0 <= used[payment.id] <= payment.amount.minor
            owed[payment.account_id] -= payment.amount.minor - used[payment.id]
        assert {a: n for a, n in entries.items() if n} == {a: n for a, n in owed.items() if n}


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


def test_imp_3_two_patients_with_one_phone_and_one_email_both_come_in(folder: Path):
    write(folder, "patients", PATIENTS, ANA, "2,,Ben,Reyes,1983-02-03,ANA@example.com,212-555-0142")
    assert bring(folder).problems == []
    with reading(IMPORT) as tx:
        points = Counter(point.value for point in tx.exec(select(ContactPoint)))
    assert points == {"ana@example.com": 2, "+12125550142": 2}


def test_imp_4_row_57_is_bad_and_said_with_row_column_and_reason(folder: Path):
    people = [f"{n},,Name{n},Reyes,1985-02-03,," for n in range(1, 70)]
    people[55] = "56,,Name56,Reyes,1985-02-31,,"  # the header is line 1
    write(folder, "patients", PATIENTS, *people)
    report = bring(folder)
    assert said(report) == [("patients.csv", 57, "birth_date")]
    assert str(report.problems[0]) == "patients.csv, line 57, birth_date: “1985-02-31” is not a date"
    assert everything()["Patient"] == 68


def test_imp_4_a_dry_run_writes_nothing_and_reports_the_same(folder: Path):
    write(folder, "invoices", INVOICES, INVOICE, "B,9,2026-05-02,2026-06-02,50.00,")
    write(folder, "invoice_lines", LINES, LINE, "B,2,Visit,50.00")
    write(folder, "payments", PAYMENTS, "P1,A,40.00,2026-05-09,cash,", "P2,B,5.00,2026-05-09,cash,")
    tried = bring(folder, check=True)
    assert set(everything().values()) == {0}
    real = bring(folder)
    assert (tried.counts, tried.problems, tried.totals) == (real.counts, real.problems, real.totals)


def test_imp_4_the_line_is_the_one_where_the_record_starts(folder: Path):
    write(
        folder,
        "patients",
        PATIENTS + ",line1",
        ANA + ',"1 Main\n2nd floor\nNew York"',
        CAL.replace("2017", "x") + ",",
    )
    assert said(bring(folder)) == [("patients.csv", 5, "birth_date")]
    with reading(IMPORT) as tx:
        ana = tx.exec(select(Patient)).one()
    assert (ana.line1, ana.line2) == ("1 Main", "2nd floor, New York")


def test_imp_4_a_bad_patient_sets_aside_only_what_depends_on_them(folder: Path):
    write(folder, "patients", PATIENTS, "1,,Ana,Reyes,3.2.1985,,", CAL, "3,,Dee,Moss,1990-01-01,,")
    write(folder, "invoices", INVOICES, INVOICE, "B,3,2026-05-02,2026-06-02,50.00,")
    write(folder, "invoice_lines", LINES, LINE, "B,3,Visit,50.00")
    write(folder, "payments", PAYMENTS, "P1,A,40.00,2026-05-09,cash,")
    report = bring(folder)
    assert said(report) == [
        ("patients.csv", 2, "birth_date"),
        ("patients.csv", 3, "guarantor_chart_number"),
        ("invoices.csv", 2, "guarantor_chart_number"),
        ("payments.csv", 2, "invoice_number"),
    ]
    assert "patient 1 was set aside (patients.csv, line 2)" in report.problems[1].reason
    assert (everything()["Patient"], balance()) == (1, Money(50_00))
    assert report.totals["USD"].set_aside == Money(60_00)


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


@pytest.mark.parametrize(
    "row",
    [
        "3,,Dee",
        "3,,Dee,Moss,1990-01-01,,,,",
        '3,,"Dee"x,Moss,1990-01-01,,',
        "3,,De\x00e,Moss,1990-01-01,,",
        f"3,,{'D' * 300},Moss,1990-01-01,,",
        ",,Dee,Moss,1990-01-01,,",
        "1,,Dee,Moss,1990-01-01,,",
        "3,99,Dee,Moss,1990-01-01,,",
    ],
)
def test_imp_4_rows_that_are_no_rows_do_not_spoil_the_others(folder: Path, row: str):
    write(folder, "patients", PATIENTS, ANA, row, CAL)
    assert [line for _, line, _ in said(bring(folder))] == [3]
    assert everything()["Patient"] == 2


@pytest.mark.parametrize(
    "amount", ["1e3", "NaN", "1,200.00", "10.005", "-5", "0", "1000000000000", "$5", " ", "٥"]
)
def test_imp_4_an_amount_nobody_can_be_sure_of_is_set_aside(folder: Path, amount: str):
    write(folder, "invoices", INVOICES, INVOICE)
    write(folder, "invoice_lines", LINES, LINE)
    write(folder, "payments", PAYMENTS, f'P1,A,"{amount}",2026-05-09,cash,')
    assert said(bring(folder)) == [("payments.csv", 2, "amount")]
    assert balance() == Money(100_00)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_imp_6_names_survive_every_encoding(folder: Path, encoding: str):
    write(folder, "patients", PATIENTS, "1,,Zoë,D’Angelo-Muñoz Ÿ,1985-02-03,,", encoding=encoding)
    report = bring(folder)
    with reading(IMPORT) as tx:
        person = tx.exec(select(Patient)).one()
    assert (person.given_name, person.family_name) == ("Zoë", "D’Angelo-Muñoz Ÿ")
    assert bool(report.notes) == (encoding != "utf-8")


@pytest.mark.parametrize("name", ["ليلى", "יעל", "小野寺", "Nguyễn", "Ægir", "🙂"])
def test_imp_6_names_beyond_latin_survive(folder: Path, name: str):
    write(folder, "patients", PATIENTS, f"1,,{name},X,1985-02-03,,", encoding="utf-8-sig")
    bring(folder)
    with reading(IMPORT) as tx:
        assert tx.exec(select(Patient.given_name)).one() == name


def test_imp_8_dates_like_1_2_2026_are_refused_until_their_format_is_named(folder: Path):
    write(folder, "patients", PATIENTS, "1,,Ana,Reyes,1/2/1985,,")
    report = bring(folder)
    assert said(report) == [("patients.csv", 2, "birth_date")]
    assert "date format" in report.problems[0].reason
    for form, born in (("MM/DD/YYYY", date(1985, 1, 2)), ("DD/MM/YYYY", date(1985, 2, 1))):
        assert not bring(folder, date_format=form).set_aside
        with reading(IMPORT) as tx:
            assert tx.exec(select(Patient)).one().birth_date == born


def test_dep_10_a_birth_date_missing_or_in_the_future_is_flagged_to_staff_once(folder: Path):
    write(folder, "patients", PATIENTS, "1,,Ana,Reyes,,,", "2,,Bo,Reyes,2026-06-16,,")
    for _ in range(2):
        report = bring(folder)
        assert [(p.line, p.column) for p in report.problems if p.warning] == [
            (2, "birth_date"),
            (3, "birth_date"),
        ]
    assert [task.kind for task in tasks()] == ["birth_date", "birth_date"]
    assert everything()["Patient"] == 2


def test_mem_11_a_membership_without_its_next_bill_date_is_set_aside(folder: Path):
    write(folder, "plans", "plan_key,name,adult_price,child_price,family_cap", "CARE,Care,80.00,30.00,190.00")
    write(
        folder,
        "memberships",
        "membership_key,owner_chart_number,plan_key,start,next_bill_date",
        "M1,1,CARE,2025-01-15,",
        "M2,1,CARE,2025-01-31,2026-06-30",
    )
    write(folder, "enrolments", "membership_key,chart_number,start", "M1,1,2025-01-15", "M2,2,2025-01-31")
    report = bring(folder)
    assert said(report) == [("memberships.csv", 2, "next_bill_date"), ("enrolments.csv", 2, "membership_key")]
    with reading(IMPORT) as tx:
        kept = tx.exec(select(Membership)).one()
        assert (kept.practice_key, kept.anchor_day) == ("M2", 31)
        assert len(tx.exec(select(Enrolment)).all()) == 1


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


def test_imp_4_a_key_twice_sets_the_second_row_aside(folder: Path):
    write(folder, "plans", "plan_key,name,adult_price", "CARE,Care,80.00", "CARE,Care again,90.00")
    write(
        folder,
        "memberships",
        "membership_key,owner_chart_number,plan_key,start,next_bill_date",
        *["M1,1,CARE,2025-01-15,2026-07-15"] * 2,
    )
    expected = [("plans.csv", 3, "plan_key"), ("memberships.csv", 3, "membership_key")]
    assert said(bring(folder, check=True)) == expected
    assert said(bring(folder)) == expected
    with reading(IMPORT) as tx:
        assert len(tx.exec(select(Membership)).all()) == 1


@pytest.mark.parametrize("encoding", ["mac-roman", "utf-8", "cp1252"])
def test_imp_6_bytes_that_mean_nothing_stop_no_import(folder: Path, encoding: str):
    (folder / "patients.csv").write_bytes(
        (PATIENTS + "\n" + ANA + "\n").encode() + b"7,,Ad\x8f\x81le,Roy,1990-01-02,,\n"
    )
    assert bring(folder, encoding=encoding).counts["patients"].rows == 2


def test_an_encoding_that_does_not_exist_is_said(folder: Path):
    with pytest.raises(UserError, match="encoding"):
        bring(folder, encoding="bogus")


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


def test_a_contact_point_the_patient_confirmed_is_kept(folder: Path):
    bring(folder)
    with transaction(IMPORT) as tx:
        point = tx.exec(select(ContactPoint).where(ContactPoint.value == "ana@example.com")).one()
        point.value, point.verified_at = "new@example.com", clock.now()
    report = bring(folder)
    assert [p.column for p in report.problems if p.warning] == ["email"]
    with reading(IMPORT) as tx:
        emails = [p.value for p in tx.exec(select(ContactPoint)) if "@" in p.value]
    assert emails == ["new@example.com"]


def test_an_unusable_contact_is_a_warning_not_a_lost_patient(folder: Path):
    write(folder, "patients", PATIENTS, "1,,Ana,Reyes,1985-02-03,ana at home,12")
    report = bring(folder)
    assert [(p.column, p.warning) for p in report.problems] == [("email", True), ("phone", True)]
    assert everything()["Patient"] == 1


def test_a_mark_and_a_guardian_come_in_with_their_end(folder: Path):
    header = "chart_number,adult_chart_number,kind,until,reason"
    write(
        folder,
        "relations",
        header,
        "2,1,guardian,2027-01-01,",
        "2,1,dependent_of,,Form at the desk",
        "2,2,parent,,",
    )
    report = bring(folder)
    assert said(report) == [("relations.csv", 4, "adult_chart_number")]
    with reading(IMPORT) as tx:
        assert tx.exec(select(Relation)).one().until == date(2027, 1, 1)
        assert tx.exec(select(DependentMark)).one().reason == "Form at the desk"


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("patients", ["chart_number,surname", "1,x"]),
        ("patients", ["chart_number"]),
        ("invoices", ["total,total"]),
    ],
)
def test_a_file_with_other_columns_is_refused(folder: Path, name: str, rows: list[str]):
    write(folder, name, *rows)
    with pytest.raises(UserError):
        bring(folder)
    assert set(everything().values()) == {0}


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


def shared(name: str) -> Path:
    if not (SHARED / name).is_dir():
        pytest.skip(f"the data set {name} is not beside the project (PORTAL_SHARED)")
    return SHARED / name


def test_a_foreign_export_comes_in_through_a_mapping(db: str):
    mapping = ROOT / "docs" / "examples" / "practice-system.toml"
    report = run_import(IMPORT, shared("pms_csv_dirty"), mapping=mapping)
    assert {sheet: (c.rows, c.added) for sheet, c in report.counts.items()} == {
        "patients": (200, 200),
        "appointments": (613, 613),
        "invoices": (613, 613),
        "invoice_lines": (613, 613),
        "payments": (196, 196),
    }
    assert report.totals["USD"].agree
    assert "invoices: 613 amounts were rounded to the cent, half to even." in report.notes
    assert run_import(IMPORT, shared("pms_csv_dirty"), mapping=mapping).changes == 0
    assert_invariants()


def test_sixty_patients_come_in_from_fhir(db: str):
    report = run_import(IMPORT, shared("synthea_fhir_r4"), fhir=True)
    added = {sheet: count.added for sheet, count in report.counts.items()}
    assert added == {
        "patients": 60,
        "appointments": 480,
        "invoices": 591,
        "invoice_lines": 1258,
        "payments": 0,
    }
    assert {p.reason for p in report.set_aside} == {"does not say what the patient paid"}
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
        ("synthea_fhir_r4/full_bundles", "does not say what the patient paid"),
    ],
)
def test_other_fhir_files_are_read_without_a_crash(db: str, name: str, reason: str):
    report = run_import(IMPORT, shared(name), fhir=True)
    assert any(reason in problem.reason for problem in report.set_aside)
    assert all(problem.about and problem.line for problem in report.set_aside)
    assert_invariants()
