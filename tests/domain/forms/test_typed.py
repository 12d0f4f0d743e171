"""What people type and tick becomes answers, or is refused and stays as it was typed."""

from datetime import timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from portal_app.domain.forms.responses.typed import Signs, Typed, Unclear, read_typed, write_typed
from portal_app.domain.forms.types import Item
from portal_app.domain.forms.values import Coding, Quantity, Value, ValueType
from tests.domain.forms.forms_helper import coded, extension, form_of, item, option, text, whole, yes

AMERICAN, GERMAN = Signs(), Signs(",", ".")
ZONE = timezone(timedelta(hours=-4))


def question(kind: str, **more: Any) -> Item:
    return form_of(item("a", kind, **more)).items[0]


def typed(asked: Item, words: Typed, signs: Signs = AMERICAN) -> tuple[Value, ...]:
    return read_typed(asked, words, signs, ZONE)


def unclear(asked: Item, words: Typed) -> tuple[str, str]:
    with pytest.raises(Unclear) as refused:
        typed(asked, words)
    return refused.value.code.value, refused.value.part


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("7.50", "7.50"),
        (".5", "0.5"),
        ("1,234.5", "1234.5"),
        ("-3", "-3"),
        ("\u22123", "-3"),
        ("7.", "7"),
        ("0.0", "0.0"),
    ],
)
def test_form_18_decimals_as_americans_write_them_keep_their_zeros(words: str, number: str):
    (value,) = typed(question("decimal"), Typed(words))
    assert str(value.content) == number


@pytest.mark.parametrize(
    "words", ["7,5", "1e3", "٧", "1,23,456", "1,2345", "7.5.1", "seven", "--1", ".", "NaN", "1_000"]
)
def test_form_18_what_could_be_meant_otherwise_is_refused(words: str):
    assert unclear(question("decimal"), Typed(words)) == ("number", "")


def test_form_18_other_languages_have_other_signs_and_nothing_is_no_answer():
    assert typed(question("decimal"), Typed("1.234,50"), GERMAN)[0].content == Decimal("1234.50")
    assert typed(question("decimal"), Typed(" ")) == ()


def test_whole_numbers():
    assert typed(question("integer"), Typed("1,234")) == (whole(1234),)
    assert unclear(question("integer"), Typed("7.0")) == ("number", "")


@pytest.mark.parametrize(
    ("kind", "words", "answer"),
    [
        ("integer", Typed("0"), whole(0)),
        ("decimal", Typed("0.0"), Value(ValueType.DECIMAL, Decimal("0.0"))),
        ("boolean", Typed("no"), yes(False)),
        (
            "quantity",
            Typed(parts={"number": "0", "unit": "kg"}),
            Value(ValueType.QUANTITY, Quantity(Decimal(0), "kg")),
        ),
        ("time", Typed("0:00"), Value(ValueType.TIME, "00:00:00")),
        ("time", Typed("14:30"), Value(ValueType.TIME, "14:30:00")),
    ],
)
def test_form_17_zero_no_and_midnight_are_answers(kind: str, words: Typed, answer: Value):
    asked = question(kind)
    assert typed(asked, words) == (answer,)
    assert typed(asked, write_typed(asked, (answer,), AMERICAN, ZONE)) == (answer,)


@pytest.mark.parametrize(
    ("parts", "stored"),
    [
        ({"year": "2019"}, "2019"),
        ({"year": "2019", "month": "5"}, "2019-05"),
        ({"year": "2020", "month": "02", "day": "29"}, "2020-02-29"),
    ],
)
def test_form_19_a_year_or_a_month_is_a_date(parts: dict[str, str], stored: str):
    asked = question("date")
    (value,) = typed(asked, Typed(parts=parts))
    assert value == Value(ValueType.DATE, stored)
    assert typed(asked, write_typed(asked, (value,), AMERICAN, ZONE)) == (value,)


