"""A questionnaire is imported leniently, and everything that is repaired, left out or refused is said with its place."""

import json
import time
from decimal import Decimal
from typing import Any

import pytest

from portal_app.domain.forms.evaluating.dependencies import dependencies_of
from portal_app.domain.forms.importing.checks import MOST_CHAINED
from portal_app.domain.forms.importing.reader import MOST_BYTES, read_questionnaires
from portal_app.domain.forms.responses.conditions import Visibility
from portal_app.domain.forms.responses.places import Response
from portal_app.domain.forms.types import Control, ItemType
from portal_app.domain.forms.values import write_json
from tests.domain.forms.forms_helper import (
    at,
    expression,
    extension,
    findings_of,
    form_of,
    item,
    option,
    questionnaire,
    read,
    shortly,
    when,
)


def test_a_questionnaire_without_faults_has_no_findings():
    found = read(questionnaire(item("1", "boolean"), item("2", "group", item("2.1", "date", required=True))))
    assert found.findings == ()
    assert found.form is not None
    assert [(one.link_id, one.type, one.number, one.parent) for one in found.form.items] == [
        ("1", ItemType.BOOLEAN, "1", -1),
        ("2", ItemType.GROUP, "2", -1),
        ("2.1", ItemType.DATE, "2.1", 1),
    ]
    assert found.form.items[1].children == (2,)
    assert found.form.items[2].required


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (b"{", "no_json"),
        (b"\xff\xfe", "no_json"),
        (b'{"resourceType": NaN}', "no_json"),
        (b"[" * 100_000, "no_json"),
        (b"[]", "no_questionnaire"),
        (b'{"resourceType": "Patient"}', "no_questionnaire"),
        (b'{"resourceType": "Questionnaire", "title": "a\\u0000b"}', "unstorable"),
        (b'{"resourceType": "Questionnaire", "title": "a\\ud800b"}', "unstorable"),
        (b" " * (MOST_BYTES + 1), "too_large"),
    ],
)
def test_a_file_that_is_no_questionnaire_is_refused_with_the_reason(source: bytes, reason: str):
    (found,) = read_questionnaires(source)
    assert found.form is None
    assert shortly(found.findings) == [(reason, "refused", "")]


def test_a_form_without_items_or_with_more_than_2000_is_refused():
    assert findings_of() == [("no_items", "refused", "")]
    many = [item(str(number)) for number in range(2_001)]
    assert findings_of(*many) == [("too_many_items", "refused", "")]
    assert len(form_of(*many[:2_000]).items) == 2_000


def test_a_form_that_is_nested_too_deep_is_refused():
    deep = item("x")
    for number in range(25):
        deep = item(f"g{number}", "group", deep)
    assert findings_of(deep) == [("too_many_items", "refused", "")]


def test_missing_status_and_version_are_said():
    found = read({"resourceType": "Questionnaire", "item": [item("1")]})
    assert found.form is not None
    assert shortly(found.findings) == [
        ("status_missing", "repaired", ""),
        ("version_missing", "repaired", ""),
    ]


def test_what_must_be_understood_and_is_not_refuses_the_form():
    strange = [{"url": "http://example.org/inverted", "valueBoolean": True}]
    assert ("modifier", "refused", "") in findings_of(item("1"), modifierExtension=strange)
    assert ("modifier", "refused", "2") in findings_of(item("1"), item("2", modifierExtension=strange))


def test_a_missing_link_id_is_made_of_the_place():
    nameless = {"type": "string", "text": "No name"}
    found = read(questionnaire(item("1", "group", nameless), nameless))
    assert found.form is not None
    assert [one.link_id for one in found.form.items] == ["1", "item-1.1", "item-2"]
    assert shortly(found.findings) == [
        ("link_id_missing", "repaired", "1.1"),
        ("link_id_missing", "repaired", "2"),
    ]


