"""Work on rows that only the system may read (codes, keys, links) in the name of the person who asked for it."""

import dataclasses

from portal_app.db import audit
from portal_app.db.scope import Tx
from portal_app.domain.access import Principal, system_principal
from portal_app.domain.ids import PatientId


def as_system(principal: Principal) -> Principal:
    """The principal widened to see and do everything; the audit trail still names the person.

    The caller checks first what the person may do.
    """
    return dataclasses.replace(
        system_principal("credentials"),
        name=principal.name,
        patient_id=principal.patient_id,
        staff_id=principal.staff_id,
        session_ref=principal.session_ref,
        language=principal.language,
        ip=principal.ip,
        device=principal.device,
    )


def note(tx: Tx, action: str, patient_id: PatientId | None, *, ok: bool = True, **details: str | int) -> None:
    """Add an entry to the audit trail, in the name of the transaction's principal.

    Args:
        ok: False records the outcome "refused".
        details: names and counts; never health data or secrets.
    """
    tx.add(
        audit.entry(
            tx.principal,
            action,
            outcome="ok" if ok else "refused",
            patient_id=patient_id,
            details=details,
        )
    )
