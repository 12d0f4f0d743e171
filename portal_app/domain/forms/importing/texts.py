"""Words of a questionnaire: the text, its formatted form, its translations."""

from collections.abc import Mapping
from typing import Any

from portal_app.domain.forms.importing.extensions import MARKDOWN, TRANSLATION, XHTML, extensions, values_of
from portal_app.domain.forms.importing.findings import FindingCode, Findings, Outcome
from portal_app.domain.forms.importing.markup import clean_html, clean_markdown
from portal_app.domain.forms.types import Text
from portal_app.domain.forms.values import text_of
from portal_app.domain.json_values import is_list_or_tuple, is_object, object_or_empty


def read_text(
    holder: Mapping[str, Any], name: str, findings: Findings, place: str = "", link_id: str = ""
) -> Text:
    """The text under a name ("text"), with what its sibling ("_text") says of it."""
    plain, more = text_of(holder.get(name)), object_or_empty(holder.get(f"_{name}"))
    cleaned = None
    for given in values_of(more, XHTML):
        cleaned = clean_html(text_of(given))
    if cleaned is None:
        for given in values_of(more, MARKDOWN):
            cleaned = clean_markdown(text_of(given))
    if cleaned is not None and cleaned.is_changed:
        findings.add(FindingCode.MARKUP_CLEANED, Outcome.REPAIRED, place, link_id)
    html = cleaned.html if cleaned else ""
    plain = plain or (cleaned.plain if cleaned else "")
    return Text(plain, html if html != plain else "", tuple(_translations(more)))


def _translations(more: Mapping[str, Any]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for extension in extensions(more):
        if extension["url"] == TRANSLATION:
            parts = {
                text_of(part["url"]): next(
                    (text_of(part[key]) for key in part if key.startswith("value")), ""
                )
                for part in extensions(extension)
            }
            if parts.get("lang") and parts.get("content"):
                found.append((parts["lang"], parts["content"]))
    return found


def read_designations(concept: Mapping[str, Any], findings: Findings) -> Text:
    """The display of a concept of a value set, with its designations in other languages."""
    text = read_text(concept, "display", findings)
    given = concept.get("designation")
    found = [
        (text_of(one.get("language")), text_of(one.get("value")))
        for one in (given if is_list_or_tuple(given) else ())
        if is_object(one) and text_of(one.get("language")) and text_of(one.get("value"))
    ]
    plain = text.plain or text_of(concept.get("code"))
    return Text(plain, text.html, (*text.translations, *found))
