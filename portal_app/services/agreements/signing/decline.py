"""Declining: recorded with its reason, told to staff and to the other signers; the agreement is not in force."""

from portal_app.clock import now
from portal_app.db.scope import Tx, retried, transaction
from portal_app.db.tables.practice import Practice
from portal_app.db.tables.staff import Task
from portal_app.domain.access import Principal
from portal_app.domain.agreements.types import RequestStatus, SignerStatus
from portal_app.domain.errors import ReasonMissing, TextTooLong
from portal_app.domain.ids import AgreementRequestId, PatientId, new_id
from portal_app.domain.text import strip_unstorable
from portal_app.i18n import gettext_noop
from portal_app.services.agreements.requests.open import end_request, require_waiting
from portal_app.services.agreements.requests.people import read_persons
from portal_app.services.agreements.requests.tell import people_to_tell
from portal_app.services.agreements.signing.viewer import (
    FoundRequest,
    find_request,
    require_part,
    require_signer,
)
from portal_app.services.as_system import as_system, note
from portal_app.services.live import announce
from portal_app.services.messaging import outbox

REASON_AT_MOST = 500  # characters


@retried
def decline_request(principal: Principal, request_id: AgreementRequestId, reason: str) -> None:
    """Decline to sign. What others have signed stays recorded, and nobody can sign it any more.

    Raises: NotFound; why it does not wait any more (`ElsewhereAnswered`); ReasonMissing; TextTooLong.
    """
    viewer = require_signer(principal)
    said = " ".join(strip_unstorable(reason).split())
    with transaction(as_system(principal)) as tx:
        found = find_request(tx, viewer, request_id, lock=True)
        require_waiting(found.request)
        mine = require_part(tx, found)
        if not said:
            raise ReasonMissing
        if len(said) > REASON_AT_MOST:
            raise TextTooLong(field="reason", most=REASON_AT_MOST)
        mine.status, mine.declined_at, mine.declined_by = SignerStatus.DECLINED, now(), principal.name
        mine.reason = said
        end_request(tx, found.request, RequestStatus.DECLINED)
        note(tx, "decline:agreement", found.patient.id, request=request_id, part=str(mine.part))
        _tell_staff(tx, found, said)
        _tell_others(tx, found, viewer.me)


def _tell_staff(tx: Tx, found: FoundRequest, reason: str) -> None:
    tx.add_as_system_once(
        Task(
            id=new_id("tsk"),
            once=f"agreement_declined:{found.request.id}",
            kind="agreement_declined",
            message=gettext_noop("An agreement was declined: {reason}"),
            values={"reason": reason, "request": found.request.id},
            patient_id=found.patient.id,
            created_at=now(),
        )
    )
    tx.on_commit(lambda: announce("tasks"))


def _tell_others(tx: Tx, found: FoundRequest, me: PatientId) -> None:
    """Tell everybody who has signed or was to sign, where there is more than one signature."""
    if len(found.signers) < 2:
        return
    age = tx.get_or_404(Practice, "practice").dependent_age
    patient = read_persons(tx, [found.patient.id])[found.patient.id]
    others = {row.signer_id for row in found.signatures if row.signer_id}
    for signer in found.signers:
        if signer.status is SignerStatus.WAITING:
            others.update(people_to_tell(patient, signer, age))
    for person in sorted(others - {me}):
        outbox.write_each_way(
            tx,
            "agreement_declined",
            once=f"agreement_declined:{found.request.id}:{person}",
            to_patient=person,
            about=found.request.id,
        )
