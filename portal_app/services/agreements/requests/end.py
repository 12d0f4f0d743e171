"""Requests that end without a signature: withdrawn, expired, or because the child signs for themself now."""

from collections.abc import Sequence

from sqlmodel import col, select

from portal_app.clock import today
from portal_app.db.scope import Tx, reading, retried, transaction
from portal_app.db.tables.agreements import (
    Agreement,
    AgreementRequest,
    AgreementSigner,
    AgreementVersion,
)
from portal_app.db.tables.families import Patient
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import Permission, Principal
from portal_app.domain.agreements.signers import ADULTS, adult_may_sign
from portal_app.domain.agreements.types import AgreementStatus, RequestStatus, SignerStatus
from portal_app.domain.errors import UserError
from portal_app.domain.families import birthday
from portal_app.domain.ids import AgreementRequestId
from portal_app.services.agreements.requests.ask import AskForm, ask_to_sign
from portal_app.services.agreements.requests.open import end_request, lock_waiting_request
from portal_app.services.agreements.requests.people import Audience
from portal_app.services.as_system import as_system, note

_BATCH = 200


@retried
def withdraw_request(principal: Principal, request_id: AgreementRequestId) -> None:
    """Withdraw a request: nobody can sign it any more, its links end. What was signed of it stays recorded.

    Raises: NotFound; why it does not wait any more (`ElsewhereAnswered`).
    """
    principal.require(Permission.MANAGE_AGREEMENTS)
    with transaction(as_system(principal)) as tx:
        request = lock_waiting_request(tx, request_id)
        end_request(tx, request, RequestStatus.WITHDRAWN)
        note(tx, "withdraw:agreement", request.patient_id, request=request.id)


def expire_requests(principal: Principal) -> int:
    """End requests whose last day has passed; returns how many. Run by the job."""
    principal.require(Permission.MANAGE_AGREEMENTS)
    total = 0
    while True:
        with transaction(as_system(principal)) as tx:
            rows = tx.exec(
                select(AgreementRequest)
                .where(
                    col(AgreementRequest.status) == RequestStatus.WAITING,
                    col(AgreementRequest.expires_on) < today(),
                )
                .limit(_BATCH)
                .with_for_update()
            ).all()
            for row in rows:
                end_request(tx, row, RequestStatus.EXPIRED)
        total += len(rows)
        if len(rows) < _BATCH:
            return total


def hand_over_to_patients(principal: Principal) -> int:
    """End what an adult has not answered when the child reaches `dependent_age`, and ask the patient; how many.

    An adult's signature beside the patient's ends in the same way on the day the patient turns 18. Run by the job.
    """
    principal.require(Permission.MANAGE_AGREEMENTS)
    with reading(as_system(principal)) as tx:
        ids = _outgrown(tx)
    return sum(_hand_over(principal, id_) for id_ in ids)


def _outgrown(tx: Tx) -> Sequence[AgreementRequestId]:
    """Requests that wait for an adult of a patient who has outgrown it."""
    age = tx.get_or_404(Practice, "practice").dependent_age
    rows = tx.exec(
        select(AgreementRequest, Patient, AgreementVersion)
        .join(AgreementSigner, col(AgreementSigner.request_id) == col(AgreementRequest.id))
        .join(Patient, col(Patient.id) == col(AgreementRequest.patient_id))
        .join(AgreementVersion, col(AgreementVersion.id) == col(AgreementRequest.version_id))
        .where(
            col(AgreementRequest.status) == RequestStatus.WAITING,
            col(AgreementSigner.part).in_(ADULTS),
            col(AgreementSigner.status) == SignerStatus.WAITING,
            col(Patient.birth_date) <= birthday(today(), -age),
        )
    ).all()
    found = (
        request.id
        for request, patient, version in rows
        if not adult_may_sign(patient.birth_date, version.rules, age, today())
    )
    return tuple(dict.fromkeys(found))


def _hand_over(principal: Principal, request_id: AgreementRequestId) -> bool:
    """End one request and ask the patient in its place; False when it was answered meanwhile."""
    try:
        with transaction(as_system(principal)) as tx:
            request = lock_waiting_request(tx, request_id)
            end_request(tx, request, RequestStatus.SUPERSEDED)
            note(tx, "supersede:agreement", request.patient_id, request=request.id)
            agreement = tx.get_or_404(Agreement, request.agreement_id)
            asks = agreement.status is AgreementStatus.ACTIVE
    except UserError:
        return False
    if asks:
        form = AskForm(Audience(patients=(request.patient_id,)), reason=request.reason)
        try:
            ask_to_sign(principal, request.agreement_id, form)
        except UserError:
            return False
    return True
