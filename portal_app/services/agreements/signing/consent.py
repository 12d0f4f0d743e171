"""Consent to electronic records, its withdrawal, and paper instead (ESIGN 15 USC 7001(c))."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, select

from portal_app.clock import now
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.agreements import ElectronicConsent
from portal_app.db.tables.staff import Task
from portal_app.domain.access import Principal
from portal_app.domain.ids import AgreementRequestId, PatientId, new_id
from portal_app.i18n import gettext_noop
from portal_app.services.agreements.errors import CannotOpenCopy
from portal_app.services.agreements.requests.open import require_waiting
from portal_app.services.agreements.signing.viewer import (
    find_request,
    how_checked,
    require_part,
    require_signer,
)
from portal_app.services.as_system import as_system, note
from portal_app.services.credentials.logins import lock_patient_row
from portal_app.services.live import announce

CONSENT_VERSION = "2026-12"  # of the text that the page shows: another text, another version


@dataclass(frozen=True, slots=True)
class ConsentView:
    """Whether the viewer has consented to the text of now, and when."""

    given_at: datetime | None
    text_version: str = CONSENT_VERSION


def view_consent(principal: Principal) -> ConsentView:
    """The viewer's own consent. Raises PermissionDenied, NotSignedIn."""
    viewer = require_signer(principal)
    with reading(as_system(principal)) as tx:
        consent = current_consent(tx, viewer.me)
        return ConsentView(consent.given_at if consent else None)


def give_consent(principal: Principal, language: str, *, can_open: bool) -> None:
    """Consent to electronic records; given twice it is one.

    Args:
        language: of the text that was shown.
        can_open: they have opened the sample copy, which shows that they can read their copies.

    Raises CannotOpenCopy.
    """
    viewer = require_signer(principal)
    if not can_open:
        raise CannotOpenCopy
    with transaction(as_system(principal)) as tx:
        lock_patient_row(tx, viewer.me)
        if current_consent(tx, viewer.me) is not None:
            return
        _, device = how_checked(tx, principal)
        tx.add(
            ElectronicConsent(
                id=new_id("ecr"),
                patient_id=viewer.me,
                text_version=CONSENT_VERSION,
                language=language,
                given_at=now(),
                ip=principal.ip,
                device=device,
            )
        )
        note(tx, "consent:electronic_records", viewer.me, version=CONSENT_VERSION)


def withdraw_consent(principal: Principal) -> bool:
    """Withdraw it: what is signed stays in force, what is to be signed goes on paper. False: there was none.

    Staff have a task.
    """
    viewer = require_signer(principal)
    with transaction(as_system(principal)) as tx:
        lock_patient_row(tx, viewer.me)
        consent = current_consent(tx, viewer.me)
        if consent is None:
            return False
        consent.withdrawn_at = now()
        note(tx, "withdraw:electronic_records", viewer.me)
        _task(
            tx,
            viewer.me,
            "electronic_consent_withdrawn",
            gettext_noop("A patient wants paper from now on: consent to electronic records is withdrawn"),
            once=f"consent:{consent.id}",
        )
        return True


def ask_for_paper(principal: Principal, request_id: AgreementRequestId) -> None:
    """Ask for this agreement on paper; it can still be signed here. Staff have a task, once.

    Raises: NotFound; why it cannot be signed any more (`ElsewhereAnswered`).
    """
    viewer = require_signer(principal)
    with transaction(as_system(principal)) as tx:
        found = find_request(tx, viewer, request_id, lock=True)
        require_waiting(found.request)
        mine = require_part(tx, found)
        mine.paper_at = mine.paper_at or now()
        note(tx, "paper:agreement", found.request.patient_id, request=request_id)
        _task(
            tx,
            found.request.patient_id,
            "agreement_on_paper",
            gettext_noop("A patient wants to sign an agreement on paper"),
            once=f"paper:{mine.id}",
        )


def current_consent(tx: Tx, person: PatientId) -> ElectronicConsent | None:
    """A person's consent to the text of now, unless it is withdrawn."""
    return tx.exec(
        select(ElectronicConsent)
        .where(
            ElectronicConsent.patient_id == person,
            ElectronicConsent.text_version == CONSENT_VERSION,
            col(ElectronicConsent.withdrawn_at).is_(None),
        )
        .order_by(col(ElectronicConsent.given_at).desc())
        .limit(1)
    ).first()


def _task(tx: Tx, patient_id: PatientId, kind: str, message: str, *, once: str) -> None:
    tx.add_as_system_once(
        Task(
            id=new_id("tsk"),
            once=once,
            kind=kind,
            message=message,
            patient_id=patient_id,
            created_at=now(),
        )
    )
    tx.on_commit(lambda: announce("tasks"))
