"""What a signer reads before they sign, and what changed when a new version came while they read (SIGN-3)."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import select

from portal_app.clock import now
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.agreements import AgreementCopy, AgreementSigner, AgreementVersion
from portal_app.db.tables.families import Patient
from portal_app.domain.access import Principal
from portal_app.domain.agreements.blocks import Block, fields_of, fill
from portal_app.domain.agreements.comparison import ComparedBlock, compare_texts
from portal_app.domain.agreements.types import (
    CopyOrigin,
    CopyStatus,
    RequestReason,
    RequestStatus,
    SignerPart,
    SignerStatus,
)
from portal_app.domain.errors import NotFound, UserError
from portal_app.domain.ids import (
    AgreementCopyId,
    AgreementRequestId,
    AgreementVersionId,
    MembershipId,
    PatientId,
)
from portal_app.services.agreements.requests.open import require_waiting, waiting_of
from portal_app.services.agreements.signing.consent import current_consent
from portal_app.services.agreements.signing.text import FilledText, facts_of, filled_text
from portal_app.services.agreements.signing.viewer import (
    FoundRequest,
    Viewer,
    find_request,
    linked_request,
    require_part,
    require_signer,
)
from portal_app.services.agreements.texts.values import shown_values
from portal_app.services.agreements.texts.versions import ShownText, languages_of, published_text
from portal_app.services.as_system import as_system, note


@dataclass(frozen=True, slots=True)
class SignerView:
    """One signer: the name of who signed or was named, "" while anybody who may act for the patient can sign."""

    part: SignerPart
    status: SignerStatus
    name: str
    signed_at: datetime | None
    me: bool


@dataclass(frozen=True, slots=True)
class CopyView:
    """The copy of a signed agreement. A scan was signed on paper and is not sealed by the portal."""

    id: AgreementCopyId
    status: CopyStatus
    is_scan: bool


@dataclass(frozen=True, slots=True)
class SigningView:
    """A request as its reader sees it. `refusal`: why the reader cannot sign it now, None where they can."""

    request_id: AgreementRequestId
    version_id: AgreementVersionId
    version: int
    status: RequestStatus
    language: str
    languages: tuple[str, ...]
    title: str
    blocks: tuple[Block, ...]
    fields: tuple[Block, ...]
    text_sha256: str
    patient_id: PatientId
    patient: str
    part: SignerPart | None  # the one that the reader may sign
    for_another: bool  # the reader signs for somebody else
    name_on_file: str  # the reader's
    drawn_only: bool
    consented_at: datetime | None
    paper_asked: bool
    expires_on: date | None
    signers: tuple[SignerView, ...]
    renews: MembershipId | None  # the membership that is renewed once this is signed (REN-5)
    copy: CopyView | None
    refusal: UserError | None


def open_request(
    principal: Principal, request_id: AgreementRequestId | None = None, language: str = ""
) -> SigningView:
    """A request with its whole text, for signing or reading again; the first time it counts as opened.

    Args:
        request_id: None for the one of the session's sign link.
        language: of the text; by default the reader's, or the first that the version has.

    Raises: NotFound; TextIncomplete.
    """
    viewer = require_signer(principal)
    with transaction(as_system(principal)) as tx:
        id_ = request_id or linked_request(tx, viewer)
        if id_ is None:
            raise NotFound
        found = find_request(tx, viewer, id_)
        text = filled_text(tx, found, language or principal.language)
        refusal = _refusal(tx, found)
        if refusal is None and found.mine:
            _note_opened(tx, found, found.mine, text)
        return _view(tx, viewer, found, text, refusal)


def view_changes(
    principal: Principal, request_id: AgreementRequestId, version_id: AgreementVersionId, language: str
) -> tuple[ComparedBlock, ...]:
    """What changed between the version that was open and the one that is asked for now, word by word.

    Raises NotFound, also for a version of another agreement or a language that one of them does not have.
    """
    viewer = require_signer(principal)
    with reading(as_system(principal)) as tx:
        found = find_request(tx, viewer, request_id)
        before = tx.get_or_404(AgreementVersion, version_id)
        if before.agreement_id != found.request.agreement_id:
            raise NotFound
        now_text = filled_text(tx, found, language)
        old = published_text(tx, version_id, language)
        values = shown_values(language, facts_of(tx, found))
        old_text = ShownText(language, old.title, fill(old.blocks, values))
        return compare_texts(
            old_text.with_title, ShownText(language, now_text.title, now_text.blocks).with_title
        )


def _note_opened(tx: Tx, found: FoundRequest, mine: AgreementSigner, text: FilledText) -> None:
    """Note the first opening. Of two parts that name nobody either is the reader's: who signs first decides."""
    parts = [
        row
        for row in waiting_of(found.signers)
        if row is mine or (_names_nobody(row) and _names_nobody(mine))
    ]
    if unread := [row for row in parts if row.opened_at is None]:
        for row in unread:
            row.opened_at = now()
        note(tx, "open:agreement", found.request.patient_id, request=found.request.id, text=text.sha256)


