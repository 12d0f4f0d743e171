"""What a text of an agreement may hold before it is published; each refusal says the place."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from portal_app.domain.agreements.blocks import PLACE, Block, BlockKind, fields_of
from portal_app.domain.agreements.errors import (
    BrokenPlaceholder,
    ChoiceOptions,
    FieldMisplaced,
    FieldsDiffer,
    HiddenCharacter,
    HtmlInText,
    LinkInText,
    TextEmpty,
    TextRefused,
    TextTooLarge,
    TitleMissing,
    UnknownPlaceholder,
)

MOST_CHARACTERS = 100_000  # about forty pages
TITLE_AT_MOST = 150
OPTION_AT_MOST = 100
_HTML = re.compile(r"<[A-Za-z!/?][^<>\n]{0,100}>?")
_LINK = re.compile(r"\]\s?[(\[]|^\s{0,3}\[[^\]\n]+\]:\s")
_FIELD_WORDS = re.compile(r"\{\{\s*(initials|choice)\b")
_JOINERS = "\u200c\u200d"  # several scripts are written with them


def check_source(title: str, markdown: str) -> list[TextRefused]:
    """What is wrong with a title and a markdown text as typed, before it is read as markdown."""
    found: list[TextRefused] = []
    if not title.strip() or len(title) > TITLE_AT_MOST or "\n" in title or "{{" in title:
        found.append(TitleMissing(most=TITLE_AT_MOST))
    found += _hidden_characters(title)
    if not markdown.strip():
        found.append(TextEmpty(line=0))
    if len(markdown) > MOST_CHARACTERS:
        return [*found, TextTooLarge(line=0, most=MOST_CHARACTERS)]
    for number, line in enumerate(markdown.splitlines(), 1):
        if html := _HTML.search(line):
            found.append(HtmlInText(line=number, found=html[0][:20]))
        if _LINK.search(line):
            found.append(LinkInText(line=number))
    return found + _hidden_characters(markdown)


def check_blocks(blocks: Iterable[Block], allowed: Sequence[str]) -> list[TextRefused]:
    """What is wrong with placeholders and fields. `allowed`: placeholders that somebody fills."""
    found: list[TextRefused] = []
    for block in blocks:
        if block.kind is BlockKind.CHOICE:
            options = {option.casefold() for option in block.options}
            usable = all(0 < len(option) <= OPTION_AT_MOST for option in block.options)
            if not (2 <= len(options) == len(block.options) <= 6 and usable):
                found.append(ChoiceOptions(line=block.line, most=OPTION_AT_MOST))
        text = block.text
        found += [
            UnknownPlaceholder(line=block.line, name=name)
            for name in PLACE.findall(text)
            if name not in (*allowed, "initials", "choice")
        ]
        for run in block.runs:  # a placeholder in two styles could not be filled
            rest = PLACE.sub("", run.text)
            if _FIELD_WORDS.search(run.text):
                found.append(FieldMisplaced(line=block.line))
            elif "{{" in rest or "}}" in rest:
                found.append(BrokenPlaceholder(line=block.line))
    return found


def check_same_fields(texts: Iterable[Sequence[Block]]) -> None:
    """Raise FieldsDiffer unless all languages ask for the same answers in the same order."""
    asked = {tuple((f.field, len(f.options)) for f in fields_of(blocks)) for blocks in texts}
    if len(asked) > 1:
        raise FieldsDiffer(line=0)


def _hidden_characters(text: str) -> list[TextRefused]:
    """Marks of direction, control characters and others that nobody sees, each with its place."""
    found: list[TextRefused] = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.isascii() and line.isprintable():
            continue
        found += [
            HiddenCharacter(line=number, place=place, name=unicodedata.name(sign, f"U+{ord(sign):04X}"))
            for place, sign in enumerate(line, 1)
            if is_hidden(sign)
        ]
    return found


def is_hidden(sign: str) -> bool:
    """Whether a character is invisible and has no business in a text: marks of direction, controls, private ones."""
    if sign in _JOINERS or sign in "\t\r":
        return False
    return unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co", "Cn") or sign in "\u2028\u2029"
