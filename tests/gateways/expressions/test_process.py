"""Expressions of forms in a process of their own: what they give, and what stops one that would stop the portal."""

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from portal_app.domain.forms.evaluating.evaluation import forget, refresh
from portal_app.domain.forms.evaluating.jobs import Job
from portal_app.domain.forms.responses.conditions import Visibility
from portal_app.domain.forms.responses.places import Response
from portal_app.domain.forms.types import Form
from portal_app.domain.forms.values import Coding, Value, ValueType, write_content
from portal_app.gateways.expressions.process import ExpressionWorker, FailedExpression, Failure
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
)

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
failures: list[FailedExpression] = []


@pytest.fixture(scope="module")
def shared_worker() -> Iterator[ExpressionWorker]:
    worker = ExpressionWorker(lambda _key, failed: failures.append(failed))
    yield worker
    worker.close()


@pytest.fixture
def worker(shared_worker: ExpressionWorker) -> ExpressionWorker:
    failures.clear()
    return shared_worker


def filled(worker: ExpressionWorker, response: Response, patient: dict[str, Any] | None = None) -> Response:
    """The response with everything calculated."""
    key = str(id(response.form))

    def run(jobs: Sequence[Job]) -> list[tuple[Any, ...]]:
        return worker.run(key, response.form, jobs, now=NOW, patient=patient)

    return refresh(response, run)


def calculated(text: str, kind: str = "decimal", **more: Any) -> dict[str, Any]:
    url = "sdc-questionnaire-calculatedExpression"
    return item("c", kind, extension=[expression(url, text), *more.pop("extension", [])], **more)


def shown_by(text: str) -> dict[str, Any]:
    return {"extension": [expression("sdc-questionnaire-enableWhenExpression", text)]}


def value(response: Response, link_id: str, *repetitions: int) -> Any:
    """The content of the only answer, None without one."""
    given = response.given(at(response.form, link_id, *repetitions))
    return write_content(given[0].content) if given else None


NUMBERS = "%resource.item.where(linkId='a').answer.value"


@pytest.mark.parametrize(
    ("text", "given", "result"),
    [
        (f"{NUMBERS}.sum()", (1, 2, 4), 7),
        (f"{NUMBERS}.sum()", (), None),
        (f"{NUMBERS}.min()", (3, 2, 4), 2),
        (f"{NUMBERS}.max()", (3, 2, 4), 4),
        (f"{NUMBERS}.avg()", (1, 2), Decimal("1.5")),
        (f"iif({NUMBERS}.first().hasValue(), 1, 2)", (0,), 1),
        (f"iif({NUMBERS}.hasValue(), 1, 2)", (), 2),
        (f"{NUMBERS}.count()", (0, 0), 2),
        ("0.1 + 0.2", (), Decimal("0.3")),
        ("today().toString().substring(0, 4).toInteger()", (), 2026),
        ("now().toString().substring(11, 2).toInteger()", (), 12),
        ("%nobody", (), None),
    ],
)
def test_functions_that_the_library_lacks_and_the_practices_time(
    worker: ExpressionWorker, text: str, given: tuple[int, ...], result: Any
):
    form = form_of(item("a", "integer", repeats=True), calculated(text))
    response = Response(form)
    for number, one in enumerate(given, 1):
        response = response.with_repetition(at(form, "a")) if number > 1 else response
        response = response.with_answer(at(form, "a", number), (whole(one),))
    assert value(filled(worker, response), "c") == result


def weighted(code: str, weight: int) -> dict[str, Any]:
    return option(code, extension("ordinalValue", "Decimal", weight))


@pytest.mark.parametrize("name", ["weight", "ordinal"])
def test_weights_of_options_are_read_by_weight_and_ordinal(worker: ExpressionWorker, name: str):
    scale = [weighted("never", 0), weighted("often", 3)]
    form = form_of(
        item("a", "choice", answerOption=scale),
        item("b", "choice", answerOption=scale),
        calculated(f"%resource.item.where(linkId='a' or linkId='b').answer.value.{name}().sum()"),
    )
    assert value(filled(worker, answered(form, a=coded("often"), b=coded("often"))), "c") == 6
    assert value(filled(worker, answered(form, a=coded("never"))), "c") == 0
    assert value(filled(worker, Response(form)), "c") is None


def test_form_16_a_score_without_answers_is_none_and_one_of_zeros_is_zero(worker: ExpressionWorker):
    """As the PHQ-9 of NLM calculates it: options looked up in %questionnaire, only once there is an answer."""
    codes = [weighted("none", 0), weighted("several", 1), weighted("half", 2), weighted("nearly", 3)]
    questions = [item(f"q{number}", "choice", answerOption=codes) for number in range(9)]
    looked_up = (
        "%questionnaire.item.where(linkId='q{0}').answerOption.where(valueCoding.code="
        "%resource.item.where(linkId='q{0}').answer.valueCoding.code).extension.where(url=%url).valueDecimal"
    )
    variables = [expression("variable", f"'{extension('ordinalValue', 'Decimal', 0)['url']}'", "url")]
    variables += [expression("variable", looked_up.format(n), f"q{n}") for n in range(9)]
    any_answer = " or ".join(f"%q{n}.exists()" for n in range(9))
    total = " + ".join(f"iif(%q{n}.exists(), %q{n}, 0)" for n in range(9))
    score = calculated(f"iif({any_answer}, {total}, {{}})", extension=variables)
    form = form_of(*questions, score)

    def score_of(code: str, count: int) -> Any:
        answers = {f"q{n}": coded(code) for n in range(count)}
        return value(filled(worker, answered(form, **answers)), "c")

    assert [score_of("nearly", 9), score_of("nearly", 8), score_of("nearly", 1), score_of("none", 0)] == [
        27,
        24,
        3,
        None,
    ]
    assert score_of("none", 1) == 0
    assert failures == []