@pytest.mark.parametrize(
    ("parts", "part"),
    [
        ({"year": "2020", "month": "2", "day": "31"}, "day"),
        ({"year": "2020", "day": "3"}, "month"),
        ({"year": "2020", "month": "13"}, "month"),
        ({"month": "5", "day": "3"}, "year"),
        ({"year": "20", "month": "5", "day": "3"}, "year"),
        ({"year": "٢٠٢٠"}, "year"),
    ],
)
def test_form_19_any_other_date_is_refused_and_names_its_field(parts: dict[str, str], part: str):
    assert unclear(question("date"), Typed(parts=parts)) == ("date", part)


def test_a_date_with_a_time_is_in_the_practices_zone():
    asked = question("dateTime")
    parts = {"year": "2020", "month": "5", "day": "3", "time": "00:00"}
    (value,) = typed(asked, Typed(parts=parts))
    assert value == Value(ValueType.DATE_TIME, "2020-05-03T00:00:00-04:00")
    assert typed(asked, write_typed(asked, (value,), AMERICAN, ZONE)) == (value,)
    assert typed(asked, Typed(parts={"year": "2020"})) == (Value(ValueType.DATE_TIME, "2020"),)
    assert unclear(asked, Typed(parts={"year": "2020", "time": "10:00"})) == ("date", "month")
    assert unclear(asked, Typed(parts={**parts, "time": "24:00"})) == ("time", "time")


def test_form_20_own_words_with_a_comma_are_one_answer_beside_the_ticked_ones():
    asked = question(
        "open-choice", repeats=True, answerOption=[option("asthma"), option("nuts"), option("eggs")]
    )
    words = Typed(chosen=("2", "0"), own=("Penicillin, amoxicillin", " "))
    answers = typed(asked, words)
    assert answers == (coded("asthma"), coded("eggs"), text("Penicillin, amoxicillin"))
    shown = write_typed(asked, answers, AMERICAN, ZONE)
    assert (shown.chosen, shown.own) == (("0", "2"), ("Penicillin, amoxicillin",))


@pytest.mark.parametrize(
    "words",
    [
        Typed(chosen=("2",)),
        Typed(chosen=("-1",)),
        Typed(chosen=("x",)),
        Typed(own=("x",)),
        Typed(chosen=("0", "1")),
    ],
)
def test_choices_that_the_form_does_not_have_are_refused(words: Typed):
    assert unclear(question("choice", answerOption=[option("a"), option("b")]), words)[0] in (
        "not_an_option",
        "too_many",
    )


def test_a_choice_without_known_answers_is_typed():
    assert typed(question("choice"), Typed("France")) == (Value(ValueType.CODING, Coding(display="France")),)
    assert typed(question("open-choice"), Typed("France")) == (text("France"),)


def test_a_unit_is_taken_from_the_form_where_it_has_one():
    unit = extension("questionnaire-unit", "Coding", {"system": "s", "code": "kg", "display": "Kilogram"})
    asked = question("quantity", extension=[unit])
    (value,) = typed(asked, Typed(parts={"number": "70.5"}))
    assert value.content == Quantity(Decimal("70.5"), "Kilogram", "s", "kg")
    assert typed(asked, write_typed(asked, (value,), AMERICAN, ZONE)) == (value,)


def test_lines_keep_their_letters_and_areas_their_lines():
    assert typed(question("string"), Typed(" #let x <b> ")) == (text("#let x <b>"),)
    assert typed(question("text"), Typed("a\r\nb\r")) == (text("a\nb"),)
    assert typed(question("string"), Typed("  ")) == ()


def test_what_nobody_types_is_refused():
    assert unclear(question("boolean"), Typed("maybe")) == ("not_an_option", "")
    assert unclear(question("attachment"), Typed("x")) == ("wrong_type", "")
    assert unclear(question("text"), Typed("x" * 100_001)) == ("too_long", "")