def _names_nobody(row: AgreementSigner) -> bool:
    return row.signer_id is None and row.part is not SignerPart.PRACTICE


def _refusal(tx: Tx, found: FoundRequest) -> UserError | None:
    """Why the viewer cannot sign it now; None where they can."""
    try:
        require_waiting(found.request)
        require_part(tx, found)
    except UserError as error:
        return error
    return None


def _view(
    tx: Tx, viewer: Viewer, found: FoundRequest, text: FilledText, refusal: UserError | None
) -> SigningView:
    consent = current_consent(tx, viewer.me)
    return SigningView(
        request_id=found.request.id,
        version_id=found.version.id,
        version=found.version.number,
        status=found.request.status,
        language=text.language,
        languages=languages_of(tx, found.version.id),
        title=text.title,
        blocks=text.blocks,
        fields=fields_of(text.blocks),
        text_sha256=text.sha256,
        patient_id=found.patient.id,
        patient=found.patient.full_name,
        part=found.mine.part if found.mine and refusal is None else None,
        for_another=viewer.me != found.patient.id,
        name_on_file=tx.get_or_404(Patient, viewer.me).full_name,
        drawn_only=found.version.drawn_only,
        consented_at=consent.given_at if consent else None,
        paper_asked=bool(found.mine and found.mine.paper_at),
        expires_on=found.request.expires_on,
        signers=signer_views(tx, found, viewer.me),
        renews=_renews(found),
        copy=_copy_of(tx, found.request.id),
        refusal=refusal,
    )


def _renews(found: FoundRequest) -> MembershipId | None:
    request = found.request
    is_renewal = request.reason is RequestReason.RENEWAL and request.membership_id
    return MembershipId(request.membership_id) if is_renewal else None


def copy_view(copy: AgreementCopy | None) -> CopyView | None:
    """A copy as lists and pages show it; None where there is none yet."""
    return CopyView(copy.id, copy.status, copy.origin is not CopyOrigin.PORTAL) if copy else None


def _copy_of(tx: Tx, request_id: AgreementRequestId) -> CopyView | None:
    return copy_view(
        tx.exec(select(AgreementCopy).where(AgreementCopy.request_id == request_id)).one_or_none()
    )


def signer_views(tx: Tx, found: FoundRequest, me: PatientId | None) -> tuple[SignerView, ...]:
    """All signers of a request with their names: "signed by you on 3 May, waiting for Luis"."""
    signatures = {row.signer_row_id: row for row in found.signatures}
    views: list[SignerView] = []
    for row in found.signers:
        signature = signatures.get(row.id)
        who = signature.signer_id if signature else row.signer_id
        named = tx.get(Patient, who) if who else None
        name = signature.name_on_file if signature else named.full_name if named else ""
        at = signature.signed_at if signature else None
        views.append(SignerView(row.part, row.status, name, at, me is not None and who == me))
    return tuple(views)
