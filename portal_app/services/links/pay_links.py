"""Pay links: staff make, send and revoke them; whoever came by one sees that bill and pays it (CODE-14)."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import col, select

from portal_app import clock
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.billing import Account, Invoice, Payment
from portal_app.db.tables.credentials import ActionLink
from portal_app.domain.access import Permission, Principal
from portal_app.domain.billing.payability import Payability
from portal_app.domain.billing.payments import is_overdue
from portal_app.domain.billing.types import PAYABLE, RECEIVED, InvoiceStatus, PaymentStatus
from portal_app.domain.credentials import Purpose
from portal_app.domain.errors import NotFound, UserError
from portal_app.domain.ids import AccountId, InvoiceId, PaymentId, new_id
from portal_app.domain.money import Money
from portal_app.gateways.payments import CardProcessor
from portal_app.services.as_system import as_system, note
from portal_app.services.billing.payments.pay import cancel_payment, confirm_payment, pay_invoice
from portal_app.services.billing.payments.payability import (
    LinkLimit,
    left_on_link,
    read_link_payability,
    read_payability,
)
from portal_app.services.billing.views import PaymentOutcome
from portal_app.services.links import action_links
from portal_app.services.links.action_links import Linked
from portal_app.services.links.qr_codes import qr_svg
from portal_app.services.messaging import outbox


@dataclass(frozen=True, slots=True)
class PayLink:
    """Shown now; nobody can read its address again."""

    id: str
    address: str
    qr_svg: str
    at_most: Money
    expires: datetime


@dataclass(frozen=True, slots=True)
class OpenPayLink:
    id: str
    at_most: Money
    made: datetime
    expires: datetime


@dataclass(frozen=True, slots=True)
class LinkedInvoice:
    """One bill without names and services, and what may be paid of it by this link."""

    account_id: AccountId
    number: str
    status: InvoiceStatus
    overdue: bool
    issue_date: date
    due_date: date
    total: Money
    paid: Money
    payability: Payability  # by this link (ALL-8, ALL-9); what is on its way is taken off
    held_here: bool  # by this link: it may be continued or cancelled


@dataclass(frozen=True, slots=True)
class LinkedReceipt:
    number: str
    amount: Money
    refunded: Money
    status: PaymentStatus
    paid_at: datetime
    shown: str  # "Visa ending in 4242"
    invoice_number: str
    still_due: Money  # by this link
    posted: bool


def make_pay_link(principal: Principal, invoice_id: InvoiceId) -> PayLink:
    """For what is due of it now, as an address and a QR code. Refused where nothing is to pay."""
    _may_make(principal)
    with transaction(as_system(principal)) as tx:
        return _make(tx, invoice_id)


def send_pay_link(principal: Principal, invoice_id: InvoiceId) -> int:
    """The same to the guarantor, in each way they chose: how many messages. Refused without any way."""
    _may_make(principal)
    with transaction(as_system(principal)) as tx:
        made = _make(tx, invoice_id)
        invoice = tx.get_or_404(Invoice, invoice_id)
        whose = tx.get_or_404(Account, invoice.account_id).guarantor_id
        values = {"amount": made.at_most, "link": made.address, "date": clock.local_date(made.expires)}
        sent = outbox.write_each_way(
            tx,
            "pay_link",
            once=new_id("say"),
            to_patient=whose,
            account_id=invoice.account_id,
            values=values,
            expires_at=made.expires,
        )
        if not sent:
            raise UserError("There is no email and no phone on file. Show the QR code instead.")
        note(tx, "send:pay_link", whose, link=made.id, count=sent)
        return sent


def open_pay_links(principal: Principal, invoice_id: InvoiceId) -> tuple[OpenPayLink, ...]:
    """Those of an invoice that still open something, newest first."""
    _may_make(principal)
    with reading(as_system(principal)) as tx:
        rows = tx.exec(
            select(ActionLink)
            .where(col(ActionLink.subject_id) == invoice_id, col(ActionLink.purpose) == Purpose.PAY)
            .order_by(col(ActionLink.created_at).desc(), col(ActionLink.id))
        )
        return tuple(
            OpenPayLink(
                row.id, row.at_most or tx.get_or_404(Invoice, invoice_id).due, row.created_at, row.expires_at
            )
            for row in rows
            if action_links.still_opens(row)
        )


def view_linked_invoice(principal: Principal) -> LinkedInvoice:
    """What this session's link is for. NotSignedIn when the link is over, NotFound when it is not for paying."""
    payer, this = action_links.payer(principal)
    invoice_id = InvoiceId(this.subject_id)
    with reading(payer) as tx:
        invoice = tx.get_or_404(Invoice, invoice_id)
        if invoice.status is InvoiceStatus.DRAFT:
            raise NotFound
        answer = read_payability(tx, [invoice], limit=_limit(this)).payability
        held = answer.held
        return LinkedInvoice(
            account_id=invoice.account_id,
            number=invoice.number,
            status=invoice.status,
            overdue=is_overdue(invoice.status, invoice.due_date, clock.today()),
            issue_date=invoice.issue_date,
            due_date=invoice.due_date,
            total=invoice.total,
            paid=invoice.allocated,
            payability=answer,
            held_here=held is not None and tx.get_or_404(Payment, held.id).paid_by == principal.name,
        )


