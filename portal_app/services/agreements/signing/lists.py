"""A patient's agreements: to sign first, then those that wait for others, signed ones, and what came to nothing."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import col, or_, select

from portal_app.clock import local_date
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.agreements import (
    AgreementCopy,
    AgreementRequest,
    AgreementSigner,
    AgreementText,
    AgreementVersion,
    Signature,
)
from portal_app.db.tables.families import Patient
from portal_app.domain.access import Everyone, Permission, Principal
from portal_app.domain.agreements.types import RequestStatus
from portal_app.domain.errors import UserError
from portal_app.domain.ids import AgreementRequestId, AgreementVersionId, PatientId
from portal_app.services.agreements.requests.open import is_over
from portal_app.services.agreements.signing.view import CopyView, SignerView, copy_view, signer_views
from portal_app.services.agreements.signing.viewer import (
    FoundRequest,
    Viewer,
    part_now,
    require_part,
    require_signer,
)
from portal_app.services.as_system import as_system, note

_MOST = 500  # requests of one list
_SIGNED = (RequestStatus.COMPLETE, RequestStatus.PAPER)


@dataclass(frozen=True, slots=True)
class AgreementItem:
    """One agreement of one patient in a list. `request_id` is None for a scan without a request."""

    request_id: AgreementRequestId | None
    patient_id: PatientId
    patient: str
    title: str
    version: int  # 0 of a scan
    status: RequestStatus
    asked_at: datetime
    expires_on: date | None
    signed_on: date | None  # the day of the last signature
    signed_by: tuple[str, ...]
    signers: tuple[SignerView, ...]
    copy: CopyView | None


@dataclass(frozen=True, slots=True)
class MyAgreements:
    """What the page shows, in its order; each part the newest first, but what expires first is signed first."""

    to_sign: tuple[AgreementItem, ...]
    waiting_for_others: tuple[AgreementItem, ...]  # signed by the viewer, or only others can sign
    signed: tuple[AgreementItem, ...]
    not_in_force: tuple[AgreementItem, ...]  # declined, withdrawn, expired


def list_my_agreements(principal: Principal) -> MyAgreements:
    """The agreements of the viewer and of those they act for, and what they signed or were named for."""
    viewer = _signed_in(principal)
    with reading(as_system(principal)) as tx:
        return _sorted(tx, viewer, _mine(tx, viewer), principal.language)


def count_to_sign(principal: Principal) -> int:
    """How many agreements the viewer can sign now."""
    return len(list_my_agreements(principal).to_sign)


def list_agreements_of_patient(principal: Principal, patient_id: PatientId) -> tuple[AgreementItem, ...]:
    """All agreements of one patient, for staff, the newest first; in the audit trail. Raises NotFound."""
    principal.require(Permission.VIEW_PATIENTS)
    with reading(as_system(principal)) as tx:
        tx.get_or_404(Patient, patient_id)
        found = _load(tx, None, [AgreementRequest.patient_id == patient_id])
        items = [*_items(tx, found, principal.language, None), *_scans(tx, [patient_id])]
    _note_read(principal, patient_id)
    return tuple(sorted(items, key=lambda item: item.asked_at, reverse=True))


def _note_read(principal: Principal, patient_id: PatientId) -> None:
    """Note in the audit trail that staff read a patient's agreements."""
    principal.require(Permission.VIEW_PATIENTS)
    with transaction(as_system(principal)) as tx:
        note(tx, "read:agreements", patient_id)


def _signed_in(principal: Principal) -> Viewer:
    principal.require(Permission.MY_RECORDS)
    return require_signer(principal)


def _patients(viewer: Viewer) -> list[PatientId]:
    """The patients whose agreements the viewer may read, in order of their ids."""
    patients = viewer.principal.patients
    return [] if isinstance(patients, Everyone) else sorted(patients)


def _mine(tx: Tx, viewer: Viewer) -> list[FoundRequest]:
    """The requests of the viewer's patients, and those that name the viewer or that they signed."""
    named = select(AgreementSigner.request_id).where(AgreementSigner.signer_id == viewer.me)
    signed = select(Signature.request_id).where(Signature.signer_id == viewer.me)
    theirs = or_(
        col(AgreementRequest.patient_id).in_(_patients(viewer)),
        col(AgreementRequest.id).in_(named),
        col(AgreementRequest.id).in_(signed),
    )
    return _load(tx, viewer, [theirs])


def _load(tx: Tx, viewer: Viewer | None, where: Iterable[object]) -> list[FoundRequest]:
    """Requests with all that belongs to them, in a fixed number of queries."""
    wanted = (
        select(AgreementRequest, AgreementVersion, Patient)
        .join(AgreementVersion, col(AgreementVersion.id) == col(AgreementRequest.version_id))
        .join(Patient, col(Patient.id) == col(AgreementRequest.patient_id))
        .where(*where)  # type: ignore[arg-type]
        .order_by(col(AgreementRequest.asked_at).desc(), col(AgreementRequest.id))
        .limit(_MOST)
    )
    rows = tx.exec(wanted).all()
    ids = [request.id for request, _, _ in rows]
    signers: dict[str, list[AgreementSigner]] = defaultdict(list)
    every = select(AgreementSigner).where(col(AgreementSigner.request_id).in_(ids))
    for row in tx.exec(every.order_by(col(AgreementSigner.id))):
        signers[row.request_id].append(row)
    signatures: dict[str, list[Signature]] = defaultdict(list)
    made = select(Signature).where(col(Signature.request_id).in_(ids))
    for each in tx.exec(made.order_by(col(Signature.signed_at), col(Signature.id))):
        signatures[each.request_id].append(each)
    return [
        FoundRequest(
            request,
            version,
            patient,
            signers[request.id],
            signatures[request.id],
            part_now(viewer, request, signers[request.id], signatures[request.id]) if viewer else None,
        )
        for request, version, patient in rows
    ]