def test_a_second_link_id_is_renamed_unless_somebody_reads_it():
    found = read(questionnaire(item("1"), item("1"), item("1-2")))
    assert found.form is not None
    assert [one.link_id for one in found.form.items] == ["1", "1-2", "1-2-2"]
    assert [(one.place, dict(one.values)) for one in found.findings] == [
        ("2", {"made": "1-2"}),
        ("3", {"made": "1-2-2"}),
    ]
    read_by_condition = item("2", enableWhen=[when("1", answerString="x")])
    assert ("link_id_ambiguous", "refused", "3") in findings_of(item("1"), item("1"), read_by_condition)
    reads = expression(
        "sdc-questionnaire-calculatedExpression", "%resource.item.where(linkId='1').answer.value"
    )
    assert ("link_id_ambiguous", "refused", "3") in findings_of(
        item("1"), item("1"), item("2", extension=[reads])
    )


def test_an_unknown_type_is_refused_and_one_that_can_be_guessed_repaired():
    assert findings_of(item("1", "question")) == [("type_unknown", "refused", "1")]
    assert findings_of(item("1", "signature")) == [("type_unknown", "refused", "1")]
    guessed = form_of(
        item("1", "coding", answerOption=[option("a")]),
        {"linkId": "2", "text": "Words"},
        {"linkId": "3", "text": "Group", "item": [item("3.1")]},
    )
    assert [one.type for one in guessed.items[:3]] == [ItemType.CHOICE, ItemType.DISPLAY, ItemType.GROUP]


def test_a_choice_without_answers_is_asked_as_text_and_said():
    found = read(questionnaire(item("4", "group", item("4.1"), item("4.2", "choice"))))
    assert found.form is not None
    assert found.form.items[2].control is Control.LINE
    assert shortly(found.findings) == [("options_missing", "as_text", "1.2")]
    assert findings_of(item("1", "choice", answerValueSet="http://example.org/vs")) == [
        ("value_set_unknown", "as_text", "1")
    ]
    assert findings_of(item("1", "choice", answerOption=[{}, option("a")])) == [
        ("option_invalid", "left_out", "1")
    ]


@pytest.mark.parametrize(
    ("condition", "finding"),
    [
        (when("9", answerBoolean=True), ("condition_target_missing", "left_out", "2")),
        (when("1", "~", answerBoolean=True), ("condition_invalid", "left_out", "2")),
        (when("1"), ("condition_invalid", "left_out", "2")),
        (when("1", "exists", answerString="x"), ("condition_invalid", "left_out", "2")),
        (when("0", answerBoolean=True), ("condition_invalid", "left_out", "2")),
        (when("3", answerBoolean=True), ("condition_later", "noted", "2")),
    ],
)
def test_a_condition_that_cannot_be_judged_is_left_out_and_said(
    condition: dict[str, Any], finding: tuple[str, str, str]
):
    found = findings_of(
        item("1", "boolean"),
        item("2", enableWhen=[condition]),
        item("3", "boolean"),
        item("0", "group", item("01")),
    )
    assert found == [finding]


def test_several_conditions_without_a_behaviour_must_all_hold():
    both = [when("1", answerBoolean=True), when("2", answerBoolean=True)]
    items = (item("1", "boolean"), item("2", "boolean"), item("3", enableWhen=both))
    assert findings_of(*items) == [("behaviour_missing", "repaired", "3")]
    assert not form_of(*items).items[2].any_condition


def test_conditions_in_a_circle_are_refused_and_both_are_named():
    found = read(
        questionnaire(
            item("a", enableWhen=[when("b", "exists", answerBoolean=True)]),
            item("b", enableWhen=[when("c", "exists", answerBoolean=True)]),
            item("c", enableWhen=[when("a", "exists", answerBoolean=True)]),
        )
    )
    assert found.form is None
    (loop,) = [one for one in found.findings if one.outcome == "refused"]
    assert (loop.code, loop.link_id, dict(loop.values)["other_link_id"]) == ("condition_loop", "a", "b")


