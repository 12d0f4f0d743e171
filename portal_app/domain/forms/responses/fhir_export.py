"""Writes a response as a FHIR R4 QuestionnaireResponse."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from portal_app.domain.forms.responses.conditions import Visibility
from portal_app.domain.forms.responses.places import Place, Response
from portal_app.domain.forms.types import ItemType
from portal_app.domain.forms.values import Reference, write_content, write_value

REPLACES = "urn:patient-portal:replaces-response"  # R4 has no field for it


class ResponseStatus(StrEnum):
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    AMENDED = "amended"


@dataclass(frozen=True, slots=True)
class Head:
    """What a response says besides answers. `replaces` is the response that this one corrects."""

    status: ResponseStatus
    authored: datetime | None = None
    subject: Reference | None = None
    author: Reference | None = None
    source: Reference | None = None
    replaces: Reference | None = None
    language: str = ""


def export_response(response: Response, head: Head) -> dict[str, Any]:
    """The response as JSON, ready for `write_json`: what counts, in the order and the language of the form."""
    form = response.form
    made: dict[str, Any] = {"resourceType": "QuestionnaireResponse", "status": head.status.value}
    if form.url:
        made["questionnaire"] = f"{form.url}|{form.version}" if form.version else form.url
    if head.language or form.language:
        made["language"] = head.language or form.language
    for name, reference in (("subject", head.subject), ("author", head.author), ("source", head.source)):
        if reference is not None:
            made[name] = write_content(reference)
    if head.authored is not None:
        made["authored"] = head.authored.isoformat(timespec="seconds")
    if head.replaces is not None:
        made["extension"] = [{"url": REPLACES, "valueReference": write_content(head.replaces)}]
    items = export_items(response)
    return {**made, "item": items} if items else made


def export_items(response: Response) -> list[dict[str, Any]]:
    """The answered items of a response, in document order."""
    return _Writer(response).items(None)


class _Writer:
    def __init__(self, response: Response) -> None:
        self.response, self.visibility = response, Visibility(response)

    def items(self, around: Place | None) -> list[dict[str, Any]]:
        made: list[dict[str, Any]] = []
        written: dict[int, dict[str, Any]] = {}  # repetitions of a question are answers of one item
        for place in self.response.below(around):
            item = self.response.form.items[place.item]
            if item.type is ItemType.DISPLAY or not self.visibility.counts(place):
                continue
            below = self.items(place)
            if item.type is ItemType.GROUP:
                if below:
                    made.append({**self._head(place), "item": below})
                continue
            answers = [write_value(value) for value in self.response.given(place)]
            if below:
                answers = [{**answer, "item": below} for answer in answers or [{}]]
            if answers and item.index in written:
                written[item.index]["answer"] += answers
            elif answers:
                written[item.index] = {**self._head(place), "answer": answers}
                made.append(written[item.index])
        return made

    def _head(self, place: Place) -> dict[str, Any]:
        item = self.response.form.items[place.item]
        return {"linkId": item.link_id, **({"text": item.text.plain} if item.text.plain else {})}
