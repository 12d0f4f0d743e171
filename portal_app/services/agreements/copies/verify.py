"""Says of a file whether it is a copy as the portal sealed it, a changed one, or none of ours; and the day.

Never a name, a title or a page: whoever holds a file learns nothing that the file does not show (SEAL-1).
"""

import hashlib
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlmodel import col, select

from portal_app.clock import local_date
from portal_app.db.scope import Tx, reading
from portal_app.db.tables.agreements import AgreementCopy, SigningKey
from portal_app.domain.access import Principal
from portal_app.domain.agreements.copy_files import LARGEST_MB
from portal_app.domain.agreements.types import CopyStatus
from portal_app.gateways.signing.marks import find_marks
from portal_app.gateways.signing.seals import find_seals, signed_digests
from portal_app.services.agreements.copies.errors import (
    FileProtected,
    FileTooComplex,
    FileTooLarge,
    NotAPdf,
)
from portal_app.services.agreements.copies.files import marked_copy
from portal_app.services.as_system import as_system
from portal_app.services.sign_in import rate_limits

LARGEST = LARGEST_MB * 1_000_000  # bytes; a copy of forty pages has less than one million
_MOST_OBJECTS = 50_000
_HEADER_WITHIN = 1024  # bytes, as PDF readers do


class Verdict(StrEnum):
    GENUINE = "genuine"  # every byte is as it was sealed
    CHANGED = "changed"  # made of a copy of ours
    NOT_OURS = "not_ours"


@dataclass(frozen=True, slots=True)
class Verification:
    verdict: Verdict
    sealed_on: date | None = None  # in the practice's zone


def count_upload(principal: Principal) -> None:
    """Before a file of anybody on the internet is read: a few a minute from one address. Raises TooManyAttempts."""
    rate_limits.count_attempt("verify from", principal.ip)
    rate_limits.count_attempt("verify all")


def verify_upload(principal: Principal, content: bytes) -> Verification:
    """For anybody who has the file: it says nothing that the file does not show.

    Raises: FileTooLarge, NotAPdf, FileProtected, FileTooComplex.
    """
    if len(content) > LARGEST:
        raise FileTooLarge(most=LARGEST_MB)
    with reading(as_system(principal)) as tx:
        keys = list(tx.exec(select(SigningKey)).all())
        seals = find_seals(content, [key.certificate for key in keys])
        digests = {seal.signed_digest for seal in seals} | signed_digests(content)
        copy = _copy_of(tx, digests) or _marked(tx, content)
        whole = [keys[seal.key].id for seal in seals if seal.covers_all]
    if copy and copy.key_id in whole and hashlib.sha256(content).hexdigest() == copy.sha256:
        return Verification(Verdict.GENUINE, _day(copy))
    if copy or seals:
        return Verification(Verdict.CHANGED, _day(copy) if copy else None)
    _refuse_unreadable(content)
    return Verification(Verdict.NOT_OURS)


def _refuse_unreadable(content: bytes) -> None:
    """What is no copy of ours, and about which nothing else could be said either."""
    if b"%PDF-" not in content[:_HEADER_WITHIN]:
        raise NotAPdf
    if content.count(b" obj") > _MOST_OBJECTS:
        raise FileTooComplex
    if b"/Encrypt" in content:
        raise FileProtected


def _copy_of(tx: Tx, digests: set[str]) -> AgreementCopy | None:
    if not digests:
        return None
    named = col(AgreementCopy.signed_sha256).in_(digests)
    return tx.exec(select(AgreementCopy).where(named, AgreementCopy.status == CopyStatus.SEALED)).first()


def _marked(tx: Tx, content: bytes) -> AgreementCopy | None:
    ids = [copy_id for mark in find_marks(content) if (copy_id := marked_copy(mark))]
    sealed = (AgreementCopy.status == CopyStatus.SEALED, col(AgreementCopy.id).in_(ids))
    return tx.exec(select(AgreementCopy).where(*sealed)).first() if ids else None


def _day(copy: AgreementCopy) -> date | None:
    return local_date(copy.sealed_at) if copy.sealed_at else None
