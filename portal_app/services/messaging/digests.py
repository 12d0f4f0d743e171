"""The daily digest: what is noted for an account is one message a day, and only what is still current.

A notice names a kind and what it is about. The kind's template brings the check and the values, so that
a new kind needs nothing here.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlmodel import col, select

from portal_app.clock import now, today
from portal_app.db.scope import Tx
from portal_app.db.select import columns
from portal_app.db.tables.billing import Account
from portal_app.db.tables.families import Patient
from portal_app.db.tables.messages import BillingNotice, OutboxMessage
from portal_app.domain.families import ContactKind, PatientStatus
from portal_app.domain.ids import AccountId, new_id
from portal_app.i18n import translate
from portal_app.i18n_paths import supported_language
from portal_app.services.billing.ledger.entries import lock_account
from portal_app.services.messaging.outbox import write_each_way
from portal_app.services.messaging.registry import TEMPLATES
from portal_app.services.messaging.templates.types import Registry, Values

SEVERAL = "money_news"  # the kind of a message that says several notices


def _no_link(_tx: Tx, _invoice_id: str) -> str:
    return ""


def add_notice(tx: Tx, account_id: AccountId, kind: str, about: str, edition: str = "") -> None:
    """Its next digest says so, once, however often it is noted. `edition`: it may be said again for another."""
    once = f"{kind}:{about}{edition}"
    if tx.exec(columns(BillingNotice.id).where(BillingNotice.once == once)).first() is None:
        tx.add_as_system_once(
            BillingNotice(
                id=new_id("not"), once=once, account_id=account_id, kind=kind, about=about, created_at=now()
            )
        )


def write_digest(
    tx: Tx,
    account_id: AccountId,
    at: datetime,
    *,
    templates: Registry = TEMPLATES,
    link_to: Callable[[Tx, str], str] = _no_link,
    anew: bool = False,
) -> int:
    """Write what was noted, together with what is written today and still waits; how many messages.

    They go out at `at`. 0 when a message went out today: the rest is tomorrow's. `anew`: though nothing is
    new. `link_to`: the address that opens an invoice, "" for none.
    """
    lock_account(tx, account_id)
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
    guarantor = tx.get_or_404(Patient, tx.get_or_404(Account, account_id).guarantor_id)
    current = current_notices(tx, notices, templates)
    if not current or guarantor.status is not PatientStatus.ACTIVE:
        return 0
    if len(current) == 1:
        kind, values = current[0].kind, _values_of_one(tx, current[0], templates, link_to)
    else:
        kind, values = SEVERAL, _values_of_several(tx, guarantor, current, templates)
    return write_each_way(
        tx,
        kind,
        once=_once(account_id),
        to_patient=guarantor.id,
        account_id=account_id,
        values=values,
        not_before=at,
        templates=templates,
    )


def refresh_pending_digest(
    tx: Tx,
    account_id: AccountId,
    *,
    templates: Registry = TEMPLATES,
    link_to: Callable[[Tx, str], str] = _no_link,
) -> None:
    """In the transaction that changes what a notice is about: what waits says what is true now, or goes."""
    waiting = [row.next_try_at for row in _written(tx, account_id) if row.next_try_at and not row.tries]
    if waiting:
        tx.flush()
        write_digest(tx, account_id, min(waiting), templates=templates, link_to=link_to, anew=True)


def current_notices(tx: Tx, notices: Sequence[BillingNotice], templates: Registry) -> list[BillingNotice]:
    """The newest notice of each thing, where its kind says that it is still current."""
    newest = {notice.about: notice for notice in notices}
    return [notice for notice in newest.values() if templates[notice.kind].is_still_current(tx, notice.about)]


def _values_of_one(
    tx: Tx, notice: BillingNotice, templates: Registry, link_to: Callable[[Tx, str], str]
) -> Values:
    template = templates[notice.kind]
    values = template.current_values(tx, notice.about)
    address = link_to(tx, notice.about) if template.opens_invoice else ""
    return values | ({"portal": address} if address else {})


def _values_of_several(
    tx: Tx, guarantor: Patient, notices: Sequence[BillingNotice], templates: Registry
) -> Values:
    spoken = supported_language(guarantor.language)
    lines = [
        translate(
            spoken,
            templates[notice.kind].digest_line,
            **templates[notice.kind].current_values(tx, notice.about),
        )
        for notice in notices
    ]
    return {"news": "\n".join(lines), "count": len(lines)}


def _once(account_id: AccountId) -> str:
    return f"money:{account_id}:{today()}"


def _written(tx: Tx, account_id: AccountId) -> list[OutboxMessage]:
    """Today's message, in each way; nobody else sends it while this transaction lasts."""
    names = [f"{_once(account_id)}:{kind}" for kind in ContactKind]
    mine = select(OutboxMessage).where(col(OutboxMessage.once).in_(names))
    return list(tx.exec(mine.with_for_update().execution_options(populate_existing=True)).all())


def _notices(tx: Tx, account_id: AccountId) -> list[BillingNotice]:
    """Not said yet, or in today's message that has not gone out."""
    wanted = select(BillingNotice).where(
        BillingNotice.account_id == account_id,
        col(BillingNotice.said_on).is_(None) | (col(BillingNotice.said_on) == today()),
    )
    return list(tx.exec(wanted.order_by(col(BillingNotice.created_at), col(BillingNotice.once))).all())
