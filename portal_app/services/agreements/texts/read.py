"""What staff see of agreements: the list, the editor with its preview, versions and what changed between them."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, func, select

from portal_app.clock import now
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.select import columns
from portal_app.db.tables.agreements import (
    Agreement,
    AgreementDraft,
    AgreementRequest,
    AgreementText,
    AgreementVersion,
)
from portal_app.db.tables.families import Patient
from portal_app.db.tables.memberships import Membership
from portal_app.db.tables.staff import StaffMember
from portal_app.domain.access import Permission, Principal
from portal_app.domain.agreements.blocks import Block, fill
from portal_app.domain.agreements.comparison import ComparedBlock, compare_texts
from portal_app.domain.agreements.points import POINTS
from portal_app.domain.agreements.types import (
    AgreementKind,
    AgreementStatus,
    RequestStatus,
    SignatureRules,
)
from portal_app.domain.ids import AgreementId, AgreementVersionId, PatientId
from portal_app.services.agreements.texts.draft import WrittenText
from portal_app.services.agreements.texts.markdown import read_blocks
from portal_app.services.agreements.texts.values import read_facts, shown_values
from portal_app.services.agreements.texts.versions import (
    ShownText,
    in_order,
    languages_of,
    numbered_version,
    published_text,
)
from portal_app.services.as_system import as_system, note
from portal_app.services.memberships.running import running_memberships


@dataclass(frozen=True, slots=True)
class AgreementRow:
    """An agreement in the staff's list, with how many requests wait and how many are signed."""

    id: AgreementId
    name: str
    kind: AgreementKind
    status: AgreementStatus
    version: int  # the newest; 0 while none is published
    languages: tuple[str, ...]  # of that version; of the draft while none is published
    waiting: int
    signed: int


@dataclass(frozen=True, slots=True)
class VersionRow:
    id: AgreementVersionId
    number: int
    published_at: datetime
    published_by: str  # the name of a member of staff, or what the portal calls itself
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AgreementEditor:
    """An agreement with its draft, for the editor."""

    id: AgreementId
    name: str
    kind: AgreementKind
    status: AgreementStatus
    changed: int
    changed_at: datetime
    texts: dict[str, WrittenText]
    rules: SignatureRules
    points: tuple[tuple[str, bool], ...]  # name, ticked
    versions: tuple[VersionRow, ...]  # newest first


class _Unfilled(dict[str, str]):
    """Values of a preview: what has none stays as it was typed."""

    def __missing__(self, name: str) -> str:
        return f"{{{{{name}}}}}"


def list_agreements(principal: Principal) -> tuple[AgreementRow, ...]:
    """All agreements, those in use first."""
    principal.require(Permission.MANAGE_AGREEMENTS)
    with reading(as_system(principal)) as tx:
        counted = columns(AgreementRequest.agreement_id, AgreementRequest.status, func.count()).group_by(
            col(AgreementRequest.agreement_id), col(AgreementRequest.status)
        )
        counts = {(agreement, status): count for agreement, status, count in tx.exec(counted)}
        rows = tx.exec(select(Agreement).order_by(col(Agreement.name), col(Agreement.id))).all()
        languages = _languages(tx)
        found = [
            AgreementRow(
                row.id,
                row.name,
                row.kind,
                row.status,
                row.newest,
                languages.get(row.id, ()),
                counts.get((row.id, RequestStatus.WAITING), 0),
                counts.get((row.id, RequestStatus.COMPLETE), 0),
            )
            for row in rows
        ]
        return tuple(sorted(found, key=lambda row: row.status is AgreementStatus.RETIRED))


def _languages(tx: Tx) -> dict[AgreementId, tuple[str, ...]]:
    """The languages of each newest version, or of the draft where none is published."""
    found = {row.agreement_id: set(row.texts) for row in tx.exec(select(AgreementDraft))}
    published = (
        columns(AgreementVersion.agreement_id, AgreementText.language)
        .join(AgreementText, col(AgreementText.version_id) == col(AgreementVersion.id))
        .join(Agreement, col(Agreement.id) == col(AgreementVersion.agreement_id))
        .where(col(AgreementVersion.number) == col(Agreement.newest))
    )
    newest: dict[AgreementId, set[str]] = defaultdict(set)
    for agreement, language in tx.exec(published):
        newest[agreement].add(language)
    return {id_: in_order(some) for id_, some in (found | newest).items()}


