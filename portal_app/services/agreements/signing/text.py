"""The text of a request as a signer reads it: all signers read the same facts, those of the first signature."""

from dataclasses import dataclass

from portal_app.db.scope import Tx
from portal_app.domain.agreements.blocks import Block, fill, text_hash, used_placeholders
from portal_app.domain.agreements.types import RequestReason
from portal_app.services.agreements.errors import TextIncomplete
from portal_app.services.agreements.signing.viewer import FoundRequest
from portal_app.services.agreements.texts.values import Facts, read_facts, shown_values
from portal_app.services.agreements.texts.versions import language_for, published_text


@dataclass(frozen=True, slots=True)
class FilledText:
    """A text with its values and its hash: what somebody signs."""

    language: str
    title: str
    blocks: tuple[Block, ...]
    facts: Facts
    values: dict[str, str]
    sha256: str


def filled_text(tx: Tx, found: FoundRequest, language: str) -> FilledText:
    """The text in the wanted language, or the version's first. Raises TextIncomplete for a value that is missing."""
    language = language_for(tx, found.version.id, language)
    text = published_text(tx, found.version.id, language)
    facts = facts_of(tx, found)
    values = shown_values(language, facts)
    if missing := used_placeholders(text.blocks) - values.keys():
        raise TextIncomplete(name=min(missing))
    blocks = fill(text.blocks, values)
    return FilledText(language, text.title, blocks, facts, values, text_hash(text.title, blocks))


def facts_of(tx: Tx, found: FoundRequest) -> Facts:
    """The facts of the first signature, or of now."""
    if found.signatures:
        return dict(found.signatures[0].facts)
    request = found.request
    renewing = request.reason is RequestReason.RENEWAL
    return read_facts(tx, request.patient_id, request.membership_id, request.asked_at, renewing=renewing)
