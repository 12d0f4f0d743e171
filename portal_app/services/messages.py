"""The outbox: what is said is written in the transaction it speaks of, and sent afterwards, once.

A claim is a short transaction of its own: the row's next try moves behind the time that sending may
take, then the message is sent with no transaction open, then its fate is kept. A process that dies
in between leaves the row to be tried again, under the same Message-ID.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlmodel import col, select

from portal_app.clock import now, today
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.families import ContactPoint, Patient
from portal_app.db.tables.messages import OutboxMessage
from portal_app.db.tables.practice import Practice
from portal_app.db.tables.staff import Task
from portal_app.domain.access import Principal, the_portal
from portal_app.domain.errors import NotFound
from portal_app.domain.families import ContactKind
from portal_app.domain.ids import AccountId, PatientId, new_id
from portal_app.gateways import Gateways
from portal_app.gateways.mail import Attachment, Mail, Mailer
from portal_app.gateways.sending import Failed, Sending, Sent
from portal_app.gateways.sms import Texter
from portal_app.i18n_paths import localised_url, supported_language
from portal_app.services import documents, live
from portal_app.services.contacts import usable_contacts
from portal_app.services.wording import WORDINGS, worded
from portal_app.settings import settings
from portal_app.speech import mark

_log = logging.getLogger(__name__)

# Growing delays; after the last one it is every six hours until the message expires.
DELAYS = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 180, 360))
LIFE = timedelta(days=3)
_SENDING = timedelta(minutes=5)  # longer than the gateways' own time limits together
_EXPIRED = "expired"
_LISTENERS: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()


@dataclass(frozen=True, slots=True)
class SentMessage:
    id: str
    channel: ContactKind
    to: str
    subject: str
    body: str
    attachments: tuple[str, ...]  # names
    at: datetime


def write(
    tx: Tx,
    kind: str,
    *,
    once: str,
    to_contact: tuple[ContactKind, str],
    to_patient: PatientId | None = None,
    account_id: AccountId | None = None,
    language: str = "",
    values: Mapping[str, Any] | None = None,
    attachments: Sequence[dict[str, Any]] = (),
    expires_at: datetime | None = None,
    not_before: datetime | None = None,
) -> bool:
    """Leave a message in the caller's transaction; it goes out after the commit.

    `once` names what it says: the same thing is said once, however often it is written.
    `values` may hold Money, date and datetime. `to_patient` is whose language it is in, and who
    staff find it by. False when it was said already.
    """
    practice = tx.find(Practice, "practice")
    language = supported_language(language) if language else _language(tx, to_patient)
    said = worded(practice, kind, to_contact[0], language, _standing(practice, language) | dict(values or {}))
    row = OutboxMessage(
        id=new_id("msg"),
        once=once,
        kind=kind,
        channel=to_contact[0],
        to=to_contact[1],
        language=language,
        subject=said.subject,
        body=said.body,
        attachments=list(attachments) if to_contact[0] is ContactKind.EMAIL else [],
        account_id=account_id,
        patient_id=to_patient,
        created_at=now(),
        next_try_at=not_before or now(),
        expires_at=expires_at or (not_before or now()) + LIFE,
    )
    if not tx.tell_once(row):
        return False
    tx.afterwards(wake)
    return True


def write_each_way(tx: Tx, kind: str, *, once: str, to_patient: PatientId, **more: Any) -> int:
    """Leave it in each way the patient chose: by email, by text or both. How many were left."""
    return sum(
        write(tx, kind, once=f"{once}:{way[0]}", to_contact=way, to_patient=to_patient, **more)
        for way in ways(tx, to_patient)
    )


def deliver(principal: Principal, *, mail: Mailer, sms: Texter, at_most: int = 100) -> int:
    """Send what waits, each message once, however many processes deliver. How many were sent."""
    sent = 0
    for _ in range(at_most):
        row = _claim(principal)
        if row is None:
            break
        answer = _send(principal, row, mail, sms)
        _keep(principal, row.id, answer)
        sent += isinstance(answer, Sent)
        live.announce("messages")  # the demo's outbox page
    return sent


async def deliver_forever(gateways: Gateways) -> None:
    """For the server's lifespan: deliver now, whenever `wake` is called, and each second or so."""
    awake = asyncio.Event()
    listener = (asyncio.get_running_loop(), awake)
    _LISTENERS.add(listener)
    try:
        while True:
            try:
                await asyncio.to_thread(deliver, the_portal("outbox"), mail=gateways.mail, sms=gateways.sms)
            except Exception as bug:  # a database away for a minute must not end the loop
                _log.error("the outbox could not be delivered (%s)", type(bug).__name__)
            await _until(awake, seconds=1.5)
    finally:
        _LISTENERS.discard(listener)


def wake() -> None:
    """Something was written: whoever delivers in this process looks at once. From any thread."""
    for loop, awake in tuple(_LISTENERS):
        if not loop.is_closed():
            loop.call_soon_threadsafe(awake.set)


def sent_messages(_: Principal) -> tuple[SentMessage, ...]:
    """The demo's outbox page: the newest 50. NotFound where the portal is real."""
    if not settings().demo:
        raise NotFound
    with reading(the_portal("outbox-page")) as tx:
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


