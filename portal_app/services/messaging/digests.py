"""The daily digest: what is noted for an account is one message a day, and only what is still current.

A notice names a kind and what it is about. The kind's template says which are still current and brings their
values, so that a new kind needs nothing here. Any number of accounts is written with a fixed number of queries.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlmodel import col, select

from portal_app.clock import now, today
from portal_app.db.scope import Tx
from portal_app.db.select import columns
from portal_app.db.tables.billing import Account
from portal_app.db.tables.families import Patient
from portal_app.db.tables.messages import BillingNotice, OutboxMessage
from portal_app.db.tables.practice import Practice
from portal_app.domain.families import ContactKind, PatientStatus
from portal_app.domain.ids import AccountId, PatientId, new_id
from portal_app.i18n import translate
from portal_app.i18n_paths import supported_language
from portal_app.services.billing.ledger.entries import lock_accounts
from portal_app.services.messaging.outbox import chosen_contacts_of, make_message, queue_messages
from portal_app.services.messaging.registry import TEMPLATES
from portal_app.services.messaging.templates.types import INVOICE_PAGE, Registry, Values

SEVERAL = "money_news"  # the kind of a message that says several notices
_AT_ONCE = 500  # values in one query: SQLite takes no more than some thousands


class NewNotice(NamedTuple):
    """What an account's next digest is to say. `edition`: it may be said again for another."""

    account_id: AccountId
    kind: str
    about: str
    edition: str = ""

    @property
    def once(self) -> str:
        return f"{self.kind}:{self.about}{self.edition}"


class CurrentNotice(NamedTuple):
    """A notice that is still true, and what its text names."""

    notice: BillingNotice
    values: Values


def _no_link(_tx: Tx, _invoice_id: str) -> str:
    return ""


def add_notice(tx: Tx, account_id: AccountId, kind: str, about: str, edition: str = "") -> None:
    """Its next digest says so, once, however often it is noted. `edition`: it may be said again for another."""
    add_notices(tx, [NewNotice(account_id, kind, about, edition)])


def add_notices(tx: Tx, notices: Iterable[NewNotice]) -> None:
    """Their next digests say so, each once, however often it is noted."""
    wanted = {notice.once: notice for notice in notices}
    names = list(wanted)
    for first in range(0, len(names), _AT_ONCE):
        part = names[first : first + _AT_ONCE]
        known = set(tx.exec(columns(BillingNotice.once).where(col(BillingNotice.once).in_(part))))
        _add_all(tx, [wanted[once] for once in part if once not in known])


def _add_all(tx: Tx, notices: Sequence[NewNotice]) -> None:
    """Add them at once; one after the other where another process has noted one meanwhile."""
    if not notices:
        return
    with tx.unless_taken() as attempt:
        for notice in notices:
            tx.add_as_system(_row(notice))
    if attempt.taken:
        for notice in notices:
            tx.add_as_system_once(_row(notice))


