"""A request that was signed on paper: staff add the scan, and nobody is asked any more."""

import hashlib
from dataclasses import dataclass
from datetime import date

from portal_app.clock import now, today
from portal_app.db.scope import retried, transaction
from portal_app.db.tables.agreements import AgreementCopy, AgreementCopyFile
from portal_app.domain.access import Permission, Principal
from portal_app.domain.agreements.copy_files import SCAN_AT_MOST
from portal_app.domain.agreements.errors import NameMissing
from portal_app.domain.agreements.types import CopyOrigin, CopyStatus, RequestStatus
from portal_app.domain.ids import AgreementCopyId, AgreementRequestId, new_id
from portal_app.services.agreements.errors import PaperDateInvalid, ScanInvalid
from portal_app.services.agreements.requests.open import end_request, lock_waiting_request
from portal_app.services.as_system import as_system, note

_NAME_AT_MOST = 200  # characters


@dataclass(frozen=True, slots=True)
class PaperForm:
    """A scan of a signed paper. `signed_by`: the names on it."""

    pdf: bytes
    signed_on: date
    signed_by: str


@retried
def record_paper(principal: Principal, request_id: AgreementRequestId, form: PaperForm) -> AgreementCopyId:
    """Add the scan of a request that was signed on paper; it is marked as a scan and not sealed.

    Raises: NotFound; why the request does not wait any more (`ElsewhereAnswered`); ScanInvalid; PaperDateInvalid;
        NameMissing.
    """
    principal.require(Permission.MANAGE_AGREEMENTS)
    check_scan(form.pdf)
    if form.signed_on > today():
        raise PaperDateInvalid
    signed_by = " ".join(form.signed_by.split())
    if not signed_by or len(signed_by) > _NAME_AT_MOST:
        raise NameMissing(field="signed_by")
    with transaction(as_system(principal)) as tx:
        request = lock_waiting_request(tx, request_id)
        end_request(tx, request, RequestStatus.PAPER)
        copy = tx.add(
            AgreementCopy(
                id=AgreementCopyId(new_id("agc")),
                patient_id=request.patient_id,
                request_id=request.id,
                origin=CopyOrigin.PAPER,
                status=CopyStatus.SCAN,
                signed_on=form.signed_on,
                signed_by=signed_by,
                created_at=now(),
                sha256=hashlib.sha256(form.pdf).hexdigest(),
                size=len(form.pdf),
            )
        )
        tx.flush()
        tx.add(AgreementCopyFile(copy_id=copy.id, pdf=form.pdf))
        note(tx, "paper:agreement_scan", request.patient_id, request=request.id, copy=copy.sha256)
        return copy.id


def check_scan(pdf: bytes) -> None:
    """Raise ScanInvalid unless the file looks like a PDF and is not too large."""
    if not pdf.startswith(b"%PDF-") or len(pdf) > SCAN_AT_MOST * 1024 * 1024:
        raise ScanInvalid(most=SCAN_AT_MOST)