def test_a_group_that_waits_for_an_answer_inside_of_itself_is_a_circle():
    inside = item("g", "group", item("q", "boolean"), enableWhen=[when("q", answerBoolean=True)])
    assert ("condition_loop", "refused", "1") in findings_of(inside)
    alone = item("q", "boolean", enableWhen=[when("q", answerBoolean=True)])
    assert ("condition_loop", "refused", "1") in findings_of(alone)


def test_a_question_below_the_answer_it_depends_on_is_no_circle():
    below = item("q", "boolean", item("r", enableWhen=[when("q", answerBoolean=True)]))
    assert findings_of(below) == []


def chain(length: int) -> list[dict[str, Any]]:
    """Questions of which each waits for the one before."""
    waits = [{}, *({"enableWhen": [when(str(n), "exists", answerBoolean=True)]} for n in range(length - 1))]
    return [item(str(number), **more) for number, more in enumerate(waits)]


def test_a_chain_of_conditions_is_judged_from_its_end_and_one_that_is_too_long_refused():
    form = form_of(*chain(MOST_CHAINED))
    assert not Visibility(Response(form)).counts(at(form, str(MOST_CHAINED - 1)))
    assert dependencies_of(form).deciding(MOST_CHAINED - 1) == frozenset()
    assert findings_of(*chain(MOST_CHAINED + 1)) == [("condition_chain", "refused", "81")]
    assert ("condition_chain", "refused", "600") in findings_of(*chain(600))


def test_server_side_population_extraction_and_constraints_are_named():
    found = findings_of(
        item(
            "1",
            extension=[
                expression(
                    "sdc-questionnaire-initialExpression", "Patient?x", language="application/x-fhir-query"
                ),
                extension("sdc-questionnaire-observationExtract", "Boolean", True),
                extension("questionnaire-constraint", "String", "x"),
                expression("sdc-questionnaire-answerExpression", "x"),
                {"url": "http://example.org/own", "valueString": "x"},
            ],
        ),
        item(
            "2",
            extension=[expression("sdc-questionnaire-calculatedExpression", "1 + 1", language="text/cql")],
        ),
        item("3", extension=[expression("sdc-questionnaire-calculatedExpression", "%nobody + 1")]),
        item(
            "4",
            extension=[
                extension("questionnaire-itemControl", "CodeableConcept", {"coding": [{"code": "dial"}]})
            ],
        ),
    )
    assert set(found) == {
        ("population", "left_out", "1"),
        ("extraction", "left_out", "1"),
        ("constraint", "left_out", "1"),
        ("expression_unknown", "left_out", "1"),
        ("extension_unknown", "left_out", "1"),
        ("expression_language", "left_out", "2"),
        ("expression_unknown", "left_out", "3"),
        ("control_unknown", "noted", "4"),
    }


def test_first_answers_that_a_question_cannot_have_are_left_out():
    items = (
        item("1", "integer", initial=[{"valueInteger": 0}]),
        item("2", "integer", initial=[{"valueString": "x"}]),
        item("3", "choice", answerOption=[option("a")], initial=[{"valueCoding": {"code": "z"}}]),
        item("4", "choice", answerOption=[{**option("a"), "initialSelected": True}, option("b")]),
    )
    assert findings_of(*items) == [("initial_invalid", "left_out", "2"), ("initial_invalid", "left_out", "3")]
    assert [[one.content for one in each.initial] for each in form_of(*items).items[:2]] == [[0], []]
    assert len(form_of(*items).items[3].initial) == 1


def test_a_limit_or_pattern_that_cannot_be_used_is_left_out():
    assert findings_of(item("1", "integer", extension=[extension("minValue", "String", "x")])) == [
        ("limit_invalid", "left_out", "1")
    ]


def test_form_31_a_pattern_with_look_ahead_is_said_at_import_and_left_out():
    found = read(questionnaire(item("1", extension=[extension("regex", "String", "^(?=a)b$")])))
    assert shortly(found.findings) == [("pattern_invalid", "left_out", "1")]
    assert found.form is not None and found.form.items[0].limits.pattern == ""