def view_agreement(principal: Principal, agreement_id: AgreementId) -> AgreementEditor:
    """An agreement with draft and versions, for the editor. Raises NotFound."""
    principal.require(Permission.MANAGE_AGREEMENTS)
    with reading(as_system(principal)) as tx:
        row = tx.get_or_404(Agreement, agreement_id)
        draft = tx.get_or_404(AgreementDraft, agreement_id)
        return AgreementEditor(
            id=row.id,
            name=row.name,
            kind=row.kind,
            status=row.status,
            changed=draft.changed,
            changed_at=draft.changed_at,
            texts={language: WrittenText(**text) for language, text in draft.texts.items()},
            rules=draft.rules,
            points=tuple((point, point in draft.points) for point in POINTS[row.kind]),
            versions=_versions(tx, agreement_id),
        )


def preview_facts(principal: Principal, patient_id: PatientId) -> dict[str, str]:
    """What fills a text for a real patient: with plan and price where their account has a running membership.

    It is in the audit trail. Raises NotFound, PermissionDenied.
    """
    principal.require(Permission.MANAGE_AGREEMENTS)
    principal.require(Permission.VIEW_PATIENTS)
    with transaction(as_system(principal)) as tx:
        person = tx.get_or_404(Patient, patient_id)
        note(tx, "read:patient", patient_id, why="preview")
        running = running_memberships(Membership.id).where(col(Membership.account_id) == person.account_id)
        membership_id = tx.exec(running.order_by(col(Membership.id).desc()).limit(1)).first()
        return read_facts(tx, patient_id, membership_id or "", now())


def preview_text(
    principal: Principal, language: str, text: WrittenText, facts: Mapping[str, str] | None = None
) -> ShownText:
    """A text as it is typed, with the facts of a patient (`preview_facts`); what is not filled stays."""
    principal.require(Permission.MANAGE_AGREEMENTS)
    values = _Unfilled(shown_values(language, facts or {}))
    return ShownText(language, text.title, fill(read_blocks(text.markdown), values))


def view_version(principal: Principal, version_id: AgreementVersionId, language: str) -> ShownText:
    """A published text with its placeholders unfilled. Raises NotFound."""
    principal.require(Permission.MANAGE_AGREEMENTS)
    with reading(as_system(principal)) as tx:
        return published_text(tx, version_id, language)


def compare_versions(
    principal: Principal, agreement_id: AgreementId, language: str, before: int, after: int = 0
) -> tuple[ComparedBlock, ...]:
    """Two versions word by word in one language; `after` 0 is the saved draft. Raises NotFound."""
    principal.require(Permission.MANAGE_AGREEMENTS)
    with reading(as_system(principal)) as tx:
        old = _numbered(tx, agreement_id, before, language)
        if after:
            return compare_texts(old, _numbered(tx, agreement_id, after, language))
        draft = tx.get_or_404(AgreementDraft, agreement_id).texts.get(language, {})
        new = ShownText(language, draft.get("title", ""), read_blocks(draft.get("markdown", "")))
        return compare_texts(old, new.with_title)


def _numbered(tx: Tx, agreement_id: AgreementId, number: int, language: str) -> tuple[Block, ...]:
    version = numbered_version(tx, agreement_id, number)
    return published_text(tx, version.id, language).with_title


def _versions(tx: Tx, agreement_id: AgreementId) -> tuple[VersionRow, ...]:
    wanted = select(AgreementVersion).where(AgreementVersion.agreement_id == agreement_id)
    rows = tx.exec(wanted.order_by(col(AgreementVersion.number).desc())).all()
    return tuple(
        VersionRow(
            row.id, row.number, row.published_at, _publisher(tx, row.published_by), languages_of(tx, row.id)
        )
        for row in rows
    )


def _publisher(tx: Tx, name: str) -> str:
    staff = tx.get(StaffMember, name.removeprefix("staff:")) if name.startswith("staff:") else None
    return staff.name if staff else name
