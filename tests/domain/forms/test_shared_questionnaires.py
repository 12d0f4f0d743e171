"""Questionnaires and responses that others wrote: imported or refused for the right reason, and judged as they expect."""

import csv
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from portal_app.domain.forms.importing.reader import ReadForm, read_questionnaires
from portal_app.domain.forms.responses.conditions import Visibility
from portal_app.domain.forms.responses.fhir_export import export_items
from portal_app.domain.forms.responses.fhir_reading import find_problems_of, read_response
from portal_app.domain.forms.responses.places import Response
from portal_app.domain.forms.types import ROOT, Form
from portal_app.domain.forms.values import parse_json, write_json
from tests.domain.forms.forms_helper import SHARED, item, read, shared, shortly

FILES = sorted(path.name for path in (SHARED / "files").glob("*.json")) or ["none"]
MODIFIER = "sdc__profile-example-render.json"  # a modifierExtension that must be understood


def forms_in(folder: str, name: str) -> tuple[ReadForm, ...]:
    return read_questionnaires((shared(folder) / name).read_bytes())


def count_items(given: Any) -> int:
    return sum(1 + count_items(one.get("item")) for one in given or ())


@pytest.mark.parametrize("name", FILES)
def test_every_questionnaire_is_imported_or_refused_for_the_right_reason(name: str):
    for found in forms_in("files", name):
        refused = [one.code.value for one in found.findings if one.outcome == "refused"]
        assert refused == (["modifier"] if name == MODIFIER else [])
        assert (found.form is None) == bool(refused)


def test_there_are_73_questionnaires_and_none_of_their_items_is_lost():
    """Items that are words around a question are its help, unit or scale."""
    found = 0
    for path in shared("files").glob("*.json"):
        given = parse_json(path.read_bytes())
        sources = (
            [given]
            if given["resourceType"] == "Questionnaire"
            else [one["resource"] for one in given["entry"]]
        )
        forms = [one for one in sources if one["resourceType"] == "Questionnaire"]
        for source, read_form in zip(forms, read_questionnaires(path.read_bytes()), strict=True):
            found += 1
            if read_form.form is not None:
                kept = len(read_form.form.items)
                guides = write_json(source["item"]).count("questionnaire-item-control")
                assert kept <= count_items(source["item"]) <= kept + guides
    assert found == 73


def is_hidden(given: Mapping[str, Any]) -> bool:
    return any(
        one["url"].endswith("questionnaire-hidden") and one["valueBoolean"]
        for one in given.get("extension", ())
    )


def fields_of(items: Any, *, all_met: bool) -> int:
    """How many fields the specification shows: of the empty response, or with every condition met."""
    count = 0
    for one in items or ():
        empty = [
            each["operator"] == "exists" and each.get("answerBoolean") is False
            for each in one.get("enableWhen", ())
        ]
        holds = not empty or (any(empty) if one.get("enableBehavior") == "any" else all(empty))
        by_expression = any(each["url"].endswith("enableWhenExpression") for each in one.get("extension", ()))
        if not is_hidden(one) and (all_met or (holds and not by_expression)):
            count += (one.get("type") not in ("group", "display")) + fields_of(
                one.get("item"), all_met=all_met
            )
    return count


def fields_on_screen(form: Form) -> int:
    response = Response(form)
    visibility = Visibility(response)
    return sum(visibility.is_asked(place) and form.items[place.item].is_question for place in response.walk())


@pytest.mark.parametrize("name", FILES)
def test_as_many_fields_are_asked_as_the_specification_shows(name: str):
    given = parse_json((shared("files") / name).read_bytes())
    sources = (
        [given] if given["resourceType"] == "Questionnaire" else [one["resource"] for one in given["entry"]]
    )
    forms = [one for one in sources if one["resourceType"] == "Questionnaire"]
    for source, found in zip(forms, forms_in("files", name), strict=True):
        if found.form is not None:
            assert fields_on_screen(found.form) == fields_of(source["item"], all_met=False)
            free = tuple(replace(one, conditions=(), shown=ROOT) for one in found.form.items)
            met = replace(found.form, items=free)
            assert fields_on_screen(met) == fields_of(source["item"], all_met=True)


@pytest.mark.parametrize(
    ("name", "finding"),
    [
        ("androidfhir__layout_paginated.json", ("items_under_display", "repaired", "1.7")),
        ("nav-no__hjelpestonad.json", ("link_id_duplicate", "repaired", "")),
        ("lforms__matrixLayoutSingleSelectionWithData.R4.json", ("link_id_missing", "repaired", "")),
        ("hl7core__3141.json", ("options_missing", "as_text", "2.1.1")),
        ("lforms__4712701.json", ("value_set_unknown", "as_text", "")),
        ("smartforms-au__CVD_Check.json", ("population", "left_out", "")),
        ("sdc__extract-complex-template.json", ("extraction", "left_out", "")),
        ("sdc__profile-example-item-weight.json", ("constraint", "left_out", "")),
        ("androidfhir__behavior_skip_logic.json", ("status_missing", "repaired", "")),
    ],
)
def test_what_is_wrong_with_them_is_named(name: str, finding: tuple[str, str, str]):
    (found,) = forms_in("files", name)
    kinds = {(code, outcome) for code, outcome, _ in shortly(found.findings)}
    assert finding[:2] in kinds


