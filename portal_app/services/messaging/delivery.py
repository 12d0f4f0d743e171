"""What waits in the outbox is sent, once, and tried again.

A claim is a short transaction of its own: the row's next try moves behind the time that sending may
take, then the message is sent with no transaction open, then its fate is kept. A process that dies
in between leaves the row to be tried again, under the same Message-ID.
"""

import asyncio
import logging
from collections.abc import Collection, Iterable
from datetime import timedelta

from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from portal_app.clock import now, today
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.families import ContactPoint
from portal_app.db.tables.messages import OutboxMessage
from portal_app.db.tables.practice import Practice
from portal_app.db.tables.staff import Task
from portal_app.domain.access import Principal, system_principal
from portal_app.domain.errors import NotFound
from portal_app.domain.families import ContactKind
from portal_app.domain.ids import new_id
from portal_app.gateways import Gateways
from portal_app.gateways.mail import Attachment, Mail, Mailer
from portal_app.gateways.sending import Failed, Sending, Sent
from portal_app.gateways.sms import Texter
from portal_app.i18n import gettext_noop
from portal_app.services import live
from portal_app.services.documents import payment_documents
from portal_app.services.messaging.outbox import LIFE, holds_secret
from portal_app.services.messaging.registry import TEMPLATES
from portal_app.services.messaging.templates.types import Registry
from portal_app.services.messaging.wake import OUTBOX
from portal_app.settings import settings

_log = logging.getLogger(__name__)

# Growing delays; after the last one it is every six hours until the message expires.
DELAYS = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 180, 360))
_SENDING = timedelta(minutes=5)  # longer than the gateways' own time limits together
_EXPIRED = "expired"
_LONGEST_WAIT_FOR_STAFF = timedelta(minutes=15)  # once put right, nobody waits longer
_SENDER_REFUSED = {
    ContactKind.EMAIL: gettext_noop(
        "No email goes out: the mail server refuses the practice as the sender ({reason}). Correct the mail settings of"
        " the portal. What waits is sent then."
    ),
    ContactKind.PHONE: gettext_noop(
        "No text message goes out: the SMS service refuses the practice as the sender ({reason}). Correct the SMS"
        " settings of the portal. What waits is sent then."
    ),
}


def deliver(
    principal: Principal, *, mail: Mailer, sms: Texter, at_most: int = 1_000, templates: Registry = TEMPLATES
) -> int:
    """Send what waits, each message once, however many processes deliver. How many were sent.

    A channel that refuses us as the sender is left for this run: the next message would be refused alike.
    """
    sent, channels = 0, set(ContactKind)
    for _ in range(at_most):
        row = _claim(principal, templates, channels)
        if row is None:
            break
        answer = _send(principal, row, mail, sms)
        _keep(principal, row.id, answer, templates)
        sent += isinstance(answer, Sent)
        if isinstance(answer, Failed) and answer.ours:
            channels.discard(row.channel)
        live.announce("messages")  # the demo's outbox page
    return sent


async def deliver_when_woken(gateways: Gateways) -> None:
    """For the server's lifespan: deliver at once what this process commits (`wake`), and what waits at the start.

    Asks the database for nothing in between: later tries, and what other processes left behind, are for the
    job "deliver" (services/jobs).
    """
    with OUTBOX.listening() as woken:
        while True:
            try:
                await asyncio.to_thread(
                    deliver, system_principal("deliver"), mail=gateways.mail, sms=gateways.sms
                )
            except Exception as bug:  # a database away for a minute must not end the loop
                _log.error("the outbox could not be delivered (%s)", type(bug).__name__)
            await woken.wait()
            woken.clear()


def _claim(
    principal: Principal,
    templates: Registry = TEMPLATES,
    channels: Collection[ContactKind] = tuple(ContactKind),
) -> OutboxMessage | None:
    """The next message of these channels that is due, ours alone for as long as sending may take."""
    with transaction(principal) as tx:
        for row in tx.exec(_due().where(col(OutboxMessage.channel).in_(sorted(channels))).limit(20)):
            if row.expires_at and row.expires_at <= now():
                _give_up(tx, row, _EXPIRED, templates)
                continue
            row.tries += 1
            row.next_try_at = now() + _SENDING
            return tx.add(row)
    return None


