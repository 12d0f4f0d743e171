"""What a household is told of its money before it asks: noted when it happens, said in one message a day.

A household here is an account: its guarantor is told, in the ways and the language they chose.
"""

from datetime import datetime, time, timedelta

from sqlmodel import col, select

from portal_app.clock import now, today, zone
from portal_app.db.scope import Tx, reading, retried, transaction
from portal_app.db.select import columns
from portal_app.db.tables.billing import Invoice, PaymentMethod
from portal_app.db.tables.messages import BillingNotice
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import Principal, Side, system_principal
from portal_app.domain.billing.payment_methods import expiring
from portal_app.domain.billing.types import PAYABLE
from portal_app.domain.errors import PermissionDenied
from portal_app.domain.ids import AccountId, InvoiceId
from portal_app.services.billing.notify.pay_link_in_message import link_for_message
from portal_app.services.messaging.digests import add_notice, refresh_pending_digest, write_digest

DUE_SOON = timedelta(days=3)
_LATE = timedelta(days=7)  # older debts are for a letter, not for a text
_FRESH = timedelta(days=3)  # an imported bill that came in longer ago is no news
_TOGETHER = timedelta(minutes=5)  # bills sent one after the other are one message
OPENS, CLOSES = time(9), time(20)  # the practice's local time: nobody is told of money at night


def tell_issued(tx: Tx, invoice: Invoice) -> None:
    """In the transaction that issues it. Several of one day are one message; in the evening it is tomorrow's."""
    add_notice(tx, invoice.account_id, "invoice_issued", invoice.id)
    if now().astimezone(zone()).time() < CLOSES:
        write_digest(tx, invoice.account_id, max(now() + _TOGETHER, _opening()), link_to=_link_to)


def refresh_digest_of_account(tx: Tx, account_id: AccountId) -> None:
    """In the transaction that pays or closes a bill: what waits to be sent says what is true now, or nothing."""
    refresh_pending_digest(tx, account_id, link_to=_link_to)


@retried
def refresh_pending_digests(principal: Principal, account_id: AccountId) -> None:
    """`say_again` right after a transaction of somebody who may not see messages. NotFound: not their account."""
    principal.require_account(account_id)
    with transaction(system_principal(f"billing for {principal.name}")) as tx:
        refresh_digest_of_account(tx, account_id)


def send_daily_digests(principal: Principal) -> int:
    """What falls due, is past due or expires, once each and one message per household. How many were written.

    Run again it writes nothing; what a household was not told today waits until tomorrow.
    """
    if principal.side is not Side.PORTAL:
        raise PermissionDenied("portal:remind")
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
    written = 0
    for account_id in accounts:
        with transaction(principal) as tx:
            written += write_digest(tx, account_id, now(), link_to=_link_to)
    return written


def _note_invoices(tx: Tx) -> None:
    wanted = (
        columns(Invoice.id, Invoice.account_id, Invoice.due_date)
        .where(col(Invoice.status).in_(sorted(PAYABLE)), col(Invoice.issue_date) < today())
        .where(col(Invoice.due_date) >= today() - _LATE, col(Invoice.due_date) <= today() + DUE_SOON)
    )
    for id_, account_id, due_date in tx.exec(wanted).all():
        add_notice(tx, account_id, "overdue" if due_date < today() else "due_soon", id_)


def _note_imported(tx: Tx) -> None:
    """Bills of the practice's own system, where the practice wants them announced."""
    wanted = columns(Invoice.id, Invoice.account_id).where(
        col(Invoice.status).in_(sorted(PAYABLE)),
        col(Invoice.created_at) >= now() - _FRESH,
        col(Invoice.issue_date) >= today() - _LATE,
    )
    for id_, account_id in tx.exec(wanted).all():
        add_notice(tx, account_id, "invoice_issued", id_)


def _note_cards(tx: Tx) -> None:
    years = [today().year, today().year + 1]
    on_file = select(PaymentMethod).where(
        col(PaymentMethod.removed_at).is_(None), col(PaymentMethod.exp_year).in_(years)
    )
    for card in tx.exec(on_file).all():
        if expiring(card.exp_month, card.exp_year, today()):
            add_notice(tx, card.account_id, "card_expiring", card.id, f":{card.exp_year}-{card.exp_month}")


def _link_to(tx: Tx, invoice_id: str) -> str:
    """Where the practice wants it so, the message's address opens that invoice without signing in."""
    practice = tx.get_or_404(Practice, "practice")
    wanted = practice.link_in_messages and practice.online_payments
    return link_for_message(tx, InvoiceId(invoice_id)) if wanted else ""


def _opening() -> datetime:
    """Nine o'clock of today."""
    return datetime.combine(today(), OPENS, tzinfo=zone())
