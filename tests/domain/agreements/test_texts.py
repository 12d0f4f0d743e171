"""What a text may hold before it is published, and how its placeholders are filled."""

import pytest

from portal_app.domain.agreements.blocks import (
    Block,
    BlockKind,
    Run,
    answers_hash,
    fill,
    placeholders_of,
    text_hash,
    used_placeholders,
)
from portal_app.domain.agreements.comparison import Change, compare_texts, compare_words
from portal_app.domain.agreements.errors import FieldsDiffer
from portal_app.domain.agreements.points import POINTS, open_points
from portal_app.domain.agreements.texts import check_blocks, check_same_fields, check_source
from portal_app.domain.agreements.types import AgreementKind

MEMBERSHIP = placeholders_of(AgreementKind.MEMBERSHIP)


def paragraph(*texts: str, line: int = 3) -> Block:
    return Block(BlockKind.PARAGRAPH, tuple(map(Run, texts)), line=line)


@pytest.mark.parametrize("name", ["{{price}}", "**Ana**", "{{ price }}", "<b>Ana</b>", "# Ana", "Ana\\"])
def test_a_patients_name_is_filled_in_as_it_is(name: str):
    filled = fill([paragraph("For {{patient}}, {{ price }}.")], {"patient": name, "price": "80"})
    assert filled[0].text == f"For {name}, 80."


def test_a_placeholder_without_a_value_is_not_left_out_in_silence():
    with pytest.raises(KeyError):
        fill([paragraph("{{plan}}")], {"patient": "Ana"})


@pytest.mark.parametrize(
    ("markdown", "code", "line"),
    [
        ("One\n\nTwo <script>alert(1)</script>", "agreement.html", 3),
        ("One <!-- note -->", "agreement.html", 1),
        ("See [us](https://example.com)", "agreement.link", 1),
        ("One\n![picture](x.png)", "agreement.link", 2),
        ("[us]: https://example.com", "agreement.link", 1),
        ("One\nabc\u202edef", "agreement.hidden_character", 2),
        ("zero\u200bwidth", "agreement.hidden_character", 1),
        ("bell\x07", "agreement.hidden_character", 1),
        (" \n ", "agreement.text_empty", 0),
        ("word " * 25_000, "agreement.text_too_large", 0),
    ],
)
def test_a_text_is_refused_with_the_place(markdown: str, code: str, line: int):
    found = check_source("Title", markdown)
    assert [(error.code, error.values["line"]) for error in found] == [(code, line)]


def test_the_place_of_a_hidden_character_is_exact():
    found = check_source("Title", "Hello\n\nab\u2066c")
    assert found[0].values == {"line": 3, "place": 3, "name": "LEFT-TO-RIGHT ISOLATE"}


@pytest.mark.parametrize(
    "markdown",
    [
        "3 < 4 and 5 > 2",
        '#import "x"',
        "Núñez & Łukasz — 中文 עברית مرحبا",
        "tab\there",
        "می‌خواهم",
        "[x] done",
    ],
)
def test_a_text_that_only_looks_like_markup_is_text(markdown: str):
    assert check_source("Title", markdown) == []


@pytest.mark.parametrize("title", ["", " ", "x" * 151, "For {{patient}}"])
def test_a_title_is_one_short_line_without_placeholders(title: str):
    assert [error.code for error in check_source(title, "Text")] == ["agreement.title_missing"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{{price}}", "agreement.unknown_placeholder"),
        ("{{patients}}", "agreement.unknown_placeholder"),
        ("{{patient", "agreement.broken_placeholder"),
        ("patient}}", "agreement.broken_placeholder"),
        ("{{Patient}}", "agreement.broken_placeholder"),
        ("Here {{initials}} please", "agreement.field_misplaced"),
        ("Here {{choice: a | b}}", "agreement.field_misplaced"),
    ],
)
def test_a_placeholder_that_nobody_fills_is_refused(text: str, code: str):
    found = check_blocks([paragraph(text)], placeholders_of(AgreementKind.PRIVACY))
    assert [(error.code, error.values["line"]) for error in found] == [(code, 3)]


def test_a_placeholder_in_two_styles_is_refused():
    found = check_blocks([paragraph("{{pat", "ient}}")], MEMBERSHIP)
    assert {error.code for error in found} >= {"agreement.broken_placeholder"}


def test_plan_and_price_are_for_memberships():
    assert check_blocks([paragraph("{{plan}} {{price}}")], MEMBERSHIP) == []
    assert used_placeholders([paragraph("{{plan}} {{ date }}")]) == {"plan", "date"}


@pytest.mark.parametrize("options", [(), ("Yes",), ("Yes", "yes"), ("Yes", ""), tuple("abcdefg")])
def test_a_choice_has_two_to_six_different_answers(options: tuple[str, ...]):
    found = check_blocks([Block(BlockKind.CHOICE, field="choice-1", options=options, line=9)], MEMBERSHIP)
    assert [(error.code, error.values["line"]) for error in found] == [("agreement.choice_options", 9)]


def test_every_language_asks_for_the_same_answers():
    initials = Block(BlockKind.INITIALS, field="initials-1")
    check_same_fields([(initials,), (paragraph("x"), initials)])
    with pytest.raises(FieldsDiffer):
        check_same_fields([(initials,), (paragraph("x"),)])


def test_the_hash_of_a_text_covers_words_styles_and_title_but_not_lines():
    one = text_hash("T", [paragraph("Hello")])
    assert one == text_hash("T", [paragraph("Hello", line=8)])
    different = [
        text_hash("U", [paragraph("Hello")]),
        text_hash("T", [paragraph("hello")]),
        text_hash("T", [Block(BlockKind.QUOTE, (Run("Hello"),))]),
        text_hash("T", [Block(BlockKind.PARAGRAPH, (Run("Hello", strong=True),))]),
    ]
    assert len({one, *different}) == 5


def test_the_hash_of_answers_does_not_depend_on_their_order():
    assert (
        answers_hash({"a": "1", "b": "2"}) == answers_hash({"b": "2", "a": "1"}) != answers_hash({"a": "1"})
    )


def test_versions_are_compared_word_by_word():
    compared = compare_texts(
        [paragraph("Same."), paragraph("You pay 80 a month."), paragraph("Old end.")],
        [paragraph("Same."), paragraph("You pay 90 a month.")],
    )
    assert [block.changed for block in compared] == [False, True, True]
    assert [(p.change, p.text) for p in compared[1].pieces] == [
        (Change.SAME, "You pay "),
        (Change.REMOVED, "80"),
        (Change.ADDED, "90"),
        (Change.SAME, " a month."),
    ]
    assert [(p.change, p.text) for p in compared[2].pieces] == [(Change.REMOVED, "Old end.")]


def test_nothing_is_lost_in_a_comparison():
    before, after = "The fee is due on the 1st.", "A fee is payable, on the 15th day."
    pieces = compare_words(before, after)
    assert "".join(p.text for p in pieces if p.change is not Change.ADDED) == before
    assert "".join(p.text for p in pieces if p.change is not Change.REMOVED) == after


def test_membership_contracts_have_the_points_that_law_asks_for():
    points = POINTS[AgreementKind.MEMBERSHIP]
    assert {"not_insurance", "fee", "term", "renewal", "ending", "refund"} <= set(points)
    assert open_points(AgreementKind.MEMBERSHIP, ["fee"]) == tuple(p for p in points if p != "fee")
