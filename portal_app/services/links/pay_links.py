"""Pay links: staff make and send them; whoever opens one sees that one invoice and pays it (CODE-14)."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import col, select

from portal_app import clock
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.billing import Account, Invoice, Payment
from portal_app.db.tables.credentials import ActionLink
from portal_app.domain.access import Permission, Principal
from portal_app.domain.billing.payability import Payability
from portal_app.domain.billing.types import PAYABLE, RECEIVED, InvoiceStatus, PaymentStatus
from portal_app.domain.credentials.types import Purpose
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import AccountId, InvoiceId, PaymentId, new_id
from portal_app.domain.money import Money
from portal_app.gateways.payments import CardProcessor
from portal_app.services.as_system import as_system, note
from portal_app.services.billing.invoices.overdue import overdue_invoices
from portal_app.services.billing.payments.pay import cancel_payment, confirm_payment, pay_invoice
from portal_app.services.billing.payments.payability import (
    LinkLimit,
    left_on_link,
    read_link_payability,
    read_payability,
)
from portal_app.services.billing.views import PaymentOutcome
from portal_app.services.links import action_links
from portal_app.services.links.action_links import LinkSession
from portal_app.services.links.errors import NoContactOnFile
from portal_app.services.links.qr_codes import qr_svg
from portal_app.services.messaging import outbox


@dataclass(frozen=True, slots=True)
class PayLink:
    """A pay link just made. `address` is stored nowhere, so it can be shown only now."""

    id: str
    address: str
    qr_svg: str
    at_most: Money
    expires: datetime


@dataclass(frozen=True, slots=True)
class OpenPayLink:
    """A pay link that can still be opened, in the staff's list."""

    id: str
    at_most: Money
    made: datetime
    expires: datetime


@dataclass(frozen=True, slots=True)
class LinkedInvoice:
    """The invoice of a pay link, without names and services, and what the link may pay of it."""

    account_id: AccountId
    number: str
    status: InvoiceStatus
    overdue: bool
    issue_date: date
    due_date: date
    total: Money
    paid: Money
    payability: Payability  # by this link (ALL-8, ALL-9); payments in progress are taken off
    held_by_this_link: bool  # the payment in progress is this link's: it may be continued or cancelled here


@dataclass(frozen=True, slots=True)
class LinkedReceipt:
    """The receipt of a payment made by a pay link, without names and services."""

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
    """Make a pay link for what is due now. Raises an error of Payability when nothing can be paid online."""
    _require_may_make(principal)
    with transaction(as_system(principal)) as tx:
        return _make(tx, invoice_id)


def send_pay_link(principal: Principal, invoice_id: InvoiceId) -> int:
    """Make a pay link and send it to the guarantor in each way they chose; returns the number of messages.

    Raises NoContactOnFile, or an error of Payability when nothing can be paid online.
    """
    _require_may_make(principal)
    with transaction(as_system(principal)) as tx:
        made = _make(tx, invoice_id)
        invoice = tx.get_or_404(Invoice, invoice_id)
        guarantor_id = tx.get_or_404(Account, invoice.account_id).guarantor_id
        values = {"amount": made.at_most, "link": made.address, "date": clock.local_date(made.expires)}
        message_count = outbox.write_each_way(
            tx,
            "pay_link",
            once=new_id("say"),
            to_patient=guarantor_id,
            account_id=invoice.account_id,
            values=values,
            expires_at=made.expires,
        )
        if not message_count:
            raise NoContactOnFile
        note(tx, "send:pay_link", guarantor_id, link=made.id, count=message_count)
        return message_count


