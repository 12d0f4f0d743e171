"""A demo and a practice in one database, for the tests of its removal."""

from pathlib import Path

from sqlmodel import col, select

from portal_app import clock, demo
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.billing import Account, Invoice, LedgerEntry
from portal_app.db.tables.credentials import PatientLogin
from portal_app.db.tables.families import Grant, Patient
from portal_app.db.tables.staff import StaffMember, Task
from portal_app.demo.removal import remove
from portal_app.demo.staff import STAFF, add_staff
from portal_app.domain.access import nobody, system_principal
from portal_app.domain.credentials.types import Proof, Purpose
from portal_app.domain.families import GrantKind
from portal_app.domain.ids import new_id
from portal_app.services import drafts
from portal_app.services.credentials.second_factor import save_proof
from portal_app.services.imports.run import run_import
from portal_app.services.sign_in.codes import request_code
from tests.attacks.everybody import session
from tests.invariants import check_billing_invariants
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
    with transaction(TEST) as tx:  # those versions did not miss payments in a file either
        for task in tx.exec(select(Task).where(col(Task.once).like("import:%:missing"))).all():
            tx.delete(task)
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
        check_billing_invariants(tx)
        return sum(entry.amount.minor for entry in tx.exec(select(LedgerEntry)))
