"""Agreements that are signed already: rows as the services of signing leave them, with a copy that waits."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlmodel import select

from portal_app import clock
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.agreements import (
    Agreement,
    AgreementCopy,
    AgreementCopyFile,
    AgreementRequest,
    AgreementSigner,
    AgreementText,
    AgreementVersion,
    Signature,
)
from portal_app.domain.access import system_principal
from portal_app.domain.agreements.blocks import answers_hash, fill, source_hash, text_hash
from portal_app.domain.agreements.types import (
    AgreementKind,
    AgreementStatus,
    CopyOrigin,
    CopyStatus,
    IdentityCheck,
    RequestReason,
    RequestStatus,
    SignatureWay,
    SignerPart,
    SignerStatus,
)
from portal_app.domain.ids import (
    AgreementCopyId,
    AgreementId,
    AgreementRequestId,
    AgreementSignerId,
    AgreementVersionId,
    SignatureId,
    new_id,
)
from portal_app.gateways.signing.pades import PadesSealer
from portal_app.services.agreements.signing.complete import COPY_TOPIC
from portal_app.services.agreements.texts.markdown import read_blocks
from portal_app.services.live import announce
from tests.people import MARIA, Person

PORTAL = system_principal("test")
TEXTS = {
    "en": (
        "Membership agreement",
        "# What you get\n\nVisits for **{{patient}}**.\n\n- one\n  1. three\n- two\n\n{{initials: Not insurance}}",
    ),
    "es": ("Contrato de membresía", "# Lo que recibe\n\nConsultas para **{{patient}}**.\n\n{{initials}}"),
}
DRAWN = [[[10, 20], [200, 150], [400, 30]], [[500, 20]]]


@dataclass(frozen=True)
class Signs:
    """Who signs, how, and when."""

    who: Person = MARIA
    part: SignerPart = SignerPart.PATIENT
    language: str = "en"
    name: str = ""  # on file; the person's own without
    typed: str = ""
    strokes: list[Any] = field(default_factory=list)
    after: timedelta = timedelta()

    @property
    def name_on_file(self) -> str:
        return self.name or f"{self.who.given_name} {self.who.family_name}"


@cache
def sealer() -> PadesSealer:
    return PadesSealer()


def published(tx: Tx, texts: dict[str, tuple[str, str]] = TEXTS) -> AgreementVersion:
    agreement = tx.add(
        Agreement(
            id=AgreementId(new_id("agr")),
            name="Membership",
            kind=AgreementKind.OTHER,
            status=AgreementStatus.ACTIVE,
            newest=1,
            created_at=clock.now(),
        )
    )
    tx.flush()
    version = tx.add(
        AgreementVersion(
            id=AgreementVersionId(new_id("agv")),
            agreement_id=agreement.id,
            number=1,
            published_at=clock.now() - timedelta(days=3),
            published_by="staff:olga",
        )
    )
    tx.flush()
    for language, (title, markdown) in texts.items():
        tx.add(
            AgreementText(
                id=new_id("agt"),
                version_id=version.id,
                language=language,
                title=title,
                markdown=markdown,
                sha256=source_hash(title, markdown),
            )
        )
    tx.flush()
    return version


def sign(*signers: Signs, texts: dict[str, tuple[str, str]] = TEXTS) -> AgreementCopyId:
    """A complete request of Maria's with these signatures, and the copy that waits."""
    with transaction(PORTAL) as tx:
        return sign_version(tx, published(tx, texts), *(signers or (Signs(),)), texts=texts)


def sign_version(
    tx: Tx, version: AgreementVersion, *signers: Signs, texts: dict[str, tuple[str, str]] = TEXTS
) -> AgreementCopyId:
    request = tx.add(
        AgreementRequest(
            id=AgreementRequestId(new_id("agq")),
            patient_id=MARIA.id,
            agreement_id=version.agreement_id,
            version_id=version.id,
            reason=RequestReason.STAFF,
            status=RequestStatus.COMPLETE,
            asked_at=clock.now() - timedelta(days=1),
            asked_by="staff:olga",
        )
    )
    tx.flush()
    for one in signers:
        _add_signature(tx, request, one, texts[one.language])
    copy = AgreementCopy(
        id=AgreementCopyId(new_id("agc")),
        patient_id=request.patient_id,
        request_id=request.id,
        origin=CopyOrigin.PORTAL,
        status=CopyStatus.WAITING,
        number=f"TEST-{request.id[-8:]}",
        created_at=clock.now(),
        next_try_at=clock.now(),
    )
    tx.on_commit(lambda: announce(COPY_TOPIC, copy.id))
    return tx.add(copy).id


def _add_signature(tx: Tx, request: AgreementRequest, one: Signs, text: tuple[str, str]) -> None:
    signer = tx.add(
        AgreementSigner(
            id=AgreementSignerId(new_id("ags")),
            patient_id=request.patient_id,
            request_id=request.id,
            part=one.part,
            signer_id=one.who.id,
            status=SignerStatus.SIGNED,
            opened_at=clock.now() - timedelta(minutes=5),
        )
    )
    tx.flush()
    values, answers = {"patient": "Maria Rivera"}, {"initials-1": "MR"}
    blocks = fill(read_blocks(text[1]), values)
    tx.add(
        Signature(
            id=SignatureId(new_id("sig")),
            patient_id=request.patient_id,
            signer_row_id=signer.id,
            request_id=request.id,
            version_id=request.version_id,
            part=one.part,
            signer_id=one.who.id,
            name_on_file=one.name_on_file,
            on_behalf_of="" if one.who is MARIA else "Maria Rivera",
            relationship="" if one.who is MARIA else "spouse",
            signed_at=clock.now() + one.after,
            zone="America/New_York",
            language=one.language,
            text_sha256=text_hash(text[0], blocks),
            values=values,
            answers=answers,
            answers_sha256=answers_hash(answers),
            way=SignatureWay.DRAWN if one.strokes else SignatureWay.TYPED,
            typed_name="" if one.strokes else one.typed or one.name_on_file,
            strokes=one.strokes,
            consent_version="2026-12",
            consent_at=clock.now() - timedelta(minutes=4),
            identity_check=IdentityCheck.CODE,
            ip="203.0.113.7",
            device="Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X)",
        )
    )
    tx.flush()


def copy_row(copy_id: str) -> AgreementCopy:
    with reading(PORTAL) as tx:
        return tx.get_or_404(AgreementCopy, copy_id)


def file_of(copy_id: str) -> bytes:
    with reading(PORTAL) as tx:
        return tx.get_or_404(AgreementCopyFile, copy_id).pdf


def all_rows(table: Any) -> list[Any]:
    with reading(PORTAL) as tx:
        return list(tx.exec(select(table)).all())


def later(**time: float) -> datetime:
    return clock.now() + timedelta(**time)
