"""Requests of an agreement for staff: who has not signed, who opened it, whose message came back."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlmodel import col, func, or_, select

from portal_app.clock import today
from portal_app.db.scope import Tx, reading
from portal_app.db.tables.agreements import AgreementRequest, AgreementSigner, AgreementVersion
from portal_app.db.tables.billing import Account
from portal_app.db.tables.families import Patient
from portal_app.db.tables.messages import OutboxMessage
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import Permission, Principal
from portal_app.domain.agreements.types import RequestStatus, SignerPart, SignerStatus
from portal_app.domain.ids import AgreementId, AgreementRequestId, PatientId
from portal_app.services.agreements.requests.people import Person, read_persons
from portal_app.services.agreements.requests.tell import people_to_tell
from portal_app.services.as_system import as_system
from portal_app.services.messaging.templates.agreements import AGREEMENTS

PAGE = 50


class RequestFilter(StrEnum):
    """Which requests a list shows."""

    ALL = "all"
    WAITING = "waiting"  # has not signed
    NOT_OPENED = "not_opened"
    CAME_BACK = "came_back"  # a message could not be delivered
    PAPER_ASKED = "paper_asked"
    SIGNED = "signed"
    DECLINED = "declined"
    ENDED = "ended"  # withdrawn, expired or superseded


class Delivery(StrEnum):
    """What became of the newest message to a signer."""

    NOT_YET = "not_yet"  # the job has not come to it
    SENT = "sent"  # or still under way
    CAME_BACK = "came_back"
    NO_CONTACT = "no_contact"


@dataclass(frozen=True, slots=True)
class SignerRow:
    part: SignerPart
    name: str  # of who was named; "" for whoever may act for the patient
    status: SignerStatus
    opened_at: datetime | None
    paper_at: datetime | None
    reason: str  # of declining
    delivery: Delivery


@dataclass(frozen=True, slots=True)
class RequestRow:
    id: AgreementRequestId
    patient_id: PatientId
    patient: str
    version: int
    status: RequestStatus
    asked_at: datetime
    expires_on: date | None
    ended_at: datetime | None
    reminders: int
    signers: tuple[SignerRow, ...]


@dataclass(frozen=True, slots=True)
class RequestPage:
    rows: tuple[RequestRow, ...]
    page: int
    pages: int
    count: int


def list_requests(
    principal: Principal,
    agreement_id: AgreementId,
    *,
    shown: RequestFilter = RequestFilter.ALL,
    page: int = 1,
) -> RequestPage:
    """The requests of an agreement, the newest first, 50 a page."""
    principal.require(Permission.MANAGE_AGREEMENTS)
    with reading(as_system(principal)) as tx:
        fits = (col(AgreementRequest.agreement_id) == agreement_id, *_fits(tx, shown))
        count = tx.exec(select(func.count()).select_from(AgreementRequest).where(*fits)).one()
        pages = max(1, -(-count // PAGE))
        page = min(max(page, 1), pages)
        wanted = select(AgreementRequest).where(*fits)
        wanted = wanted.order_by(col(AgreementRequest.asked_at).desc(), col(AgreementRequest.id))
        rows = tx.exec(wanted.offset((page - 1) * PAGE).limit(PAGE)).all()
        return RequestPage(_rows(tx, rows), page, pages, count)


def _fits(tx: Tx, shown: RequestFilter) -> tuple[Any, ...]:
    waiting = col(AgreementRequest.status) == RequestStatus.WAITING
    signers = select(AgreementSigner.request_id).where(
        AgreementSigner.status == SignerStatus.WAITING, AgreementSigner.part != SignerPart.PRACTICE
    )
    match shown:
        case RequestFilter.ALL:
            return ()
        case RequestFilter.WAITING:
            return (waiting,)
        case RequestFilter.NOT_OPENED:
            unread = signers.where(col(AgreementSigner.opened_at).is_(None))
            return waiting, col(AgreementRequest.id).in_(unread)
        case RequestFilter.PAPER_ASKED:
            asked = signers.where(col(AgreementSigner.paper_at).is_not(None))
            return waiting, col(AgreementRequest.id).in_(asked)
        case RequestFilter.SIGNED:
            return (col(AgreementRequest.status).in_((RequestStatus.COMPLETE, RequestStatus.PAPER)),)
        case RequestFilter.DECLINED:
            return (col(AgreementRequest.status) == RequestStatus.DECLINED,)
        case RequestFilter.CAME_BACK:
            return waiting, col(AgreementRequest.id).in_(_came_back(tx))
        case RequestFilter.ENDED:
            ended = (RequestStatus.WITHDRAWN, RequestStatus.EXPIRED, RequestStatus.SUPERSEDED)
            return (col(AgreementRequest.status).in_(ended),)


def _came_back(tx: Tx) -> list[AgreementRequestId]:
    """Waiting requests with a signer whose newest message could not be delivered."""
    failed = select(OutboxMessage.patient_id).where(
        col(OutboxMessage.kind).in_(AGREEMENTS), OutboxMessage.failed != ""
    )
    people = [id_ for id_ in tx.exec(failed.distinct()) if id_ is not None]
    wanted = (
        select(AgreementRequest)
        .join(AgreementSigner, col(AgreementSigner.request_id) == col(AgreementRequest.id))
        .join(Patient, col(Patient.id) == col(AgreementRequest.patient_id))
        .join(Account, col(Account.id) == col(Patient.account_id))
        .where(
            col(AgreementRequest.status) == RequestStatus.WAITING,
            or_(
                col(Patient.id).in_(people),
                col(AgreementSigner.signer_id).in_(people),
                col(Account.guarantor_id).in_(people),
            ),
        )
        .distinct()
    )
    rows = _rows(tx, tx.exec(wanted).all())
    return [row.id for row in rows if any(s.delivery is Delivery.CAME_BACK for s in row.signers)]


def _rows(tx: Tx, requests: Sequence[AgreementRequest]) -> tuple[RequestRow, ...]:
    ids = [request.id for request in requests]
    signers: dict[str, list[AgreementSigner]] = defaultdict(list)
    every = select(AgreementSigner).where(col(AgreementSigner.request_id).in_(ids))
    for row in tx.exec(every.order_by(col(AgreementSigner.id))):
        signers[row.request_id].append(row)
    named = {row.signer_id for some in signers.values() for row in some if row.signer_id}
    people = read_persons(tx, {request.patient_id for request in requests} | named)
    numbers = {
        version.id: version.number
        for version in tx.exec(
            select(AgreementVersion).where(
                col(AgreementVersion.id).in_({request.version_id for request in requests})
            )
        )
    }
    age = tx.get_or_404(Practice, "practice").dependent_age
    told = {
        row.id: people_to_tell(people[row.patient_id], row, age) for some in signers.values() for row in some
    }
    newest = _newest_messages(tx, {person for persons in told.values() for person in persons})
    return tuple(
        RequestRow(
            request.id,
            request.patient_id,
            people[request.patient_id].name,
            numbers[request.version_id],
            _status(request),
            request.asked_at,
            request.expires_on,
            request.ended_at,
            request.reminders,
            tuple(
                _signer(row, people, _delivery(request, [newest.get(p) for p in told[row.id]]))
                for row in signers[request.id]
            ),
        )
        for request in requests
    )


def _status(request: AgreementRequest) -> RequestStatus:
    """As stored, but for a last day that has passed since the job ran."""
    over = request.expires_on is not None and request.expires_on < today()
    return RequestStatus.EXPIRED if over and request.status is RequestStatus.WAITING else request.status


def _signer(row: AgreementSigner, people: dict[PatientId, Person], delivery: Delivery) -> SignerRow:
    name = people[row.signer_id].name if row.signer_id else ""
    return SignerRow(row.part, name, row.status, row.opened_at, row.paper_at, row.reason, delivery)


def _newest_messages(tx: Tx, persons: set[PatientId]) -> dict[PatientId, list[OutboxMessage]]:
    """The messages about agreements of the newest time they were written to each person."""
    rows = tx.exec(
        select(OutboxMessage)
        .where(col(OutboxMessage.patient_id).in_(persons), col(OutboxMessage.kind).in_(AGREEMENTS))
        .order_by(col(OutboxMessage.created_at).desc())
    )
    found: dict[PatientId, list[OutboxMessage]] = {}
    for row in rows:
        if row.patient_id is None:
            continue
        some = found.setdefault(row.patient_id, [])
        if not some or some[0].created_at == row.created_at:
            some.append(row)
    return found


def _delivery(request: AgreementRequest, messages: Sequence[Sequence[OutboxMessage] | None]) -> Delivery:
    """Of all who are told of one signature: it has come back when it reached nobody."""
    if request.told_at is None:
        return Delivery.NOT_YET
    sent = [row for some in messages for row in some or ()]
    if not sent:
        return Delivery.NO_CONTACT
    return Delivery.CAME_BACK if all(row.failed for row in sent) else Delivery.SENT
