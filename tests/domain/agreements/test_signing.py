"""What counts as a signature and as an answer, and who signs in which part."""

import math
from datetime import date
from typing import Any

import pytest

from portal_app.domain.agreements.blocks import Block, BlockKind
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
from portal_app.domain.agreements.signers import Wanted, adult_may_sign, part_of
from portal_app.domain.agreements.signing import (
    SignatureForm,
    check_answers,
    check_relationship,
    check_signature,
    check_strokes,
)
from portal_app.domain.agreements.types import SignatureRules, SignatureWay, SignerPart
from portal_app.domain.errors import TextTooLong
from portal_app.domain.ids import PatientId

LINE = [[10, 10], [300, 150]]
RULES = SignatureRules()
ANA, BEN, CAL = PatientId("ana"), PatientId("ben"), PatientId("cal")


def typed(name: str, confirmed: bool = False) -> SignatureForm:
    return SignatureForm(SignatureWay.TYPED, name, confirmed)


@pytest.mark.parametrize(
    "strokes",
    [
        [[[10, 10], [601, 10]]],
        [[[10, -0.1], [60, 10]]],
        [[[10, 10], [math.nan, 10]]],
        [[[10, 10], [math.inf, 10]]],
        [[["1", 10], [60, 10]]],
        [[[True, 10], [60, 10]]],
        [[[10], [60, 10]]],
        [[[10, 10, 10], [60, 10]]],
        [{"x": 1}],
        "M 10 10 L 60 60",
        {"0": []},
        None,
        [LINE, [[1, 1]] * 9_999],
        [[]] * 10_001,
    ],
)
def test_what_is_not_numbers_inside_the_box_is_no_drawing(strokes: Any):
    with pytest.raises(DrawingInvalid):
        check_strokes(strokes)


@pytest.mark.parametrize(
    "strokes", [[], [[]], [[[5, 5]]], [[[5, 5]] * 500], [[[5, 5], [7, 7]], [[300, 100]]]]
)
def test_nothing_and_a_lone_dot_are_no_signature(strokes: Any):
    with pytest.raises(DrawingMissing):
        check_strokes(strokes)


def test_ten_thousand_points_are_kept_to_a_tenth_of_a_unit():
    strokes = check_strokes([LINE, [[0, 0]] * 9_998])
    assert sum(map(len, strokes)) == 10_000
    assert check_strokes([[[0, 0], [600, 200]], [[1.26, 3.04], [1, 1]]])[1] == [[1.3, 3.0], [1.0, 1.0]]


@pytest.mark.parametrize("name", ["", " ", "A", "12 34", "Ana\u202eM", "…"])
def test_a_name_has_letters(name: str):
    with pytest.raises(NameMissing):
        check_signature(typed(name, True), RULES, "Ana Müller")


def test_a_name_that_differs_is_asked_about_once_and_kept_as_typed():
    for same in ("Ana Müller", "ana muller", " ANA  MÜLLER "):
        assert check_signature(typed(same), RULES, "Ana Müller").typed_name == " ".join(same.split())
    with pytest.raises(NameDiffers) as asked:
        check_signature(typed("A. Müller"), RULES, "Ana Müller")
    assert asked.value.values == {"name": "Ana Müller"}
    assert check_signature(typed("A. Müller", True), RULES, "Ana Müller").typed_name == "A. Müller"
    with pytest.raises(TextTooLong):
        check_signature(typed("A" * 101, True), RULES, "Ana Müller")


@pytest.mark.parametrize("name", ["**Ana** Ruiz", "{{price}} Ruiz", "李明", "דוד כהן", "O’Brien-Núñez"])
def test_names_of_every_script_are_signatures(name: str):
    assert check_signature(typed(name), RULES, name).typed_name == name


def test_a_drawn_signature_where_one_is_asked_for():
    with pytest.raises(DrawingNeeded):
        check_signature(typed("Ana"), SignatureRules(drawn_only=True), "Ana")


def test_every_place_needs_its_answer():
    blocks = [
        Block(BlockKind.INITIALS, field="initials-1"),
        Block(BlockKind.CHOICE, field="choice-1", options=("Yes", "No")),
    ]
    assert check_answers(blocks, {"choice-1": "No", "initials-1": " Á. M. "}) == {
        "initials-1": "Á. M.",
        "choice-1": "No",
    }
    for answers, error, field in [
        ({"choice-1": "No"}, AnswerMissing, "initials-1"),
        ({"initials-1": "AM"}, AnswerMissing, "choice-1"),
        ({"initials-1": "AM", "choice-1": "Maybe"}, AnswerMissing, "choice-1"),
        ({"initials-1": "ABCDEF", "choice-1": "No"}, AnswerInvalid, "initials-1"),
        ({"initials-1": "A1", "choice-1": "No"}, AnswerInvalid, "initials-1"),
        ({"initials-1": "AM", "choice-1": "No", "initials-2": "AM"}, AnswerInvalid, "signature"),
    ]:
        with pytest.raises(error) as refused:
            check_answers(blocks, answers)
        assert refused.value.field == field


def test_a_relationship_is_one_of_the_list_or_in_words():
    assert check_relationship("parent", "ignored", "Tim") == "parent"
    assert check_relationship("other", " his  aunt ", "Tim") == "other: his aunt"
    for relationship, words in (("", ""), ("friend", "x"), ("other", " ")):
        with pytest.raises(RelationshipMissing):
            check_relationship(relationship, words, "Tim")


def test_each_person_signs_in_one_part():
    both = [Wanted(SignerPart.GUARDIAN, None), Wanted(SignerPart.SECOND_GUARDIAN, None)]
    assert part_of(ANA, both, [], acts_for_patient=True) is SignerPart.GUARDIAN
    assert part_of(BEN, both[1:], [ANA], acts_for_patient=True) is SignerPart.SECOND_GUARDIAN
    assert part_of(ANA, both[1:], [ANA], acts_for_patient=True) is None
    assert part_of(CAL, both, [], acts_for_patient=False) is None
    named = [Wanted(SignerPart.GUARDIAN, None), Wanted(SignerPart.SECOND_GUARDIAN, BEN)]
    assert part_of(BEN, named, [], acts_for_patient=True) is SignerPart.SECOND_GUARDIAN
    assert part_of(ANA, [Wanted(SignerPart.PRACTICE, None)], [], acts_for_patient=True) is None


def test_an_adults_signature_counts_until_the_day_of_the_birthday():
    until_18 = SignatureRules(adult_until_18=True)
    sixteen, eighteen = date(2010, 6, 15), date(2008, 6, 15)
    assert adult_may_sign(sixteen, RULES, 16, date(2026, 6, 14))
    assert not adult_may_sign(sixteen, RULES, 16, date(2026, 6, 15))
    assert adult_may_sign(sixteen, until_18, 16, date(2026, 6, 15))
    assert adult_may_sign(eighteen, until_18, 16, date(2026, 6, 14))
    assert not adult_may_sign(eighteen, until_18, 16, date(2026, 6, 15))
