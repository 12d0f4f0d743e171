"""`portal demo --remove`: takes away what the demo made and nothing else, or nothing at all."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from sqlmodel import SQLModel, col, func, select

from portal_app import clock, demo
from portal_app.db import audit as trail
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.appointments import Appointment
from portal_app.db.tables.audit import AuditEntry
from portal_app.db.tables.billing import Account, Invoice, LedgerEntry, Payment
from portal_app.db.tables.credentials import PatientLogin
from portal_app.db.tables.families import ContactPoint, Grant, Patient, Relation
from portal_app.db.tables.memberships import Membership, Plan
from portal_app.db.tables.messages import OutboxMessage
from portal_app.db.tables.practice import Practice
from portal_app.db.tables.sign_in import SignInCode
from portal_app.db.tables.staff import StaffMember, Task
from portal_app.demo.removal import demo_people, marks, remove
from portal_app.demo.staff import STAFF, add_staff
from portal_app.domain.access import Role, nobody, system_principal
from portal_app.domain.credentials.types import Proof, Purpose
from portal_app.domain.errors import UserError
from portal_app.domain.families import GrantKind, RelationKind
from portal_app.domain.ids import new_id
from portal_app.services import audit
from portal_app.services.credentials.second_factor import save_proof
from portal_app.services.imports.run import run_import
from portal_app.services.practice.demo_removal import _NEVER, _references, examine, find_demo, remove_demo
from portal_app.services.sign_in.codes import request_code
from portal_app.services.sign_in.staff import add_staff_member
from portal_app.services.staff import drafts
from tests.attacks.everybody import everything_written, session
from tests.invariants import check_books
from tests.people import People, add_payment
from tests.services.credentials_helper import make_link

US = system_principal("demo removal")
OWN = system_principal("import")
TEST = system_principal("test")
Rows = dict[str, list[str]]

PATIENTS = """chart_number,family_key,guarantor_chart_number,given_name,family_name,birth_date,email,phone
R-1,F-REYES,,Ana,Reyes,1985-02-03,ana@riverside.example,(212) 555-0942
R-2,F-REYES,R-1,Cal,Reyes,2017-05-06,,
R-3,F-STONE,,Ben,Stone,1971-08-09,ben@riverside.example,
"""
INVOICES = """invoice_number,guarantor_chart_number,issue_date,due_date,total,balance
R-100,R-1,2026-05-01,2026-06-01,100.00,
R-101,R-3,2026-05-02,2026-06-02,77.77,
"""
LINES = """invoice_number,chart_number,description,unit_amount
R-100,R-2,Visit,100.00
R-101,R-3,Visit,77.77
"""
PAYMENTS = """payment_key,invoice_number,amount,date,method,portal_payment_id
P-1,R-100,33.33,2026-05-20,check,
"""
VISITS = """appointment_key,chart_number,start,minutes,status
V-1,R-2,2026-07-01 10:00,30,booked
"""
FILES = {
    "patients": PATIENTS,
    "invoices": INVOICES,
    "invoice_lines": LINES,
    "payments": PAYMENTS,
    "appointments": VISITS,
}


def bring(folder: Path, **files: str) -> None:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text)
    assert not run_import(OWN, folder).set_aside


def load(folder: Path) -> None:
    demo.load(system_principal("demo"))
    add_staff(system_principal("demo"), folder)


def load_over_a_practice(folder: Path) -> None:
    """As earlier versions did, which did not ask whose database it is."""
    files = folder / "demo"
    files.mkdir()
    demo._write_dated(files, clock.today())
    run_import(system_principal("demo"), files)
    add_staff(system_principal("demo"), folder)


def of(chart: str, tx: Tx) -> Patient:
    return tx.exec(select(Patient).where(col(Patient.chart_number) == chart)).one()


def an_invoice(number: str) -> Invoice:
    with reading(TEST) as tx:
        return tx.exec(select(Invoice).where(col(Invoice.number) == number)).one()


def live_in_it() -> None:
    """What people of the demo do once it is there: pay, sign in, write, and staff do something for them."""
    with reading(TEST) as tx:
        due = tx.exec(
            select(Invoice)
            .join(Account, col(Account.id) == Invoice.account_id)
            .where(col(Account.guarantor_id) == of("1001", tx).id, col(Invoice.status) == "open")
        ).first()
        maria, olga = (
            of("1001", tx),
            tx.exec(select(StaffMember).where(col(StaffMember.email) == STAFF[0].email)).one(),
        )
    assert due
    add_payment(due.id, 10_00)
    request_code(nobody("203.0.113.7"), "maria@example.com")
    make_link(People.olga, Purpose.PAY, due.id)
    with transaction(TEST) as tx:
        tx.add(session("maria-here", patient_id=maria.id))
        tx.add(session("olga-here", staff_id=olga.id))
        save_proof(tx, "maria-here", Proof.PASSWORD)
        tx.add(PatientLogin(patient_id=maria.id, created_at=clock.now()))
        tx.add(
            Grant(
                id=new_id("grt"),
                patient_id=maria.id,
                to_id=of("1010", tx).id,
                kind=GrantKind.CONTACT,
                created_at=clock.now(),
            )
        )
        tx.add(
            Task(
                id=new_id("tsk"),
                once=new_id("msg"),
                kind="change_request",
                message="A patient asks",
                patient_id=maria.id,
                created_at=clock.now(),
            )
        )
    drafts.keep_field(People.olga, "invoice", maria.account_id, "note", "half a word")


def without_practice(rows: Rows) -> Rows:
    return {table: found for table, found in rows.items() if table != "practice"}


def take_away() -> list[str]:
    said: list[str] = []
    remove(US, say=said.append, agree=lambda _: None)
    return said


def balance() -> int:
    with reading(TEST) as tx:
        check_books(tx)
        return sum(entry.amount.minor for entry in tx.exec(select(LedgerEntry)))


def test_a_practice_that_loaded_the_demo_over_its_records_gets_them_back_to_the_cent(db: str, tmp_path: Path):
    with transaction(TEST) as tx:
        tx.add(Practice(id="practice", name="Riverside Family Dental", phone="+12125550100"))
    add_staff_member(US, "ruth@riverside.example", "Ruth Ott", Role.OWNER, "a lantern by the lake")
    bring(tmp_path / "own", **FILES)
    before, owed = everything_written(), balance()
    load_over_a_practice(tmp_path)
    live_in_it()
    audit.chain_entries(TEST)
    assert len(everything_written()["patient"]) == 58
    said = take_away()
    assert without_practice(everything_written()) == without_practice(before)
    assert balance() == owed == 144_44
    with reading(TEST) as tx:
        practice = tx.get(Practice, "practice")
        assert practice and (practice.name, practice.phone) == ("Riverside Family Dental", "+12125550100")
    assert not any("Empty now" in line for line in said)


def test_a_practice_that_imported_into_the_demo_keeps_its_own_and_sets_its_name_anew(db: str, tmp_path: Path):
    load(tmp_path)
    live_in_it()
    demos = everything_written()
    bring(tmp_path / "own", **FILES)
    add_payment(an_invoice("R-101").id, 7_00)
    everything = everything_written()
    owns = {table: sorted(set(rows) - set(demos[table])) for table, rows in everything.items()}
    said = take_away()
    assert without_practice(everything_written()) == without_practice(owns)
    assert balance() == 144_44 - 7_00
    with reading(TEST) as tx:
        practice = tx.get_or_404(Practice, "practice")
        assert (practice.name, practice.line1, practice.email, practice.opening_hours) == ("", "", "", {})
    assert any(line.startswith("Empty now, to be set by you: the practice's name, phone") for line in said)


def test_it_shows_who_and_how_much_before_it_asks(db: str, tmp_path: Path):
    load(tmp_path)
    before = everything_written()
    said: list[str] = []

    def no(question: str) -> None:
        assert "cannot be undone" in question
        raise SystemExit

    with pytest.raises(SystemExit):
        remove(US, say=said.append, agree=no)
    assert everything_written() == before
    text = "\n".join(said)
    for one in STAFF:
        assert f"  {one.email} (never signed in)\n" in text
    assert "  Maria Alvarez (chart 1001)\n" in text
    assert (
        "55 patients" in text
        and "82 invoices" in text
        and "54 payments" in text
        and "3 staff accounts" in text
    )


def test_it_says_which_accounts_somebody_used(db: str, tmp_path: Path):
    load(tmp_path)
    with transaction(TEST) as tx:
        olga = tx.exec(select(StaffMember).where(col(StaffMember.email) == STAFF[0].email)).one()
        tx.add(trail.entry(replace(US, name=f"staff:{olga.id}"), "change:staff_password", subject=olga.id))
    staff, patients = demo_people()
    assert f"{STAFF[0].email} (signed in, entries in the audit trail: 1)" in staff
    assert f"{STAFF[1].email} (never signed in)" in staff
    assert len(patients) == 55


def test_the_trail_stays_whole_and_says_that_it_was_removed(db: str, tmp_path: Path):
    load(tmp_path)
    live_in_it()
    audit.chain_entries(TEST)
    with reading(TEST) as tx:
        lines = tx.exec(select(func.count()).select_from(AuditEntry)).one()
    take_away()
    audit.chain_entries(TEST)
    found = audit.verify_chain(TEST)
    assert found.whole and found.sealed > lines
    with reading(TEST) as tx:
        entry = tx.exec(select(AuditEntry).where(col(AuditEntry.action) == "demo:removed")).one()
    assert entry.actor == "portal:demo removal" and entry.details["patient"] == 55


def test_a_second_time_there_is_nothing_to_remove(db: str, tmp_path: Path):
    load(tmp_path)
    take_away()
    assert take_away() == ["Nothing of the demo is in this database."]
    assert demo_people() == ((), ())


def test_codes_and_messages_to_the_demos_addresses_go(db: str, tmp_path: Path):
    load(tmp_path)
    request_code(nobody("203.0.113.7"), "maria@example.com")
    request_code(nobody("203.0.113.7"), "somebody@riverside.example")
    take_away()
    with reading(TEST) as tx:
        assert not tx.exec(select(OutboxMessage).where(col(OutboxMessage.to) == "maria@example.com")).all()
        assert len(tx.exec(select(SignInCode)).all()) == 1  # of the unknown address


# --- what stands in the way --------------------------------------------------------------------------


def in_her_family(tx: Tx) -> None:
    of("R-3", tx).family_id = of("1001", tx).family_id


def paid_by_her(tx: Tx) -> None:
    of("R-3", tx).account_id = of("1001", tx).account_id


def pays_for_her_child(tx: Tx) -> None:
    of("1003", tx).account_id = of("R-1", tx).account_id


def has_her_email(tx: Tx) -> None:
    other = tx.exec(select(ContactPoint).where(col(ContactPoint.patient_id) == of("R-3", tx).id)).one()
    other.value = "maria@example.com"


def is_the_parent_of_her_child(tx: Tx) -> None:
    ids = {"patient_id": of("1003", tx).id, "adult_id": of("R-1", tx).id}
    tx.add(Relation(id=new_id("rel"), kind=RelationKind.GUARDIAN, created_at=clock.now(), **ids))


def has_a_parent_of_the_demo(tx: Tx) -> None:
    ids = {"patient_id": of("R-2", tx).id, "adult_id": of("1001", tx).id}
    tx.add(Relation(id=new_id("rel"), kind=RelationKind.GUARDIAN, created_at=clock.now(), **ids))


def shares_with_her(tx: Tx) -> None:
    ids = {"patient_id": of("R-1", tx).id, "to_id": of("1001", tx).id}
    tx.add(Grant(id=new_id("grt"), kind=GrantKind.CONTACT, created_at=clock.now(), **ids))


def had_an_invoice_paid_by_her(tx: Tx) -> None:
    tx.exec(select(Payment).where(col(Payment.account_id) == of("R-1", tx).account_id)).one().payer_id = of(
        "1001", tx
    ).id


def took_her_chart_number(tx: Tx) -> None:
    of("1030", tx).given_name = "Jane"


def took_over_her_invoice(tx: Tx) -> None:
    tx.exec(select(Invoice).where(col(Invoice.number) == "JF-20101")).one().account_id = of(
        "R-1", tx
    ).account_id


def was_given_her_appointment(tx: Tx) -> None:
    """By an import: the practice uses the same chart number."""
    tx.exec(select(Appointment).where(col(Appointment.patient_id) == of("R-2", tx).id)).one().patient_id = of(
        "1003", tx
    ).id


def has_her_plan(tx: Tx) -> None:
    plan = tx.exec(select(Plan).where(col(Plan.practice_key) == "CARE")).one()
    tx.add(
        Membership(
            id=new_id("mem"),
            account_id=of("R-1", tx).account_id,
            practice_key="OWN-1",
            plan_id=plan.id,
            status="active",
            start=clock.today(),
            anchor_day=1,
            created_at=clock.now(),
        )
    )


IN_THE_WAY: list[tuple[Callable[[Tx], None], str]] = [
    (in_her_family, "a family file of the demo: Ben Stone (chart R-3) is in it"),
    (paid_by_her, "an account of the demo: it pays for Ben Stone (chart R-3)"),
    (pays_for_her_child, "a patient of the demo: Ana Reyes (chart R-1) pays for them"),
    (has_her_email, "an email or phone of the demo: Ben Stone (chart R-3) has it too"),
    (is_the_parent_of_her_child, "1 relation of the demo: Ana Reyes (chart R-1)"),
    (has_a_parent_of_the_demo, "1 relation of the demo: Cal Reyes (chart R-2)"),
    (shares_with_her, "1 sharing grant of the demo: Ana Reyes (chart R-1)"),
    (had_an_invoice_paid_by_her, "1 payment of the demo: Ana Reyes (chart R-1)"),
    (took_her_chart_number, "chart 1030 of the demo: it is Jane Whitlow here"),
    (took_over_her_invoice, "invoice JF-20101 of the demo: Ana Reyes (chart R-1) owes it"),
    (was_given_her_appointment, "appointment V-1 of an import of your own: for a demo patient"),
    (has_her_plan, "1 membership of the demo: Ana Reyes (chart R-1)"),
]


class TakenBack(Exception):
    """Ends a transaction without a trace."""


def test_what_is_a_real_patients_too_stops_it(db: str, tmp_path: Path):
    """Each alone: one that is overlooked would take a real patient's records along, or break what is left."""
    load(tmp_path)
    bring(tmp_path / "own", **FILES)
    for entangle, why in IN_THE_WAY:
        with suppress(TakenBack), transaction(TEST) as tx:
            assert examine(tx, marks()).in_the_way == ()
            entangle(tx)
            tx.flush()
            assert why in examine(tx, marks()).in_the_way, entangle.__name__
            raise TakenBack


