"""Reads everything that stands on a copy, as it was signed, and refuses what is no longer as it was signed."""

from dataclasses import dataclass
from functools import lru_cache

from sqlmodel import col, select

from portal_app.db.scope import Tx
from portal_app.db.tables.agreements import (
    AgreementCopy,
    AgreementRequest,
    AgreementSigner,
    AgreementText,
    AgreementVersion,
    Signature,
)
from portal_app.db.tables.audit import AuditEntry
from portal_app.db.tables.families import Patient
from portal_app.db.tables.practice import Practice
from portal_app.domain.agreements.blocks import Block, answers_hash, fill, text_hash
from portal_app.domain.ids import AgreementCopyId
from portal_app.services.agreements.copies.errors import SignedTextDiffers
from portal_app.services.agreements.texts.markdown import read_blocks


@dataclass(frozen=True, slots=True)
class SignedText:
    """One text, and who signed it: the signers may have read it in different languages."""

    title: str
    language: str
    sha256: str
    blocks: tuple[Block, ...]
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class CopyFacts:
    copy: AgreementCopy
    request: AgreementRequest
    version: AgreementVersion
    patient_name: str
    practice: Practice
    texts: tuple[SignedText, ...]  # in the order of signing
    signatures: tuple[Signature, ...]  # the same
    signers: tuple[AgreementSigner, ...]
    trail_number: int
    trail_hash: str


def read_copy(tx: Tx, copy_id: AgreementCopyId) -> CopyFacts:
    """Everything on the copy, in the system's transaction. Raises SignedTextDiffers."""
    copy = tx.get_or_404(AgreementCopy, copy_id)
    request = tx.get_or_404(AgreementRequest, copy.request_id or "")
    of_request = select(Signature).where(Signature.request_id == request.id)
    signatures = tuple(tx.exec(of_request.order_by(col(Signature.signed_at), col(Signature.id))).all())
    signers = tuple(tx.exec(select(AgreementSigner).where(AgreementSigner.request_id == request.id)).all())
    chained = select(AuditEntry).where(col(AuditEntry.sealed).is_not(None))
    newest = tx.exec(chained.order_by(col(AuditEntry.sealed).desc()).limit(1)).first()
    return CopyFacts(
        copy=copy,
        request=request,
        version=tx.get_or_404(AgreementVersion, request.version_id),
        patient_name=tx.get_or_404(Patient, request.patient_id).full_name,
        practice=tx.get_or_404(Practice, "practice"),
        texts=_texts(tx, signatures),
        signatures=signatures,
        signers=signers,
        trail_number=newest.sealed or 0 if newest else 0,
        trail_hash=newest.hash if newest else "",
    )


def signed_blocks(text: AgreementText, signature: Signature) -> tuple[Block, ...]:
    """The blocks that a signature is about. Raises SignedTextDiffers when they are not what was signed."""
    try:
        blocks = fill(_blocks(text.markdown), signature.values)
    except KeyError:
        raise SignedTextDiffers(signature.id) from None
    if text_hash(text.title, blocks) != signature.text_sha256:
        raise SignedTextDiffers(signature.id)
    if answers_hash(signature.answers) != signature.answers_sha256:
        raise SignedTextDiffers(signature.id)
    return blocks


@lru_cache(maxsize=16)
def _blocks(markdown: str) -> tuple[Block, ...]:
    """Five hundred members sign one text."""
    return read_blocks(markdown)


def _texts(tx: Tx, signatures: tuple[Signature, ...]) -> tuple[SignedText, ...]:
    found: dict[str, SignedText] = {}
    for signature in signatures:
        text = tx.exec(
            select(AgreementText).where(
                AgreementText.version_id == signature.version_id,
                AgreementText.language == signature.language,
            )
        ).first()
        if text is None:
            raise SignedTextDiffers(signature.id)
        blocks = signed_blocks(text, signature)
        known = found.get(signature.text_sha256)
        signed = (*known.signatures, signature) if known else (signature,)
        found[signature.text_sha256] = SignedText(
            text.title, text.language, signature.text_sha256, blocks, signed
        )
    return tuple(found.values())