def _sorted(tx: Tx, viewer: Viewer, found: Sequence[FoundRequest], language: str) -> MyAgreements:
    """The parts of the page: to sign, waiting for others, signed, and what came to nothing."""
    items = dict(
        zip([each.request.id for each in found], _items(tx, found, language, viewer.me), strict=True)
    )
    open_ids = {each.request.id for each in found if _is_open(each)}
    mine = {each.request.id for each in found if each.request.id in open_ids and _may_sign(tx, each)}
    signed = [item for item in items.values() if item.status in _SIGNED]
    seen = {item.copy.id for item in signed if item.copy}
    signed += [scan for scan in _scans(tx, _patients(viewer)) if scan.copy and scan.copy.id not in seen]
    ended = [i for i in items.values() if i.status not in _SIGNED and i.request_id not in open_ids]
    return MyAgreements(
        to_sign=tuple(sorted((items[id_] for id_ in mine), key=_first_to_expire)),
        waiting_for_others=tuple(i for id_, i in items.items() if id_ in open_ids - mine),
        signed=tuple(sorted(signed, key=lambda item: item.signed_on or date.min, reverse=True)),
        not_in_force=tuple(i for i in ended if i.status is not RequestStatus.SUPERSEDED),
    )


def _is_open(found: FoundRequest) -> bool:
    return found.request.status is RequestStatus.WAITING and not is_over(found.request)


def _may_sign(tx: Tx, found: FoundRequest) -> bool:
    """Whether it is the viewer's turn to sign."""
    try:
        require_part(tx, found)
    except UserError:
        return False
    return True


def _first_to_expire(item: AgreementItem) -> tuple[date, str, str]:
    return item.expires_on or date.max, item.patient, item.title


def _items(tx: Tx, found: Sequence[FoundRequest], language: str, me: PatientId | None) -> list[AgreementItem]:
    """The requests as the list shows them."""
    titles = _titles(tx, [each.version.id for each in found], language)
    ids = [each.request.id for each in found]
    copies = {
        copy.request_id: copy
        for copy in tx.exec(select(AgreementCopy).where(col(AgreementCopy.request_id).in_(ids)))
    }
    return [_item(tx, each, titles, copies.get(each.request.id), me) for each in found]


def _item(
    tx: Tx,
    found: FoundRequest,
    titles: Mapping[AgreementVersionId, str],
    copy: AgreementCopy | None,
    me: PatientId | None,
) -> AgreementItem:
    request, last = found.request, found.signatures[-1] if found.signatures else None
    over = request.status is RequestStatus.WAITING and is_over(request)
    signed_on = local_date(last.signed_at) if last else copy.signed_on if copy else None
    by_paper = (copy.signed_by,) if copy and copy.signed_by else ()
    return AgreementItem(
        request_id=request.id,
        patient_id=found.patient.id,
        patient=found.patient.full_name,
        title=titles.get(found.version.id, ""),
        version=found.version.number,
        status=RequestStatus.EXPIRED if over else request.status,
        asked_at=request.asked_at,
        expires_on=request.expires_on,
        signed_on=signed_on,
        signed_by=tuple(row.name_on_file for row in found.signatures) or by_paper,
        signers=signer_views(tx, found, me),
        copy=copy_view(copy),
    )


def _titles(tx: Tx, versions: Iterable[AgreementVersionId], language: str) -> dict[AgreementVersionId, str]:
    """The title of each version in a language; in another one where it was not published in it."""
    rows = tx.exec(select(AgreementText).where(col(AgreementText.version_id).in_(set(versions)))).all()
    found = {row.version_id: row.title for row in sorted(rows, key=lambda row: row.language, reverse=True)}
    return found | {row.version_id: row.title for row in rows if row.language == language}


def _scans(tx: Tx, patients: Iterable[PatientId]) -> list[AgreementItem]:
    """Scans that came without a request, by an import."""
    rows = tx.exec(
        select(AgreementCopy, Patient)
        .join(Patient, col(Patient.id) == col(AgreementCopy.patient_id))
        .where(col(AgreementCopy.patient_id).in_(list(patients)), col(AgreementCopy.request_id).is_(None))
    ).all()
    return [
        AgreementItem(
            request_id=None,
            patient_id=patient.id,
            patient=patient.full_name,
            title=copy.title,
            version=0,
            status=RequestStatus.PAPER,
            asked_at=copy.created_at,
            expires_on=None,
            signed_on=copy.signed_on,
            signed_by=(copy.signed_by,) if copy.signed_by else (),
            signers=(),
            copy=copy_view(copy),
        )
        for copy, patient in rows
    ]
