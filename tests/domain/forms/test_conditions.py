"""Which questions count: operators, any and all, repetitions, hidden parents."""

from decimal import Decimal
from typing import Any

import pytest

from portal_app.domain.forms.responses.conditions import Visibility, without_hidden
from portal_app.domain.forms.responses.fhir_export import export_items
from portal_app.domain.forms.responses.places import Response
from portal_app.domain.forms.responses.validation import find_problems
from portal_app.domain.forms.types import Form
from portal_app.domain.forms.values import Quantity, Value, ValueType
from tests.domain.forms.forms_helper import (
    answered,
    at,
    coded,
    extension,
    form_of,
    item,
    option,
    text,
    when,
    whole,
    yes,
)


def counts(response: Response, link_id: str, *repetitions: int) -> bool:
    return Visibility(response).counts(at(response.form, link_id, *repetitions))


def form_with(kind: str, *conditions: dict[str, Any], **more: Any) -> Form:
    return form_of(item("a", kind, **more), item("b", enableWhen=list(conditions)))


KG = {"unit": "kg", "code": "kg", "system": "http://unitsofmeasure.org"}


@pytest.mark.parametrize(
    ("kind", "condition", "answer", "shown"),
    [
        ("boolean", when("a", "exists", answerBoolean=True), yes(False), True),
        ("boolean", when("a", "exists", answerBoolean=False), yes(False), False),
        ("boolean", when("a", "exists", answerBoolean=False), None, True),
        ("boolean", when("a", answerBoolean=False), yes(False), True),
        ("boolean", when("a", answerBoolean=False), None, False),
        ("boolean", when("a", "!=", answerBoolean=True), yes(False), True),
        ("boolean", when("a", "!=", answerBoolean=True), None, False),
        ("integer", when("a", answerInteger=0), whole(0), True),
        ("integer", when("a", ">", answerInteger=5), whole(5), False),
        ("integer", when("a", ">=", answerInteger=5), whole(5), True),
        ("integer", when("a", "<", answerInteger=5), whole(4), True),
        ("integer", when("a", "<=", answerInteger=5), whole(6), False),
        ("decimal", when("a", answerDecimal=7.5), Value(ValueType.DECIMAL, Decimal("7.50")), True),
        ("string", when("a", answerString="x"), text("x"), True),
        ("string", when("a", ">", answerInteger=5), text("x"), False),
        ("date", when("a", ">", answerDate="2020"), Value(ValueType.DATE, "2020-05-01"), False),
        ("date", when("a", ">=", answerDate="2020"), Value(ValueType.DATE, "2020-05-01"), True),
        ("date", when("a", "<", answerDate="2020-06"), Value(ValueType.DATE, "2020-05-31"), True),
        ("time", when("a", "<", answerTime="12:00:00"), Value(ValueType.TIME, "00:00:00"), True),
        (
            "quantity",
            when("a", ">", answerQuantity={"value": 50, **KG}),
            Value(ValueType.QUANTITY, Quantity(Decimal(60), "kg", KG["system"], "kg")),
            True,
        ),
        (
            "quantity",
            when("a", ">", answerQuantity={"value": 50, **KG}),
            Value(ValueType.QUANTITY, Quantity(Decimal(60), "lb", KG["system"], "[lb_av]")),
            False,
        ),
    ],
)
def test_each_operator_reads_each_type(
    kind: str, condition: dict[str, Any], answer: Value | None, shown: bool
):
    form = form_with(kind, condition)
    response = answered(form, a=answer) if answer else Response(form)
    assert counts(response, "b") is shown


def test_a_code_is_equal_by_code_and_system():
    form = form_with(
        "choice",
        when("a", answerCoding={"system": "http://example.org", "code": "x"}),
        answerOption=[option("x")],
    )
    assert counts(answered(form, a=coded("x")), "b")
    assert not counts(answered(form, a=coded("x", "http://elsewhere.org")), "b")


