"""The practice's own signature, by a member of staff who has just shown again who they are; many at once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import col, select

from portal_app.clock import now
from portal_app.db.scope import Tx, reading, retried, transaction
from portal_app.db.tables.agreements import (
    Agreement,
    AgreementRequest,
    AgreementSigner,
    AgreementVersion,
    Signature,
)
from portal_app.db.tables.families import Patient
from portal_app.db.tables.staff import StaffMember
from portal_app.domain.access import Permission, Principal
from portal_app.domain.agreements.blocks import answers_hash
from portal_app.domain.agreements.signing import CheckedSignature, SignatureForm, check_signature
from portal_app.domain.agreements.types import (
    IdentityCheck,
    RequestStatus,
    SignerPart,
    SignerStatus,
)
from portal_app.domain.errors import NotFound, TextTooLong, UserError
from portal_app.domain.ids import AgreementId, AgreementRequestId, PatientId, SignatureId, new_id
from portal_app.services.agreements.errors import AlreadySigned
from portal_app.services.agreements.requests.open import require_waiting, signers_of
from portal_app.services.agreements.signing.complete import finish_signature
from portal_app.services.agreements.signing.text import filled_text
from portal_app.services.agreements.signing.viewer import FoundRequest, how_checked
from portal_app.services.as_system import as_system
from portal_app.services.credentials.errors import ReauthRequired
from portal_app.services.practice.facts import practice
from portal_app.services.staff.sign_in_settings import is_staff_reauthenticated

MOST_AT_ONCE = 200
_TITLE_AT_MOST = 60


@dataclass(frozen=True, slots=True)
class ToCountersign:
    """A request that waits for the practice. `signed`: how many of the others have signed."""

    request_id: AgreementRequestId
    patient_id: PatientId
    patient: str
    agreement_id: AgreementId
    agreement: str
    version: int
    asked_at: datetime
    signed: int


@dataclass(frozen=True, slots=True)
class CountersignForm:
    """The signature of a member of staff for the practice. `title`: in what function they sign."""

    signature: SignatureForm
    title: str = ""


@dataclass(frozen=True, slots=True)
class NotCountersigned:
    request_id: AgreementRequestId
    error: UserError


@dataclass(frozen=True, slots=True)
class CountersignResult:
    """What was signed, and what was not with the reason: each is on its own."""

    signed: tuple[AgreementRequestId, ...]
    refused: tuple[NotCountersigned, ...]


def list_to_countersign(principal: Principal) -> tuple[ToCountersign, ...]:
    """Requests that wait for the practice's signature, the oldest first; at most 200."""
    principal.require(Permission.MANAGE_AGREEMENTS)
    with reading(as_system(principal)) as tx:
        rows = tx.exec(
            select(AgreementRequest, Patient, Agreement, AgreementVersion)
            .join(AgreementSigner, col(AgreementSigner.request_id) == col(AgreementRequest.id))
            .join(Patient, col(Patient.id) == col(AgreementRequest.patient_id))
            .join(Agreement, col(Agreement.id) == col(AgreementRequest.agreement_id))
            .join(AgreementVersion, col(AgreementVersion.id) == col(AgreementRequest.version_id))
            .where(
                col(AgreementRequest.status) == RequestStatus.WAITING,
                col(AgreementSigner.part) == SignerPart.PRACTICE,
                col(AgreementSigner.status) == SignerStatus.WAITING,
            )
            .order_by(col(AgreementRequest.asked_at), col(AgreementRequest.id))
            .limit(MOST_AT_ONCE)
        )
        return tuple(
            ToCountersign(r.id, p.id, p.full_name, a.id, a.name, v.number, r.asked_at, r.signatures)
            for r, p, a, v in rows
        )


def countersign_requests(
    principal: Principal, request_ids: Sequence[AgreementRequestId], form: CountersignForm
) -> CountersignResult:
    """Sign these for the practice, each in a transaction of its own.

    Raises: ReauthRequired without password and code of the last ten minutes; a SignatureRefused, TextTooLong.
    """
    principal.require(Permission.MANAGE_AGREEMENTS)
    if not is_staff_reauthenticated(principal):
        raise ReauthRequired
    if len(form.title) > _TITLE_AT_MOST:
        raise TextTooLong(field="title", most=_TITLE_AT_MOST)
    signed: list[AgreementRequestId] = []
    refused: list[NotCountersigned] = []
    for id_ in dict.fromkeys(request_ids[:MOST_AT_ONCE]):
        try:
            _countersign(principal, id_, form)
        except UserError as error:
            if error.field == "signature":
                raise
            refused.append(NotCountersigned(id_, error))
        else:
            signed.append(id_)
    return CountersignResult(tuple(signed), tuple(refused))


@retried
def _countersign(principal: Principal, request_id: AgreementRequestId, form: CountersignForm) -> None:
    with transaction(as_system(principal)) as tx:
        if principal.staff_id is None:
            raise NotFound
        me = tx.get_or_404(StaffMember, principal.staff_id)
        found = _find(tx, request_id)
        if found.mine is None:
            raise NotFound
        if found.mine.status is SignerStatus.SIGNED:
            raise AlreadySigned
        # `drawn_only` is about patients: the practice signs many at once, by typing.
        checked = check_signature(form.signature, replace(found.version.rules, drawn_only=False), me.name)
        signature = _signature(tx, principal, found, checked)
        signature.name_on_file, signature.relationship = me.name, " ".join(form.title.split())
        finish_signature(tx, found.request, found.mine, signature)


def _find(tx: Tx, request_id: AgreementRequestId) -> FoundRequest:
    request: AgreementRequest = tx.get_or_404(AgreementRequest, request_id, lock=True)
    require_waiting(request)
    signers = signers_of(tx, request_id)
    return FoundRequest(
        request,
        tx.get_or_404(AgreementVersion, request.version_id),
        tx.get_or_404(Patient, request.patient_id),
        signers,
        tx.exec(select(Signature).where(Signature.request_id == request_id)).all(),
        next((row for row in signers if row.part is SignerPart.PRACTICE), None),
    )


def _signature(tx: Tx, principal: Principal, found: FoundRequest, checked: CheckedSignature) -> Signature:
    assert found.mine is not None
    first = found.signatures[0].language if found.signatures else found.patient.language
    text = filled_text(tx, found, first)
    return Signature(
        id=SignatureId(new_id("sig")),
        signer_row_id=found.mine.id,
        request_id=found.request.id,
        version_id=found.version.id,
        patient_id=found.patient.id,
        part=SignerPart.PRACTICE,
        staff_id=principal.staff_id,
        name_on_file="",
        signed_at=now(),
        zone=practice(tx).timezone,
        language=text.language,
        text_sha256=text.sha256,
        facts=text.facts,
        values=text.values,
        answers_sha256=answers_hash({}),
        way=checked.way,
        typed_name=checked.typed_name,
        strokes=list(checked.strokes),
        identity_check=IdentityCheck.STAFF,
        session_ref=principal.session_ref[:12],
        ip=principal.ip,
        device=how_checked(tx, principal)[1],
    )
