"""A patient is told of a change at every address we have, in the transaction that changes it."""

from collections.abc import Iterable
from typing import Any

from portal_app import clock
from portal_app.db.scope import Tx
from portal_app.db.tables.families import Patient
from portal_app.domain.families import ContactKind
from portal_app.domain.ids import PatientId, new_id
from portal_app.services import credential_words, messages
from portal_app.services.contacts import usable_contacts

assert credential_words  # its words are among the messages' from now on


def tell_everywhere(
    tx: Tx,
    patient_id: PatientId,
    kind: str,
    *,
    once: str = "",
    also: Iterable[tuple[ContactKind, str]] = (),
    **values: Any,
) -> None:
    """Every email, every phone that takes texts; `also`: addresses that are theirs no longer."""
    patient = tx.get(Patient, patient_id)
    addresses = [(point.kind, point.value) for point in usable_contacts(tx, patient_id)]
    said = once or new_id("say")
    for channel, value in dict.fromkeys([*also, *addresses]):
        messages.write(
            tx,
            kind,
            once=f"{kind}:{said}:{channel}:{value}",
            to_contact=(channel, value),
            language=patient.language if patient else "",
            values={"date": clock.today(), **values},
        )
