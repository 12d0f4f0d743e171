"""Compares stored copies, texts and signatures with what the audit trail says of them (`portal audit verify`).

The lines of the trail are themselves in the chain of hashes; and each copy prints the newest line of its day, so a
trail that was cut off at its end is shorter than a copy says.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlmodel import col, func, select

from portal_app.db.scope import Tx, reading
from portal_app.db.select import columns
from portal_app.db.tables.agreements import AgreementCopy, AgreementCopyFile, AgreementText, Signature
from portal_app.db.tables.audit import AuditEntry
from portal_app.domain.access import Permission, Principal
from portal_app.domain.agreements.blocks import source_hash
from portal_app.domain.agreements.types import CopyStatus
from portal_app.services.agreements.copies.errors import SignedTextDiffers
from portal_app.services.agreements.copies.files import SEALED
from portal_app.services.agreements.copies.read import signed_blocks
from portal_app.services.as_system import as_system

_BATCH = 200
Row = TypeVar("Row", AgreementCopy, Signature)


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that was changed behind the portal's back."""

    subject: str  # id of the copy, text or signature
    what: str  # "file", "row", "missing", "text", "signature", "trail"


def check_agreements(principal: Principal) -> list[Difference]:
    """Every stored copy, published text and signature; [] when all is as it was written."""
    principal.require(Permission.VIEW_AUDIT)
    with reading(as_system(principal)) as tx:
        return [*_copies(tx), *_texts(tx), *_signatures(tx)]


def _copies(tx: Tx) -> Iterator[Difference]:
    noted = _noted_hashes(tx)
    newest = tx.exec(columns(func.max(AuditEntry.sealed))).one() or 0
    last_id = ""
    while rows := _after(tx, AgreementCopy, last_id):
        for row in rows:
            last_id = row.id
            said = noted.pop(row.id, None)
            if row.status is CopyStatus.SEALED:
                yield from _of_copy(tx, row, said or {}, newest)
            elif said is not None:
                yield Difference(row.id, "row")
    yield from (Difference(copy_id, "missing") for copy_id in noted)


def _of_copy(tx: Tx, row: AgreementCopy, said: Mapping[str, Any], newest: int) -> Iterator[Difference]:
    file = tx.exec(columns(AgreementCopyFile.pdf).where(AgreementCopyFile.copy_id == row.id)).first()
    if file is None or hashlib.sha256(file).hexdigest() != row.sha256:
        yield Difference(row.id, "file")
    if said.get("file") != row.sha256:
        yield Difference(row.id, "row")
    if _signed(tx, row) != (said.get("texts"), said.get("answers")):
        yield Difference(row.id, "signature")
    if row.trail_number:
        line = columns(AuditEntry.hash).where(AuditEntry.sealed == row.trail_number)
        if row.trail_number > newest or tx.exec(line).first() != row.trail_hash:
            yield Difference(row.id, "trail")


def _signed(tx: Tx, row: AgreementCopy) -> tuple[list[str], list[str]]:
    """The hashes of the texts and answers as the signatures have them, in the order of the copy."""
    of_request = columns(Signature.text_sha256, Signature.answers_sha256).where(
        Signature.request_id == row.request_id
    )
    rows = tx.exec(of_request.order_by(col(Signature.signed_at), col(Signature.id))).all()
    return list(dict.fromkeys(text for text, _ in rows)), [answers for _, answers in rows]


def _noted_hashes(tx: Tx) -> dict[str, Mapping[str, Any]]:
    """What the trail says of each copy: the hashes of file, texts and answers. The first line counts."""
    lines = columns(AuditEntry.subject, AuditEntry.details).where(AuditEntry.action == SEALED)
    noted: dict[str, Mapping[str, Any]] = {}
    for subject, details in tx.exec(lines.order_by(col(AuditEntry.seq))):
        noted.setdefault(subject, details)
    return noted


def _texts(tx: Tx) -> Iterator[Difference]:
    for row in tx.exec(select(AgreementText)):
        if source_hash(row.title, row.markdown) != row.sha256:
            yield Difference(row.id, "text")


def _signatures(tx: Tx) -> Iterator[Difference]:
    texts = {(text.version_id, text.language): text for text in tx.exec(select(AgreementText))}
    last_id = ""
    while rows := _after(tx, Signature, last_id):
        for row in rows:
            last_id = row.id
            text = texts.get((row.version_id, row.language))
            try:
                if text is None:
                    raise SignedTextDiffers(row.id)
                signed_blocks(text, row)
            except SignedTextDiffers:
                yield Difference(row.id, "signature")


def _after(tx: Tx, table: type[Row], last_id: str) -> list[Row]:
    rows = select(table).where(col(table.id) > last_id).order_by(col(table.id)).limit(_BATCH)
    return list(tx.exec(rows).all())
