"""Pay links: staff make, send and revoke them; whoever came by one sees that bill and pays it (CODE-14)."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import col, select

from portal_app import clock
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.billing import Account, Invoice, Payment
from portal_app.db.tables.credentials import OneTimeLink
from portal_app.domain.access import Permission, Principal
from portal_app.domain.billing.payability import Payability
from portal_app.domain.billing.paying import (
    overdue,
)
from portal_app.domain.billing.words import PAYABLE, RECEIVED, InvoiceStatus, PaymentStatus
from portal_app.domain.credentials import Purpose
from portal_app.domain.errors import NotFound, Refused
from portal_app.domain.ids import AccountId, InvoiceId, PaymentId, new_id
from portal_app.domain.money import Money
from portal_app.gateways.payments import CardProcessor
from portal_app.services import links
from portal_app.services.billing.payability import LinkLimit, left_of_link, link_payability, to_pay
from portal_app.services.billing.payments import cancel_payment, confirm_payment, pay_invoice
from portal_app.services.billing.views import PaymentOutcome
from portal_app.services.links import Linked
from portal_app.services.messaging import outbox
from portal_app.services.on_behalf import note, on_behalf
from portal_app.services.qr_codes import qr_svg


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
class LinkedBill:
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
    with transaction(on_behalf(principal)) as tx:
        return _make(tx, invoice_id)


def send_pay_link(principal: Principal, invoice_id: InvoiceId) -> int:
    """The same to the guarantor, in each way they chose: how many messages. Refused without any way."""
    _may_make(principal)
    with transaction(on_behalf(principal)) as tx:
        made = _make(tx, invoice_id)
        bill = tx.find(Invoice, invoice_id)
        whose = tx.find(Account, bill.account_id).guarantor_id
        values = {"amount": made.at_most, "link": made.address, "date": clock.local_date(made.expires)}
        sent = outbox.write_each_way(
            tx,
            "pay_link",
            once=new_id("say"),
            to_patient=whose,
            account_id=bill.account_id,
            values=values,
            expires_at=made.expires,
        )
        if not sent:
            raise Refused("There is no email and no phone on file. Show the QR code instead.")
        note(tx, "send:pay_link", whose, link=made.id, count=sent)
        return sent


def open_pay_links(principal: Principal, invoice_id: InvoiceId) -> tuple[OpenPayLink, ...]:
    """Those of an invoice that still open something, newest first."""
    _may_make(principal)
    with reading(on_behalf(principal)) as tx:
        rows = tx.exec(
            select(OneTimeLink)
            .where(col(OneTimeLink.subject_id) == invoice_id, col(OneTimeLink.purpose) == Purpose.PAY)
            .order_by(col(OneTimeLink.created_at).desc(), col(OneTimeLink.id))
        )
        return tuple(
            OpenPayLink(
                row.id, row.at_most or tx.find(Invoice, invoice_id).due, row.created_at, row.expires_at
            )
            for row in rows
            if links.still_opens(row)
        )


def view_linked_bill(principal: Principal) -> LinkedBill:
    """What this session's link is for. NotSignedIn when the link is over, NotFound when it is not for paying."""
    payer, this = links.payer(principal)
    invoice_id = InvoiceId(this.subject_id)
    with reading(payer) as tx:
        bill = tx.find(Invoice, invoice_id)
        if bill.status is InvoiceStatus.DRAFT:
            raise NotFound
        answer = to_pay(tx, [bill], limit=_limit(this)).payability
        held = answer.held
        return LinkedBill(
            account_id=bill.account_id,
            number=bill.number,
            status=bill.status,
            overdue=overdue(bill.status, bill.due_date, clock.today()),
            issue_date=bill.issue_date,
            due_date=bill.due_date,
            total=bill.total,
            paid=bill.allocated,
            payability=answer,
            held_here=held is not None and tx.find(Payment, held.id).paid_by == principal.name,
        )


def pay_linked_bill(
    principal: Principal,
    payment_id: PaymentId,
    offered: Money,
    *,
    token: str,
    processor: CardProcessor,
    again: bool = False,
) -> PaymentOutcome:
    """Some or all of what the link is for, with a card that is typed now and not kept."""
    payer, this = links.payer(principal)
    return pay_invoice(
        payer,
        payment_id,
        InvoiceId(this.subject_id),
        offered,
        processor=processor,
        token=token,
        again=again,
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
    payer, this = links.payer(principal)
    with reading(payer) as tx:
        paid = tx.find(Payment, payment_id)
        here = paid.paid_by == principal.name and paid.created_at >= this.opened
        if paid.status not in RECEIVED or not here:
            raise NotFound
        bill = tx.find(Invoice, InvoiceId(this.subject_id))
        due = bill.due if bill.status in PAYABLE else bill.due.zero()
        return LinkedReceipt(
            number=paid.receipt_number or "",
            amount=paid.amount,
            refunded=paid.refunded,
            status=paid.status,
            paid_at=paid.settled_at or paid.created_at,
            shown=paid.source_shown,
            invoice_number=bill.number,
            still_due=left_of_link(tx, bill.id, due, _limit(this)),
            posted=paid.posted,
        )


def _may_make(principal: Principal) -> None:
    if not principal.may(Permission.SHARE_PORTAL):
        principal.require(Permission.TAKE_PAYMENTS)


def _make(tx: Tx, invoice_id: InvoiceId) -> PayLink:
    bill = tx.find(Invoice, invoice_id)
    link_payability(tx, bill).require()
    made = links.new_link(tx, Purpose.PAY, bill.id, at_most=bill.due)
    row = tx.find(OneTimeLink, made.id)
    return PayLink(made.id, made.address, qr_svg(made.address), bill.due, row.expires_at)


def _limit(this: Linked) -> LinkLimit:
    return LinkLimit(this.at_most, this.made)


def _whose(principal: Principal, payment_id: PaymentId) -> Principal:
    payer, _ = links.payer(principal)
    with reading(payer) as tx:
        if tx.find(Payment, payment_id).paid_by != principal.name:
            raise NotFound
    return payer
