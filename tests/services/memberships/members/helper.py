"""The setting of the MEM cases: Ana (here Maria) and her child Bea (Eva), 110.00 on the 15th of each month."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime

from sqlmodel import col, select

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.billing import Invoice, InvoiceLine
from portal_app.db.tables.memberships import Enrolment, MembershipEvent, MembershipInvoice
from portal_app.db.tables.practice import Practice
from portal_app.db.tables.staff import Task
from portal_app.domain.access import Principal, system_principal
from portal_app.domain.ids import MembershipId, PatientId
from portal_app.domain.memberships.types import Period
from portal_app.domain.money import Money
from portal_app.services.memberships.billing_run import bill_memberships
from portal_app.services.memberships.members.add import Added, Shown, add_member
from portal_app.services.memberships.members.person import NewPerson
from portal_app.services.memberships.members.preview import preview_member
from tests.conftest import NEW_YORK
from tests.memberships_helper import add_membership, add_plan
from tests.people import EVA, MARIA, RIVERA

SYSTEM = system_principal("bill")
CARA = NewPerson("Cara", "Rivera", date(2019, 8, 1), "female", "child")
DAN = replace(CARA, given_name="Dan", birth_date=date(2012, 1, 5), sex="male")


@contextmanager
def on(month: int, day: int) -> Iterator[None]:
    with clock.held_at(datetime(2026, month, day, 12, tzinfo=NEW_YORK)):
        yield


def family(
    period: Period = Period.MONTH, next_bill: date = date(2026, 3, 15), **plan: object
) -> MembershipId:
    """Maria's membership with Eva; everything before `next_bill` was billed elsewhere."""
    sold = add_plan("Family", period=period, **plan)  # type: ignore[arg-type]
    start = next_bill.replace(year=2025)
    return add_membership(RIVERA, sold, [MARIA.id, EVA.id], start=start, next_bill_date=next_bill)


def days_ahead(days: int) -> None:
    with transaction(SYSTEM) as tx:
        tx.get_or_404(Practice, "practice").membership_settings = {"days_ahead": days}


def bill() -> None:
    bill_memberships(SYSTEM)


def add(
    principal: Principal,
    membership: MembershipId,
    whom: NewPerson | PatientId = CARA,
    not_these: tuple[PatientId, ...] = (),
) -> Added:
    """Look at the preview, then confirm what it says."""
    price = preview_member(principal, membership, whom).price
    return add_member(principal, membership, whom, Shown(price.start, price.amount), not_these=not_these)


def enrolments(membership: MembershipId) -> list[Enrolment]:
    with reading(SYSTEM) as tx:
        wanted = select(Enrolment).where(Enrolment.membership_id == membership)
        return list(tx.exec(wanted.order_by(col(Enrolment.start), col(Enrolment.id))))


def invoices(membership: MembershipId) -> list[tuple[str, date, list[int], int]]:
    """(kind, due day, minor units of the lines, what is due) by due day and kind."""
    found = []
    with reading(SYSTEM) as tx:
        links = select(MembershipInvoice).where(MembershipInvoice.membership_id == membership)
        for link in tx.exec(links):
            invoice = tx.get_or_404(Invoice, link.invoice_id)
            lines = tx.exec(select(InvoiceLine).where(InvoiceLine.invoice_id == invoice.id)).all()
            amounts = sorted((line.amount.minor for line in lines), reverse=True)
            found.append((str(link.kind), link.due_day, amounts, invoice.due.minor))
    return sorted(found, key=lambda row: (row[1], row[0] != "period"))


def tasks(*kinds: str) -> list[Task]:
    with reading(SYSTEM) as tx:
        return list(tx.exec(select(Task).where(col(Task.kind).in_(kinds)).order_by(col(Task.kind))))


def history(membership: MembershipId) -> list[str]:
    with reading(SYSTEM) as tx:
        wanted = select(MembershipEvent).where(MembershipEvent.membership_id == membership)
        return [str(event.kind) for event in tx.exec(wanted.order_by(col(MembershipEvent.happened_at)))]


def dollars(amount: int) -> Money:
    return Money(amount * 100)
