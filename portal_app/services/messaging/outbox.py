"""The outbox: a message is written in the transaction it speaks of. Sending it is messaging/delivery.py's work.

Services write here and never import the delivery: it makes the documents that a message attaches, and
documents are made of what services know.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Required, TypedDict, Unpack
from urllib.parse import urlsplit

from portal_app.clock import now, today
from portal_app.db.scope import Tx
from portal_app.db.tables.families import ContactPoint, Patient
from portal_app.db.tables.messages import OutboxMessage
from portal_app.db.tables.practice import Practice
from portal_app.domain.families import ContactKind
from portal_app.domain.ids import AccountId, PatientId, new_id
from portal_app.i18n_paths import localised_url, supported_language
from portal_app.services.messaging.registry import TEMPLATES
from portal_app.services.messaging.rendering import RenderedMessage, render_template
from portal_app.services.messaging.templates.types import Registry, opened_page
from portal_app.services.messaging.wake import OUTBOX
from portal_app.services.patients.usable_contacts import usable_contacts, usable_contacts_of

LIFE = timedelta(days=3)


class MessageFields(TypedDict, total=False):
    """What a message may have beside its kind."""

    once: Required[str]  # names what it says: the same thing is said once, however often it is written
    to_contact: Required[tuple[ContactKind, str]]
    to_patient: PatientId | None  # whose language it is in, and who staff find it by
    account_id: AccountId | None
    language: str  # "" for the patient's, else the principal's
    values: Mapping[str, Any]  # of the places in its text: may hold Money, date and datetime
    about: str  # the id of what its page shows: {portal} in its text opens that page
    attachments: Sequence[dict[str, Any]]
    expires_at: datetime  # three days after the first try where it is left out
    not_before: datetime
    templates: Registry


def write_message(tx: Tx, kind: str, **fields: Unpack[MessageFields]) -> bool:
    """Write a message in the caller's transaction; it goes out after the commit. False when it was written already."""
    return bool(queue_messages(tx, [make_message(tx, kind, **fields)]))


def make_message(tx: Tx, kind: str, **fields: Unpack[MessageFields]) -> OutboxMessage:
    """The row of a message, as `write_message` writes it, to be queued with others."""
    to_patient, language = fields.get("to_patient"), fields.get("language", "")
    language = supported_language(language) if language else _language(tx, to_patient)
    channel, address = fields["to_contact"]
    said = _render(tx, (kind, channel, language), fields)
    first_try = fields.get("not_before") or now()
    return OutboxMessage(
        id=new_id("msg"),
        once=fields["once"],
        kind=kind,
        channel=channel,
        to=address,
        language=language,
        subject=said.subject,
        body=said.body,
        attachments=list(fields.get("attachments", ())) if channel is ContactKind.EMAIL else [],
        account_id=fields.get("account_id"),
        patient_id=to_patient,
        created_at=now(),
        next_try_at=first_try,
        expires_at=fields.get("expires_at") or first_try + LIFE,
    )


def _render(tx: Tx, what: tuple[str, ContactKind, str], fields: MessageFields) -> RenderedMessage:
    """The text of a kind of message for a channel and a language, with the practice's own values."""
    practice = tx.get_or_404(Practice, "practice")
    kind, channel, language = what
    templates = fields.get("templates", TEMPLATES)
    page = opened_page(templates[kind], fields.get("about", ""))
    said = _standing(practice, language, page) | dict(fields.get("values", {}))
    return render_template(practice, kind, channel, language, said, templates=templates)


def queue_messages(tx: Tx, rows: Sequence[OutboxMessage]) -> int:
    """Queue the messages, and wake the delivery after the commit; how many were not queued before."""
    if not rows:
        return 0
    copies = [row.model_dump() for row in rows] if len(rows) > 1 else []
    queued = len(rows)
    with tx.unless_taken() as attempt:
        for row in rows:
            tx.add_as_system(row)
    if attempt.taken:  # one after the other, so that the others are queued
        queued = sum(tx.add_as_system_once(OutboxMessage(**copy)) for copy in copies)
    if queued:
        tx.on_commit(OUTBOX.wake)
    return queued


def write_each_way(tx: Tx, kind: str, *, once: str, to_patient: PatientId, **more: Any) -> int:
    """Leave it in each way the patient chose: by email, by text or both. How many were left."""
    return sum(
        write_message(tx, kind, once=f"{once}:{way[0]}", to_contact=way, to_patient=to_patient, **more)
        for way in chosen_contacts(tx, to_patient)
    )


def notify_all_contacts(
    tx: Tx,
    patient_id: PatientId,
    kind: str,
    *,
    once: str = "",
    also: Iterable[tuple[ContactKind, str]] = (),
    **values: Any,
) -> None:
    """A change goes to every email and every phone that takes texts; `also`: addresses theirs no longer."""
    patient = tx.get(Patient, patient_id)
    addresses = [(point.kind, point.value) for point in usable_contacts(tx, patient_id)]
    said = once or new_id("say")
    for channel, value in dict.fromkeys([*also, *addresses]):
        write_message(
            tx,
            kind,
            once=f"{kind}:{said}:{channel}:{value}",
            to_contact=(channel, value),
            language=patient.language if patient else "",
            about=patient_id,
            values={"date": today(), **values},
        )


def chosen_contacts(tx: Tx, patient_id: PatientId) -> list[tuple[ContactKind, str]]:
    """The ways a patient chose, one address for each; the first usable one where they chose none."""
    return chosen_contacts_of(tx, [patient_id]).get(patient_id, [])


def chosen_contacts_of(
    tx: Tx, patient_ids: Sequence[PatientId]
) -> dict[PatientId, list[tuple[ContactKind, str]]]:
    """The same for several patients; without those who have no usable contact."""
    found = usable_contacts_of(tx, patient_ids)
    return {patient_id: _chosen(points) for patient_id, points in found.items()}


def _chosen(usable: Sequence[ContactPoint]) -> list[tuple[ContactKind, str]]:
    chosen: dict[ContactKind, str] = {}
    for point in usable:
        if point.preferred:
            chosen.setdefault(point.kind, point.value)
    return list(chosen.items()) or [(point.kind, point.value) for point in usable[:1]]


def holds_secret(row: OutboxMessage, templates: Registry = TEMPLATES) -> bool:
    """A code, or an address that opens something."""
    return templates[row.kind].secret or "/links#" in row.body


def _language(tx: Tx, patient_id: PatientId | None) -> str:
    patient = tx.get(Patient, patient_id) if patient_id else None
    return supported_language(patient.language if patient else tx.principal.language)


def _standing(practice: Practice, language: str, page: str) -> dict[str, Any]:
    """What every message may name; the address of its page is in the message's language."""
    portal = localised_url(language, page)
    return {"practice": practice.name, "portal": portal, "host": urlsplit(portal).hostname or ""}
