"""What a household is told of its money before it asks: noted when it happens, said in one message a day.

A household here is an account: its guarantor is told, in the ways and the language they chose.
"""

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any

from sqlmodel import col, select

from portal_app.clock import now, today, zone
from portal_app.db.scope import Tx, reading, retried, transaction
from portal_app.db.tables.billing import Account, Invoice, PaymentSource
from portal_app.db.tables.families import Patient
from portal_app.db.tables.messages import MoneyNotice, OutboxMessage
from portal_app.db.tables.practice import Practice
from portal_app.domain import billing as rules
from portal_app.domain.access import Principal, Side, the_portal
from portal_app.domain.billing import PAYABLE
from portal_app.domain.errors import NotAllowed
from portal_app.domain.families import ContactKind, PatientStatus
from portal_app.domain.ids import AccountId, InvoiceId, SourceId, new_id
from portal_app.services import messages
from portal_app.services.asking import columns
from portal_app.services.billing.books import attempts_on, lock_account
from portal_app.services.billing.linked_messages import link_for_message
from portal_app.services.money_words import LINES
from portal_app.settings import settings
from portal_app.speech import say

DUE_SOON = timedelta(days=3)
_LATE = timedelta(days=7)  # older debts are for a letter, not for a text
_FRESH = timedelta(days=3)  # an imported bill that came in longer ago is no news
_TOGETHER = timedelta(minutes=5)  # bills sent one after the other are one message
OPENS, CLOSES = time(9), time(20)  # the practice's local time: nobody is told of money at night


def tell_issued(tx: Tx, invoice: Invoice) -> None:
    """In the transaction that issues it. Several of one day are one message; in the evening it is tomorrow's."""
    _note(tx, invoice.account_id, "invoice_issued", invoice.id)
    if now().astimezone(zone()).time() < CLOSES:
        _say(tx, invoice.account_id, max(now() + _TOGETHER, _opening()))


def say_again(tx: Tx, account_id: AccountId) -> None:
    """In the transaction that pays or closes a bill: what waits to be sent says what is true now, or nothing."""
    waiting = [row.next_try_at for row in _written(tx, account_id) if row.next_try_at and not row.tries]
    if waiting:
        tx.flush()
        _say(tx, account_id, min(waiting), anew=True)


@retried
def correct_what_waits(principal: Principal, account_id: AccountId) -> None:
    """`say_again` right after a transaction of somebody who may not see messages. NotFound: not their account."""
    principal.require_account(account_id)
    with transaction(the_portal(f"billing for {principal.name}")) as tx:
        say_again(tx, account_id)


def tell_households(principal: Principal) -> int:
    """What falls due, is past due or expires, once each and one message per household. How many were written.

    Run again it writes nothing; what a household was not told today waits until tomorrow.
    """
    if principal.side is not Side.PORTAL:
        raise NotAllowed("portal:remind")
    with transaction(principal) as tx:
        practice = tx.find(Practice, "practice")
        if practice.announce_imported:
            _note_imported(tx)
        if practice.reminders:
            _note_bills(tx)
            _note_cards(tx)
    with reading(principal) as tx:
        waiting = columns(MoneyNotice.account_id).where(col(MoneyNotice.said_on).is_(None)).distinct()
        accounts = sorted(tx.exec(waiting))
    written = 0
    for account_id in accounts:
        with transaction(principal) as tx:
            written += _say(tx, account_id, now())
    return written


def _note(tx: Tx, account_id: AccountId, kind: str, about: str, edition: str = "") -> None:
    once = f"{kind}:{about}{edition}"
    if tx.exec(columns(MoneyNotice.id).where(MoneyNotice.once == once)).first() is None:
        tx.tell_once(
            MoneyNotice(
                id=new_id("not"), once=once, account_id=account_id, kind=kind, about=about, created_at=now()
            )
        )


def _note_bills(tx: Tx) -> None:
    wanted = (
        columns(Invoice.id, Invoice.account_id, Invoice.due_date)
        .where(col(Invoice.status).in_(sorted(PAYABLE)), col(Invoice.issue_date) < today())
        .where(col(Invoice.due_date) >= today() - _LATE, col(Invoice.due_date) <= today() + DUE_SOON)
    )
    for id_, account_id, due_date in tx.exec(wanted).all():
        _note(tx, account_id, "overdue" if due_date < today() else "due_soon", id_)


def _note_imported(tx: Tx) -> None:
    """Bills of the practice's own system, where the practice wants them announced."""
    wanted = columns(Invoice.id, Invoice.account_id).where(
        col(Invoice.status).in_(sorted(PAYABLE)),
        col(Invoice.created_at) >= now() - _FRESH,
        col(Invoice.issue_date) >= today() - _LATE,
    )
    for id_, account_id in tx.exec(wanted).all():
        _note(tx, account_id, "invoice_issued", id_)


