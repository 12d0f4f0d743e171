"""Two versions of a text compared word by word."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from portal_app.domain.agreements.blocks import Block, BlockKind

_WORDS = re.compile(r"\s+|[^\s\w]|\w+")


class Change(StrEnum):
    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words that both versions have, or one of them."""

    change: Change
    text: str


@dataclass(frozen=True, slots=True)
class ComparedBlock:
    """One block of either version, or of both."""

    kind: BlockKind
    pieces: tuple[Piece, ...]

    @property
    def changed(self) -> bool:
        return any(piece.change is not Change.SAME for piece in self.pieces)


def compare_texts(before: Sequence[Block], after: Sequence[Block]) -> tuple[ComparedBlock, ...]:
    """The blocks of both, in order; blocks that changed are compared word by word."""
    old, new = [_line(block) for block in before], [_line(block) for block in after]
    compared: list[ComparedBlock] = []
    for change, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if change == "equal":
            compared += [_whole(block, Change.SAME) for block in after[k:m]]
            continue
        pairs = min(j - i, m - k)
        compared += [
            ComparedBlock(b.kind, tuple(compare_words(_shown(a), _shown(b))))
            for a, b in zip(before[i : i + pairs], after[k : k + pairs], strict=True)
        ]
        compared += [_whole(block, Change.REMOVED) for block in before[i + pairs : j]]
        compared += [_whole(block, Change.ADDED) for block in after[k + pairs : m]]
    return tuple(compared)


def compare_words(before: str, after: str) -> list[Piece]:
    """Two texts, word by word."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    pieces: list[Piece] = []
    for change, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if change == "equal":
            pieces.append(Piece(Change.SAME, "".join(new[k:m])))
            continue
        pieces += _some(Change.REMOVED, old[i:j])
        pieces += _some(Change.ADDED, new[k:m])
    return pieces


def _some(change: Change, words: Iterable[str]) -> list[Piece]:
    text = "".join(words)
    return [Piece(change, text)] if text else []


def _whole(block: Block, change: Change) -> ComparedBlock:
    return ComparedBlock(block.kind, tuple(_some(change, [_shown(block)])))


def _line(block: Block) -> tuple[str, str]:
    return block.kind, _shown(block)


def _shown(block: Block) -> str:
    return " | ".join(block.options) if block.options else block.text
