"""What follows once the first invoice is paid: the membership starts today, and waits for staff if the setting says so."""

from sqlmodel import col, select

from portal_app.clock import now, today
from portal_app.db.scope import Tx
from portal_app.db.tables.billing import Invoice, InvoiceLine, Payment
from portal_app.db.tables.families import Patient
from portal_app.db.tables.memberships import (
    Coupon,
    JoinRequest,
    Membership,
    MembershipCoupon,
    MembershipInvoice,
)
from portal_app.db.tables.practice import Practice
from portal_app.domain.billing.types import InvoiceStatus
from portal_app.domain.families import PatientStatus
from portal_app.domain.ids import MembershipId, new_id
from portal_app.domain.memberships.periods import BillDates
from portal_app.domain.memberships.types import EventKind, InvoiceKind, JoinStatus, MembershipStatus
from portal_app.domain.money import Money
from portal_app.domain.practice_settings import SETTINGS
from portal_app.services.billing.notify.events import announce_account_change
from portal_app.services.memberships.creation import MembershipToMake, make_membership
from portal_app.services.memberships.history import add_event
from portal_app.services.memberships.joining.first_invoice import period_amount
from portal_app.services.memberships.joining.people import people_of
from portal_app.services.memberships.joining.tell import tell_of_joining
from portal_app.services.memberships.load import read_plans
from portal_app.services.memberships.next_bill_date import refresh_next_bill_date
from portal_app.services.patients.access import families_changed


def follow_receipt(tx: Tx, payment: Payment) -> None:
    """Complete the joining of whoever has now paid their first invoice. Called wherever a payment is booked."""
    wanted = select(JoinRequest).where(
        JoinRequest.account_id == payment.account_id, JoinRequest.status == JoinStatus.PAYING
    )
    found = tx.exec(wanted).first()
    if found is None or found.invoice_id is None:
        return
    request = tx.get_or_404(JoinRequest, found.id, lock=True)
    invoice = tx.get_or_404(Invoice, found.invoice_id, lock=True)
    if request.status is JoinStatus.PAYING and invoice.status is InvoiceStatus.PAID:
        complete_joining(tx, request, invoice)


def complete_joining(tx: Tx, request: JoinRequest, invoice: Invoice) -> None:
    """Make the membership from today on, at the price that was paid, and make its people active patients."""
    if request.plan_id is None or request.price_id is None:
        raise RuntimeError("the first invoice says plan and price")
    people = people_of(tx, request)
    for person in people:
        person.status = PatientStatus.ACTIVE
    families_changed(tx)
    by_id = {str(person.id): person for person in people}
    members = [by_id[id_] for id_ in request.member_ids]
    waits = bool(SETTINGS["membership_join_needs_acceptance"].read(tx.get_or_404(Practice, "practice")))
    row = _membership(tx, request, members, invoice, waits)
    _link_invoice(tx, request, invoice, row)
    _keep_coupon(tx, request, row)
    refresh_next_bill_date(tx, row)
    request.status = JoinStatus.WAITING if waits else JoinStatus.ACCEPTED
    request.membership_id, request.paid_at, request.changed_at = row.id, now(), now()
    request.draft = {}  # it stands in rows from here on
    announce_account_change(tx, row.account_id, row.id)
    tell_of_joining(tx, request, people, invoice.total)


def _membership(
    tx: Tx, request: JoinRequest, members: list[Patient], invoice: Invoice, waits: bool
) -> Membership:
    if request.plan_id is None or request.price_id is None:
        raise RuntimeError("the first invoice says plan and price")
    return make_membership(
        tx,
        MembershipToMake(
            id=MembershipId(new_id("mem")),
            account_id=invoice.account_id,
            plan=read_plans(tx)[request.plan_id].row,
            price_id=request.price_id,
            start=today(),
            members=tuple(person.id for person in members),
            names=tuple(person.full_name for person in members),
            amount=period_amount(request, invoice),
            status=MembershipStatus.PENDING if waits else MembershipStatus.ACTIVE,
        ),
    )


def _link_invoice(tx: Tx, request: JoinRequest, invoice: Invoice, row: Membership) -> None:
    """The paid invoice bills the period that begins today, and the enrolment fee."""
    plan = read_plans(tx)[row.plan_id].row
    span = BillDates(row.anchor, plan.period).period_of(row.start)
    parts: list[tuple[InvoiceKind, Money]] = [(InvoiceKind.PERIOD, period_amount(request, invoice))]
    if request.fee:
        parts.append((InvoiceKind.ENROLMENT_FEE, request.fee))
    for kind, amount in parts:
        coupons = [request.coupon_id] if request.coupon_id and kind is InvoiceKind.PERIOD else []
        tx.add(
            MembershipInvoice(
                id=new_id("miv"),
                account_id=row.account_id,
                membership_id=row.id,
                kind=kind,
                period_start=span.first,
                period_end=span.last,
                due_day=invoice.due_date,
                invoice_id=invoice.id,
                amount=amount,
                coupon_ids=coupons,
            )
        )
    lines = select(InvoiceLine).where(col(InvoiceLine.invoice_id) == invoice.id)
    for line in tx.exec(lines):  # paid on a later day than it was made
        line.service_date = span.first
    tx.flush()


def _keep_coupon(tx: Tx, request: JoinRequest, row: Membership) -> None:
    """Put the coupon on the membership, even if it was retired since: it was agreed to when the invoice was made."""
    if request.coupon_id is None:
        return
    tx.add(
        MembershipCoupon(
            id=new_id("mcp"),
            account_id=row.account_id,
            membership_id=row.id,
            coupon_id=request.coupon_id,
            first_period=row.start,
            used=1,
            created_at=now(),
        )
    )
    coupon = tx.get_or_404(Coupon, request.coupon_id)
    add_event(tx, row, EventKind.COUPON_ADDED, coupon=coupon.code, first_period=row.start)
