"""Signing: checked against what was read, written once, and committed before the copy is made (cases SIGN)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from portal_app.clock import now
from portal_app.db.scope import Tx, reading, retried, transaction
from portal_app.db.tables.agreements import AgreementSigner, ElectronicConsent, Signature
from portal_app.db.tables.families import Patient
from portal_app.domain.access import Principal
from portal_app.domain.agreements.blocks import answers_hash
from portal_app.domain.agreements.signing import (
    CheckedSignature,
    SignatureForm,
    check_answers,
    check_relationship,
    check_signature,
)
from portal_app.domain.ids import AgreementCopyId, AgreementRequestId, SignatureId, new_id
from portal_app.services.agreements.errors import (
    AlreadySigned,
    ConsentNeeded,
    IntentMissing,
    TextChanged,
    TextUnread,
)
from portal_app.services.agreements.requests.open import require_waiting
from portal_app.services.agreements.signing.complete import finish_signature
from portal_app.services.agreements.signing.consent import current_consent
from portal_app.services.agreements.signing.text import FilledText, filled_text
from portal_app.services.agreements.signing.viewer import (
    FoundRequest,
    Viewer,
    find_request,
    how_checked,
    require_part,
    require_signer,
)
from portal_app.services.as_system import as_system
from portal_app.services.practice.facts import practice


@dataclass(frozen=True, slots=True)
class SignForm:
    """What a signer sends. `text_sha256` and `language`: of the text that was open (`SigningView`)."""

    request_id: AgreementRequestId
    text_sha256: str
    language: str
    signature: SignatureForm
    answers: Mapping[str, str] = field(default_factory=dict[str, str])
    relationship: str = ""  # a Relationship, where they sign for somebody else
    relationship_words: str = ""  # with "other"
    intent: bool = False  # "I sign this"


@dataclass(frozen=True, slots=True)
class SignedResult:
    """What signing did. `copy_id`: the copy that is being made, once all have signed."""

    signature_id: SignatureId
    signed_at: datetime
    complete: bool
    copy_id: AgreementCopyId | None


@dataclass(frozen=True, slots=True)
class _Checked:
    """A form that may be signed."""

    mine: AgreementSigner
    text: FilledText
    signature: CheckedSignature
    answers: dict[str, str]
    relationship: str
    consent: ElectronicConsent
    name: str  # of the signer, on file


def check_before_signing(principal: Principal, form: SignForm) -> CheckedSignature:
    """Check everything that `sign_request` checks, and write nothing: for the page before the last press.

    Raises as `sign_request`, but for the missing intent.
    """
    viewer = require_signer(principal)
    with reading(as_system(principal)) as tx:
        return _check(tx, viewer, find_request(tx, viewer, form.request_id), form).signature


@retried
def sign_request(principal: Principal, form: SignForm) -> SignedResult:
    """Sign; the copy is made after the commit, once all have signed. Nothing is written when it is refused.

    Raises: NotFound; AlreadySigned and the other `ElsewhereAnswered`; TextUnread, TextChanged (SIGN-3);
        ConsentNeeded; a SignatureRefused; IntentMissing.
    """
    viewer = require_signer(principal)
    with transaction(as_system(principal)) as tx:
        found = find_request(tx, viewer, form.request_id, lock=True)
        checked = _check(tx, viewer, found, form)
        if not form.intent:
            raise IntentMissing
        signature = _signature(tx, viewer, found, checked)
        copy_id = finish_signature(tx, found.request, checked.mine, signature)
        return SignedResult(signature.id, signature.signed_at, copy_id is not None, copy_id)


def _check(tx: Tx, viewer: Viewer, found: FoundRequest, form: SignForm) -> _Checked:
    require_waiting(found.request)
    if found.mine is None and any(row.signer_id == viewer.me for row in found.signatures):
        raise AlreadySigned
    mine = require_part(tx, found)
    text = filled_text(tx, found, form.language)
    if text.sha256 != form.text_sha256 or text.language != form.language:
        raise TextChanged
    if mine.opened_at is None:
        raise TextUnread
    consent = current_consent(tx, viewer.me)
    if consent is None:
        raise ConsentNeeded
    name = tx.get_or_404(Patient, viewer.me).full_name
    for_another = viewer.me != found.patient.id
    return _Checked(
        mine=mine,
        text=text,
        answers=check_answers(text.blocks, form.answers),
        relationship=check_relationship(form.relationship, form.relationship_words, found.patient.full_name)
        if for_another
        else "",
        signature=check_signature(form.signature, found.version.rules, name),
        consent=consent,
        name=name,
    )


def _signature(tx: Tx, viewer: Viewer, found: FoundRequest, checked: _Checked) -> Signature:
    how, device = how_checked(tx, viewer.principal)
    return Signature(
        id=SignatureId(new_id("sig")),
        signer_row_id=checked.mine.id,
        request_id=found.request.id,
        version_id=found.version.id,
        patient_id=found.patient.id,
        part=checked.mine.part,
        signer_id=viewer.me,
        name_on_file=checked.name,
        on_behalf_of=found.patient.full_name if viewer.me != found.patient.id else "",
        relationship=checked.relationship,
        signed_at=now(),
        zone=practice(tx).timezone,
        language=checked.text.language,
        text_sha256=checked.text.sha256,
        facts=checked.text.facts,
        values=checked.text.values,
        answers=checked.answers,
        answers_sha256=answers_hash(checked.answers),
        way=checked.signature.way,
        typed_name=checked.signature.typed_name,
        strokes=list(checked.signature.strokes),
        consent_id=checked.consent.id,
        consent_version=checked.consent.text_version,
        consent_at=checked.consent.given_at,
        identity_check=how,
        session_ref=viewer.principal.session_ref[:12],
        ip=viewer.principal.ip,
        device=device,
    )
