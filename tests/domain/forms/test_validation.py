"""The one validator: what is wrong with each answer, and with the response as a whole."""

import time
from decimal import Decimal
from typing import Any

import pytest

from portal_app.domain.forms.responses.places import Place, Response, place_of
from portal_app.domain.forms.responses.validation import check_place, find_problems
from portal_app.domain.forms.values import Attachment, Quantity, Reference, Value, ValueType
from tests.domain.forms.forms_helper import (
    answered,
    at,
    coded,
    expression,
    extension,
    form_of,
    item,
    option,
    text,
    whole,
    yes,
)

UCUM = "http://unitsofmeasure.org"
UNIT_KG = extension("questionnaire-unitOption", "Coding", {"system": UCUM, "code": "kg", "display": "kg"})


def decimal(number: str) -> Value:
    return Value(ValueType.DECIMAL, Decimal(number))


def day(words: str, kind: ValueType = ValueType.DATE) -> Value:
    return Value(kind, words)


def quantity(number: str, unit: str = "kg", code: str = "kg") -> Value:
    return Value(ValueType.QUANTITY, Quantity(Decimal(number), unit, UCUM if code else "", code))


def attached(**parts: Any) -> Value:
    return Value(ValueType.ATTACHMENT, Attachment(**parts))


CASES: list[tuple[str, dict[str, Any], Value, list[str]]] = [
    ("string", {}, text("x"), []),
    ("string", {}, text("  "), ["required"]),
    ("string", {}, text("a\nb"), ["line_break"]),
    ("text", {}, text("a\nb"), []),
    ("text", {}, text("a\x00b"), ["unstorable"]),
    ("string", {"maxLength": 3}, text("abcd"), ["too_long"]),
    ("string", {}, text("a" * 2_001), ["too_long"]),
    ("text", {}, text("a" * 20_001), ["too_long"]),
    ("string", {"extension": [extension("minLength", "Integer", 3)]}, text("ab"), ["too_short"]),
    ("string", {"extension": [extension("regex", "String", "[0-9]+")]}, text("12a"), ["pattern"]),
    ("string", {"extension": [extension("regex", "String", "[0-9]+")]}, text("12"), []),
    ("string", {}, whole(1), ["wrong_type"]),
    ("boolean", {}, yes(False), []),
    ("boolean", {}, whole(1), ["wrong_type"]),
    ("integer", {}, whole(0), []),
    ("integer", {"extension": [extension("minValue", "Integer", 1)]}, whole(0), ["too_small"]),
    ("integer", {"extension": [extension("maxValue", "Integer", 1)]}, whole(2), ["too_great"]),
    ("integer", {}, Value(ValueType.INTEGER, 10**40), ["number"]),
    (
        "decimal",
        {"extension": [extension("maxDecimalPlaces", "Integer", 1)]},
        decimal("1.25"),
        ["decimal_places"],
    ),
    ("decimal", {"extension": [extension("maxDecimalPlaces", "Integer", 2)]}, decimal("7.50"), []),
    ("date", {}, day("2020"), []),
    ("date", {}, day("2020-02-31"), ["date"]),
    ("date", {}, day("20-1-1"), ["date"]),
    ("dateTime", {}, day("2020-02-01T10:00:00Z", ValueType.DATE_TIME), []),
    ("dateTime", {}, day("2020-02-01T10:00", ValueType.DATE_TIME), ["date"]),
    ("time", {}, day("00:00:00", ValueType.TIME), []),
    ("time", {}, day("25:00:00", ValueType.TIME), ["time"]),
    ("url", {}, Value(ValueType.URI, "https://example.org/a"), []),
    ("url", {}, Value(ValueType.URI, "not an address"), ["address"]),
    ("quantity", {"extension": [UNIT_KG]}, quantity("0"), []),
    ("quantity", {"extension": [UNIT_KG]}, quantity("5", "mi", "[mi_i]"), ["unit"]),
    ("quantity", {"extension": [UNIT_KG]}, quantity("5", "", ""), ["unit_missing"]),
    ("quantity", {}, Value(ValueType.QUANTITY, Quantity(None, "kg")), ["number"]),
    ("choice", {"answerOption": [option("a")]}, coded("a"), []),
    ("choice", {"answerOption": [option("a")]}, coded("b"), ["not_an_option"]),
    ("choice", {"answerOption": [option("a")]}, text("a"), ["wrong_type"]),
    ("open-choice", {"answerOption": [option("a")]}, text("own words"), []),
    ("attachment", {}, attached(content_type="image/png", url="/f", size=1), []),
    ("attachment", {}, attached(content_type="image/png"), ["file_empty"]),
    (
        "attachment",
        {"extension": [extension("mimeType", "Code", "image/*")]},
        attached(content_type="a/b", url="/f"),
        ["file_type"],
    ),
    (
        "attachment",
        {"extension": [extension("maxSize", "Decimal", 10)]},
        attached(url="/f", size=11),
        ["file_size"],
    ),
    ("reference", {}, Value(ValueType.REFERENCE, Reference("Patient/1")), []),
    ("reference", {}, Value(ValueType.REFERENCE, Reference("https://example.org/Chicken/1")), ["reference"]),
    ("reference", {}, Value(ValueType.REFERENCE, Reference("ht tp://x/Patient/1")), ["reference"]),
    ("reference", {}, Value(ValueType.REFERENCE, Reference()), ["reference"]),
]


