"""What people text to us: STOP, START and HELP count for a phone number, whoever has it."""

import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum

from sqlmodel import col, select

from portal_app.clock import now, today
from portal_app.db.scope import Tx, transaction
from portal_app.db.tables.billing import ReceivedWebhook
from portal_app.db.tables.families import ContactPoint, Patient
from portal_app.db.tables.practice import Practice
from portal_app.db.tables.staff import Task
from portal_app.domain.access import Principal, Side
from portal_app.domain.errors import PermissionDenied
from portal_app.domain.families import ContactKind
from portal_app.domain.ids import new_id
from portal_app.gateways.sms import IncomingText
from portal_app.i18n import gettext_noop, translate
from portal_app.i18n_paths import default_language, localised_url, supported_language
from portal_app.settings import settings


class SmsCommand(StrEnum):
    STOP = "stop"
    START = "start"
    HELP = "help"
    OTHER = "other"


# The carriers' own words, and what Spanish speakers write instead.
_WORDS = {
    SmsCommand.STOP: ("en", "STOP STOPALL UNSUBSCRIBE CANCEL END QUIT REVOKE OPTOUT"),
    SmsCommand.START: ("en", "START YES UNSTOP RESUME"),
    SmsCommand.HELP: ("en", "HELP INFO"),
}
_PALABRAS = {
    SmsCommand.STOP: ("es", "ALTO PARAR PARE DETENER CANCELAR BAJA"),
    SmsCommand.START: ("es", "EMPEZAR INICIAR COMENZAR REANUDAR SI"),
    SmsCommand.HELP: ("es", "AYUDA"),
}
_KNOWN = {
    word: (wish, language)
    for table in (_WORDS, _PALABRAS)
    for wish, (language, words) in table.items()
    for word in words.split()
}
_REPLIES = {
    SmsCommand.STOP: gettext_noop("{practice}: you will get no more texts. Reply START to get them again."),
    SmsCommand.START: gettext_noop(
        "{practice}: you will get texts again. Reply STOP to end them, HELP for help."
    ),
    SmsCommand.HELP: gettext_noop(
        "{practice}: for help call {phone} or see {portal} Reply STOP to end texts."
    ),
    SmsCommand.OTHER: gettext_noop("{practice}: nobody reads texts to this number. Please call {phone}."),
}


def parse_command(words: str) -> tuple[SmsCommand, str]:
    """What a text asks for, and the language of its word ("" for none): one word, however it is written."""
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode()
    return _KNOWN.get(re.sub(r"[^A-Z]", "", plain.upper()), (SmsCommand.OTHER, ""))


def receive_sms(principal: Principal, text: IncomingText) -> str:
    """Do what the text asks, once; the reply, "" for none (said already, or answered by the carrier)."""
    if principal.side is not Side.PORTAL:
        raise PermissionDenied("portal:text")
    wish, spoken = parse_command(text.body)
    with transaction(principal) as tx:
        event = ReceivedWebhook(
            id=text.id or new_id("txt"),
            kind=f"text.{wish}",
            about="",
            outcome="heard",
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
        if wish is SmsCommand.OTHER and not _tell_staff(tx, text):
            return ""
        if text.handled:
            return ""
        return _reply(tx, wish, spoken or _language(tx, points))


def _tell_staff(tx: Tx, text: IncomingText) -> bool:
    """Somebody tries to reach us: once a day and number, without what they wrote. False: told today."""
    return tx.add_as_system_once(
        Task(
            id=new_id("tsk"),
            once=f"text:{text.phone}:{today()}",
            kind="text_came",
            message=gettext_noop("Somebody texted from {phone}. Texts are not read here: call them."),
            values={"phone": text.phone},
            created_at=now(),
        )
    )


def _language(tx: Tx, points: Iterable[ContactPoint]) -> str:
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
