"""The bytes of copies."""

from portal_app.db.scope import Tx
from portal_app.db.tables.agreements import AgreementCopy, AgreementCopyFile
from portal_app.domain.agreements.types import CopyStatus
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import AgreementCopyId
from portal_app.services.sign_in.crypto import equal, keyed_hash

ATTACHMENT = "agreement_copy"  # what a message names the file as
SEALED = "agreements:seal"  # what the audit trail calls it


def sealed_file(tx: Tx, copy_id: AgreementCopyId) -> bytes:
    """The sealed PDF, in the system's transaction. Raises NotFound for a copy that is not sealed yet, and for a scan."""
    copy = tx.get_or_404(AgreementCopy, copy_id)
    if copy.status is not CopyStatus.SEALED:
        raise NotFound
    return tx.get_or_404(AgreementCopyFile, copy_id).pdf


def stored_file(tx: Tx, copy_id: AgreementCopyId) -> bytes:
    """The sealed PDF or the scan, in the system's transaction. Raises NotFound while there is none."""
    file = tx.get(AgreementCopyFile, copy_id)
    if file is None:
        raise NotFound
    return file.pdf


def copy_mark(copy_id: str) -> str:
    """What stands in the file's properties, so that a file that was saved again is known too: not to be guessed."""
    return f"{copy_id}.{keyed_hash('copy mark', copy_id)[:32]}"


def marked_copy(mark: str) -> AgreementCopyId | None:
    """The copy that a mark names; None for a mark that the portal did not make."""
    copy_id = mark.partition(".")[0]
    return AgreementCopyId(copy_id) if equal(mark, copy_mark(copy_id)) else None
