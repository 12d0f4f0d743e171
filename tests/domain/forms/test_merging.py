"""Several devices answer one form; an older version is taken over; first answers are given once."""

from collections.abc import Sequence
from typing import Any

from portal_app.domain.forms.evaluating.jobs import Job
from portal_app.domain.forms.responses.carrying_over import carry_over
from portal_app.domain.forms.responses.first_answers import begin
from portal_app.domain.forms.responses.merging import Arrival, Sent, Written, arrive
from portal_app.domain.forms.responses.places import Response
from tests.domain.forms.forms_helper import (
    answered,
    at,
    coded,
    expression,
    form_of,
    item,
    option,
    text,
    when,
    whole,
)


def test_form_24_the_laptops_answer_stays_and_the_phones_newer_question_is_kept():
    """10:00 the phone has the page and goes offline; 10:05 the laptop answers 5; 10:10 the phone's 5 and 3 arrive."""
    _, five = arrive(Written(), Sent(0, "phone", 1))
    assert five == Written(1, "phone", 1)
    arrival, five = arrive(five, Sent(1, "laptop", 1))
    assert (arrival, five) == (Arrival.SAVED, Written(2, "laptop", 1))
    for turn in (2, 3, 40):  # offline, the phone has counted further
        assert arrive(five, Sent(1, "phone", turn)) == (Arrival.LATE, five)
    assert arrive(Written(), Sent(0, "phone", 4)) == (Arrival.SAVED, Written(1, "phone", 4))


def test_form_24_a_tab_that_has_seen_the_newer_answer_goes_on():
    assert arrive(Written(2, "laptop", 1), Sent(2, "phone", 5)) == (Arrival.SAVED, Written(3, "phone", 5))


def test_form_9_the_same_sending_is_kept_once_and_an_older_one_of_the_same_tab_never_wins():
    kept = Written(3, "phone", 7)
    assert arrive(kept, Sent(2, "phone", 7)) == (Arrival.AGAIN, kept)
    assert arrive(kept, Sent(3, "phone", 6)) == (Arrival.AGAIN, kept)
    assert arrive(kept, Sent(2, "phone", 8)) == (Arrival.SAVED, Written(4, "phone", 8))


def test_form_26_answers_that_fit_go_over_and_the_rest_is_said():
    old = form_of(
        item("1"),
        item("2", "choice", answerOption=[option("a"), option("b")]),
        item("3", "integer"),
        item("7"),
        item("8"),
        item("m", "group", item("name"), repeats=True),
        version="3",
    )
    new = form_of(
        item("m", "group", item("name"), repeats=True),
        item("1"),
        item("2", "choice", answerOption=[option("a")]),
        item("3", "string"),
        item("8"),
        item("9", required=True),
        version="4",
    )
    response = answered(old, **{"1": text("x"), "2": coded("b"), "3": whole(5), "7": text("gone"), "8": ()})
    response = response.with_repetition(at(old, "m")).with_answer(at(old, "name", 2), (text("Two"),))

    carried = carry_over(response, new)
    assert carried.response.form is new
    assert dict(carried.response.answers) == {at(new, "1"): (text("x"),), at(new, "name", 2): (text("Two"),)}
    assert carried.response.ids(at(new, "m")) == (1, 2)
    assert carried.asked_again == {at(new, "2"): (coded("b"),)}
    assert [one.link_id for one in carried.new] == ["9"]
    assert [one.link_id for one in carried.gone] == ["3", "7"]


def test_form_26_an_answer_of_a_question_that_repeats_in_another_way_does_not_go_over():
    old = form_of(item("g", "group", item("a"), repeats=True))
    new = form_of(item("g", "group", item("a")))
    response = Response(old).with_answer(at(old, "a", 1), (text("x"),))
    carried = carry_over(response, new)
    assert dict(carried.response.answers) == {}
    assert [one.link_id for one in carried.gone] == ["a"]


def test_form_22_first_answers_are_given_once_and_a_cleared_one_stays_cleared():
    form = form_of(
        item(
            "smokes", "choice", answerOption=[{**option("never"), "initialSelected": True}, option("often")]
        ),
        item("count", "integer", initial=[{"valueInteger": 0}]),
        item("many", initial=[{"valueString": "a"}, {"valueString": "b"}], repeats=True),
        item("wrong", maxLength=2, initial=[{"valueString": "too long"}]),
    )
    begun = begin(form)
    assert begun.given(at(form, "smokes")) == (coded("never"),)
    assert begun.given(at(form, "count")) == (whole(0),)
    assert begun.ids(at(form, "many")) == (1, 2)
    assert [begun.given(at(form, "many", number)) for number in (1, 2)] == [(text("a"),), (text("b"),)]
    assert begun.given(at(form, "wrong")) == ()
    cleared = begun.with_answer(at(form, "smokes"), ())
    assert cleared.given(at(form, "smokes")) == ()


def test_form_22_first_answers_by_expression_are_asked_once_variables_first():
    url = "sdc-questionnaire-initialExpression"
    form = form_of(
        item("name", extension=[expression(url, "%official.given")]),
        item("own", initial=[{"valueString": "mine"}], extension=[expression(url, "'other'")]),
        item("foreign", extension=[expression(url, "%patientName.given")]),
        extension=[expression("variable", "%patient.name.first()", "official")],
    )
    asked: list[list[str]] = []

    def run(jobs: Sequence[Job]) -> list[tuple[Any, ...]]:
        asked.append([form.expressions[job.site.expression].text for job in jobs])
        return [("Ana",)] * len(jobs)

    begun = begin(form, run)
    assert asked == [["%patient.name.first()", "%official.given", "'other'"]]
    assert begun.given(at(form, "name")) == (text("Ana"),)
    assert begun.given(at(form, "own")) == (text("mine"),)
    assert begun.given(at(form, "foreign")) == ()


def test_a_first_answer_under_a_condition_counts_only_while_that_holds():
    form = form_of(
        item("a", "boolean"),
        item("b", initial=[{"valueString": "x"}], enableWhen=[when("a", answerBoolean=True)]),
    )
    assert begin(form).given(at(form, "b")) == (text("x"),)