@pytest.mark.parametrize(("behaviour", "shown"), [("any", True), ("all", False)])
def test_any_and_all(behaviour: str, shown: bool):
    conditions = [when("a", answerBoolean=True), when("b", answerBoolean=True)]
    form = form_of(
        item("a", "boolean"), item("b", "boolean"), item("c", enableWhen=conditions, enableBehavior=behaviour)
    )
    assert counts(answered(form, a=yes(), b=yes(False)), "c") is shown


def test_the_answer_of_a_question_that_does_not_count_is_as_if_it_were_not_there():
    form = form_of(
        item("a", "boolean"),
        item("b", "boolean", enableWhen=[when("a", answerBoolean=True)]),
        item("c", enableWhen=[when("b", answerBoolean=True)]),
    )
    assert counts(answered(form, a=yes(), b=yes()), "c")
    assert not counts(answered(form, a=yes(False), b=yes()), "c")


def test_an_item_that_is_hidden_from_view_counts_and_is_not_asked():
    hidden = extension("questionnaire-hidden", "Boolean", True)
    form = form_of(item("a", "group", item("b", initial=[{"valueString": "x"}]), extension=[hidden]))
    visibility = Visibility(Response(form))
    assert visibility.counts(at(form, "b"))
    assert not visibility.is_asked(at(form, "b"))


def test_form_14_a_condition_that_turns_to_no_takes_everything_below_and_yes_brings_it_back():
    group = item(
        "g",
        "group",
        item("date", "date", item("under"), required=True),
        enableWhen=[when("ever", answerBoolean=True)],
    )
    form = form_of(item("ever", "boolean"), group)
    typed = answered(form, ever=yes(), date=Value(ValueType.DATE, "2020-01-01"), under=text("words"))
    assert [one["linkId"] for one in export_items(typed)] == ["ever", "g"]

    no = typed.with_answer(at(form, "ever"), (yes(False),))
    assert find_problems(no) == ()
    assert export_items(no) == [
        {"linkId": "ever", "text": "Question ever", "answer": [{"valueBoolean": False}]}
    ]
    assert set(without_hidden(no).answers) == {at(form, "ever")}

    again = no.with_answer(at(form, "ever"), (yes(),))
    assert again.given(at(form, "date")) == (Value(ValueType.DATE, "2020-01-01"),)
    without_date = again.with_answer(at(form, "date"), ())
    assert [(one.code.value, one.link_id) for one in find_problems(without_date)] == [("required", "date")]


MEDICINES = (
    item(
        "m",
        "group",
        item("name"),
        item("still", "boolean"),
        item("since", "date", enableWhen=[when("still", answerBoolean=True)]),
        repeats=True,
    ),
)


def test_form_15_conditions_hold_within_a_repetition_and_the_middle_one_is_removed():
    form = form_of(*MEDICINES)
    response = Response(form).with_repetition(at(form, "m")).with_repetition(at(form, "m"))
    for number, (name, still) in enumerate((("A", True), ("B", False), ("C", True)), 1):
        response = response.with_answer(at(form, "name", number), (text(name),))
        response = response.with_answer(at(form, "still", number), (yes(still),))
    assert [counts(response, "since", number) for number in (1, 2, 3)] == [True, False, True]

    left = response.without_repetition(at(form, "m", 2))
    assert left.ids(at(form, "m")) == (1, 3)
    assert [left.given(at(form, "name", number)) for number in (1, 2, 3)] == [(text("A"),), (), (text("C"),)]
    assert [counts(left, "since", number) for number in (1, 3)] == [True, True]
    assert left.with_repetition(at(form, "m")).ids(at(form, "m")) == (1, 3, 4)


def test_a_removed_repetition_never_gives_its_id_to_another():
    form = form_of(*MEDICINES)
    response = Response(form).with_answer(at(form, "name", 1), (text("A"),))
    empty = response.without_repetition(at(form, "m", 1))
    assert empty.ids(at(form, "m")) == (2,)
    assert not empty.exists(at(form, "name", 1))
    assert empty.answers == {}


def test_a_condition_on_a_question_outside_reads_all_repetitions_of_it():
    form = form_of(*MEDICINES, item("any", enableWhen=[when("still", answerBoolean=True)]))
    response = Response(form).with_repetition(at(form, "m")).with_answer(at(form, "still", 2), (yes(),))
    assert counts(response, "any")
