"""The flat list of blocks as the template prints it: lists inside lists, heading levels without gaps."""

from collections.abc import Mapping, Sequence
from typing import Any

from portal_app.db.tables.agreements import Signature
from portal_app.domain.agreements.blocks import FIELDS, Block, BlockKind, shown_level
from portal_app.i18n import translate

_LISTS = (BlockKind.BULLET, BlockKind.NUMBER)


def printed_blocks(
    blocks: Sequence[Block], signatures: Sequence[Signature], language: str
) -> list[dict[str, Any]]:
    """Each block as JSON; places for answers with what each signer answered there."""
    made: list[dict[str, Any]] = []
    level = 1  # of the copy's own title
    place = 0
    while place < len(blocks):
        block = blocks[place]
        if block.kind in _LISTS:
            end = place
            while end < len(blocks) and blocks[end].kind in _LISTS:
                end += 1
            made += _lists(blocks[place:end], 1)
            place = end
            continue
        if block.kind is BlockKind.HEADING:
            level = shown_level(block, level)
            made.append({"kind": "heading", "level": level, "runs": _runs(block)})
        elif block.kind in FIELDS:
            made.append(_field(block, signatures, language))
        else:
            made.append({"kind": str(block.kind), "runs": _runs(block)})
        place += 1
    return made


def _lists(items: Sequence[Block], depth: int) -> list[dict[str, Any]]:
    """Items of one depth become lists; deeper ones stand inside the item before them."""
    lists: list[dict[str, Any]] = []
    place = 0
    while place < len(items):
        item = items[place]
        end = place + 1
        while end < len(items) and items[end].level > depth:
            end += 1
        row = {
            "number": item.number,
            "runs": _runs(item),
            "inside": _lists(items[place + 1 : end], depth + 1),
        }
        if lists and lists[-1]["of"] == item.kind:
            lists[-1]["items"].append(row)
        else:
            lists.append({"kind": "list", "of": str(item.kind), "items": [row]})
        place = end
    return lists


def _field(block: Block, signatures: Sequence[Signature], language: str) -> dict[str, Any]:
    label = block.text or translate(language, "Initials")
    if block.kind is BlockKind.CHOICE:
        label = translate(language, "Choice") + ": " + " / ".join(block.options)
    answers = [(one.name_on_file, _answer(block, one.answers)) for one in signatures]
    return {"kind": "field", "label": label, "answers": [pair for pair in answers if pair[1]]}


def _answer(block: Block, answers: Mapping[str, str]) -> str:
    return answers.get(block.field, "")


def _runs(block: Block) -> list[dict[str, Any]]:
    return [{"text": run.text, "strong": run.strong, "em": run.emphasis} for run in block.runs]
