"""Markdown of an agreement as blocks: headings, paragraphs, lists, quotes, strong and emphasis, and nothing else.

HTML, links, images and code are not read: they stay the text that was typed.
"""

import re
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.token import Token

from portal_app.domain.agreements.blocks import Block, BlockKind, Run

_MARKDOWN = MarkdownIt("zero", {"html": False}).enable(
    [
        "heading",
        "list",
        "blockquote",
        "hr",
        "newline",
        "escape",
        "emphasis",
        "balance_pairs",
        "fragments_join",
    ]
)
_FIELD = re.compile(r"\{\{\s*(initials|choice)\s*(?::([^{}]*))?\}\}")
_DEEPEST = 3  # of headings and of lists
_LISTS = {"bullet_list_open": BlockKind.BULLET, "ordered_list_open": BlockKind.NUMBER}


@dataclass(slots=True)
class _Reading:
    """Where the reading is: the open lists with their next number, and the fields so far."""

    lists: list[list[int]] = field(default_factory=list[list[int]])  # [next number]; 0 of a bulleted list
    kinds: list[BlockKind] = field(default_factory=list[BlockKind])
    in_item: bool = False  # the next paragraph is the first of its item
    quotes: int = 0
    heading: int = 0
    counts: dict[str, int] = field(default_factory=dict[str, int])


def read_blocks(markdown: str) -> tuple[Block, ...]:
    """The blocks of a markdown text, with its placeholders."""
    reading, blocks = _Reading(), list[Block]()
    for token in _MARKDOWN.parse(markdown):
        line = token.map[0] + 1 if token.map else 0
        if token.type == "hr":
            blocks.append(Block(BlockKind.RULE, line=line))
        elif token.type == "inline":
            blocks.append(_block(reading, token, line))
        else:
            _follow(reading, token)
    return tuple(blocks)


def _follow(reading: _Reading, token: Token) -> None:
    """Keep track of lists, quotes and headings."""
    if token.type in _LISTS:
        start = int(token.attrs.get("start", 1)) if token.type == "ordered_list_open" else 0
        reading.lists.append([start])
        reading.kinds.append(_LISTS[token.type])
    elif token.type in ("bullet_list_close", "ordered_list_close"):
        reading.lists.pop()
        reading.kinds.pop()
    elif token.type == "list_item_open":
        reading.in_item = True
    elif token.type == "blockquote_open":
        reading.quotes += 1
    elif token.type == "blockquote_close":
        reading.quotes -= 1
    elif token.type == "heading_open":
        reading.heading = min(int(token.tag[1:]), _DEEPEST)
    elif token.type == "heading_close":
        reading.heading = 0


def _block(reading: _Reading, token: Token, line: int) -> Block:
    runs = _runs(token)
    if reading.heading:
        return Block(BlockKind.HEADING, runs, level=reading.heading, line=line)
    if found := _FIELD.fullmatch(token.content.strip()):
        return _field_block(reading, found, line)
    if reading.kinds and reading.in_item:
        reading.in_item = False
        number = reading.lists[-1][0]
        if number:
            reading.lists[-1][0] += 1
        return Block(
            reading.kinds[-1], runs, level=min(len(reading.kinds), _DEEPEST), number=number, line=line
        )
    return Block(BlockKind.QUOTE if reading.quotes else BlockKind.PARAGRAPH, runs, line=line)


def _field_block(reading: _Reading, found: re.Match[str], line: int) -> Block:
    """A place for initials, or a choice; what follows the colon is its label, or its options."""
    kind = BlockKind(found[1])
    reading.in_item = False
    reading.counts[kind] = number = reading.counts.get(kind, 0) + 1
    said = (found[2] or "").strip()
    name = f"{kind}-{number}"
    if kind is BlockKind.CHOICE:
        return Block(kind, field=name, options=tuple(part.strip() for part in said.split("|")), line=line)
    return Block(kind, (Run(said),) if said else (), field=name, line=line)


def _runs(token: Token) -> tuple[Run, ...]:
    """The text of one block in its styles; parts of one style that follow one another are one run."""
    runs, strong, emphasis = list[Run](), 0, 0
    for part in token.children or ():
        if part.type in ("strong_open", "strong_close"):
            strong += part.nesting
        elif part.type in ("em_open", "em_close"):
            emphasis += part.nesting
        else:
            text = "\n" if part.type == "hardbreak" else " " if part.type == "softbreak" else part.content
            style = (bool(strong), bool(emphasis))
            if runs and (runs[-1].strong, runs[-1].emphasis) == style:
                text = runs.pop().text + text
            if text:
                runs.append(Run(text, *style))
    return tuple(runs)
