"""The practice's own words for what it tells patients of money: by kind of message and language."""

import re
from dataclasses import dataclass

from portal_app.clock import now
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.practice import Practice, SettingChange
from portal_app.db.tables.staff import StaffMember
from portal_app.domain.access import Permission, Principal
from portal_app.domain.errors import NotFound, Refused
from portal_app.domain.ids import new_id
from portal_app.services.live import announce
from portal_app.services.messaging.registry import TEMPLATES
from portal_app.services.practice_settings import Changed, errand_for, last_change
from portal_app.settings import settings
from portal_app.speech import say

KINDS = tuple(kind for kind, template in TEMPLATES.items() if template.editable)
_LONGEST = {"subject": 200, "body": 2000, "sms": 300}
_PLACE = re.compile(r"\{(\w*)\}")


@dataclass(frozen=True, slots=True)
class OwnWords:
    """`own` and `ours` by part: "subject", "body", "sms". What is empty in `own` is said as in `ours`."""

    own: dict[str, str]
    ours: dict[str, str]
    places: tuple[str, ...]  # what may stand in braces
    needs: tuple[str, ...]  # and what has to
    changed: Changed


def view_wording(principal: Principal, kind: str, language: str) -> OwnWords:
    principal.require(Permission.MANAGE_SETTINGS)
    _known(kind, language)
    with reading(errand_for(principal)) as tx:
        own = tx.find(Practice, "practice").wording.get(kind, {}).get(language, {})
        template = TEMPLATES[kind]
        parts = {"subject": template.subject, "body": template.body, "sms": template.sms}
        return OwnWords(
            own={part: str(own.get(part, "")) for part in parts},
            ours={part: say(language, text) for part, text in parts.items()},
            places=_places(kind),
            needs=template.needs,
            changed=last_change(tx, _setting(kind, language)),
        )


def change_wording(
    principal: Principal, kind: str, language: str, *, subject: str, body: str, sms: str
) -> bool:
    """From the next message on; an empty part goes back to ours. False: it was so already."""
    principal.require(Permission.MANAGE_SETTINGS)
    _known(kind, language)
    texts = {"subject": " ".join(subject.split()), "body": body.strip(), "sms": " ".join(sms.split())}
    own = {part: _checked(kind, part, text) for part, text in texts.items() if text}
    with transaction(errand_for(principal)) as tx:
        row = tx.find(Practice, "practice", lock=True)
        if row.wording.get(kind, {}).get(language, {}) == own:
            return False
        row.wording = {**row.wording, kind: {**row.wording.get(kind, {}), language: own}}
        who = tx.get(StaffMember, principal.staff_id) if principal.staff_id else None
        name = _setting(kind, language)
        tx.keep(
            SettingChange(
                id=new_id("set"),
                setting=name,
                value=" | ".join(own.values()),
                changed_by=principal.name,
                name=who.name if who else principal.name,
                changed_at=now(),
            )
        )
        tx.afterwards(lambda: announce("settings", name))
        return True


def _known(kind: str, language: str) -> None:
    if kind not in KINDS or language not in settings().languages:
        raise NotFound


def _places(kind: str) -> tuple[str, ...]:
    template = TEMPLATES[kind]
    found = {
        place for text in (template.subject, template.body, template.sms) for place in _PLACE.findall(text)
    }
    return tuple(sorted(found))


def _checked(kind: str, part: str, text: str) -> str:
    if len(text) > _LONGEST[part]:
        raise Refused("That is too long: {most} characters at most.", most=_LONGEST[part])
    said = set(_PLACE.findall(text))
    # A subject is kept as it was sent; a link's secret is not.
    known = set(_places(kind)) - ({"link", "portal"} if part == "subject" else set())
    if unknown := sorted(said - known):
        raise Refused("This message knows no {place}.", place=f"{{{unknown[0]}}}")
    missing = [place for place in TEMPLATES[kind].needs if place not in said]
    if part == "body" and missing:
        raise Refused(
            "Your words leave out {place}: without it the message is of no use.", place=f"{{{missing[0]}}}"
        )
    if part == "sms" and missing and missing[0] in _PLACE.findall(TEMPLATES[kind].sms):
        raise Refused(
            "Your words leave out {place}: without it the message is of no use.", place=f"{{{missing[0]}}}"
        )
    return text


def _setting(kind: str, language: str) -> str:
    return f"wording:{kind}:{language}"