def pay_linked_invoice(
    principal: Principal,
    payment_id: PaymentId,
    offered: Money,
    *,
    token: str,
    processor: CardProcessor,
    duplicate_confirmed: bool = False,
) -> PaymentOutcome:
    """Some or all of what the link is for, with a card that is typed now and not kept."""
    payer, this = action_links.payer(principal)
    return pay_invoice(
        payer,
        payment_id,
        InvoiceId(this.subject_id),
        offered,
        processor=processor,
        token=token,
        duplicate_confirmed=duplicate_confirmed,
        limit=_limit(this),
    )


def confirm_linked_payment(
    principal: Principal, payment_id: PaymentId, *, processor: CardProcessor
) -> PaymentOutcome:
    """After the payer's bank has asked. NotFound for a payment that did not begin with this link."""
    return confirm_payment(_whose(principal, payment_id), payment_id, processor=processor)


def cancel_linked_payment(
    principal: Principal, payment_id: PaymentId, *, processor: CardProcessor
) -> PaymentOutcome:
    return cancel_payment(_whose(principal, payment_id), payment_id, processor=processor)


def view_linked_receipt(principal: Principal, payment_id: PaymentId) -> LinkedReceipt:
    """Of a payment made in this session: whoever opens the link later, or elsewhere, does not see it."""
    payer, this = action_links.payer(principal)
    with reading(payer) as tx:
        paid = tx.get_or_404(Payment, payment_id)
        here = paid.paid_by == principal.name and paid.created_at >= this.opened
        if paid.status not in RECEIVED or not here:
            raise NotFound
        invoice = tx.get_or_404(Invoice, InvoiceId(this.subject_id))
        due = invoice.due if invoice.status in PAYABLE else invoice.due.zero()
        return LinkedReceipt(
            number=paid.receipt_number or "",
            amount=paid.amount,
            refunded=paid.refunded,
            status=paid.status,
            paid_at=paid.settled_at or paid.created_at,
            shown=paid.paid_with,
            invoice_number=invoice.number,
            still_due=left_on_link(tx, invoice.id, due, _limit(this)),
            posted=paid.posted,
        )


def _may_make(principal: Principal) -> None:
    if not principal.may(Permission.SHARE_PORTAL):
        principal.require(Permission.TAKE_PAYMENTS)


def _make(tx: Tx, invoice_id: InvoiceId) -> PayLink:
    invoice = tx.get_or_404(Invoice, invoice_id)
    read_link_payability(tx, invoice).require()
    made = action_links.new_link(tx, Purpose.PAY, invoice.id, at_most=invoice.due)
    row = tx.get_or_404(ActionLink, made.id)
    return PayLink(made.id, made.address, qr_svg(made.address), invoice.due, row.expires_at)


def _limit(this: Linked) -> LinkLimit:
    return LinkLimit(this.at_most, this.made)


def _whose(principal: Principal, payment_id: PaymentId) -> Principal:
    payer, _ = action_links.payer(principal)
    with reading(payer) as tx:
        if tx.get_or_404(Payment, payment_id).paid_by != principal.name:
            raise NotFound
    return payer
