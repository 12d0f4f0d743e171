"""The agreement of a plan: asked of the owner when a membership begins, and again before it is renewed (REN-5)."""

from datetime import timedelta

from sqlmodel import col, select

from portal_app.clock import now, today
from portal_app.db.scope import Tx, transaction
from portal_app.db.tables.agreements import (
    Agreement,
    AgreementRequest,
    AgreementSigner,
    AgreementVersion,
)
from portal_app.db.tables.billing import Account
from portal_app.db.tables.memberships import Membership, Plan
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import Permission, Principal
from portal_app.domain.agreements.types import (
    AgreementKind,
    AgreementStatus,
    RequestReason,
    RequestStatus,
    SignerPart,
    SignerStatus,
)
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import AgreementId, AgreementRequestId, AgreementSignerId, PlanId, new_id
from portal_app.domain.practice_settings import SETTINGS
from portal_app.services.agreements.errors import AgreementRetired, NothingPublished
from portal_app.services.agreements.requests.open import end_request, is_over
from portal_app.services.agreements.texts.versions import newest_version
from portal_app.services.agreements.topics import announce_request
from portal_app.services.as_system import as_system, note


def set_plan_agreement(principal: Principal, plan_id: PlanId, agreement_id: AgreementId | None) -> None:
    """Say which membership contract the owners of a plan sign, from now on; None for none.

    Raises: NotFound, also for an agreement of another kind; NothingPublished; AgreementRetired.
    """
    principal.require(Permission.MANAGE_PLANS)
    principal.require(Permission.MANAGE_AGREEMENTS)
    with transaction(as_system(principal)) as tx:
        plan = tx.get_or_404(Plan, plan_id, lock=True)
        if agreement_id is not None:
            agreement = tx.get_or_404(Agreement, agreement_id)
            if agreement.kind is not AgreementKind.MEMBERSHIP:
                raise NotFound
            if agreement.status is AgreementStatus.RETIRED:
                raise AgreementRetired
            if not agreement.newest:
                raise NothingPublished
        plan.agreement_id = agreement_id


def request_to_sign(tx: Tx, row: Membership, reason: RequestReason) -> AgreementRequestId | None:
    """The request that the owner has to sign for this membership, asked for now if it was not.

    None where the plan has no agreement, or the owner has signed its newest version for this membership; the
    practice's own signature may follow. In a transaction of the system that has locked the membership.
    """
    agreement_id = tx.get_or_404(Plan, row.plan_id).agreement_id
    if agreement_id is None:
        return None
    agreement: Agreement = tx.get_or_404(Agreement, agreement_id, lock=True)
    if agreement.status is not AgreementStatus.ACTIVE:
        return None
    version = newest_version(tx, agreement)
    for request in _requests(tx, agreement, row):
        if request.status is RequestStatus.WAITING and is_over(request):
            end_request(tx, request, RequestStatus.EXPIRED)
        elif request.version_id == version.id and _has_signed(tx, request):
            return None
        elif request.status is RequestStatus.WAITING and request.version_id == version.id:
            return request.id
        elif request.status is RequestStatus.WAITING:  # half signed, of an earlier version
            end_request(tx, request, RequestStatus.SUPERSEDED)
    tx.flush()
    return _ask_owner(tx, row, version, reason)


def _requests(tx: Tx, agreement: Agreement, row: Membership) -> list[AgreementRequest]:
    counted = (RequestStatus.WAITING, RequestStatus.COMPLETE, RequestStatus.PAPER)
    wanted = select(AgreementRequest).where(
        AgreementRequest.agreement_id == agreement.id,
        AgreementRequest.membership_id == row.id,
        col(AgreementRequest.status).in_(counted),
    )
    return list(tx.exec(wanted.with_for_update().execution_options(populate_existing=True)).all())


def _has_signed(tx: Tx, request: AgreementRequest) -> bool:
    """Whether everybody but the practice has signed."""
    if request.status is not RequestStatus.WAITING:
        return True
    waiting = select(AgreementSigner.id).where(
        AgreementSigner.request_id == request.id,
        AgreementSigner.status == SignerStatus.WAITING,
        AgreementSigner.part != SignerPart.PRACTICE,
    )
    return tx.exec(waiting).first() is None


def _ask_owner(
    tx: Tx, row: Membership, version: AgreementVersion, reason: RequestReason
) -> AgreementRequestId:
    """Ask the owner of a membership: the guarantor of its account, an adult who signs for themself."""
    owner = tx.get_or_404(Account, row.account_id).guarantor_id
    days = int(SETTINGS["agreement_expires_days"].read(tx.get_or_404(Practice, "practice")))
    request = tx.add(
        AgreementRequest(
            id=AgreementRequestId(new_id("agq")),
            agreement_id=version.agreement_id,
            version_id=version.id,
            patient_id=owner,
            reason=reason,
            membership_id=row.id,
            asked_at=now(),
            asked_by=tx.principal.name,
            expires_on=today() + timedelta(days=days),
        )
    )
    tx.flush()
    parts = [SignerPart.PATIENT, *([SignerPart.PRACTICE] if version.countersigned else [])]
    for part in parts:
        tx.add(
            AgreementSigner(
                id=AgreementSignerId(new_id("ags")), request_id=request.id, patient_id=owner, part=part
            )
        )
    tx.flush()
    note(tx, "ask:agreement", owner, request=request.id, membership=row.id, reason=str(reason))
    announce_request(tx, request.id, owner)
    return request.id
