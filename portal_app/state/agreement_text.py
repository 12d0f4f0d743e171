"""The text of an agreement as a page shows it: the blocks as rows, for components/agreement_text.py."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from portal_app.domain.agreements.blocks import FIELDS, Block, BlockKind, shown_level

_LISTS = (BlockKind.BULLET, BlockKind.NUMBER)
_BULLET = "•"


@dataclass(frozen=True)
class TextRun:
    text: str
    style: str = ""  # "", "strong", "emphasis" or "both"


@dataclass(frozen=True)
class ListItem:
    level: int  # how deep, from 1
    mark: str  # "•" or "3."
    runs: list[TextRun]


@dataclass(frozen=True)
class TextRow:
    """One piece of the text; only the fields of its kind are filled."""

    kind: str  # "h2" to "h4", "paragraph", "list", "quote", "rule", "initials" or "choice"
    runs: list[TextRun] = field(default_factory=list[TextRun])
    listed: list[ListItem] = field(default_factory=list[ListItem])
    place: str = ""  # its name: "initials-1"
    options: list[str] = field(default_factory=list[str])
    answer: str = ""  # at a place: what was typed or chosen


def text_rows(blocks: Iterable[Block], answers: Mapping[str, str] | None = None) -> list[TextRow]:
    """The rows of a text, whose title is the page's h1. Items of lists that follow one another are one row."""
    rows, level = list[TextRow](), 1
    for block in blocks:
        runs = [TextRun(run.text, _style(run.strong, run.emphasis)) for run in block.runs]
        if block.kind in _LISTS:
            mark = f"{block.number}." if block.kind is BlockKind.NUMBER else _BULLET
            if not rows or rows[-1].kind != "list":
                rows.append(TextRow("list"))
            rows[-1].listed.append(ListItem(block.level, mark, runs))
        elif block.kind is BlockKind.HEADING:
            level = shown_level(block, level)
            rows.append(TextRow(f"h{level}", runs))
        elif block.kind in FIELDS:
            answer = (answers or {}).get(block.field, "")
            rows.append(
                TextRow(str(block.kind), runs, place=block.field, options=[*block.options], answer=answer)
            )
        else:
            rows.append(TextRow(str(block.kind), runs))
    return rows


def _style(strong: bool, emphasis: bool) -> str:
    if strong and emphasis:
        return "both"
    return "strong" if strong else "emphasis" if emphasis else ""
