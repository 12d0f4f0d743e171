"""A template becomes a message: in its reader's language, with the practice's own texts where it has some."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal_app.db.tables.practice import Practice
from portal_app.i18n import translate
from portal_app.services.messaging.registry import TEMPLATES
from portal_app.services.messaging.templates.types import Registry


@dataclass(frozen=True, slots=True)
class RenderedMessage:
    subject: str
    body: str


def render_template(
    practice: Practice,
    kind: str,
    channel: str,
    language: str,
    values: Mapping[str, Any],
    *,
    templates: Registry = TEMPLATES,
) -> RenderedMessage:
    """The message in its reader's language; KeyError for a kind without a template."""
    template = templates[kind]
    shown = {name: _shown(language, value) for name, value in values.items()}
    own = _own(practice, kind, language)
    text = template.sms if channel == "phone" else template.body
    own_text = own.get("sms" if channel == "phone" else "body", "")
    if own_text and all(f"{{{name}}}" in own_text for name in template.needs):
        body = _filled(own_text, shown)
    else:
        body = translate(language, text, **shown)
    if channel == "phone":
        last = _filled(template.last_line, shown)
        return RenderedMessage("", f"{body}\n\n{last}" if last else body)
    signed = f"{body}\n\n{_signature(practice)}"
    subject = (
        _filled(own["subject"], shown)
        if own.get("subject")
        else translate(language, template.subject, **shown)
    )
    return RenderedMessage(subject, signed)


def _own(practice: Practice, kind: str, language: str) -> dict[str, str]:
    """practice.wording: {kind: {language: {"subject", "body", "sms"}}}."""
    return practice.wording.get(kind, {}).get(language, {})


def _filled(text: str, shown: Mapping[str, str]) -> str:
    """Names in braces become values; nothing else in the practice's words means anything."""
    return re.sub(r"\{(\w+)\}", lambda place: shown.get(place[1], place[0]), text)


def _signature(practice: Practice) -> str:
    return "\n".join(part for part in (practice.name, practice.phone) if part)


def _shown(language: str, value: Any) -> str:
    """Money, dates and times as the reader writes them."""
    return translate(language, "{value}", value=value)
