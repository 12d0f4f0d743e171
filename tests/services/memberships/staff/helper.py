"""What tests of staff's changes share."""

from contextlib import AbstractContextManager
from datetime import date, datetime

from sqlmodel import col, select

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.billing import Invoice, Payment, Refund
from portal_app.db.tables.memberships import Membership, MembershipEvent, MembershipInvoice, MembershipTerm
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import system_principal
from portal_app.domain.ids import InvoiceId, MembershipId
from portal_app.domain.memberships.types import EventKind, InvoiceKind
from portal_app.services.memberships.billing_run import bill_memberships
from portal_app.services.memberships.lifecycle import advance_memberships
from tests.conftest import NEW_YORK
from tests.people import add_payment

SYSTEM = system_principal("test")


def at(day: date) -> AbstractContextManager[object]:
    return clock.held_at(datetime(day.year, day.month, day.day, 12, tzinfo=NEW_YORK))


def run(*days: date) -> None:
    """The nightly job of these days."""
    for day in days:
        with at(day):
            advance_memberships(SYSTEM)
            bill_memberships(SYSTEM)


def set_membership_settings(**values: object) -> None:
    with transaction(SYSTEM) as tx:
        tx.get_or_404(Practice, "practice").membership_settings = dict(values)


def row_of(membership: MembershipId) -> Membership:
    with reading(SYSTEM) as tx:
        return tx.get_or_404(Membership, membership)


def terms_of(membership: MembershipId) -> list[tuple[date, date | None]]:
    with reading(SYSTEM) as tx:
        wanted = select(MembershipTerm).where(MembershipTerm.membership_id == membership)
        return [(t.first_day, t.last_day) for t in tx.exec(wanted.order_by(col(MembershipTerm.first_day)))]


def invoices_of(membership: MembershipId) -> list[Invoice]:
    """By the start of their periods."""
    with reading(SYSTEM) as tx:
        wanted = select(MembershipInvoice).where(
            MembershipInvoice.membership_id == membership, MembershipInvoice.kind == InvoiceKind.PERIOD
        )
        order = (col(MembershipInvoice.period_start), col(MembershipInvoice.repeat))
        return [tx.get_or_404(Invoice, link.invoice_id) for link in tx.exec(wanted.order_by(*order)).all()]


def billed(membership: MembershipId) -> list[tuple[date, int]]:
    """(due date, total in minor units) of each invoice."""
    return [(invoice.due_date, invoice.total.minor) for invoice in invoices_of(membership)]


def events_of(membership: MembershipId) -> list[EventKind]:
    with reading(SYSTEM) as tx:
        wanted = select(MembershipEvent).where(MembershipEvent.membership_id == membership)
        return [row.kind for row in tx.exec(wanted.order_by(col(MembershipEvent.happened_at)))]


def pay_at_desk(invoice: InvoiceId, minor: int) -> None:
    payment = add_payment(invoice, minor)
    with transaction(SYSTEM) as tx:
        tx.get_or_404(Payment, payment, lock=True).processor_intent_id = None


def refunds() -> list[int]:
    with reading(SYSTEM) as tx:
        return [row.amount.minor for row in tx.exec(select(Refund))]
