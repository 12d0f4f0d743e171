"""Staff write the text of an agreement: a draft in several languages, which patients never see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from portal_app.clock import now
from portal_app.db.scope import Tx, transaction
from portal_app.db.tables.agreements import Agreement, AgreementDraft
from portal_app.domain.access import Permission, Principal
from portal_app.domain.agreements.points import POINTS
from portal_app.domain.agreements.types import AgreementKind, AgreementStatus, SignatureRules
from portal_app.domain.errors import NotFound, TextTooLong
from portal_app.domain.ids import AgreementId, new_id
from portal_app.services.agreements.errors import DraftChanged, NameMissing
from portal_app.services.agreements.texts.built_in import built_in_texts
from portal_app.services.as_system import as_system
from portal_app.settings import settings

_NAME_AT_MOST = 100  # characters
_STORED_AT_MOST = 300_000  # characters of a draft's text: publishing allows less, saving loses nothing


@dataclass(frozen=True, slots=True)
class WrittenText:
    """The text in one language, as it is typed."""

    title: str
    markdown: str


@dataclass(frozen=True, slots=True)
class DraftForm:
    """What the editor saves. `changed`: the number of the draft that was opened."""

    changed: int
    texts: Mapping[str, WrittenText]
    rules: SignatureRules = field(default_factory=SignatureRules)
    points: Sequence[str] = ()


def create_agreement(
    principal: Principal, name: str, kind: AgreementKind, agreement_id: AgreementId | None = None
) -> AgreementId:
    """A new agreement whose draft begins with the built-in text of its kind; pressed twice it is one.

    Args:
        agreement_id: minted when the form is drawn.

    Raises NameMissing.
    """
    principal.require(Permission.MANAGE_AGREEMENTS)
    id_ = agreement_id or AgreementId(new_id("agr"))
    with transaction(as_system(principal)) as tx:
        texts = {k: t for k, t in built_in_texts(kind).items() if k in settings().languages}
        rules = SignatureRules(countersigned=kind is AgreementKind.MEMBERSHIP)
        agreement = Agreement(id=id_, name=_checked_name(name), kind=kind, created_at=now())
        if tx.add_if_absent(agreement):
            draft = AgreementDraft(agreement_id=id_, texts=texts, changed_at=now(), changed_by=principal.name)
            _put_rules(draft, rules)
            tx.add(draft)
    return id_


def rename_agreement(principal: Principal, agreement_id: AgreementId, name: str) -> None:
    """Change what staff call it. Raises NotFound, NameMissing."""
    principal.require(Permission.MANAGE_AGREEMENTS)
    with transaction(as_system(principal)) as tx:
        tx.get_or_404(Agreement, agreement_id, lock=True).name = _checked_name(name)


def retire_agreement(principal: Principal, agreement_id: AgreementId, *, retired: bool = True) -> None:
    """Ask nobody any more, or again; what waits still waits and what is signed stays. Raises NotFound."""
    principal.require(Permission.MANAGE_AGREEMENTS)
    with transaction(as_system(principal)) as tx:
        row = tx.get_or_404(Agreement, agreement_id, lock=True)
        usual = AgreementStatus.ACTIVE if row.newest else AgreementStatus.DRAFT
        row.status = AgreementStatus.RETIRED if retired else usual


def save_draft(principal: Principal, agreement_id: AgreementId, form: DraftForm) -> int:
    """Save the draft as it was typed, right or wrong; returns its new number.

    Raises: NotFound, also for a language that the portal does not have; DraftChanged when it was changed since it
        was opened; TextTooLong.
    """
    principal.require(Permission.MANAGE_AGREEMENTS)
    with transaction(as_system(principal)) as tx:
        agreement = tx.get_or_404(Agreement, agreement_id, lock=True)
        draft = lock_draft(tx, agreement_id)
        if draft.changed != form.changed:
            raise DraftChanged
        if not set(form.texts) <= set(settings().languages):
            raise NotFound
        for text in form.texts.values():
            if len(text.markdown) + len(text.title) > _STORED_AT_MOST:
                raise TextTooLong(field="markdown", most=_STORED_AT_MOST)
        draft.texts = {
            language: {"title": text.title.strip(), "markdown": text.markdown.replace("\r\n", "\n")}
            for language, text in form.texts.items()
        }
        _put_rules(draft, form.rules)
        draft.points = [point for point in POINTS[agreement.kind] if point in form.points]
        draft.changed += 1
        draft.changed_at, draft.changed_by = now(), principal.name
        return draft.changed


def lock_draft(tx: Tx, agreement_id: AgreementId) -> AgreementDraft:
    """The draft, locked for update. Raises NotFound."""
    row = tx.get(AgreementDraft, agreement_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound
    return row


def _put_rules(draft: AgreementDraft, rules: SignatureRules) -> None:
    draft.second_guardian, draft.countersigned = rules.second_guardian, rules.countersigned
    draft.adult_until_18, draft.drawn_only = rules.adult_until_18, rules.drawn_only


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > _NAME_AT_MOST:
        raise NameMissing(most=_NAME_AT_MOST)
    return name
