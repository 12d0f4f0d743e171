"""What people text to us: STOP, START and HELP count for a phone number, whoever has it."""

import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum

from sqlmodel import col, select

from portal_app.clock import now, today
from portal_app.db.scope import Tx, transaction
from portal_app.db.tables.billing import ProcessorEvent
from portal_app.db.tables.families import ContactPoint, Patient
from portal_app.db.tables.practice import Practice
from portal_app.db.tables.staff import Task
from portal_app.domain.access import Principal, Side
from portal_app.domain.errors import NotAllowed
from portal_app.domain.families import ContactKind
from portal_app.domain.ids import new_id
from portal_app.gateways.sms import Text
from portal_app.i18n_paths import default_language, localised_url, supported_language
from portal_app.settings import settings
from portal_app.speech import mark, say


class Wish(StrEnum):
    STOP = "stop"
    START = "start"
    HELP = "help"
    OTHER = "other"


# The carriers' own words, and what Spanish speakers write instead.
_WORDS = {
    Wish.STOP: ("en", "STOP STOPALL UNSUBSCRIBE CANCEL END QUIT REVOKE OPTOUT"),
    Wish.START: ("en", "START YES UNSTOP RESUME"),
    Wish.HELP: ("en", "HELP INFO"),
}
_PALABRAS = {
    Wish.STOP: ("es", "ALTO PARAR PARE DETENER CANCELAR BAJA"),
    Wish.START: ("es", "EMPEZAR INICIAR COMENZAR REANUDAR SI"),
    Wish.HELP: ("es", "AYUDA"),
}
_KNOWN = {
    word: (wish, language)
    for table in (_WORDS, _PALABRAS)
    for wish, (language, words) in table.items()
    for word in words.split()
}
_REPLIES = {
    Wish.STOP: mark("{practice}: you will get no more texts. Reply START to get them again."),
    Wish.START: mark("{practice}: you will get texts again. Reply STOP to end them, HELP for help."),
    Wish.HELP: mark("{practice}: for help call {phone} or see {portal} Reply STOP to end texts."),
    Wish.OTHER: mark("{practice}: nobody reads texts to this number. Please call {phone}."),
}


def wish_of(words: str) -> tuple[Wish, str]:
    """What a text asks for, and the language of its word ("" for none): one word, however it is written."""
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode()
    return _KNOWN.get(re.sub(r"[^A-Z]", "", plain.upper()), (Wish.OTHER, ""))


def hear_text(principal: Principal, text: Text) -> str:
    """Do what the text asks, once; the reply, "" for none (said already, or answered by the carrier)."""
    if principal.side is not Side.PORTAL:
        raise NotAllowed("portal:text")
    wish, spoken = wish_of(text.words)
    with transaction(principal) as tx:
        event = ProcessorEvent(
            id=text.id or new_id("txt"),
            kind=f"text.{wish}",
            about="",
            outcome="heard",
            received_at=now(),
            handled_at=now(),
        )
        if not tx.keep_once(event):
            return ""
        points = tx.exec(
            select(ContactPoint).where(
                col(ContactPoint.value) == text.phone, col(ContactPoint.kind) == ContactKind.PHONE
            )
        ).all()
        if wish in (Wish.STOP, Wish.START):
            for point in points:
                point.may_text = wish is Wish.START
                point.preferred = point.preferred or wish is Wish.START
                tx.keep(point)
        if wish is Wish.OTHER and not _tell_staff(tx, text):
            return ""
        if text.handled:
            return ""
        return _reply(tx, wish, spoken or _language(tx, points))


def _tell_staff(tx: Tx, text: Text) -> bool:
    """Somebody tries to reach us: once a day and number, without what they wrote. False: told today."""
    return tx.tell_once(
        Task(
            id=new_id("tsk"),
            once=f"text:{text.phone}:{today()}",
            kind="text_came",
            message=mark("Somebody texted from {phone}. Texts are not read here: call them."),
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


def _reply(tx: Tx, wish: Wish, language: str) -> str:
    practice = tx.find(Practice, "practice")
    spoken = supported_language(language)
    return say(
        spoken,
        _REPLIES[wish],
        practice=practice.name,
        phone=practice.phone,
        portal=localised_url(spoken),
    )
