"""Lost everything: the desk starts a reset, everybody hears of it, and for a day it can be stopped."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import col, delete, select

from portal_app import clock
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.credentials import Passkey, PatientLogin, RecoveryCode, SignInReset
from portal_app.db.tables.families import Patient
from portal_app.domain.access import Permission, Principal, Side
from portal_app.domain.credentials import RESET_WAIT
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import PatientId, new_id
from portal_app.i18n_paths import localised_url
from portal_app.services.as_system import as_system, note
from portal_app.services.credentials.devices import end_all_of
from portal_app.services.credentials.errors import (
    NothingToReset,
    ReasonMissing,
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
    id: str
    effective: datetime
    reason: str


def start_reset(principal: Principal, patient_id: PatientId, reason: str) -> ResetView:
    """The desk has seen who they are. Takes effect after 24 hours, told to every address at once."""
    principal.require(Permission.EDIT_PATIENTS)
    why = " ".join(reason.split())[:500]
    if not why:
        raise ReasonMissing
    token, now = secrets.token_urlsafe(32), clock.now()
    with transaction(as_system(principal)) as tx:
        login = login_of(tx, patient_id)
        if not has_set_up_anything(tx, login) and not recovery_codes_left(tx, patient_id):
            raise NothingToReset
        if tx.exec(_waiting(patient_id)).first():
            raise ResetAlreadyStarted
        row = tx.add(
            SignInReset(
                id=new_id("rst"),
                patient_id=patient_id,
                started_by=principal.name,
                reason=why,
                cancel_hash=_hash(token),
                created_at=now,
                effective_at=now + RESET_WAIT,
            )
        )
        note(tx, "start:sign_in_reset", patient_id, reason=why)
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
    """For the desk."""
    principal.require(Permission.EDIT_PATIENTS)
    with reading(as_system(principal)) as tx:
        row = tx.exec(_waiting(patient_id)).first()
    return ResetView(row.id, row.effective_at, row.reason) if row else None


def stop_reset(principal: Principal, patient_id: PatientId | None = None) -> None:
    """By the patient in a session, or by the desk."""
    whose = patient_id
    if principal.side is Side.STAFF:
        principal.require(Permission.EDIT_PATIENTS)
    else:
        whose = require_own_login(principal)
    with transaction(as_system(principal)) as tx:
        row = tx.exec(_waiting(whose).with_for_update()).first() if whose else None
        if row is None:
            raise NotFound
        _stop(tx, row)


def stop_reset_by_link(principal: Principal, token: str) -> None:
    """By whoever reads the patient's messages: stopping opens nothing, so nothing else is asked."""
    with transaction(as_system(principal)) as tx:
        asked = select(SignInReset).where(col(SignInReset.cancel_hash) == _hash(token[:200]))
        row = tx.exec(asked.with_for_update()).first()
        if row is None or row.done_at:
            raise ResetLinkOver
        if not row.cancelled_at:
            _stop(tx, row)


def carry_out_resets(principal: Principal) -> int:
    """Those whose day is over: a job of the portal. How many."""
    if principal.side is not Side.PORTAL:
        raise NotFound
    with reading(principal) as tx:
        due = tx.exec(_waiting().where(col(SignInReset.effective_at) <= clock.now())).all()
    return sum(_carry_out(principal, row.id) for row in due)


def _carry_out(principal: Principal, reset_id: str) -> bool:
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
        end_all_of(tx, row.patient_id)
        note(tx, "carry_out:sign_in_reset", row.patient_id, reset=row.id)
        notify_all_contacts(tx, row.patient_id, "reset_done", once=row.id)
    return True


def _stop(tx: Tx, row: SignInReset) -> None:
    row.cancelled_at = clock.now()
    tx.add(row)
    note(tx, "stop:sign_in_reset", row.patient_id)
    notify_all_contacts(tx, row.patient_id, "reset_cancelled", once=row.id)


def _waiting(patient_id: PatientId | None = None) -> Any:
    asked = select(SignInReset).where(
        col(SignInReset.cancelled_at).is_(None), col(SignInReset.done_at).is_(None)
    )
    return asked.where(col(SignInReset.patient_id) == patient_id) if patient_id else asked


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
