"""Each signer gets the copy once: by email with the file, or by text where there is no email."""

from portal_app.db.scope import Tx
from portal_app.db.tables.agreements import AgreementCopy
from portal_app.db.tables.families import Patient
from portal_app.domain.families import ContactKind
from portal_app.domain.ids import PatientId
from portal_app.i18n_paths import localised_url, supported_language
from portal_app.services.agreements.copies.files import ATTACHMENT
from portal_app.services.agreements.copies.read import CopyFacts
from portal_app.services.messaging.outbox import write_message
from portal_app.services.patients.usable_contacts import usable_contacts


def send_copy(tx: Tx, copy: AgreementCopy, facts: CopyFacts) -> None:
    """Leave the messages in the transaction that stores the copy."""
    for signer_id in dict.fromkeys(one.signer_id for one in facts.signatures if one.signer_id):
        way = _way(tx, signer_id)
        if way is None:
            continue
        write_message(
            tx,
            "agreement_copy",
            once=f"agreement_copy:{copy.id}:{signer_id}",
            to_contact=way,
            to_patient=signer_id,
            values={"verify": localised_url(_language(tx, signer_id), "/verify")},
            attachments=[{"document": ATTACHMENT, "id": copy.id, "name": file_name(copy)}],
        )


def file_name(copy: AgreementCopy) -> str:
    """Of the file: the copy's number, nothing of what it is about."""
    return f"agreement-{copy.number}.pdf"


def _language(tx: Tx, signer_id: PatientId) -> str:
    return supported_language(tx.get_or_404(Patient, signer_id).language)


def _way(tx: Tx, signer_id: PatientId) -> tuple[ContactKind, str] | None:
    usable = [(point.kind, point.value) for point in usable_contacts(tx, signer_id)]
    by_email = [way for way in usable if way[0] is ContactKind.EMAIL]
    return next(iter(by_email or usable), None)