def _row(notice: NewNotice) -> BillingNotice:
    return BillingNotice(
        id=new_id("not"),
        once=notice.once,
        account_id=notice.account_id,
        kind=notice.kind,
        about=notice.about,
        created_at=now(),
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
    return write_digests(tx, [account_id], at, templates=templates, link_to=link_to, anew=anew)


def write_digests(
    tx: Tx,
    account_ids: Sequence[AccountId],
    at: datetime,
    *,
    templates: Registry = TEMPLATES,
    link_to: Callable[[Tx, str], str] = _no_link,
    anew: bool = False,
) -> int:
    """Write the digest of some hundred accounts, which stay locked until the transaction ends."""
    # Held until the end: a session forgets rows that nobody holds, and each text asks for the practice.
    _practice = tx.get_or_404(Practice, "practice")
    accounts = lock_accounts(tx, account_ids)
    notices = _take_notices(tx, account_ids, anew=anew)
    guarantors = _guarantors(tx, accounts)
    current: dict[AccountId, list[CurrentNotice]] = {}
    for one in current_notices(tx, notices, templates):
        current.setdefault(one.notice.account_id, []).append(one)
    contacts = chosen_contacts_of(tx, [guarantors[id_].id for id_ in current if id_ in guarantors])
    rows: list[OutboxMessage] = []
    for account_id, its in current.items():
        guarantor = guarantors.get(account_id)
        if guarantor is not None:
            digest = _Digest(guarantor, its, templates, link_to)
            rows += _rows(tx, digest, contacts.get(guarantor.id, ()), at)
    return queue_messages(tx, rows)


class _Digest(NamedTuple):
    """What one account's digest says, to whom."""

    guarantor: Patient
    notices: list[CurrentNotice]
    templates: Registry
    link_to: Callable[[Tx, str], str]

    @property
    def account_id(self) -> AccountId:
        return self.notices[0].notice.account_id


def _rows(
    tx: Tx, digest: _Digest, contacts: Iterable[tuple[ContactKind, str]], at: datetime
) -> Iterable[OutboxMessage]:
    """The message in each way that the guarantor chose."""
    first, several = digest.notices[0].notice, len(digest.notices) > 1
    values: Values | None = None
    for contact in contacts:
        if values is None:
            values = _values_of_several(digest) if several else _values_of_one(tx, digest)
        yield make_message(
            tx,
            SEVERAL if several else first.kind,
            once=f"{_once(digest.account_id)}:{contact[0]}",
            to_contact=contact,
            to_patient=digest.guarantor.id,
            account_id=digest.account_id,
            values=values,
            about="" if several else first.about,
            not_before=at,
            templates=digest.templates,
        )


def _guarantors(tx: Tx, accounts: Sequence[Account]) -> Mapping[AccountId, Patient]:
    """The guarantor of each account, where they are an active patient."""
    ids = sorted({account.guarantor_id for account in accounts})
    people: dict[PatientId, Patient] = {
        person.id: person for person in tx.exec(select(Patient).where(col(Patient.id).in_(ids)))
    }
    found = {account.id: people.get(account.guarantor_id) for account in accounts}
    return {id_: person for id_, person in found.items() if person and person.status is PatientStatus.ACTIVE}


def _take_notices(tx: Tx, account_ids: Sequence[AccountId], *, anew: bool) -> list[BillingNotice]:
    """What the next digests say, marked as said; what was written and waits is deleted.

    None of an account whose digest went out today.
    """
    written = _written(tx, account_ids)
    sent = {row.account_id for row in written if row.tries or row.sent_at or row.failed}
    notices = [notice for notice in _notices(tx, account_ids) if notice.account_id not in sent]
    new = {notice.account_id for notice in notices if anew or not notice.said_on}
    for row in written:
        if row.account_id in new or (anew and row.account_id not in sent):
            tx.delete(row)
    tx.flush()
    taken = [notice for notice in notices if notice.account_id in new]
    for notice in taken:
        notice.said_on = today()
    return taken


def refresh_pending_digest(
    tx: Tx,
    account_id: AccountId,
    *,
    templates: Registry = TEMPLATES,
    link_to: Callable[[Tx, str], str] = _no_link,
) -> None:
    """In the transaction that changes what a notice is about: what waits says what is true now, or goes."""
    waiting = [row.next_try_at for row in _written(tx, [account_id]) if row.next_try_at and not row.tries]
    if waiting:
        tx.flush()
        write_digest(tx, account_id, min(waiting), templates=templates, link_to=link_to, anew=True)


def current_notices(tx: Tx, notices: Sequence[BillingNotice], templates: Registry) -> list[CurrentNotice]:
    """The newest notice of each thing, where its kind says that it is still current."""
    newest = {notice.about: notice for notice in notices}
    abouts: dict[str, list[str]] = {}
    for notice in newest.values():
        abouts.setdefault(notice.kind, []).append(notice.about)
    values = {kind: templates[kind].current_values(tx, of_kind) for kind, of_kind in abouts.items()}
    return [
        CurrentNotice(notice, values[notice.kind][about])
        for about, notice in newest.items()
        if about in values[notice.kind]
    ]


def _values_of_one(tx: Tx, digest: _Digest) -> Values:
    (only,) = digest.notices
    opens = digest.templates[only.notice.kind].opens
    address = digest.link_to(tx, only.notice.about) if opens == INVOICE_PAGE else ""
    return only.values | ({"portal": address} if address else {})


def _values_of_several(digest: _Digest) -> Values:
    spoken = supported_language(digest.guarantor.language)
    lines = [
        translate(spoken, digest.templates[one.notice.kind].digest_line, **one.values)
        for one in digest.notices
    ]
    return {"news": "\n".join(lines), "count": len(lines)}


def _once(account_id: AccountId) -> str:
    return f"money:{account_id}:{today()}"


def _written(tx: Tx, account_ids: Sequence[AccountId]) -> list[OutboxMessage]:
    """Today's messages, in each way; nobody else sends them while this transaction lasts."""
    names = [f"{_once(account_id)}:{kind}" for account_id in account_ids for kind in ContactKind]
    mine = select(OutboxMessage).where(col(OutboxMessage.once).in_(names)).order_by(col(OutboxMessage.id))
    return list(tx.exec(mine.with_for_update().execution_options(populate_existing=True)).all())


def _notices(tx: Tx, account_ids: Sequence[AccountId]) -> list[BillingNotice]:
    """The notices that were not sent yet, or are in today's message that has not gone out."""
    wanted = select(BillingNotice).where(
        col(BillingNotice.account_id).in_(account_ids),
        col(BillingNotice.said_on).is_(None) | (col(BillingNotice.said_on) == today()),
    )
    return list(tx.exec(wanted.order_by(col(BillingNotice.created_at), col(BillingNotice.once))).all())
