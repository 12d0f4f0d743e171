"""A patient's own errand among rows that nobody but the portal may read: codes, keys, links."""

import dataclasses

from portal_app.db import audit
from portal_app.db.scope import Tx
from portal_app.domain.access import Principal, system_principal
from portal_app.domain.ids import PatientId


def as_system(principal: Principal) -> Principal:
    """The portal's eyes and hands, the asker's name in the trail. Check first what they may."""
    return dataclasses.replace(
        system_principal("credentials"),
        name=principal.name,
        patient_id=principal.patient_id,
        staff_id=principal.staff_id,
        session_ref=principal.session_ref,
        language=principal.language,
        ip=principal.ip,
    )


def note(tx: Tx, action: str, patient_id: PatientId | None, *, ok: bool = True, **details: str | int) -> None:
    """A line in the audit trail, in the name of whoever this transaction is for."""
    tx.add(
        audit.line(
            tx.principal,
            action,
            outcome="ok" if ok else "refused",
            patient_id=patient_id,
            details=details,
        )
    )
