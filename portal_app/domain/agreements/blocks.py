"""The text of an agreement as blocks, which page and PDF both show: nothing in it is markup any more."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from portal_app.domain.agreements.types import AgreementKind

PLACEHOLDERS = ("patient", "guarantor", "plan", "price", "practice", "date")
_OF_MEMBERSHIPS = ("plan", "price")  # filled only where the agreement is about a membership
PLACE = re.compile(r"\{\{\s*([a-z]+)\s*\}\}")


class BlockKind(StrEnum):
    HEADING = "heading"
    PARAGRAPH = "paragraph"
    BULLET = "bullet"
    NUMBER = "number"
    QUOTE = "quote"
    RULE = "rule"  # a line across
    INITIALS = "initials"  # a place for initials; `runs` is what they agree to
    CHOICE = "choice"  # one of `options`


FIELDS = (BlockKind.INITIALS, BlockKind.CHOICE)


@dataclass(frozen=True, slots=True)
class Run:
    """Some text in one style. A line break in it is a line break."""

    text: str
    strong: bool = False
    emphasis: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """One piece of the text, in the order of reading."""

    kind: BlockKind
    runs: tuple[Run, ...] = ()
    level: int = 1  # of a heading 1 to 3, of a list item how deep, from 1
    number: int = 0  # of an item of a numbered list
    field: str = ""  # "initials-1", "choice-2"
    options: tuple[str, ...] = ()
    line: int = 0  # in the markdown, from 1

    @property
    def text(self) -> str:
        """Its text without styles."""
        return "".join(run.text for run in self.runs)


def placeholders_of(kind: AgreementKind) -> tuple[str, ...]:
    """The placeholders that an agreement of this kind may use."""
    if kind is AgreementKind.MEMBERSHIP:
        return PLACEHOLDERS
    return tuple(name for name in PLACEHOLDERS if name not in _OF_MEMBERSHIPS)


def used_placeholders(blocks: Iterable[Block]) -> frozenset[str]:
    """Names of the placeholders in these blocks."""
    return frozenset(name for block in blocks for run in block.runs for name in PLACE.findall(run.text))


def fill(blocks: Iterable[Block], values: Mapping[str, str]) -> tuple[Block, ...]:
    """The blocks with their placeholders filled, once: a value that looks like a placeholder or markup stays text.

    Raises KeyError for a placeholder without a value.
    """

    def filled(run: Run) -> Run:
        return replace(run, text=PLACE.sub(lambda found: values[found[1]], run.text))

    return tuple(replace(block, runs=tuple(map(filled, block.runs))) for block in blocks)


def fields_of(blocks: Iterable[Block]) -> tuple[Block, ...]:
    """The places where the signer answers."""
    return tuple(block for block in blocks if block.kind in FIELDS)


def shown_level(heading: Block, before: int) -> int:
    """The level at which a heading is shown below the title, which is level 1; no level is left out (PDF/UA, WCAG).

    Args:
        before: the shown level of the heading before, 1 for the first.
    """
    return min(heading.level + 1, before + 1)


def text_hash(title: str, blocks: Iterable[Block]) -> str:
    """SHA-256 of a filled text, as a signature and its copy name it: title and blocks, whatever their line numbers."""
    content = [
        title,
        *(
            [
                str(b.kind),
                b.level,
                b.number,
                b.field,
                list(b.options),
                [[r.text, r.strong, r.emphasis] for r in b.runs],
            ]
            for b in blocks
        ),
    ]
    return _hash(content)


def source_hash(title: str, markdown: str) -> str:
    """SHA-256 of a text as it was published, with its placeholders."""
    return _hash([title, markdown])


def answers_hash(answers: Mapping[str, str]) -> str:
    """SHA-256 of what was answered at the places of a text."""
    return _hash(sorted(answers.items()))


def _hash(content: object) -> str:
    return hashlib.sha256(json.dumps(content, ensure_ascii=True, separators=(",", ":")).encode()).hexdigest()