def test_an_answer_runs_only_what_reads_it_through_variables_and_calculated_items(worker: ExpressionWorker):
    url = "sdc-questionnaire-calculatedExpression"
    reads = "%resource.item.where(linkId='{}').answer.value"
    more = "%resource.descendants().where(linkId='twice').answer.value + 1"
    form = form_of(
        item("a", "integer"),
        item("b", "integer"),
        item(
            "g",
            "group",
            item("twice", "integer", extension=[expression(url, "%a * 2")]),
            extension=[expression("variable", reads.format("a"), "a")],
        ),
        item("more", "integer", extension=[expression(url, more)]),
        item("other", "integer", extension=[expression(url, reads.format("b") + " + 1")]),
    )
    first = filled(worker, answered(form, a=whole(2), b=whole(5)))
    assert [value(first, name) for name in ("twice", "more", "other")] == [4, 5, 6]
    changed = forget(first.with_answer(at(form, "a"), (whole(3),)), form.by_link_id["a"].index)
    lost = {
        form.items[form.expressions[site.expression].item].link_id
        for site in first.results.keys() - changed.results.keys()
    }
    assert lost == {"g", "twice", "more"}
    assert [value(filled(worker, changed), name) for name in ("twice", "more", "other")] == [6, 7, 6]


def test_an_expression_shows_an_item_and_what_is_hidden_is_not_read(worker: ExpressionWorker):
    form = form_of(
        item("age", "integer"),
        item(
            "g",
            "group",
            item("a", "integer"),
            **shown_by("%resource.item.where(linkId='age').answer.value >= 18"),
        ),
        calculated("%resource.item.where(linkId='g').item.where(linkId='a').answer.value + 1", "integer"),
    )
    adult = filled(worker, answered(form, age=whole(18), a=whole(1)))
    assert (Visibility(adult).counts(at(form, "a")), value(adult, "c")) == (True, 2)
    child = filled(worker, answered(form, age=whole(17), a=whole(1)))
    assert (Visibility(child).counts(at(form, "a")), value(child, "c")) == (False, None)


def test_an_expression_stands_in_its_own_repetition(worker: ExpressionWorker):
    url = "sdc-questionnaire-calculatedExpression"
    form = form_of(
        item(
            "g",
            "group",
            item("a", "integer"),
            item("c", "integer", extension=[expression(url, "%own * 10")]),
            repeats=True,
            extension=[expression("variable", "item.where(linkId='a').answer.value", "own")],
        )
    )
    response = Response(form).with_repetition(at(form, "g"))
    for number in (1, 2):
        response = response.with_answer(at(form, "a", number), (whole(number),))
    done = filled(worker, response)
    assert [value(done, "c", number) for number in (1, 2)] == [10, 20]


def test_only_the_patient_is_handed_in(worker: ExpressionWorker):
    form = form_of(calculated("%patient.gender", "string"))
    assert (
        value(filled(worker, Response(form), {"resourceType": "Patient", "gender": "female"}), "c")
        == "female"
    )


@pytest.mark.parametrize(
    ("kind", "text", "result"),
    [
        ("integer", "2.0", 2),
        ("integer", "2.5", None),
        ("integer", "'x'", None),
        ("boolean", "1 = 1", True),
        ("string", "7", "7"),
        ("date", "@2020-05-01", "2020-05-01"),
        ("date", "'soon'", None),
        ("quantity", "7.5", {"value": Decimal("7.5")}),
        ("string", "('a' | 'b')", "a"),
    ],
)
def test_results_become_answers_of_the_items_type_or_none(
    worker: ExpressionWorker, kind: str, text: str, result: Any
):
    form = form_of(calculated(text, kind))
    assert value(filled(worker, Response(form)), "c") == result


def test_a_calculated_choice_takes_the_option_with_that_code(worker: ExpressionWorker):
    form = form_of(calculated("'b'", "choice", answerOption=[option("a"), option("b")]))
    (found,) = filled(worker, Response(form)).given(at(form, "c"))
    assert found == Value(ValueType.CODING, Coding("http://example.org", "b", "B"))


def test_an_error_is_no_value_and_staff_are_told(worker: ExpressionWorker):
    form = form_of(item("a"), calculated("%resource.item.where(linkId='a').answer.value.toUnknown()"))
    assert value(filled(worker, answered(form, a=text("x"))), "c") is None
    assert [(one.expression, one.failure) for one in failures] == [(0, Failure.RAISED)]


def run_alone(worker: ExpressionWorker, text: str) -> tuple[Any, float]:
    form: Form = form_of(calculated(text, "string"))
    begun = time.monotonic()
    found = value(filled(worker, Response(form)), "c")
    again = time.monotonic()
    filled(worker, Response(form))
    assert time.monotonic() - again < 0.5, "it is not run a second time"
    return found, again - begun


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        f"iif('{'a' * 28}!'.matches('^(a+)+$'), 'x', 'y')",
        f"'{'x' * 1000}'" + ".replace('x', 'xxxxxxxxxx')" * 7,
    ],
    ids=["a pattern that never ends", "more memory than there is"],
)
def test_form_31_an_expression_that_would_stop_the_portal_is_stopped_and_not_run_again(
    worker: ExpressionWorker, text: str
):
    found, took = run_alone(worker, text)
    assert found is None
    assert took < 15
    assert [one.failure for one in failures] == [Failure.STOPPED]
    form = form_of(calculated("1 + 1", "integer"))
    assert value(filled(worker, Response(form)), "c") == 2