def test_words_around_a_question_are_no_items_and_a_display_with_items_is_a_group():
    def guide(code: str, words: str) -> dict[str, Any]:
        control = extension("questionnaire-itemControl", "CodeableConcept", {"coding": [{"code": code}]})
        return {"linkId": code, "type": "display", "text": words, "extension": [control]}

    form = form_of(
        item("1", "decimal", guide("help", "How much"), guide("unit", "kg"), guide("lower", "little")),
        item("2", "display", item("2.1")),
    )
    assert [one.link_id for one in form.items] == ["1", "2", "2.1"]
    assert form.items[0].guidance.help.plain == "How much"
    assert form.items[0].guidance.lower.plain == "little"
    assert form.items[0].units[0].display == "kg"
    assert form.items[1].type is ItemType.GROUP


def test_a_bundle_is_several_forms_with_its_value_sets():
    bundle = {
        "resourceType": "Bundle",
        "entry": [
            {"resource": questionnaire(item("1", "choice", answerValueSet="http://example.org/vs"))},
            {"resource": questionnaire(item("1"), title="Two")},
            {
                "resource": {
                    "resourceType": "ValueSet",
                    "url": "http://example.org/vs",
                    "compose": {"include": [{"system": "s", "concept": [{"code": "a"}]}]},
                }
            },
        ],
    }
    first, second = read_questionnaires(json.dumps(bundle).encode())
    assert first.form is not None and second.form is not None
    assert len(first.form.items[0].options) == 1
    assert second.form.title.plain == "Two"


def test_translations_are_kept_in_every_language():
    spanish = {"url": "lang", "valueCode": "es"}, {"url": "content", "valueString": "¿Alergias?"}
    translated = {
        "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/translation", "extension": [*spanish]}]
    }
    form = form_of({"linkId": "1", "type": "boolean", "text": "Allergies?", "_text": translated})
    assert form.items[0].text.spoken_in("es") == form.items[0].text.spoken_in("es-US") == "¿Alergias?"
    assert form.items[0].text.spoken_in("fr") == "Allergies?"


def test_hostile_files_are_answered_in_time():
    def nested(depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for _ in range(depth):
            made = {"a": made}
        return made

    sets = [
        {
            "resourceType": "ValueSet",
            "url": str(n),
            "compose": {"include": [{"valueSet": [str(m) for m in range(40)]}]},
        }
        for n in range(40)
    ]
    quotes = expression("sdc-questionnaire-calculatedExpression", "'\\'" * 3_000)
    links = expression("sdc-questionnaire-calculatedExpression", "linkId = 'x" * 800)
    begun = time.process_time()
    found = read(
        questionnaire(
            item("1", "choice", answerValueSet="0"), item("2", extension=[quotes, links]), contained=sets
        )
    )
    assert found.form is not None
    deep = read(questionnaire(item("1", own=nested(900))))
    assert deep.form is not None or shortly(deep.findings) == [("no_json", "refused", "")]
    assert time.process_time() - begun < 2


def test_a_number_of_a_billion_digits_is_no_limit_and_no_weight():
    huge = b'{"url": "http://hl7.org/fhir/StructureDefinition/%s", "valueDecimal": 1e999999999}'
    source = (
        b'{"resourceType": "Questionnaire", "status": "active", "version": "1", "item": [{"linkId": "1", "text": "a",'
        b'"type": "decimal", "extension": ['
        + huge
        % b"minValue"
        + b']}, {"linkId": "2", "text": "b", "type": "choice",'
        b'"answerOption": [{"valueCoding": {"code": "x"}, "extension": [' + huge % b"ordinalValue" + b"]}]}]}"
    )
    (found,) = read_questionnaires(source)
    assert found.form is not None
    assert shortly(found.findings) == [("limit_invalid", "left_out", "1")]
    assert found.form.items[1].options[0].weight is None
    assert write_json(Decimal("1e999999999")) == "1E+999999999"
