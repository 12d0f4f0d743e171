"""Versions of an agreement and their texts, in a caller's transaction."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlmodel import select

from portal_app.db.scope import Tx
from portal_app.db.tables.agreements import Agreement, AgreementText, AgreementVersion
from portal_app.domain.agreements.blocks import Block, BlockKind, Run
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import AgreementId, AgreementVersionId
from portal_app.i18n_paths import default_language
from portal_app.services.agreements.texts.markdown import read_blocks


@dataclass(frozen=True, slots=True)
class ShownText:
    """A text as page and PDF show it."""

    language: str
    title: str
    blocks: tuple[Block, ...]

    @property
    def with_title(self) -> tuple[Block, ...]:
        """The blocks, the title as the first: a comparison shows a change of it too."""
        return (Block(BlockKind.HEADING, (Run(self.title),)), *self.blocks)


def newest_version(tx: Tx, agreement: Agreement) -> AgreementVersion:
    """The newest version. Raises NotFound when none is published."""
    return numbered_version(tx, agreement.id, agreement.newest)


def numbered_version(tx: Tx, agreement_id: AgreementId, number: int) -> AgreementVersion:
    """The version of this number. Raises NotFound."""
    row = tx.exec(
        select(AgreementVersion).where(
            AgreementVersion.agreement_id == agreement_id, AgreementVersion.number == number
        )
    ).first()
    if row is None:
        raise NotFound
    return row


def published_text(tx: Tx, version_id: AgreementVersionId, language: str) -> ShownText:
    """The text of a version in a language, with its placeholders unfilled. Raises NotFound."""
    row = tx.exec(
        select(AgreementText).where(
            AgreementText.version_id == version_id, AgreementText.language == language
        )
    ).first()
    if row is None:
        raise NotFound
    return ShownText(language, row.title, read_blocks(row.markdown))


def languages_of(tx: Tx, version_id: AgreementVersionId) -> tuple[str, ...]:
    """The languages in which a version was published, the portal's default one first."""
    found = tx.exec(select(AgreementText.language).where(AgreementText.version_id == version_id))
    return in_order(found)


def in_order(languages: Iterable[str]) -> tuple[str, ...]:
    """The portal's default language first."""
    return tuple(sorted(languages, key=lambda language: (language != default_language(), language)))


def language_for(tx: Tx, version_id: AgreementVersionId, wanted: str) -> str:
    """The wanted language where the version has it, else its first."""
    languages = languages_of(tx, version_id)
    return wanted if wanted in languages else next(iter(languages))