@pytest.mark.parametrize(("kind", "more", "answer", "codes"), CASES)
def test_each_answer_is_right_or_has_its_reason(
    kind: str, more: dict[str, Any], answer: Value, codes: list[str]
):
    form = form_of(item("a", kind, **more))
    assert [one.code.value for one in find_problems(answered(form, a=answer))] == codes


def test_a_problem_names_its_field_and_what_fills_its_words():
    form = form_of(item("g", "group", item("a", "integer", extension=[extension("minValue", "Integer", 5)])))
    (problem,) = find_problems(answered(form, a=whole(4)))
    assert (problem.path, problem.link_id, problem.position, dict(problem.values)) == (
        "1",
        "a",
        0,
        {"bound": "5"},
    )


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("integer", whole(0)),
        ("decimal", decimal("0.0")),
        ("boolean", yes(False)),
        ("quantity", quantity("0")),
        ("time", day("00:00:00", ValueType.TIME)),
    ],
)
def test_form_17_zero_and_no_and_midnight_satisfy_a_required_question(kind: str, answer: Value):
    form = form_of(item("a", kind, required=True))
    assert [one.code.value for one in find_problems(Response(form))] == ["required"]
    assert find_problems(answered(form, a=answer)) == ()


@pytest.mark.parametrize(
    ("limit", "year", "codes"),
    [
        ("minValue", "2019", ["too_small"]),
        ("minValue", "2020", []),
        ("maxValue", "2019", []),
        ("maxValue", "2020", ["too_great"]),
    ],
)
def test_form_19_a_year_counts_with_all_its_days(limit: str, year: str, codes: list[str]):
    form = form_of(item("a", "date", extension=[extension(limit, "Date", "2020-01-01")]))
    assert [one.code.value for one in find_problems(answered(form, a=day(year)))] == codes


def test_form_21_none_of_these_beside_another_answer_is_refused():
    none = option("none", extension("questionnaire-optionExclusive", "Boolean", True))
    form = form_of(
        item("a", "choice", repeats=True, answerOption=[option("asthma"), option("diabetes"), none])
    )
    assert find_problems(answered(form, a=(coded("none"),))) == ()
    assert find_problems(answered(form, a=(coded("asthma"), coded("diabetes")))) == ()
    both = answered(form, a=(coded("asthma"), coded("none")))
    assert [one.code.value for one in find_problems(both)] == ["exclusive"]


