"""What an expression depends on, and in which order expressions run."""

from collections.abc import Sequence
from typing import Any

from portal_app.domain.forms.evaluating.dependencies import dependencies_of, in_order
from portal_app.domain.forms.evaluating.evaluation import refresh
from portal_app.domain.forms.evaluating.jobs import Job
from portal_app.domain.forms.responses.places import Response
from portal_app.domain.forms.types import Form
from tests.domain.forms.forms_helper import answered, expression, form_of, item, text, when, yes

CALCULATED, SHOWN = "sdc-questionnaire-calculatedExpression", "sdc-questionnaire-enableWhenExpression"


def reads(link_id: str, more: str = "") -> str:
    return f"%resource.repeat(item).where(linkId='{link_id}').answer.value{more}"


def kinds_of(form: Form, expressions: frozenset[int]) -> set[str]:
    return {form.items[form.expressions[one].item].link_id for one in expressions}


def test_an_answer_reaches_what_reads_it_through_variables_items_and_conditions():
    form = form_of(
        item("a", "boolean"),
        item("b", enableWhen=[when("a", answerBoolean=True)]),
        item("c", "string", extension=[expression(CALCULATED, reads("b"))]),
        item(
            "d", "string", extension=[expression(CALCULATED, "%v"), expression("variable", reads("c"), "v")]
        ),
        item("e", "group", item("f"), extension=[expression(SHOWN, reads("d", ".exists()"))]),
        item("g", "string", extension=[expression(CALCULATED, reads("f"))]),
        item("h", "string", extension=[expression(CALCULATED, reads("z"))]),
        item("z"),
    )
    dependencies = dependencies_of(form)
    assert kinds_of(form, dependencies.affected(form.by_link_id["a"].index)) == {"c", "d", "e", "g"}
    assert kinds_of(form, dependencies.affected(form.by_link_id["f"].index)) == {"g"}
    assert kinds_of(form, dependencies.affected(form.by_link_id["z"].index)) == {"h"}


def run_of(response: Response) -> list[list[str]]:
    """The expressions of each round, as texts; each gives true."""
    rounds: list[list[str]] = []

    def run(jobs: Sequence[Job]) -> list[tuple[Any, ...]]:
        rounds.append([response.form.expressions[job.site.expression].text for job in jobs])
        return [(True,)] * len(jobs)

    refresh(response, run)
    return rounds


def test_variables_run_in_the_round_of_what_uses_them_and_calculated_items_in_one_before():
    form = form_of(
        item("c", "boolean", extension=[expression(CALCULATED, "%two")]),
        item("d", "boolean", extension=[expression(CALCULATED, reads("c"))]),
        extension=[expression("variable", "1", "one"), expression("variable", "%one", "two")],
    )
    assert run_of(Response(form)) == [["1", "%one", "%two"], [reads("c")]]


def test_expressions_in_a_circle_run_once_each():
    form = form_of(
        item("c", "boolean", extension=[expression(CALCULATED, reads("d"))]),
        item("d", "boolean", extension=[expression(CALCULATED, reads("c"))]),
    )
    assert sorted(text for texts in run_of(Response(form)) for text in texts) == sorted(
        [reads("c"), reads("d")]
    )


def test_a_thousand_expressions_that_need_one_another_are_ordered():
    variables = [expression("variable", "1", "v0")]
    variables += [expression("variable", f"%v{n}", f"v{n + 1}") for n in range(1_500)]
    form = form_of(item("c", "boolean", extension=[expression(CALCULATED, "%v1500")]), extension=variables)
    (only,) = run_of(Response(form))
    assert only == ["1", *(f"%v{n}" for n in range(1_501))]
    assert in_order([3], lambda number: [number - 1] if number else []) == [0, 1, 2, 3]
    assert set(in_order([0], lambda number: [1 - number])) == {0, 1}


def test_what_does_not_count_is_in_no_job_and_what_is_not_named_neither():
    form = form_of(
        item("a", "boolean"),
        item("b", enableWhen=[when("a", answerBoolean=True)]),
        item("other"),
        item("c", "string", extension=[expression(CALCULATED, reads("b"))]),
    )
    handed: list[Any] = []

    def run(jobs: Sequence[Job]) -> list[tuple[Any, ...]]:
        handed.extend(job.items for job in jobs)
        return [()] * len(jobs)

    refresh(answered(form, a=yes(), b=text("x"), other=text("y")), run)
    refresh(answered(form, a=yes(False), b=text("x"), other=text("y")), run)
    focus = {"linkId": "c", "_focus": True}
    assert handed == [[{"linkId": "b", "answer": [{"valueString": "x"}]}, focus], [focus]]
