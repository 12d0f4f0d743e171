"""A request as it is found before something is done with it: locked, and still to be signed."""

from collections.abc import Iterable, Sequence
from typing import NoReturn

from sqlmodel import col, select

from portal_app.clock import now, today
from portal_app.db.scope import Tx
from portal_app.db.tables.agreements import AgreementRequest, AgreementSigner
from portal_app.db.tables.credentials import ActionLink
from portal_app.domain.agreements.types import RequestStatus, SignerStatus
from portal_app.domain.credentials.types import Purpose
from portal_app.domain.ids import AgreementRequestId, AgreementSignerId
from portal_app.services.agreements.errors import (
    AlreadySigned,
    ElsewhereAnswered,
    RequestDeclined,
    RequestExpired,
    RequestSuperseded,
    RequestWithdrawn,
    SignedOnPaper,
)
from portal_app.services.agreements.topics import announce_request
from portal_app.services.links import action_links

_WHY: dict[RequestStatus, type[ElsewhereAnswered]] = {
    RequestStatus.COMPLETE: AlreadySigned,
    RequestStatus.DECLINED: RequestDeclined,
    RequestStatus.WITHDRAWN: RequestWithdrawn,
    RequestStatus.EXPIRED: RequestExpired,
    RequestStatus.SUPERSEDED: RequestSuperseded,
    RequestStatus.PAPER: SignedOnPaper,
}


def is_over(request: AgreementRequest) -> bool:
    """Whether its last day has passed, whether or not the job has noted it."""
    return request.expires_on is not None and request.expires_on < today()


def refuse_answered(status: RequestStatus) -> NoReturn:
    """Raise why a request of this status cannot be signed."""
    raise _WHY[status]


def require_waiting(request: AgreementRequest) -> None:
    """Raise why the request cannot be signed any more (`ElsewhereAnswered`)."""
    if request.status is not RequestStatus.WAITING:
        refuse_answered(request.status)
    if is_over(request):
        raise RequestExpired


def lock_waiting_request(tx: Tx, request_id: AgreementRequestId) -> AgreementRequest:
    """The request, locked for update. Raises NotFound, or why it cannot be signed any more."""
    request: AgreementRequest = tx.get_or_404(AgreementRequest, request_id, lock=True)
    require_waiting(request)
    return request


def signers_of(tx: Tx, request_id: AgreementRequestId) -> Sequence[AgreementSigner]:
    """The signers of a request, in their order, as the database has them now."""
    wanted = select(AgreementSigner).where(AgreementSigner.request_id == request_id)
    return tx.exec(wanted.order_by(col(AgreementSigner.id)).execution_options(populate_existing=True)).all()


def waiting_of(signers: Iterable[AgreementSigner]) -> list[AgreementSigner]:
    """Those who have not signed or declined."""
    return [signer for signer in signers if signer.status is SignerStatus.WAITING]


def revoke_sign_links(tx: Tx, ids: Iterable[AgreementSignerId]) -> None:
    """End the sign links of these signers; a session that one opened ends too."""
    rows = tx.exec(
        select(ActionLink).where(
            col(ActionLink.purpose) == Purpose.SIGN,
            col(ActionLink.subject_id).in_(list(ids)),
            col(ActionLink.revoked_at).is_(None),
        )
    ).all()
    for row in rows:
        action_links.revoke(tx, row)


def end_request(tx: Tx, request: AgreementRequest, status: RequestStatus) -> None:
    """End a request in the caller's transaction, with its sign links."""
    request.status, request.ended_at, request.ended_by = status, now(), tx.principal.name
    revoke_sign_links(tx, [signer.id for signer in signers_of(tx, request.id)])
    announce_request(tx, request.id, request.patient_id)
