"""What a signer typed, chose and drew, read into a `SignForm`; and what the check page shows of it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from portal_app.domain.agreements.blocks import Block
from portal_app.domain.agreements.comparison import Change, ComparedBlock
from portal_app.domain.agreements.errors import DrawingInvalid
from portal_app.domain.agreements.signing import CheckedSignature, SignatureForm, Stroke
from portal_app.domain.agreements.types import SignatureWay
from portal_app.domain.ids import AgreementRequestId, AgreementVersionId
from portal_app.i18n import translate
from portal_app.services.agreements.signing.sign import SignForm
from portal_app.services.agreements.signing.view import SigningView
from portal_app.state.agreements.labels import relationship_text

DRAWN = "drawn"
FIELDS = ("way", "typed_name", "relationship", "relationship_words")
LONGEST = 300  # characters of a field
_LONGEST_DRAWING = 250_000  # characters: 10,000 points, each with two numbers and their signs


@dataclass(frozen=True)
class AnswerRow:
    label: str
    answer: str


@dataclass(frozen=True)
class CheckView:
    """What one is about to sign, before the last press."""

    typed: str = ""  # the name as it was typed
    drawing: str = ""  # the path of an SVG in a box of 600 × 200
    relationship: str = ""
    answers: list[AnswerRow] = field(default_factory=list[AnswerRow])


@dataclass(frozen=True)
class ChangedPiece:
    text: str
    change: str  # "same", "removed" or "added"


@dataclass(frozen=True)
class ChangedRow:
    """A piece of the text that is not as it was when it was opened."""

    pieces: list[ChangedPiece]


@dataclass(frozen=True)
class OpenText:
    """The text that is open, as far as signing needs it."""

    request_id: AgreementRequestId
    version_id: AgreementVersionId
    language: str
    languages: tuple[str, ...]
    text_sha256: str
    fields: tuple[Block, ...]
    may_sign: bool


def open_text(view: SigningView) -> OpenText:
    """What a state keeps of a view."""
    return OpenText(
        view.request_id,
        view.version_id,
        view.language,
        view.languages,
        view.text_sha256,
        view.fields,
        view.part is not None,
    )


def sign_form(
    read: OpenText, typed: Mapping[str, str], drawing: str, *, confirmed_name: str = "", intent: bool = False
) -> SignForm:
    """The form of the text that is open. Raises DrawingInvalid for what our page does not send.

    Args:
        typed: what was typed and chosen, by field.
        drawing: the points as JSON.
        confirmed_name: the name that was asked about (NameDiffers) and is sent once more.
    """
    if typed.get("way") == DRAWN:
        signature = SignatureForm(SignatureWay.DRAWN, strokes=_points(drawing))
    else:
        name = typed.get("typed_name", "")
        is_confirmed = bool(confirmed_name) and name == confirmed_name
        signature = SignatureForm(SignatureWay.TYPED, name, name_confirmed=is_confirmed)
    return SignForm(
        read.request_id,
        read.text_sha256,
        read.language,
        signature,
        answers={place.field: typed.get(place.field, "") for place in read.fields},
        relationship=typed.get("relationship", ""),
        relationship_words=typed.get("relationship_words", ""),
        intent=intent,
    )


def check_view(
    language: str, fields: Sequence[Block], form: SignForm, signature: CheckedSignature
) -> CheckView:
    """What the check page shows of a form that may be signed."""
    return CheckView(
        typed=signature.typed_name,
        drawing=svg_path(signature.strokes),
        relationship=relationship_text(language, form.relationship, form.relationship_words),
        answers=[
            AnswerRow(_label(language, place), " ".join(form.answers[place.field].split()))
            for place in fields
        ],
    )


def svg_path(strokes: Iterable[Stroke]) -> str:
    """The lines as the path of an SVG; a point is a line of no length, which round ends make visible."""
    return " ".join(_line(stroke) for stroke in strokes)


def changed_rows(blocks: Iterable[ComparedBlock]) -> list[ChangedRow]:
    """The blocks that changed, with the words that went and those that came."""
    return [
        ChangedRow([ChangedPiece(piece.text, str(piece.change)) for piece in block.pieces])
        for block in blocks
        if block.changed and any(piece.change is not Change.SAME for piece in block.pieces)
    ]


def _line(points: Stroke) -> str:
    first, *rest = points
    return f"M{first[0]:g} {first[1]:g}" + "".join(f"L{x:g} {y:g}" for x, y in rest or [first])


def _points(drawing: str) -> list[Any]:
    if len(drawing) > _LONGEST_DRAWING:
        raise DrawingInvalid
    try:
        found: Any = json.loads(drawing) if drawing else []
    except (ValueError, RecursionError):
        raise DrawingInvalid from None
    if not isinstance(found, list):
        raise DrawingInvalid
    return found  # pyright: ignore[reportUnknownVariableType]  (the service checks every number)


def _label(language: str, place: Block) -> str:
    if place.options:
        return translate(language, "Choice")
    return place.text or translate(language, "Initials")
