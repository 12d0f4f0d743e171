"""What a text to the practice asks for: STOP, START, HELP, or something that a person must read."""

import re
import unicodedata
from enum import StrEnum
from typing import NamedTuple

from portal_app.domain.text import plain_signs


class SmsCommand(StrEnum):
    STOP = "stop"
    START = "start"
    HELP = "help"
    STOP_WISH = "stop_wish"  # seems to ask for no more texts; a person decides
    OTHER = "other"


class ParsedSms(NamedTuple):
    command: SmsCommand
    language: str  # of its words; "" when they tell none


# The carriers' own words, and what Spanish speakers write instead.
_WORDS = {
    ("en", SmsCommand.STOP): "STOP STOPALL UNSUBSCRIBE CANCEL END QUIT REVOKE OPTOUT",
    ("en", SmsCommand.START): "START YES UNSTOP RESUME",
    ("en", SmsCommand.HELP): "HELP INFO",
    ("es", SmsCommand.STOP): "ALTO PARAR PARE PAREN DETENER CANCELAR BAJA",
    ("es", SmsCommand.START): "EMPEZAR INICIAR COMENZAR REANUDAR SI",
    ("es", SmsCommand.HELP): "AYUDA",
}
_KNOWN = {
    word: ParsedSms(command, language)
    for (language, command), words in _WORDS.items()
    for word in words.split()
}
# What may stand beside a word for STOP without changing what is meant.
_COURTESY = {
    "en": "please pls plz thanks thank thx you u hi hello ok now all any more the these this those to me my i we us want "
    "would like wish ask asked with from on and it that text texts texting message messages messaging msg msgs sms send "
    "sending getting receiving contacting phone number cell consent service immediately again today out your",
    "es": "por favor gracias hola ya ahora todo todos los las la el estos esto este de a al mi me mas quiero quisiera deseo "
    "dar darme darse den denme mensaje mensajes texto textos sms enviar enviarme mandar mandarme envio recibir numero "
    "telefono celular su sus inmediatamente",
}
_BESIDE = frozenset(word for words in _COURTESY.values() for word in words.upper().split())
_TEXTS = r"(?:TEXT\w*|MESSAG\w*|MSGS?|SMS|MENSAJES?)"
# Sentences that mean STOP, unless they are doubtful.
_SENTENCES = {
    "en": (
        rf"(?:STOP|QUIT|CANCEL|END) (?:\w+ ){{0,3}}{_TEXTS}|STOP (?:SENDING|CONTACTING|BOTHERING|SPAMMING|WRITING)",
        rf"NO MORE {_TEXTS}|(?:DONT|DO NOT|NEVER) {_TEXTS} (?:ME|US|THIS|MY|HERE)",
        rf"(?:DONT|DO NOT|NEVER) (?:WANT|SEND|LIKE) (?:\w+ ){{0,4}}{_TEXTS}|OPT(?:ING)? ?OUT|UNSUBSCRIBE",
    ),
    "es": (
        rf"NO MAS {_TEXTS}|NO (?:QUIERO|DESEO|MANDEN?|ENVIEN?|ME MANDEN?|ME ENVIEN?) (?:\w+ ){{0,3}}{_TEXTS}",
        r"(?:NO|NUNCA) (?:ME )?(?:ESCRIBAN?|TEXTEEN?)|(?:DEJEN?|PAREN?) DE (?:ENVIAR|MANDAR|ESCRIBIR|TEXTEAR)\w*",
        rf"(?:DEN?ME|DARME) DE BAJA|(?:CANCELEN?|PAREN?|DETENGAN?) (?:\w+ ){{0,2}}{_TEXTS}",
    ),
}
# A condition, or "do not stop".
_DOUBT = (
    r"CAN|COULD|SHOULD|WHEN|IF|BUT|UNLESS|EXCEPT|UNTIL|AFTER|BEFORE|DURING|PERO|HASTA|CUANDO|SALVO|DESPUES|ANTES"
    r"|(?:DONT|NOT|NEVER|NO|NUNCA) (?:\w+ )?(?:STOP|CANCEL|QUIT|END|PAREN?|DEJEN?|DETENGAN?)"
)
# What may be such a wish wherever it stands; CANCEL, END or BAJA are too often about something else.
_MAYBE = (
    r"STOPP?|UNSUBSCRIBE|OPT(?:ING)? ?OUT|REVOKE|PAREN?|DETENGAN?|LEAVE ME ALONE|WRONG NUMBER|NUMERO EQUIVOCADO"
    r"|DEJEN? DE MOLESTAR\w*|(?:REMOVE|TAKE) (?:ME|MY NUMBER|MY PHONE|THIS NUMBER)|QUITEN? (?:ME|MI NUMERO)"
)


def parse_sms(text: str) -> ParsedSms:
    """What the text asks for. One word, or a sentence that can mean nothing else, is a command.

    The FCC asks to honour any reasonable way to revoke consent (47 CFR 64.1200(a)(10)). So STOP is read in a sentence
    ("Stop. Thank you", "ya no me manden mensajes"), and what may be such a wish is STOP_WISH, which a person answers.
    START and HELP are single words: a text that merely holds one is OTHER.
    """
    plain = _plain(text)
    if known := _KNOWN.get(plain.replace(" ", "")):
        return known
    words = plain.split()
    stops = [known for word in words if (known := _KNOWN.get(word)) and known.command is SmsCommand.STOP]
    if stops and all(word in _BESIDE or _is_stop(word) for word in words):
        return stops[0]
    doubtful = "?" in plain_signs(text) or _holds(plain, _DOUBT)
    parts = [_KNOWN.get(_plain(part).replace(" ", "")) for part in re.split(r"[.,;!¡\n]+", text)]
    alone = [part for part in parts if part and part.command is SmsCommand.STOP]
    if alone and _holds(plain, _MAYBE) and not doubtful:
        return alone[0]
    meant = next(
        (language for language, sentences in _SENTENCES.items() if _holds(plain, "|".join(sentences))), ""
    )
    if meant and not doubtful:
        return ParsedSms(SmsCommand.STOP, meant)
    if meant or _holds(plain, _MAYBE) or plain.startswith("ALTO "):
        return ParsedSms(SmsCommand.STOP_WISH, meant)
    return ParsedSms(SmsCommand.OTHER, "")


def _plain(text: str) -> str:
    """Capital letters without accents, a space for every sign; "don't" is DONT."""
    bare = unicodedata.normalize("NFKD", plain_signs(text)).replace("’", "'").replace("'", "")
    letters = "".join(c for c in bare if not unicodedata.combining(c)).upper()
    return " ".join(re.sub(r"[^\w]|_", " ", letters).split())


def _is_stop(word: str) -> bool:
    known = _KNOWN.get(word)
    return known is not None and known.command is SmsCommand.STOP


def _holds(plain: str, sentences: str) -> bool:
    return re.search(rf"\b(?:{sentences})\b", plain) is not None
