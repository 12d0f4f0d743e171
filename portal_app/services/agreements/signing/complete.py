"""After a signature, in its transaction: the trail's line, and the copy to be made once all have signed."""

import secrets

from portal_app.clock import now
from portal_app.db.scope import Tx
from portal_app.db.tables.agreements import AgreementCopy, AgreementRequest, AgreementSigner, Signature
from portal_app.domain.agreements.types import CopyOrigin, CopyStatus, RequestStatus, SignerStatus
from portal_app.domain.ids import AgreementCopyId, new_id
from portal_app.domain.sign_in import REFERENCE_LETTERS
from portal_app.services.agreements.requests.open import signers_of, waiting_of
from portal_app.services.agreements.topics import announce_request
from portal_app.services.as_system import note
from portal_app.services.live import announce

COPY_TOPIC = "agreement-copies"  # announced after the commit, with the copy's id: somebody makes it at once


def finish_signature(
    tx: Tx, request: AgreementRequest, mine: AgreementSigner, signature: Signature
) -> AgreementCopyId | None:
    """Write a signature of a locked request. Returns the id of the copy to be made when it was the last one."""
    tx.add(signature)
    mine.status = SignerStatus.SIGNED
    request.signatures += 1
    tx.flush()  # the unique key of the signer's row refuses a second one
    note(
        tx,
        "sign:agreement",
        request.patient_id,
        request=request.id,
        signature=signature.id,
        version=signature.version_id,
        text=signature.text_sha256,
        answers=signature.answers_sha256,
    )
    announce_request(tx, request.id, request.patient_id)
    if waiting_of(signers_of(tx, request.id)):
        return None
    request.status, request.ended_at, request.ended_by = RequestStatus.COMPLETE, now(), tx.principal.name
    copy = tx.add(
        AgreementCopy(
            id=AgreementCopyId(new_id("agc")),
            patient_id=request.patient_id,
            request_id=request.id,
            origin=CopyOrigin.PORTAL,
            status=CopyStatus.WAITING,
            number="-".join("".join(secrets.choice(REFERENCE_LETTERS) for _ in range(4)) for _ in range(3)),
            created_at=now(),
            next_try_at=now(),
        )
    )
    tx.flush()
    tx.on_commit(lambda: announce(COPY_TOPIC, copy.id))
    return copy.id