def open_pay_links(principal: Principal, invoice_id: InvoiceId) -> tuple[OpenPayLink, ...]:
    """The pay links of an invoice that can still be opened, newest first."""
    _require_may_make(principal)
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
    """The invoice of the principal's pay link. Raises NotSignedIn when the link has ended, NotFound when it is none."""
    payer, session = action_links.link_payer(principal)
    invoice_id = InvoiceId(session.subject_id)
    with reading(payer) as tx:
        invoice = tx.get_or_404(Invoice, invoice_id)
        if invoice.status is InvoiceStatus.DRAFT:
            raise NotFound
        payability = read_payability(tx, [invoice], limit=_limit(session)).payability
        held = payability.held
        return LinkedInvoice(
            account_id=invoice.account_id,
            number=invoice.number,
            status=invoice.status,
            overdue=invoice.id in overdue_invoices(tx, [invoice], invoice.account_id),
            issue_date=invoice.issue_date,
            due_date=invoice.due_date,
            total=invoice.total,
            paid=invoice.allocated,
            payability=payability,
            held_by_this_link=held is not None and tx.get_or_404(Payment, held.id).paid_by == principal.name,
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
    """Pay some or all of the link's invoice with a card that is typed now and not saved.

    Args:
        token: the processor's token of the card.
        again: charge although the same amount was paid minutes ago.

    Raises the errors of `pay_invoice`, and NotSignedIn when the link has ended.
    """
    payer, session = action_links.link_payer(principal)
    return pay_invoice(
        payer,
        payment_id,
        InvoiceId(session.subject_id),
        offered,
        processor=processor,
        token=token,
        duplicate_confirmed=duplicate_confirmed,
        limit=_limit(session),
    )


def confirm_linked_payment(
    principal: Principal, payment_id: PaymentId, *, processor: CardProcessor
) -> PaymentOutcome:
    """Continue after the bank's authentication. Raises NotFound for a payment that this link did not start."""
    return confirm_payment(_payer_of(principal, payment_id), payment_id, processor=processor)


def cancel_linked_payment(
    principal: Principal, payment_id: PaymentId, *, processor: CardProcessor
) -> PaymentOutcome:
    """Cancel a payment in progress. Raises NotFound for a payment that this link did not start."""
    return cancel_payment(_payer_of(principal, payment_id), payment_id, processor=processor)


def view_linked_receipt(principal: Principal, payment_id: PaymentId) -> LinkedReceipt:
    """The receipt of a payment made in this session; a later session of the same link raises NotFound."""
    payer, session = action_links.link_payer(principal)
    with reading(payer) as tx:
        paid = tx.get_or_404(Payment, payment_id)
        by_this_session = paid.paid_by == principal.name and paid.created_at >= session.opened
        if paid.status not in RECEIVED or not by_this_session:
            raise NotFound
        invoice = tx.get_or_404(Invoice, InvoiceId(session.subject_id))
        due = invoice.due if invoice.status in PAYABLE else invoice.due.zero()
        return LinkedReceipt(
            number=paid.receipt_number or "",
            amount=paid.amount,
            refunded=paid.refunded,
            status=paid.status,
            paid_at=paid.settled_at or paid.created_at,
            shown=paid.paid_with,
            invoice_number=invoice.number,
            still_due=left_on_link(tx, invoice.id, due, _limit(session)),
            posted=paid.posted,
        )


def _require_may_make(principal: Principal) -> None:
    if not principal.may(Permission.SHARE_PORTAL):
        principal.require(Permission.TAKE_PAYMENTS)


def _make(tx: Tx, invoice_id: InvoiceId) -> PayLink:
    invoice = tx.get_or_404(Invoice, invoice_id)
    read_link_payability(tx, invoice).require()
    link = action_links.create_link(tx, Purpose.PAY, invoice.id, at_most=invoice.due)
    row = tx.get_or_404(ActionLink, link.id)
    return PayLink(link.id, link.address, qr_svg(link.address), invoice.due, row.expires_at)


def _limit(session: LinkSession) -> LinkLimit:
    return LinkLimit(session.at_most, session.made)


def _payer_of(principal: Principal, payment_id: PaymentId) -> Principal:
    """A principal who may continue the payment, if this link started it. Raises NotFound."""
    payer, _ = action_links.link_payer(principal)
    with reading(payer) as tx:
        if tx.get_or_404(Payment, payment_id).paid_by != principal.name:
            raise NotFound
    return payer
