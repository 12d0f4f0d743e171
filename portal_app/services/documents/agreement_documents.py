"""PDFs of agreements: the copy as it was sealed or scanned, and the text that is to be signed."""

from typing import Any

from portal_app.clock import now
from portal_app.db.scope import Tx, reading
from portal_app.db.tables.agreements import AgreementCopy
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import Permission, Principal, Side
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import AgreementCopyId, AgreementRequestId
from portal_app.gateways.pdf import typesetter
from portal_app.i18n import paper_language, translate
from portal_app.services.agreements.copies.files import stored_file
from portal_app.services.agreements.copies.printed_blocks import printed_blocks
from portal_app.services.agreements.signing.text import FilledText, filled_text
from portal_app.services.agreements.signing.viewer import FoundRequest, find_request, require_signer
from portal_app.services.as_system import as_system
from portal_app.services.documents.document import Document, note_staff, safe_filename
from portal_app.services.documents.letterhead import letterhead


def agreement_copy_paper(principal: Principal, copy_id: AgreementCopyId, _language: str) -> Document:
    """The sealed copy, or the scan, byte for byte as it is stored, whatever the reader's language.

    For who may read the request (`find_request`), for who acts for the patient of a scan, for staff who view patients.

    Raises: NotFound, also while the copy is being made; PermissionDenied; NotSignedIn by a link that is over.
    """
    if principal.side is Side.STAFF:
        principal.require(Permission.VIEW_PATIENTS)
    else:
        require_signer(principal)
    with reading(as_system(principal)) as tx:
        copy = tx.get_or_404(AgreementCopy, copy_id)
        if principal.side is not Side.STAFF:
            _require_reader(tx, principal, copy)
        content = stored_file(tx, copy_id)
    note_staff(principal, "read:agreement", copy_id)
    return Document(f"agreement-{safe_filename(copy.number or str(copy.signed_on or ''))}.pdf", content)


def agreement_text_paper(principal: Principal, request_id: AgreementRequestId, language: str) -> Document:
    """The text of a request as its signer reads it, unsigned and without a seal; it does not count as opened.

    Raises: NotFound; PermissionDenied; NotSignedIn by a link that is over; TextIncomplete.
    """
    viewer = require_signer(principal)
    with reading(as_system(principal)) as tx:
        found = find_request(tx, viewer, request_id)
        text = filled_text(tx, found, language)
        facts = letterhead(tx.get_or_404(Practice, "practice"), text.language)
    made = typesetter().render_pdf("agreement", facts | _text_facts(found, text), made=now())
    return Document(f"agreement-text-{found.version.number}.pdf", made)


def _require_reader(tx: Tx, principal: Principal, copy: AgreementCopy) -> None:
    viewer = require_signer(principal)
    if copy.request_id is not None:
        find_request(tx, viewer, copy.request_id)
    elif viewer.only or copy.patient_id not in principal.patients:
        raise NotFound


def _text_facts(found: FoundRequest, text: FilledText) -> dict[str, Any]:
    language = text.language
    return {
        "title": text.title,
        "heading": text.title,
        "keywords": [],
        "facts": [
            (translate(language, "Patient"), found.patient.full_name),
            (translate(language, "Version"), str(found.version.number)),
            (translate(language, "Signatures"), translate(language, "None yet: this is the text to read")),
        ],
        "texts": [
            {
                "heading": "",
                "lang": paper_language(language).partition("-")[0],
                "blocks": printed_blocks(text.blocks, (), language),
            }
        ],
    }