def test_nothing_is_removed_when_something_stands_in_the_way(db: str, tmp_path: Path):
    load(tmp_path)
    bring(tmp_path / "own", **FILES)
    with transaction(TEST) as tx:
        in_her_family(tx)
        has_her_email(tx)
    before = everything_written()
    with pytest.raises(UserError) as refused:
        take_away()
    assert all(
        name in refused.value.values["what"] for name in ("family file", "email or phone", "Ben Stone")
    )
    assert everything_written() == before


def test_invoices_that_an_import_brought_for_a_demo_patient_stop_it(db: str, tmp_path: Path):
    """The practice uses the same chart numbers, and its import found the demo's patients there."""
    load(tmp_path)
    bring(
        tmp_path / "own",
        invoices=INVOICES.replace("R-1,", "1001,").replace("R-3,", "1010,"),
        invoice_lines=LINES.replace("R-2,", "1001,").replace("R-3,", "1010,"),
    )
    with pytest.raises(UserError) as refused:
        take_away()
    assert (
        "1 ledger entry of an import of your own: on the account of Maria Alvarez (chart 1001)"
        in refused.value.values["what"]
    )


def test_a_patient_of_the_practice_under_a_demos_chart_number_stays_once_the_demo_is_gone(
    db: str, tmp_path: Path
):
    load(tmp_path)
    take_away()
    bring(tmp_path / "own", patients=PATIENTS.replace("R-", "100"))
    assert take_away() == ["Nothing of the demo is in this database."]


def test_what_was_added_after_it_was_shown_is_not_removed_unseen(db: str, tmp_path: Path):
    load(tmp_path)
    shown = find_demo(US, marks())
    request_code(nobody("203.0.113.7"), "maria@example.com")
    before = everything_written()
    with pytest.raises(UserError, match="something was added"):
        remove_demo(US, marks(), shown)
    assert everything_written() == before


def test_no_table_names_a_person_or_an_account_unseen():
    """A column that names one and has no foreign key would be left behind, or would stop nothing."""
    names = {
        "patient_id",
        "adult_id",
        "to_id",
        "payer_id",
        "guarantor_id",
        "staff_id",
        "account_id",
        "family_id",
    }
    unseen = [
        f"{table.name}.{column.name}"
        for table in SQLModel.metadata.tables.values()
        if table.name not in _NEVER
        for column in table.columns
        if column.name in names and column.name not in {name for name, _ in _references(table)}
    ]
    assert not unseen
