"""The expressions of questionnaires that others wrote give what they should."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from portal_app.domain.forms.evaluating.evaluation import refresh
from portal_app.domain.forms.evaluating.jobs import Job
from portal_app.domain.forms.importing.reader import read_questionnaires
from portal_app.domain.forms.responses.places import Place, Response
from portal_app.domain.forms.types import Form, ItemType
from portal_app.domain.forms.values import write_content
from portal_app.gateways.expressions.process import ExpressionWorker, FailedExpression
from tests.domain.forms.forms_helper import shared

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
PATIENT = {"resourceType": "Patient", "birthDate": "1981-03-14", "gender": "female"}
failures: list[FailedExpression] = []


@pytest.fixture(scope="module")
def worker() -> Iterator[ExpressionWorker]:
    made = ExpressionWorker(lambda _key, failed: failures.append(failed))
    yield made
    made.close()


def form_at(folder: str, name: str) -> Form:
    (found,) = read_questionnaires((shared(folder) / name).read_bytes())
    assert found.form is not None
    return found.form


def filled(worker: ExpressionWorker, name: str, response: Response) -> Response:
    def run(jobs: Sequence[Job]) -> list[tuple[Any, ...]]:
        return worker.run(name, response.form, jobs, now=NOW, patient=PATIENT)

    return refresh(response, run)


PHQ9 = "lforms__phq9.json"


def phq9_score(worker: ExpressionWorker, form: Form, answers: list[int]) -> Any:
    """The total after the first of nine questions are answered, each with the option of this number."""
    questions = [one for one in form.items if one.type is ItemType.CHOICE and len(one.options) == 4][:9]
    response = Response(form)
    for question, answer in zip(questions, answers, strict=False):
        response = response.with_answer(Place(question.index), (question.options[answer].value,))
    (total,) = [one for one in form.items if one.calculated >= 0]
    given = filled(worker, PHQ9, response).given(Place(total.index))
    return write_content(given[0].content) if given else None


def test_form_16_phq_9_counts_27_24_3_and_nothing(worker: ExpressionWorker):
    form = form_at("files", PHQ9)
    scores = [phq9_score(worker, form, [3] * count) for count in (9, 8, 1, 0)]
    assert scores == [27, 24, 3, None]
    assert phq9_score(worker, form, [0] * 9) == 0


def test_form_16_the_answers_of_one_child_never_count_for_the_other(worker: ExpressionWorker):
    form = form_at("files", PHQ9)
    for cal, dee in (([3] * 9, [1]), ([0] * 9, [2, 2]), ([3, 3], [])):
        assert phq9_score(worker, form, cal) == sum(cal)
        assert phq9_score(worker, form, dee) == (sum(dee) if dee else None)


def test_the_phq_9_of_hl7_stays_without_a_score(worker: ExpressionWorker):
    """Its expression reads only items of the outermost level, where no question stands; the weights are read."""
    form = form_at("files", "sdc__profile-example-PHQ9.json")
    choices = [one for one in form.items if one.type is ItemType.CHOICE]
    assert len(choices) == 9
    assert all(option.weight is not None for one in choices for option in one.options)
    response = Response(form)
    for one in choices:
        response = response.with_answer(Place(one.index), (one.options[1].value,))
    (total,) = [one for one in form.items if one.calculated >= 0]
    assert filled(worker, "hl7", response).given(Place(total.index)) == ()


def test_every_expression_of_the_files_runs_on_an_empty_response(worker: ExpressionWorker):
    """None raises, but those that read what only another system could hand in are left out before."""
    failures.clear()
    count = 0
    for path in sorted(shared("files").glob("*.json")):
        for number, found in enumerate(read_questionnaires(path.read_bytes())):
            if found.form is not None and found.form.expressions:
                done = filled(worker, f"{path.name}{number}", Response(found.form))
                count += len(done.results)
    assert count > 30
    assert failures == []


def test_an_age_of_the_patient_shows_what_is_for_that_age(worker: ExpressionWorker):
    form = form_at("large", "smartforms__health_check_0.4.0.json")
    done = filled(worker, "large", Response(form))
    shown = [place for place, is_shown in done.shown.items() if is_shown]
    assert len(done.results) > 300
    assert len(shown) > 20
