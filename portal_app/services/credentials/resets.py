"""Sign-in resets, for patients who have lost all their credentials.

The front desk starts a reset; all contacts are notified, and for 24 hours it can be stopped. Then it removes
password, app, passkeys and recovery codes, so that the patient signs in with a code again.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, delete, select
from sqlmodel.sql.expression import SelectOfScalar

from portal_app import clock
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.credentials import Passkey, PatientLogin, RecoveryCode, SignInReset
from portal_app.db.tables.families import Patient
from portal_app.domain.access import Permission, Principal, Side
from portal_app.domain.credentials.types import RESET_WAIT
from portal_app.domain.errors import NotFound, ReasonMissing
from portal_app.domain.ids import PatientId, new_id
from portal_app.i18n_paths import localised_url
from portal_app.services.as_system import as_system, note
from portal_app.services.credentials.devices import end_all_sessions
from portal_app.services.credentials.errors import (
    NothingToReset,
    ResetAlreadyStarted,
    ResetLinkOver,
)
from portal_app.services.credentials.logins import (
    has_set_up_anything,
    login_of,
    recovery_codes_left,
    require_own_login,
)
from portal_app.services.messaging.outbox import notify_all_contacts


@dataclass(frozen=True, slots=True)
class ResetView:
    """A pending reset. `effective`: when it takes effect."""

    id: str
    effective: datetime
    reason: str


def start_reset(principal: Principal, patient_id: PatientId, reason: str) -> ResetView:
    """Start a reset that takes effect after 24 hours, and notify all contacts.

    The front desk has checked the person's identity before.

    Raises ReasonMissing, NothingToReset or ResetAlreadyStarted.
    """
    principal.require(Permission.EDIT_PATIENTS)
    reason = " ".join(reason.split())[:500]
    if not reason:
        raise ReasonMissing
    token, now = secrets.token_urlsafe(32), clock.now()
    with transaction(as_system(principal)) as tx:
        login = login_of(tx, patient_id)
        if not has_set_up_anything(tx, login) and not recovery_codes_left(tx, patient_id):
            raise NothingToReset
        if tx.exec(_pending(patient_id)).first():
            raise ResetAlreadyStarted
        row = tx.add(
            SignInReset(
                id=new_id("rst"),
                patient_id=patient_id,
                started_by=principal.name,
                reason=reason,
                cancel_hash=_hash(token),
                created_at=now,
                effective_at=now + RESET_WAIT,
            )
        )
        note(tx, "start:sign_in_reset", patient_id, reason=reason)
        notify_all_contacts(
            tx,
            patient_id,
            "reset_started",
            once=row.id,
            effective=row.effective_at,
            cancel=f"{localised_url(tx.get_or_404(Patient, patient_id).language, '/stop-reset')}#{token}",
        )
    return ResetView(row.id, row.effective_at, row.reason)


def waiting_reset(principal: Principal, patient_id: PatientId) -> ResetView | None:
    """The patient's pending reset, for the front desk."""
    principal.require(Permission.EDIT_PATIENTS)
    with reading(as_system(principal)) as tx:
        row = tx.exec(_pending(patient_id)).first()
    return ResetView(row.id, row.effective_at, row.reason) if row else None


def stop_reset(principal: Principal, patient_id: PatientId | None = None) -> None:
    """Stop the pending reset: the patient their own, or the front desk that of `patient_id`. Raises NotFound."""
    if principal.side is Side.STAFF:
        principal.require(Permission.EDIT_PATIENTS)
    else:
        patient_id = require_own_login(principal)
    with transaction(as_system(principal)) as tx:
        row = tx.exec(_pending(patient_id).with_for_update()).first() if patient_id else None
        if row is None:
            raise NotFound
        _stop(tx, row)


def stop_reset_by_link(principal: Principal, token: str) -> None:
    """Stop a reset with the link of the notification. Raises ResetLinkOver.

    Nothing else is asked: stopping gives no access.
    """
    with transaction(as_system(principal)) as tx:
        query = select(SignInReset).where(col(SignInReset.cancel_hash) == _hash(token[:200]))
        row = tx.exec(query.with_for_update()).first()
        if row is None or row.done_at:
            raise ResetLinkOver
        if not row.cancelled_at:
            _stop(tx, row)


def is_reset_link_open(principal: Principal, token: str) -> bool:
    """Whether the link of the notification still stops its reset; one that was stopped already says so once more."""
    with reading(as_system(principal)) as tx:
        query = select(SignInReset).where(col(SignInReset.cancel_hash) == _hash(token[:200]))
        row = tx.exec(query).first()
        return row is not None and not row.done_at


def carry_out_resets(principal: Principal) -> int:
    """Carry out the resets whose 24 hours are over; returns how many. A job."""
    if principal.side is not Side.PORTAL:
        raise NotFound
    with reading(principal) as tx:
        due = tx.exec(_pending().where(col(SignInReset.effective_at) <= clock.now())).all()
    return sum(_carry_out(principal, row.id) for row in due)


def _carry_out(principal: Principal, reset_id: str) -> bool:
    """Carry out one reset that is due. False when it was stopped or carried out meanwhile."""
    with transaction(principal) as tx:
        row = tx.get_or_404(SignInReset, reset_id, lock=True)
        if row.done_at or row.cancelled_at:
            return False
        login = login_of(tx, row.patient_id)
        for table in (Passkey, RecoveryCode):
            tx.exec(delete(table).where(col(table.patient_id) == row.patient_id))
        tx.delete(login)
        tx.flush()
        tx.add(PatientLogin(patient_id=row.patient_id, created_at=clock.now()))
        row.done_at = clock.now()
        tx.add(row)
        end_all_sessions(tx, row.patient_id)
        note(tx, "carry_out:sign_in_reset", row.patient_id, reset=row.id)
        notify_all_contacts(tx, row.patient_id, "reset_done", once=row.id)
    return True


def _stop(tx: Tx, row: SignInReset) -> None:
    row.cancelled_at = clock.now()
    tx.add(row)
    note(tx, "stop:sign_in_reset", row.patient_id)
    notify_all_contacts(tx, row.patient_id, "reset_cancelled", once=row.id)


def _pending(patient_id: PatientId | None = None) -> SelectOfScalar[SignInReset]:
    """Query of pending resets, of one patient or of all."""
    query = select(SignInReset).where(
        col(SignInReset.cancelled_at).is_(None), col(SignInReset.done_at).is_(None)
    )
    return query.where(col(SignInReset.patient_id) == patient_id) if patient_id else query


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