def _note_cards(tx: Tx) -> None:
    years = [today().year, today().year + 1]
    on_file = select(PaymentSource).where(
        col(PaymentSource.removed_at).is_(None), col(PaymentSource.exp_year).in_(years)
    )
    for card in tx.exec(on_file).all():
        if rules.expiring(card.exp_month, card.exp_year, today()):
            _note(tx, card.account_id, "card_expiring", card.id, f":{card.exp_year}-{card.exp_month}")


def _say(tx: Tx, account_id: AccountId, at: datetime, *, anew: bool = False) -> int:
    """Write what waits, together with what is written today and still waits; how many messages.

    0 when the household was told today already: the rest is tomorrow's. `anew`: though nothing is new.
    """
    lock_account(tx, account_id)
    once = _once(account_id)
    written = _written(tx, account_id)
    if any(row.tries or row.sent_at or row.failed for row in written):
        return 0
    notices = _notices(tx, account_id)
    if not anew and all(notice.said_on for notice in notices):
        return 0
    for row in written:
        tx.delete(row)
    tx.flush()
    for notice in notices:
        notice.said_on = today()
    guarantor = tx.find(Patient, tx.find(Account, account_id).guarantor_id)
    news = list(_still_true(tx, notices))
    if not news or guarantor.status is not PatientStatus.ACTIVE:
        return 0
    kind, values = news[0] if len(news) == 1 else ("money_news", _together(guarantor, news))
    if bill := values.pop("bill", None):
        values |= _opens(tx, bill)
    return messages.write_each_way(
        tx, kind, once=once, to_patient=guarantor.id, account_id=account_id, values=values, not_before=at
    )


def _once(account_id: AccountId) -> str:
    return f"money:{account_id}:{today()}"


def _written(tx: Tx, account_id: AccountId) -> list[OutboxMessage]:
    """Today's message, in each way; nobody else sends it while this transaction lasts."""
    names = [f"{_once(account_id)}:{kind}" for kind in ContactKind]
    mine = select(OutboxMessage).where(col(OutboxMessage.once).in_(names))
    return list(tx.exec(mine.with_for_update().execution_options(populate_existing=True)).all())


def _notices(tx: Tx, account_id: AccountId) -> list[MoneyNotice]:
    """Not said yet, or in today's message that has not gone out."""
    wanted = select(MoneyNotice).where(
        MoneyNotice.account_id == account_id,
        col(MoneyNotice.said_on).is_(None) | (col(MoneyNotice.said_on) == today()),
    )
    return list(tx.exec(wanted.order_by(col(MoneyNotice.created_at), col(MoneyNotice.once))).all())


def _still_true(tx: Tx, notices: Iterable[MoneyNotice]) -> Iterable[tuple[str, dict[str, Any]]]:
    """Kind and values of what has not been paid, or replaced, since it was noted; a bill once."""
    latest = {notice.about: notice for notice in notices}
    for notice in latest.values():
        if notice.kind == "card_expiring":
            card = tx.find(PaymentSource, SourceId(notice.about))
            last = rules.last_day(card.exp_month, card.exp_year)
            if card.removed_at is None and last:
                shown = rules.shown(card.brand, card.last4, card.kind)
                yield notice.kind, {"card": shown, "date": last}
            continue
        bill = tx.find(Invoice, InvoiceId(notice.about))
        in_flight = attempts_on(tx, [bill.id]).get(bill.id, ())
        left = rules.payable(bill.due, (attempt.amount for attempt in in_flight))
        if bill.status in PAYABLE and left:
            yield notice.kind, {"number": bill.number, "amount": left, "date": bill.due_date, "bill": bill.id}


def _opens(tx: Tx, bill: InvoiceId) -> dict[str, str]:
    """Where the practice wants it so, the message's address opens that bill without signing in."""
    practice = tx.find(Practice, "practice")
    wanted = practice.link_in_messages and practice.online_payments
    address = link_for_message(tx, bill) if wanted else ""
    return {"portal": address} if address else {}


def _together(guarantor: Patient, news: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    spoken = guarantor.language if guarantor.language in settings().languages else settings().languages[0]
    return {
        "news": "\n".join(say(spoken, LINES[kind], **values) for kind, values in news),
        "count": len(news),
    }


def _opening() -> datetime:
    """Nine o'clock of today."""
    return datetime.combine(today(), OPENS, tzinfo=zone())