def test_the_form_with_808_items_is_imported():
    (found,) = forms_in("large", "smartforms__health_check_0.4.0.json")
    assert found.form is not None
    assert len(found.form.items) == 792  # 16 of the 808 are words around a question
    assert len(found.form.expressions) == 504
    assert not any(one.reads_everything for one in found.form.expressions)


CASES = SHARED / "response_conformance" / "expected.csv"
ROWS = list(csv.DictReader(CASES.read_text().splitlines())) if CASES.exists() else [{"case": "none"}]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["case"])
def test_responses_get_the_verdict_that_other_validators_give(row: dict[str, str]):
    folder = shared("response_conformance")
    if row["needs"] == "terminology lookup":
        pytest.skip("only a terminology server knows its codes")
    if not (folder / row["questionnaire"]).exists():
        assert row["expect"] == "reject"  # of a questionnaire that nobody has there is no response
        return
    (found,) = forms_in("response_conformance", row["questionnaire"])
    if not row["response"]:
        assert ("condition_later", "noted") in {one[:2] for one in shortly(found.findings)}
        return
    response = parse_json((folder / row["response"]).read_bytes())
    refused = found.form is None or bool(find_problems_of(found.form, response))
    assert ("reject" if refused else "accept") == row["expect"]


FILLED = sorted(path.name for path in (SHARED / "filled_responses").glob("*.json")) or ["none"]
# Of three responses no form of the folder fits: two of HL7 differ from their own forms.
_TYPES = {
    "valueBoolean": "boolean",
    "valueInteger": "integer",
    "valueDecimal": "decimal",
    "valueString": "open-choice",
    "valueCoding": "open-choice",
    "valueDate": "date",
    "valueQuantity": "quantity",
}


def form_for(given: Any) -> list[dict[str, Any]]:
    """Items that a response could be an answer to."""
    made: list[dict[str, Any]] = []
    for one in given or ():
        answers = one.get("answer", [])
        kinds = [_TYPES[name] for answer in answers for name in answer if name in _TYPES]
        below = form_for(one.get("item")) + [
            each for answer in answers for each in form_for(answer.get("item"))
        ]
        options = [answer for answer in answers if "valueCoding" in answer]
        more = {"answerOption": [{"valueCoding": one["valueCoding"]} for one in options]} if options else {}
        repeats = {"repeats": True} if len(answers) > 1 else {}
        made.append(item(one["linkId"], kinds[0] if kinds else "group", *below, **more, **repeats))
    return made


def questionnaire_of(name: str, given: Mapping[str, Any]) -> ReadForm:
    own = {
        "hl7core__QuestionnaireResponse-gcs.json": "hl7core__gcs.json",
        "lforms__qr-with-answerValueSet-radiobutton-checkbox.json": (
            "lforms__q-with-answerValueSet-radiobutton-checkbox.json"
        ),
        "sdc__profile-example-PHQ9.json": "sdc__profile-example-PHQ9.json",
    }.get(name)
    if own:
        return forms_in("files", own)[0]
    return read({"resourceType": "Questionnaire", "item": form_for(given["item"])})


def without_words(items: Any) -> list[dict[str, Any]]:
    """The items without their texts, which are those of the form."""
    made: list[dict[str, Any]] = []
    for one in items or ():
        kept = {name: part for name, part in one.items() if name in ("linkId", "answer", "item")}
        if "item" in kept:
            kept["item"] = without_words(kept["item"])
        if "answer" in kept:
            kept["answer"] = [
                {**answer, **({"item": without_words(answer["item"])} if "item" in answer else {})}
                for answer in kept["answer"]
            ]
        made.append(kept)
    return made


@pytest.mark.parametrize("name", FILLED)
def test_filled_responses_come_out_as_they_came_in(name: str):
    given = parse_json(Path(shared("filled_responses") / name).read_bytes())
    found = questionnaire_of(name, given)
    assert found.form is not None
    response, problems = read_response(found.form, given)
    assert problems == ()
    assert without_words(export_items(response)) == without_words(given["item"])


def test_an_answer_of_hl7_that_its_own_form_does_not_know_is_named():
    given = parse_json((shared("filled_responses") / "hl7core__QuestionnaireResponse-3141.json").read_bytes())
    (found,) = forms_in("files", "hl7core__3141.json")
    assert found.form is not None
    problems = {(one.code.value, one.link_id) for one in find_problems_of(found.form, given)}
    assert {("unknown_item", "1.1.1.3"), ("not_an_option", "1.1")} <= problems
