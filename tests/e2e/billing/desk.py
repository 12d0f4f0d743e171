"""What happens on the other side of the desk while a patient has a page open; and how a page is opened."""

import subprocess
import sys

from playwright.sync_api import Page, expect

from tests.e2e.portal import ROOT, Portal

WITH_CREDIT = """
from datetime import timedelta
from sqlmodel import select
from portal_app import clock
from portal_app.db.scope import transaction
from portal_app.db.tables.billing import Account, LedgerEntry, Payment
from portal_app.db.tables.families import Patient
from portal_app.domain.access import system_principal
from portal_app.domain.billing.types import EntryKind, Method, Origin, PaymentStatus
from portal_app.domain.ids import new_id
from portal_app.domain.money import Money
with transaction(system_principal("test")) as tx:
    maria = tx.exec(select(Patient).where(Patient.chart_number == "1001")).one()
    at, account, amount = clock.now() - timedelta(days=40), maria.account_id, Money(30_00)
    paid = tx.add(Payment(id=new_id("pay"), account_id=account, amount=amount, refunded=amount.zero(),
        allocated=amount.zero(), status=PaymentStatus.SUCCEEDED, method=Method.CHECK,
        origin=Origin.STAFF, paid_with="Check", receipt_number="R-CREDIT", posted=True, created_at=at, settled_at=at))
    tx.flush()
    day = clock.local_date(at)
    tx.add(LedgerEntry(id=new_id("ent"), account_id=account, kind=EntryKind.PAYMENT, amount=-amount,
        source=paid.id, payment_id=paid.id, happened_on=day, posted_on=day, posted_at=at))
"""


PAST_DUE = """
from datetime import timedelta
from sqlmodel import select
from portal_app import clock
from portal_app.db.scope import reading
from portal_app.db.tables.families import Patient
from portal_app.domain.access import system_principal
from portal_app.domain.ids import new_id
from portal_app.domain.money import Money
from portal_app.services.billing.invoices.issue import create_invoice, send_invoice
from portal_app.services.billing.views import NewLine
desk = system_principal("test")
with reading(desk) as tx:
    maria = tx.exec(select(Patient).where(Patient.chart_number == "1001")).one()
with clock.held_at(clock.now() - timedelta(days=40)):
    bill = create_invoice(desk, new_id("inv"), maria.account_id,
        [NewLine(maria.id, "Tetanus shot", Money(35_00))], due_date=clock.today() + timedelta(days=10))
    send_invoice(desk, bill)
"""


SECOND_ACCOUNT = """
from datetime import timedelta
from sqlmodel import select
from portal_app import clock
from portal_app.db.scope import transaction
from portal_app.db.tables.billing import Account, LedgerEntry
from portal_app.db.tables.families import Patient
from portal_app.domain.access import system_principal
from portal_app.domain.billing.types import EntryKind
from portal_app.domain.ids import new_id
from portal_app.domain.money import Money
from portal_app.services.patients.access import families_changed
with transaction(system_principal("test")) as tx:
    families_changed(tx)
    maria = tx.exec(select(Patient).where(Patient.chart_number == "1001")).one()
    account = tx.add(Account(id=new_id("acc"), guarantor_id=maria.id, created_at=clock.now()))
    tx.flush()
    day = clock.today()
    for n in range(230):
        tx.add(LedgerEntry(id=new_id("ent"), account_id=account.id, kind=EntryKind.CHARGE, amount=Money(1_00 + n),
            source=f"second-{n}", happened_on=day, posted_on=day, posted_at=clock.now()))
"""


def at_the_practice(portal: Portal, code: str) -> None:
    """What happens on the other side of the desk."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=portal.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def go(page: Page, portal: Portal, path: str, heading: str) -> None:
    page.goto(portal.url + path)
    expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible()
