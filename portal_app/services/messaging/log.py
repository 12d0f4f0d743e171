"""What was sent to patients, for staff: found by who, what and how it went; sent again where it failed for good."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import col, func, or_, select

from portal_app.clock import now
from portal_app.db import audit
from portal_app.db.scope import reading, transaction
from portal_app.db.select import columns
from portal_app.db.tables.families import NAME_COLUMNS, Patient
from portal_app.db.tables.messages import OutboxMessage
from portal_app.domain.access import Permission, Principal, system_principal
from portal_app.domain.errors import NotFound
from portal_app.domain.families import ContactKind, full_name
from portal_app.domain.ids import PatientId
from portal_app.services import live
from portal_app.services.messaging.errors import CannotSendAgain
from portal_app.services.messaging.outbox import LIFE, holds_secret
from portal_app.services.messaging.wake import OUTBOX
from portal_app.services.patients.matching import matches
from portal_app.settings import settings

PAGE = 50


class Fate(StrEnum):
    SENT = "sent"
    WAITING = "waiting"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class LoggedMessage:
    """Never its text: that was for its reader."""

    id: str
    kind: str
    channel: ContactKind
    to: str
    who: str  # the patient it was for, "" where it went to an address
    fate: Fate
    why: str  # it failed, or waits
    tries: int
    at: datetime
    can_send_again: bool


@dataclass(frozen=True, slots=True)
class SentMessage:
    id: str
    channel: ContactKind
    to: str
    subject: str
    body: str
    attachments: tuple[str, ...]  # names
    at: datetime


@dataclass(frozen=True, slots=True)
class MessageLog:
    rows: tuple[LoggedMessage, ...]
    page: int
    pages: int
    count: int
    failed: int  # over all


_GOES_OUT = col(OutboxMessage.to) != ""  # codes that unknown contacts asked for go nowhere
_FATES: dict[Fate, Any] = {
    Fate.SENT: col(OutboxMessage.sent_at).is_not(None),
    Fate.FAILED: col(OutboxMessage.failed) != "",
    Fate.WAITING: col(OutboxMessage.sent_at).is_(None) & (col(OutboxMessage.failed) == ""),
}


def list_messages(
    principal: Principal, *, fate: Fate | None = None, kind: str = "", search: str = "", page: int = 1
) -> MessageLog:
    """Newest first, 50 a page; `search` is part of an address or of a patient's name."""
    principal.require(Permission.VIEW_BILLING)
    fits = [_GOES_OUT]
    if fate is not None:
        fits.append(_FATES[fate])
    if kind:
        fits.append(col(OutboxMessage.kind) == kind)
    if words := " ".join(search.split())[:80]:
        fits.append(_has(words))
    with reading(_as_reader(principal)) as tx:
        count = tx.exec(columns(func.count()).select_from(OutboxMessage).where(*fits)).one()
        pages = max(1, -(-count // PAGE))
        page = min(max(page, 1), pages)
        newest = select(OutboxMessage).where(*fits)
        newest = newest.order_by(col(OutboxMessage.created_at).desc(), col(OutboxMessage.id))
        rows = tx.exec(newest.offset((page - 1) * PAGE).limit(PAGE)).all()
        people = columns(Patient.id, *NAME_COLUMNS)
        wanted = {row.patient_id for row in rows if row.patient_id}
        named = tx.exec(people.where(col(Patient.id).in_(wanted)))
        names = {id_: full_name(*names) for id_, *names in named}
        lost = columns(func.count()).select_from(OutboxMessage).where(_GOES_OUT, _FATES[Fate.FAILED])
        return MessageLog(
            rows=tuple(_shown(row, names) for row in rows),
            page=page,
            pages=pages,
            count=count,
            failed=tx.exec(lost).one(),
        )


def send_again(principal: Principal, message_id: str) -> None:
    """Try one that failed for good once more, to the same address. Raises CannotSendAgain for codes and what was sent."""
    principal.require(Permission.TAKE_PAYMENTS)
    with transaction(_as_reader(principal)) as tx:
        row = tx.get_or_404(OutboxMessage, message_id, lock=True)
        if not _can_send_again(row):
            raise CannotSendAgain
        row.failed, row.tries = "", 0
        row.next_try_at, row.expires_at = now(), now() + LIFE
        tx.add(audit.entry(principal, "send_again:message", subject=row.id, patient_id=row.patient_id))
        tx.on_commit(OUTBOX.wake)
        tx.on_commit(lambda: live.announce("messages", message_id))


def sent_messages(_: Principal) -> tuple[SentMessage, ...]:
    """The demo's outbox page: the newest 50. NotFound where the portal is real."""
    if not settings().demo:
        raise NotFound
    with reading(system_principal("outbox-page")) as tx:
        newest = (
            select(OutboxMessage)
            .where(OutboxMessage.to != "")  # codes that unknown contacts asked for went nowhere
            .order_by(col(OutboxMessage.created_at).desc(), col(OutboxMessage.id))
        )
        return tuple(
            SentMessage(
                id=row.id,
                channel=row.channel,
                to=row.to,
                subject=row.subject,
                body=row.body,
                attachments=tuple(str(a["name"]) for a in row.attachments),
                at=row.sent_at or row.created_at,
            )
            for row in tx.exec(newest.limit(50))
        )


def _has(words: str) -> Any:
    """In the address it went to, or by whom it was for."""
    people = columns(Patient.id).where(matches(words))
    return or_(
        col(OutboxMessage.to).icontains(words, autoescape=True), col(OutboxMessage.patient_id).in_(people)
    )


def _can_send_again(row: OutboxMessage) -> bool:
    return bool(row.failed and row.body) and not holds_secret(row)


def _shown(row: OutboxMessage, names: dict[PatientId, str]) -> LoggedMessage:
    fate = Fate.SENT if row.sent_at else Fate.FAILED if row.failed else Fate.WAITING
    return LoggedMessage(
        id=row.id,
        kind=row.kind,
        channel=row.channel,
        to=row.to,
        who=names.get(row.patient_id, "") if row.patient_id else "",
        fate=fate,
        why=row.failed,
        tries=row.tries,
        at=row.sent_at or row.created_at,
        can_send_again=_can_send_again(row),
    )


def _as_reader(principal: Principal) -> Principal:
    """The outbox is the portal's own; the trail says for whom it was opened."""
    return replace(system_principal("messages"), name=principal.name, session_ref=principal.session_ref)
