"""What counts as a signature and as an answer (cases SIGN; UETA: intent, attribution, correction before submit)."""

import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from portal_app.domain.agreements.blocks import Block, BlockKind, fields_of
from portal_app.domain.agreements.errors import (
    AnswerInvalid,
    AnswerMissing,
    DrawingInvalid,
    DrawingMissing,
    DrawingNeeded,
    NameDiffers,
    NameMissing,
    RelationshipMissing,
)
from portal_app.domain.agreements.texts import is_hidden
from portal_app.domain.agreements.types import SignatureRules, SignatureWay
from portal_app.domain.errors import TextTooLong

BOX = (600, 200)  # width and height of the box that one draws in, in its own units
MOST_POINTS = 10_000
NAME_AT_MOST = 100  # characters
RELATIONSHIP_AT_MOST = 60
_SMALLEST = 8  # units: what is smaller in both directions is a dot
_INITIALS_AT_MOST = 5

Stroke = list[list[float]]


class Relationship(StrEnum):
    """How a signer is related to whom they sign for."""

    PARENT = "parent"
    GUARDIAN = "guardian"
    GUARANTOR = "guarantor"
    REPRESENTATIVE = "representative"  # holds a power of attorney, or was appointed by a court
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class SignatureForm:
    """A signature as a browser sends it. `strokes`: lists of [x, y] in a box of 600 × 200."""

    way: SignatureWay
    typed_name: str = ""
    name_confirmed: bool = False  # "yes, that is how I sign", after NameDiffers
    strokes: Sequence[Any] = ()


@dataclass(frozen=True, slots=True)
class CheckedSignature:
    """A signature that counts. `typed_name` is as it was typed."""

    way: SignatureWay
    typed_name: str = ""
    strokes: tuple[Stroke, ...] = ()


def check_signature(form: SignatureForm, rules: SignatureRules, name_on_file: str) -> CheckedSignature:
    """The signature as it is stored. Raises a SignatureRefused, TextTooLong."""
    if form.way is SignatureWay.DRAWN:
        return CheckedSignature(form.way, strokes=check_strokes(form.strokes))
    if rules.drawn_only:
        raise DrawingNeeded
    name = " ".join(form.typed_name.split())
    if len(name) > NAME_AT_MOST:
        raise TextTooLong(field="signature", most=NAME_AT_MOST)
    if sum(sign.isalpha() for sign in name) < 2 or any(map(is_hidden, name)):
        raise NameMissing
    if not form.name_confirmed and _plain(name) != _plain(name_on_file):
        raise NameDiffers(name=name_on_file)
    return CheckedSignature(form.way, typed_name=name)


def check_strokes(strokes: object) -> tuple[Stroke, ...]:
    """The lines that were drawn, to a tenth of a unit. Raises DrawingMissing for nothing or a dot, DrawingInvalid."""
    if not isinstance(strokes, (list, tuple)):
        raise DrawingInvalid
    if len(strokes) > MOST_POINTS:  # pyright: ignore[reportUnknownArgumentType]
        raise DrawingInvalid
    checked: list[Stroke] = []
    points = 0
    for stroke in strokes:  # pyright: ignore[reportUnknownVariableType]
        if not isinstance(stroke, (list, tuple)):
            raise DrawingInvalid
        points += len(stroke)  # pyright: ignore[reportUnknownArgumentType]
        if points > MOST_POINTS:
            raise DrawingInvalid
        checked.append([_point(point) for point in stroke])  # pyright: ignore[reportUnknownVariableType]
    checked = [stroke for stroke in checked if stroke]
    if not any(_is_line(stroke) for stroke in checked):
        raise DrawingMissing
    return tuple(checked)


def check_answers(blocks: Sequence[Block], answers: Mapping[str, str]) -> dict[str, str]:
    """The answers at the places of a text, in their order. Raises AnswerMissing or AnswerInvalid with the place."""
    checked: dict[str, str] = {}
    places = fields_of(blocks)
    if not set(answers) <= {place.field for place in places}:
        raise AnswerInvalid
    for place in places:
        answer = " ".join(answers.get(place.field, "").split())
        if not answer:
            raise AnswerMissing(field=place.field)
        if place.kind is BlockKind.CHOICE:
            if answer not in place.options:
                raise AnswerMissing(field=place.field)
        elif not _are_initials(answer):
            raise AnswerInvalid(field=place.field)
        checked[place.field] = answer
    return checked


def check_relationship(relationship: str, words: str, patient_name: str) -> str:
    """The relationship as it is stored: "parent", "other: grandmother". Raises RelationshipMissing, TextTooLong."""
    words = " ".join(words.split())
    if relationship not in set(Relationship):
        raise RelationshipMissing(name=patient_name)
    if len(words) > RELATIONSHIP_AT_MOST:
        raise TextTooLong(field="relationship", most=RELATIONSHIP_AT_MOST)
    if relationship != Relationship.OTHER:
        return relationship
    if not words or any(map(is_hidden, words)):
        raise RelationshipMissing(name=patient_name)
    return f"{relationship}: {words}"


def _point(point: Any) -> list[float]:
    if not isinstance(point, (list, tuple)) or len(point) != 2:  # pyright: ignore[reportUnknownArgumentType]
        raise DrawingInvalid
    x, y = (_number(value, most) for value, most in zip(point, BOX, strict=True))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return [x, y]


def _number(value: Any, most: int) -> float:
    if type(value) not in (int, float) or not math.isfinite(value) or not 0 <= value <= most:
        raise DrawingInvalid
    return round(float(value), 1)


def _is_line(stroke: Stroke) -> bool:
    across, down = zip(*stroke, strict=True)
    return max(across) - min(across) >= _SMALLEST or max(down) - min(down) >= _SMALLEST


def _are_initials(answer: str) -> bool:
    letters = answer.replace(".", "").replace(" ", "").replace("-", "")
    bare = [sign for sign in unicodedata.normalize("NFC", letters) if not unicodedata.combining(sign)]
    return 1 <= len(bare) <= _INITIALS_AT_MOST and all(sign.isalpha() for sign in bare)


def _plain(name: str) -> str:
    """A name without accents, case and signs, for comparing."""
    bare = unicodedata.normalize("NFKD", name.casefold())
    return " ".join("".join(s if s.isalnum() else " " for s in bare if not unicodedata.combining(s)).split())