def _due() -> SelectOfScalar[OutboxMessage]:
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
        sender_name = tx.get_or_404(Practice, "practice").name
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
        made = payment_documents.render_attachment(
            principal, str(asked["document"]), str(asked["id"]), row.language
        )
        yield Attachment(str(asked["name"]), made)


def _keep(principal: Principal, message_id: str, answer: Sending, templates: Registry) -> None:
    with transaction(principal) as tx:
        row = tx.get_or_404(OutboxMessage, message_id, lock=True)
        if isinstance(answer, Sent):
            row.sent_at, row.next_try_at, row.reference = now(), None, answer.reference
            _forget_the_secret(row, templates)
        elif answer.permanent:
            _give_up(tx, row, answer.reason, templates)
            if answer.opted_out:
                _stop_texting(tx, row.to)
        elif answer.ours:
            _wait_for_staff(tx, row, answer.reason, templates)
        else:
            row.next_try_at = now() + DELAYS[min(row.tries, len(DELAYS)) - 1]
            _log.warning("message %s waits for its next try (%s)", row.id, answer.reason)
        tx.add(row)


def _wait_for_staff(tx: Tx, row: OutboxMessage, reason: str, templates: Registry) -> None:
    """The carrier refuses us, not the recipient: it waits until that is put right, and staff have one task (PROC).

    Whatever still helps later does not expire meanwhile; a code or a link does.
    """
    row.next_try_at = now() + min(DELAYS[min(row.tries, len(DELAYS)) - 1], _LONGEST_WAIT_FOR_STAFF)
    if not holds_secret(row, templates):
        row.expires_at = max(row.expires_at or now(), row.next_try_at + LIFE)
    _log.warning("message %s waits: we are refused as its sender (%s)", row.id, reason)
    open_task = select(Task.id).where(
        Task.kind == f"sender_refused:{row.channel}", col(Task.done_at).is_(None)
    )
    if tx.exec(open_task).first() is not None:
        return
    tx.on_commit(lambda: live.announce("tasks"))
    tx.add_as_system_once(
        Task(
            id=new_id("tsk"),
            once=f"sender_refused:{row.channel}:{now().isoformat(timespec='hours')}",
            kind=f"sender_refused:{row.channel}",
            message=_SENDER_REFUSED[row.channel],
            values={"reason": reason},
            created_at=now(),
        )
    )


def _give_up(tx: Tx, row: OutboxMessage, reason: str, templates: Registry) -> None:
    """Marked, and a person told: once a day for the same address."""
    row.failed, row.next_try_at = reason, None
    _forget_the_secret(row, templates)
    tx.add(row)
    _log.warning("message %s will not be sent (%s)", row.id, reason)
    if "code" in templates[row.kind].needs and reason == _EXPIRED:
        return  # whoever waited for a code has long asked for another
    tx.add_as_system_once(
        Task(
            id=new_id("tsk"),
            once=f"message_failed:{row.channel}:{row.to}:{today()}",
            kind="message_failed",
            message=gettext_noop("A message to {to} could not be delivered: {reason}"),
            values={"to": row.to, "reason": reason, "message": row.kind},
            account_id=row.account_id,
            patient_id=row.patient_id,
            created_at=now(),
        )
    )


def _forget_the_secret(row: OutboxMessage, templates: Registry) -> None:
    if holds_secret(row, templates) and not settings().demo:
        row.body = ""


def _stop_texting(tx: Tx, phone: str) -> None:
    """They told the carrier STOP: nobody with this number is texted again."""
    for point in tx.exec(select(ContactPoint).where(ContactPoint.value == phone)):
        point.may_text = False
        tx.add(point)
