"""What people text to us: STOP, START and HELP count for a phone number, whoever has it; staff read the rest."""

from collections.abc import Sequence

from sqlmodel import col, select

from portal_app.clock import now, today
from portal_app.db.scope import Tx, transaction
from portal_app.db.tables.billing import ReceivedWebhook
from portal_app.db.tables.families import ContactPoint, Patient
from portal_app.db.tables.practice import Practice
from portal_app.db.tables.staff import Task
from portal_app.domain.access import Principal
from portal_app.domain.families import ContactKind
from portal_app.domain.ids import PatientId, new_id
from portal_app.domain.sms_commands import SmsCommand, parse_sms
from portal_app.domain.text import strip_unstorable
from portal_app.gateways.sms import IncomingText
from portal_app.i18n import gettext_noop, translate
from portal_app.i18n_paths import default_language, localised_url, supported_language
from portal_app.services.live import announce
from portal_app.services.staff.tasks import TEXT_CAME, TEXT_STOP_WISH
from portal_app.settings import settings

_REPLIES = {
    SmsCommand.STOP: gettext_noop("{practice}: you will get no more texts. Reply START to get them again."),
    SmsCommand.START: gettext_noop(
        "{practice}: you will get texts again. Reply STOP to end them, HELP for help."
    ),
    SmsCommand.HELP: gettext_noop(
        "{practice}: for help call {phone} or see {portal} Reply STOP to end texts."
    ),
    SmsCommand.STOP_WISH: gettext_noop(
        "{practice}: to end texts, reply only STOP. We have passed on what you wrote. Please call {phone}."
    ),
    SmsCommand.OTHER: gettext_noop(
        "{practice}: we have passed on your text, but do not answer by text. Please call {phone}."
    ),
}
_TASKS = {
    SmsCommand.STOP_WISH: (
        TEXT_STOP_WISH,
        gettext_noop("Text from {phone}, perhaps a wish to get no more texts. Ask them: “{words}”"),
    ),
    SmsCommand.OTHER: (TEXT_CAME, gettext_noop("Text from {phone}. Call them: “{words}”")),
}
_NO_WORDS = gettext_noop("A text without words came from {phone}, perhaps a picture. Call them.")
_TOO_MANY = gettext_noop("{phone} sent more than {most} texts today. Read the others at the SMS service.")
_MOST_A_DAY = 20  # texts of one number that become tasks


def receive_sms(principal: Principal, text: IncomingText) -> str:
    """Do what the text asks, once; the reply, "" for none (said already, or answered by the carrier)."""
    principal.require_portal("portal:text")
    wish, spoken = parse_sms(text.body)
    with transaction(principal) as tx:
        event = ReceivedWebhook(
            id=text.id or new_id("txt"),
            kind=f"text.{wish}",
            about="",
            outcome="done",
            received_at=now(),
            handled_at=now(),
        )
        if not tx.add_if_absent(event):
            return ""
        points = tx.exec(
            select(ContactPoint).where(
                col(ContactPoint.value) == text.phone, col(ContactPoint.kind) == ContactKind.PHONE
            )
        ).all()
        if wish in (SmsCommand.STOP, SmsCommand.START):
            for point in points:
                point.may_text = wish is SmsCommand.START
                point.preferred = point.preferred or wish is SmsCommand.START
                tx.add(point)
        if wish in _TASKS and not _tell_staff(tx, text, wish, points):
            return ""
        if text.handled:
            return ""
        return _reply(tx, wish, spoken or _language(tx, points))


def _tell_staff(tx: Tx, text: IncomingText, wish: SmsCommand, points: Sequence[ContactPoint]) -> bool:
    """Give staff what was written, as a task. True for the first of this number today: only that one is answered."""
    day = f"text:{text.phone}:{today()}:"
    earlier = len(tx.exec(select(Task.id).where(col(Task.once).startswith(day, autoescape=True))).all())
    patient_ids = sorted({point.patient_id for point in points})
    kind, message = _TASKS[wish]
    words = strip_unstorable(text.body).strip()
    if earlier >= _MOST_A_DAY:
        message = _TOO_MANY
    elif not words:
        message = _NO_WORDS
    added = tx.add_as_system_once(
        Task(
            id=new_id("tsk"),
            once=f"{day}{'more' if message is _TOO_MANY else text.id or new_id('txt')}",
            kind=kind,
            message=message,
            values={"phone": _whose(tx, text.phone, patient_ids), "words": words, "most": _MOST_A_DAY},
            patient_id=patient_ids[0] if len(patient_ids) == 1 else None,
            created_at=now(),
        )
    )
    if added:
        tx.on_commit(lambda: announce("tasks", text.id))
    return not earlier


def _whose(tx: Tx, phone: str, patient_ids: Sequence[PatientId]) -> str:
    """The number; where several patients share it, with their names."""
    names = [tx.get_or_404(Patient, patient_id).full_name for patient_id in patient_ids]
    return f"{phone} ({', '.join(names)})" if len(names) > 1 else phone


def _language(tx: Tx, points: Sequence[ContactPoint]) -> str:
    for point in points:
        patient = tx.get(Patient, point.patient_id)
        if patient and patient.language in settings().languages:
            return patient.language
    return default_language()


def _reply(tx: Tx, wish: SmsCommand, language: str) -> str:
    practice = tx.get_or_404(Practice, "practice")
    spoken = supported_language(language)
    return translate(
        spoken,
        _REPLIES[wish],
        practice=practice.name,
        phone=practice.phone,
        portal=localised_url(spoken),
    )