async def _until(awake: asyncio.Event, *, seconds: float) -> None:
    try:
        await asyncio.wait_for(awake.wait(), seconds)
    except TimeoutError:
        return
    finally:
        awake.clear()


def ways(tx: Tx, patient_id: PatientId) -> list[tuple[ContactKind, str]]:
    """The ways a patient chose, one address for each; the first usable one where they chose none."""
    usable = usable_contacts(tx, patient_id)
    chosen: dict[ContactKind, str] = {}
    for point in usable:
        if point.preferred:
            chosen.setdefault(point.kind, point.value)
    return list(chosen.items()) or [(point.kind, point.value) for point in usable[:1]]


def _language(tx: Tx, patient_id: PatientId | None) -> str:
    patient = tx.get(Patient, patient_id) if patient_id else None
    return supported_language(patient.language if patient else tx.principal.language)


def _standing(practice: Practice, language: str) -> dict[str, Any]:
    """What every message may name; the portal's address opens in the message's language."""
    portal = localised_url(language)
    return {"practice": practice.name, "portal": portal, "host": urlsplit(portal).hostname or ""}


def _claim(principal: Principal) -> OutboxMessage | None:
    """The next message that is due, ours alone for as long as sending may take."""
    with transaction(principal) as tx:
        for row in tx.exec(_due().limit(20)):
            if row.expires_at and row.expires_at <= now():
                _give_up(tx, row, _EXPIRED)
                continue
            row.tries += 1
            row.next_try_at = now() + _SENDING
            return tx.keep(row)
    return None


def _due() -> Any:
    """What waits, soonest to expire first: a sign-in code goes before a receipt."""
    waiting = select(OutboxMessage).where(
        col(OutboxMessage.sent_at).is_(None),
        col(OutboxMessage.next_try_at) <= now(),
        OutboxMessage.failed == "",
    )
    soonest = waiting.order_by(col(OutboxMessage.expires_at), col(OutboxMessage.created_at))
    return soonest.with_for_update(skip_locked=True)


def _send(principal: Principal, row: OutboxMessage, mail: Mailer, sms: Texter) -> Sending:
    if row.channel is ContactKind.PHONE:
        return sms.send(row.to, row.body, key=row.id)
    with reading(principal) as tx:
        sender_name = tx.find(Practice, "practice").name
    try:
        attached = tuple(_attachments(principal, row))
    except NotFound:
        return Failed(permanent=True, reason="what should be attached is not there")
    return mail.send(
        Mail(
            id=row.id,
            to=row.to,
            subject=row.subject,
            text=row.body,
            language=row.language,
            sender_name=sender_name,
            attachments=attached,
        )
    )


def _attachments(principal: Principal, row: OutboxMessage) -> Iterable[Attachment]:
    for asked in row.attachments:
        made = documents.for_message(principal, str(asked["document"]), str(asked["id"]), row.language)
        yield Attachment(str(asked["name"]), made)


def _keep(principal: Principal, message_id: str, answer: Sending) -> None:
    with transaction(principal) as tx:
        row = tx.find(OutboxMessage, message_id, lock=True)
        if isinstance(answer, Sent):
            row.sent_at, row.next_try_at, row.reference = now(), None, answer.reference
            _forget_the_secret(row)
        elif answer.permanent:
            _give_up(tx, row, answer.reason)
            if answer.stopped:
                _stop_texting(tx, row.to)
        else:
            row.next_try_at = now() + DELAYS[min(row.tries, len(DELAYS)) - 1]
            _log.warning("message %s waits for its next try (%s)", row.id, answer.reason)
        tx.keep(row)


def _give_up(tx: Tx, row: OutboxMessage, reason: str) -> None:
    """Marked, and a person told: once a day for the same address."""
    row.failed, row.next_try_at = reason, None
    _forget_the_secret(row)
    tx.keep(row)
    _log.warning("message %s will not be sent (%s)", row.id, reason)
    if "code" in WORDINGS[row.kind].needs and reason == _EXPIRED:
        return  # whoever waited for a code has long asked for another
    tx.tell_once(
        Task(
            id=new_id("tsk"),
            once=f"message_failed:{row.channel}:{row.to}:{today()}",
            kind="message_failed",
            message=mark("A message to {to} could not be delivered: {reason}"),
            values={"to": row.to, "reason": reason, "message": row.kind},
            account_id=row.account_id,
            patient_id=row.patient_id,
            created_at=now(),
        )
    )


def holds_secret(row: OutboxMessage) -> bool:
    """A code, or an address that opens something."""
    return WORDINGS[row.kind].secret or "/links#" in row.body


def _forget_the_secret(row: OutboxMessage) -> None:
    if holds_secret(row) and not settings().demo:
        row.body = ""


def _stop_texting(tx: Tx, phone: str) -> None:
    """They told the carrier STOP: nobody with this number is texted again."""
    for point in tx.exec(select(ContactPoint).where(ContactPoint.value == phone)):
        point.may_text = False
        tx.keep(point)