def test_counts_of_ticked_answers_and_of_repetitions():
    limits = [
        extension("questionnaire-minOccurs", "Integer", 2),
        extension("questionnaire-maxOccurs", "Integer", 2),
    ]
    ticked = form_of(
        item("a", "choice", repeats=True, answerOption=[option(c) for c in "xyz"], extension=limits)
    )
    codes = [coded(code) for code in "xyz"]
    assert [
        [one.code.value for one in find_problems(answered(ticked, a=tuple(codes[:n])))] for n in (1, 2, 3)
    ] == [
        ["too_few"],
        [],
        ["too_many"],
    ]
    assert [one.code.value for one in find_problems(answered(ticked, a=(codes[0], codes[0])))] == ["twice"]

    lines = form_of(item("a", repeats=True, extension=limits))
    response = Response(lines).with_answer(at(lines, "a", 1), (text("one"),))
    assert [one.code.value for one in find_problems(response)] == ["too_few"]
    more = response.with_repetition(at(lines, "a"))
    assert more.with_repetition(at(lines, "a")) == more
    assert find_problems(more.with_answer(at(lines, "a", 2), (text("two"),))) == ()


def test_two_answers_to_a_question_that_takes_one():
    form = form_of(item("a"))
    assert [one.code.value for one in find_problems(answered(form, a=(text("x"), text("y"))))] == ["too_many"]


def test_a_required_group_needs_an_answer_in_it_and_one_without_questions_does_not():
    form = form_of(
        item("g", "group", item("a"), required=True), item("h", "group", item("d", "display"), required=True)
    )
    assert [(one.code.value, one.link_id) for one in find_problems(Response(form))] == [("group_empty", "g")]
    assert find_problems(answered(form, a=text("x"))) == ()


def test_form_10_a_missing_required_answer_is_refused_in_every_repetition():
    form = form_of(item("g", "group", item("a", required=True), repeats=True))
    response = Response(form).with_repetition(at(form, "g")).with_answer(at(form, "a", 1), (text("x"),))
    assert [(one.code.value, one.path) for one in find_problems(response)] == [("required", "1.2")]


def test_what_nobody_can_answer_is_not_asked_for():
    hidden = extension("questionnaire-hidden", "Boolean", True)
    calculated = expression("sdc-questionnaire-calculatedExpression", "{}")
    form = form_of(
        item("a", required=True, extension=[hidden]),
        item("b", required=True, readOnly=True),
        item("c", required=True, extension=[calculated]),
    )
    assert find_problems(Response(form)) == ()


def test_answers_to_places_that_nobody_may_fill_are_refused():
    hidden = extension("questionnaire-hidden", "Boolean", True)
    calculated = expression("sdc-questionnaire-calculatedExpression", "{}")
    form = form_of(
        item("a", extension=[hidden]),
        item("b", readOnly=True),
        item("c", extension=[calculated]),
        item("d", "display"),
        item("e", repeats=True),
    )
    response = Response(form)

    def codes(place: Place) -> list[str]:
        return [one.code.value for one in check_place(response, place, (text("x"),))]

    assert [codes(at(form, name)) for name in "abcd"] == [
        ["hidden"],
        ["read_only"],
        ["read_only"],
        ["unknown_item"],
    ]
    assert codes(at(form, "e", 1)) == []
    assert codes(at(form, "e", 2)) == ["unknown_item"]


def test_a_cleared_answer_is_no_problem_while_filling():
    form = form_of(item("a", required=True))
    assert check_place(Response(form), at(form, "a"), ()) == ()


@pytest.mark.parametrize("key", ["", "x", "-1", "5", "0.1", "1", "1.1.1", "٧", "0" * 101])
def test_a_place_that_the_form_does_not_have_is_none(key: str):
    form = form_of(item("a"), item("g", repeats=True))
    assert place_of(form, key) is None
    assert place_of(form, "0") == Place(0)
    assert place_of(form, "1.2") == Place(1, (2,))


def test_form_31_a_hostile_pattern_is_answered_at_once():
    form = form_of(item("a", extension=[extension("regex", "String", "^(a+)+$")]))
    begun = time.process_time()
    assert [one.code.value for one in find_problems(answered(form, a=text("a" * 40 + "!")))] == ["pattern"]
    assert time.process_time() - begun < 0.05
