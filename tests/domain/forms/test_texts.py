"""Every reason has words, and they name only what their finding or problem says."""

import re

import pytest

from portal_app.domain.forms.importing.finding_texts import FINDING_TEXTS, OUTCOME_TEXTS
from portal_app.domain.forms.importing.findings import FindingCode, Outcome
from portal_app.domain.forms.responses.problem_texts import PROBLEM_TEXTS
from portal_app.domain.forms.responses.problems import ProblemCode
from tests.domain.forms.forms_helper import expression, extension, item, option, questionnaire, read, when


def test_every_reason_has_words():
    assert set(FINDING_TEXTS) == set(FindingCode)
    assert set(OUTCOME_TEXTS) == set(Outcome)
    assert set(PROBLEM_TEXTS) == set(ProblemCode)


@pytest.mark.parametrize(
    "items",
    [
        (
            item("1"),
            item("1"),
            item("2", enableWhen=[when("1", answerString="x"), when("9", answerString="x")]),
        ),
        (
            item("a", "boolean", enableWhen=[when("b", answerBoolean=True)]),
            item("b", "boolean", enableWhen=[when("a", answerBoolean=True)]),
        ),
        (item("1", "what"), {"type": "string"}, item("2", "choice", answerValueSet="u"), item("3", "choice")),
        (
            item(
                "1",
                extension=[
                    expression("sdc-questionnaire-calculatedExpression", "%x"),
                    extension("regex", "String", "(?=a)"),
                ],
            ),
            item(
                "2",
                extension=[expression("sdc-questionnaire-calculatedExpression", "x", language="text/cql")],
            ),
            item(
                "3",
                "integer",
                extension=[
                    extension("minValue", "String", "x"),
                    {"url": "http://own.example/x", "valueCode": "x"},
                ],
            ),
            item("4", "choice", answerOption=[{}, option("a")], enableWhen=[when("3", "?", answerInteger=1)]),
        ),
    ],
)
def test_what_the_words_of_a_finding_name_is_in_it(items: tuple[dict[str, object], ...]):
    found = read(questionnaire(*items)).findings
    assert found
    for finding in found:
        named = set(re.findall(r"\{(\w+)\}", FINDING_TEXTS[finding.code]))
        assert named <= set(dict(finding.values)), finding
