"""What a practice's own words may say: each kind of message in each language is a setting of its own."""

import re
from typing import Any

from portal_app.domain.errors import NotFound, TextTooLong
from portal_app.domain.practice_settings import Setting
from portal_app.services.messaging.errors import PlaceholderMissing, UnknownPlaceholder
from portal_app.services.messaging.registry import TEMPLATES
from portal_app.settings import settings

KINDS = tuple(kind for kind, template in TEMPLATES.items() if template.editable)
_PREFIX = "wording:"  # how the names of these settings begin
_LONGEST = {"subject": 200, "body": 2000, "sms": 300}
_PLACE = re.compile(r"\{(\w*)\}")


def setting_name(kind: str, language: str) -> str:
    """The name of the setting that holds the practice's own text of a kind of message in a language."""
    return f"{_PREFIX}{kind}:{language}"


def wording_setting(name: str) -> Setting:
    """The setting called "wording:<kind>:<language>". NotFound for a kind or language there is none of.

    Its value has the keys "subject", "body" and "sms"; an empty part is said in the portal's own words.
    """
    kind, _, language = name.removeprefix(_PREFIX).partition(":")
    if not name.startswith(_PREFIX) or kind not in KINDS or language not in settings().languages:
        raise NotFound

    def validate(typed: dict[str, Any]) -> dict[str, str]:
        subject, body, sms = (str(typed.get(part, "")) for part in _LONGEST)
        texts = {"subject": " ".join(subject.split()), "body": body.strip(), "sms": " ".join(sms.split())}
        return {part: _checked(kind, part, text) for part, text in texts.items() if text}

    return Setting(name, (dict,), {}, validate, column="wording", path=(kind, language))


def places_of(kind: str) -> tuple[str, ...]:
    """The places in braces that a kind of message fills, sorted."""
    template = TEMPLATES[kind]
    found = {
        place for text in (template.subject, template.body, template.sms) for place in _PLACE.findall(text)
    }
    return tuple(sorted(found))


def _checked(kind: str, part: str, text: str) -> str:
    if len(text) > _LONGEST[part]:
        raise TextTooLong(field=part, most=_LONGEST[part])
    said = set(_PLACE.findall(text))
    # A subject is kept as it was sent; a link's secret is not.
    known = set(places_of(kind)) - ({"link", "portal"} if part == "subject" else set())
    if unknown := sorted(said - known):
        raise UnknownPlaceholder(field=part, place=f"{{{unknown[0]}}}")
    missing = [place for place in TEMPLATES[kind].needs if place not in said]
    needed = part == "body" or (
        part == "sms" and missing and missing[0] in _PLACE.findall(TEMPLATES[kind].sms)
    )
    if missing and needed:
        raise PlaceholderMissing(field=part, place=f"{{{missing[0]}}}")
    return text
