"""A draft becomes a version, which never changes."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import col, select, update

from portal_app.clock import now
from portal_app.db.scope import Tx, reading, retried, transaction
from portal_app.db.tables.agreements import (
    Agreement,
    AgreementDraft,
    AgreementRequest,
    AgreementSigner,
    AgreementText,
    AgreementVersion,
)
from portal_app.domain.access import Permission, Principal
from portal_app.domain.agreements.blocks import Block, placeholders_of, source_hash
from portal_app.domain.agreements.errors import PointsOpen, TextEmpty, TextRefused
from portal_app.domain.agreements.points import open_points
from portal_app.domain.agreements.texts import check_blocks, check_same_fields, check_source
from portal_app.domain.agreements.types import AgreementKind, AgreementStatus, RequestStatus
from portal_app.domain.ids import AgreementId, AgreementVersionId, new_id
from portal_app.i18n_paths import default_language
from portal_app.services.agreements.errors import AgreementRetired, DraftChanged, NothingToPublish
from portal_app.services.agreements.texts.draft import lock_draft
from portal_app.services.agreements.texts.markdown import read_blocks
from portal_app.services.agreements.texts.versions import newest_version
from portal_app.services.as_system import as_system, note


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that keeps a text from being published. `language` is "" where it is about all of them."""

    language: str
    error: TextRefused


@retried
def publish_draft(principal: Principal, agreement_id: AgreementId, *, changed: int) -> int:
    """Publish the draft that was shown as the next version; returns the version's number.

    Requests that nobody has signed yet are for the new version from now on; half-signed ones stay at theirs. Nobody
    else is asked (`ask_again`).

    Raises: NotFound; DraftChanged; AgreementRetired; NothingToPublish; PointsOpen; the first TextRefused.
    """
    principal.require(Permission.MANAGE_AGREEMENTS)
    with transaction(as_system(principal)) as tx:
        agreement = tx.get_or_404(Agreement, agreement_id, lock=True)
        draft = lock_draft(tx, agreement_id)
        _refuse(tx, agreement, draft, changed)
        version = _add_version(tx, agreement, draft)
        _move_unsigned(tx, agreement_id, version.id)
        note(tx, "publish:agreement", None, agreement=agreement_id, version=version.number)
        return version.number


def check_draft(principal: Principal, agreement_id: AgreementId) -> tuple[Problem, ...]:
    """Everything that keeps the saved draft from being published, by language and line. Raises NotFound."""
    principal.require(Permission.MANAGE_AGREEMENTS)
    with reading(as_system(principal)) as tx:
        agreement = tx.get_or_404(Agreement, agreement_id)
        return tuple(_problems(agreement.kind, tx.get_or_404(AgreementDraft, agreement_id).texts))


def _refuse(tx: Tx, agreement: Agreement, draft: AgreementDraft, changed: int) -> None:
    if draft.changed != changed:
        raise DraftChanged
    if agreement.status is AgreementStatus.RETIRED:
        raise AgreementRetired
    if agreement.newest and _is_published(tx, agreement, draft):
        raise NothingToPublish
    if open_points(agreement.kind, draft.points):
        raise PointsOpen
    if problems := _problems(agreement.kind, draft.texts):
        raise problems[0].error


def _problems(kind: AgreementKind, texts: Mapping[str, Mapping[str, str]]) -> list[Problem]:
    found: list[Problem] = []
    if default_language() not in texts:
        found.append(Problem(default_language(), TextEmpty(line=0)))
    blocks: dict[str, tuple[Block, ...]] = {}
    for language, text in texts.items():
        errors = check_source(text["title"], text["markdown"])
        if not any(error.code == "agreement.text_too_large" for error in errors):
            blocks[language] = read_blocks(text["markdown"])
            errors += check_blocks(blocks[language], placeholders_of(kind))
        found += [Problem(language, error) for error in errors]
    try:
        check_same_fields(blocks.values())
    except TextRefused as error:
        found.append(Problem("", error))
    return found


def _is_published(tx: Tx, agreement: Agreement, draft: AgreementDraft) -> bool:
    """Whether the newest version says exactly what the draft says."""
    newest = newest_version(tx, agreement)
    texts = tx.exec(select(AgreementText).where(AgreementText.version_id == newest.id))
    said = {text.language: {"title": text.title, "markdown": text.markdown} for text in texts}
    return newest.rules == draft.rules and said == draft.texts


def _add_version(tx: Tx, agreement: Agreement, draft: AgreementDraft) -> AgreementVersion:
    agreement.newest += 1
    agreement.status = AgreementStatus.ACTIVE
    version = tx.add(
        AgreementVersion(
            id=AgreementVersionId(new_id("agv")),
            agreement_id=agreement.id,
            number=agreement.newest,
            published_at=now(),
            published_by=tx.principal.name,
            second_guardian=draft.second_guardian,
            countersigned=draft.countersigned,
            adult_until_18=draft.adult_until_18,
            drawn_only=draft.drawn_only,
        )
    )
    tx.flush()
    for language, text in draft.texts.items():
        tx.add(
            AgreementText(
                id=new_id("agt"),
                version_id=version.id,
                language=language,
                title=text["title"],
                markdown=text["markdown"],
                sha256=source_hash(text["title"], text["markdown"]),
            )
        )
    tx.flush()
    return version


def _move_unsigned(tx: Tx, agreement_id: AgreementId, version_id: AgreementVersionId) -> None:
    """What nobody has signed is asked for at the new version, and has to be read anew (SIGN-3)."""
    unsigned = (
        col(AgreementRequest.agreement_id) == agreement_id,
        col(AgreementRequest.status) == RequestStatus.WAITING,
        col(AgreementRequest.signatures) == 0,
    )
    tx.exec(update(AgreementRequest).where(*unsigned).values(version_id=version_id))
    ids = select(AgreementRequest.id).where(*unsigned)
    tx.exec(update(AgreementSigner).where(col(AgreementSigner.request_id).in_(ids)).values(opened_at=None))
