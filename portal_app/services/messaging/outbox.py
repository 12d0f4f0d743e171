"""The outbox: a message is written in the transaction it speaks of. Sending it is messaging/delivery.py's work.

Services write here and never import the delivery: it makes the documents that a message attaches, and
documents are made of what services know.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from portal_app.clock import now, today
from portal_app.db.scope import Tx
from portal_app.db.tables.families import Patient
from portal_app.db.tables.messages import OutboxMessage
from portal_app.db.tables.practice import Practice
from portal_app.domain.families import ContactKind
from portal_app.domain.ids import AccountId, PatientId, new_id
from portal_app.i18n_paths import localised_url, supported_language
from portal_app.services.messaging.registry import TEMPLATES
from portal_app.services.messaging.rendering import render_template
from portal_app.services.messaging.templates.types import Registry
from portal_app.services.messaging.wake import wake
from portal_app.services.patients.usable_contacts import usable_contacts

LIFE = timedelta(days=3)


def write_message(
    tx: Tx,
    kind: str,
    *,
    once: str,
    to_contact: tuple[ContactKind, str],
    to_patient: PatientId | None = None,
    account_id: AccountId | None = None,
    language: str = "",
    values: Mapping[str, Any] | None = None,
    attachments: Sequence[dict[str, Any]] = (),
    expires_at: datetime | None = None,
    not_before: datetime | None = None,
    templates: Registry = TEMPLATES,
) -> bool:
    """Leave a message in the caller's transaction; it goes out after the commit.

    `once` names what it says: the same thing is said once, however often it is written.
    `values` may hold Money, date and datetime. `to_patient` is whose language it is in, and who
    staff find it by. False when it was said already.
    """
    practice = tx.get_or_404(Practice, "practice")
    language = supported_language(language) if language else _language(tx, to_patient)
    values = _standing(practice, language) | dict(values or {})
    said = render_template(practice, kind, to_contact[0], language, values, templates=templates)
    row = OutboxMessage(
        id=new_id("msg"),
        once=once,
        kind=kind,
        channel=to_contact[0],
        to=to_contact[1],
        language=language,
        subject=said.subject,
        body=said.body,
        attachments=list(attachments) if to_contact[0] is ContactKind.EMAIL else [],
        account_id=account_id,
        patient_id=to_patient,
        created_at=now(),
        next_try_at=not_before or now(),
        expires_at=expires_at or (not_before or now()) + LIFE,
    )
    if not tx.add_as_system_once(row):
        return False
    tx.on_commit(wake)
    return True


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
            values={"date": today(), **values},
        )


def chosen_contacts(tx: Tx, patient_id: PatientId) -> list[tuple[ContactKind, str]]:
    """The ways a patient chose, one address for each; the first usable one where they chose none."""
    usable = usable_contacts(tx, patient_id)
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


def _standing(practice: Practice, language: str) -> dict[str, Any]:
    """What every message may name; the portal's address opens in the message's language."""
    portal = localised_url(language)
    return {"practice": practice.name, "portal": portal, "host": urlsplit(portal).hostname or ""}
