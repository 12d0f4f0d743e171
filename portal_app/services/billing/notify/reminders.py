"""Billing digests: what happens to an account's invoices is noted at once and sent in one message a day.

The message goes to the account's guarantor, by the channels and in the language they chose.
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta

from sqlmodel import col, select

from portal_app.clock import now, today, zone
from portal_app.db.scope import Tx, reading, retried, transaction
from portal_app.db.select import columns
from portal_app.db.tables.billing import Invoice, PaymentMethod
from portal_app.db.tables.messages import BillingNotice
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import Principal, system_principal
from portal_app.domain.billing.payment_methods import expires_soon
from portal_app.domain.billing.types import PAYABLE
from portal_app.domain.ids import AccountId, InvoiceId
from portal_app.services.billing.notify.pay_link_in_message import link_for_message
from portal_app.services.memberships.autopay.standing import invoices_in_retry
from portal_app.services.messaging.digests import (
    NewNotice,
    add_notice,
    add_notices,
    refresh_pending_digest,
    write_digest,
    write_digests,
)

DUE_SOON = timedelta(days=3)
_OVERDUE_AT_MOST = timedelta(days=7)  # what is overdue longer is for a letter, not for a message
_IMPORTED_WITHIN = timedelta(days=3)  # an invoice that was imported longer ago is not announced
_BATCH = 200  # accounts in one transaction: nobody who pays meanwhile waits long
_GROUPED_WITHIN = timedelta(minutes=5)  # invoices issued within this time are one message
SENDING_STARTS, SENDING_ENDS = (
    time(9),
    time(20),
)  # the practice's local time: no billing messages at night


def announce_issued_invoice(tx: Tx, invoice: Invoice) -> None:
    """Note a new invoice for the guarantor, in the transaction that issues it.

    Several of one day are one message; in the evening it is sent the next day.
    """
    add_notice(tx, invoice.account_id, "invoice_issued", invoice.id)
    if now().astimezone(zone()).time() < SENDING_ENDS:
        write_digest(tx, invoice.account_id, max(now() + _GROUPED_WITHIN, _sending_start()), link_to=_link_to)


def refresh_digest_of_account(tx: Tx, account_id: AccountId) -> None:
    """Write the account's pending digest again, in the transaction that pays or closes an invoice.

    A digest that has nothing left to tell is not sent.
    """
    refresh_pending_digest(tx, account_id, link_to=_link_to)


@retried
def refresh_pending_digests(principal: Principal, account_id: AccountId) -> None:
    """The same after a transaction of somebody who may not see messages.

    Raises: NotFound when the account is not theirs.
    """
    principal.require_account(account_id)
    with transaction(system_principal(f"billing for {principal.name}")) as tx:
        refresh_digest_of_account(tx, account_id)


def send_daily_digests(principal: Principal) -> int:
    """Write the day's digests: invoices soon due or overdue, cards that expire; one message per account.

    Each thing is told once. A second run writes nothing; what was not told today waits until tomorrow.

    Returns: how many were written.

    Raises: PermissionDenied for anybody but the portal itself.
    """
    principal.require_portal("portal:remind")
    with transaction(principal) as tx:
        practice = tx.get_or_404(Practice, "practice")
        if practice.announce_imported:
            _note_imported(tx)
        if practice.reminders:
            _note_invoices(tx)
            _note_cards(tx)
    with reading(principal) as tx:
        waiting = columns(BillingNotice.account_id).where(col(BillingNotice.said_on).is_(None)).distinct()
        accounts = sorted(tx.exec(waiting))
    return sum(
        _write_digests(principal, accounts[first : first + _BATCH])
        for first in range(0, len(accounts), _BATCH)
    )


@retried
def _write_digests(principal: Principal, accounts: Sequence[AccountId]) -> int:
    with transaction(principal) as tx:
        return write_digests(tx, accounts, now(), link_to=_link_to)


def _note_invoices(tx: Tx) -> None:
    wanted = (
        columns(Invoice.id, Invoice.account_id, Invoice.due_date)
        .where(col(Invoice.status).in_(sorted(PAYABLE)), col(Invoice.issue_date) < today())
        .where(
            col(Invoice.due_date) >= today() - _OVERDUE_AT_MOST, col(Invoice.due_date) <= today() + DUE_SOON
        )
    )
    in_retry = invoices_in_retry(tx)
    add_notices(
        tx,
        (
            NewNotice(account_id, "overdue" if due_date < today() else "due_soon", id_)
            for id_, account_id, due_date in tx.exec(wanted).all()
            if id_ not in in_retry
        ),
    )


def _note_imported(tx: Tx) -> None:
    """Note imported invoices, where the practice has turned their announcement on."""
    wanted = columns(Invoice.id, Invoice.account_id).where(
        col(Invoice.status).in_(sorted(PAYABLE)),
        col(Invoice.created_at) >= now() - _IMPORTED_WITHIN,
        col(Invoice.issue_date) >= today() - _OVERDUE_AT_MOST,
    )
    found = tx.exec(wanted).all()
    add_notices(tx, (NewNotice(account_id, "invoice_issued", id_) for id_, account_id in found))


def _note_cards(tx: Tx) -> None:
    years = [today().year, today().year + 1]
    on_file = select(PaymentMethod).where(
        col(PaymentMethod.removed_at).is_(None), col(PaymentMethod.exp_year).in_(years)
    )
    add_notices(
        tx,
        (
            NewNotice(card.account_id, "card_expiring", card.id, f":{card.exp_year}-{card.exp_month}")
            for card in tx.exec(on_file).all()
            if expires_soon(card.exp_month, card.exp_year, today())
        ),
    )


def _link_to(tx: Tx, invoice_id: str) -> str:
    """A pay link for the message, where the practice has turned that on; else ""."""
    practice = tx.get_or_404(Practice, "practice")
    wanted = practice.link_in_messages and practice.online_payments
    return link_for_message(tx, InvoiceId(invoice_id)) if wanted else ""


def _sending_start() -> datetime:
    """Today at nine in the practice's time zone."""
    return datetime.combine(today(), SENDING_STARTS, tzinfo=zone())
