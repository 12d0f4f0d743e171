"""Options come from the questionnaire, its contained value sets, supplied files and a few that are built in."""

from decimal import Decimal
from typing import Any

import pytest

from portal_app.domain.forms.importing.known_value_sets import known_options
from portal_app.domain.forms.types import Option
from portal_app.domain.forms.values import Coding
from tests.domain.forms.forms_helper import form_of, item, questionnaire, read, shortly

SYSTEM = "http://example.org/codes"


def value_set(url: str, **parts: Any) -> dict[str, Any]:
    return {"resourceType": "ValueSet", "id": "vs", "url": url, **parts}


def codes(options: tuple[Option, ...]) -> list[str]:
    return [one.value.content.code for one in options if isinstance(one.value.content, Coding)]


def test_a_contained_value_set_is_found_by_its_id_and_by_its_address():
    include = [{"system": SYSTEM, "concept": [{"code": "a", "display": "A"}, {"code": "b"}]}]
    contained = [value_set("http://example.org/vs", compose={"include": include})]
    for name in ("#vs", "http://example.org/vs", "http://example.org/vs|1.0"):
        form = form_of(item("1", "choice", answerValueSet=name), contained=contained)
        assert codes(form.items[0].options) == ["a", "b"]
        assert [one.label.plain for one in form.items[0].options] == ["A", "b"]


def test_an_expansion_goes_before_the_codes_and_its_abstract_ones_are_no_answers():
    expansion = {"contains": [{"abstract": True, "code": "x", "contains": [{"system": SYSTEM, "code": "a"}]}]}
    contained = [value_set("u", expansion=expansion, compose={"include": [{"system": SYSTEM}]})]
    form = form_of(item("1", "choice", answerValueSet="#vs"), contained=contained)
    assert codes(form.items[0].options) == ["a"]


def test_a_supplied_code_system_lists_its_codes_and_excluded_ones_are_gone():
    system = {"resourceType": "CodeSystem", "url": SYSTEM}
    system |= {"concept": [{"code": "a", "concept": [{"code": "b"}]}, {"code": "c"}]}
    exclude = [{"system": SYSTEM, "concept": [{"code": "c"}]}]
    given = value_set("http://example.org/vs", compose={"include": [{"system": SYSTEM}], "exclude": exclude})
    found = read(questionnaire(item("1", "choice", answerValueSet="http://example.org/vs")), given, system)
    assert found.form is not None
    assert codes(found.form.items[0].options) == ["a", "b"]


def test_value_sets_that_name_each_other_end():
    one = value_set("one", compose={"include": [{"valueSet": ["two"]}]})
    two = value_set("two", compose={"include": [{"valueSet": ["one"]}]})
    found = read(questionnaire(item("1", "choice", answerValueSet="one")), one, two)
    assert ("value_set_unknown", "as_text", "1") in shortly(found.findings)


def test_a_filter_that_only_a_terminology_server_can_run_is_said():
    include = [
        {"system": SYSTEM, "concept": [{"code": "a"}]},
        {"system": "http://snomed.info/sct", "filter": [{}]},
    ]
    contained = [value_set("u", compose={"include": include})]
    found = read(questionnaire(item("1", "choice", answerValueSet="#vs"), contained=contained))
    assert shortly(found.findings) == [("value_set_incomplete", "noted", "1")]


def test_weights_are_read_from_the_concept():
    weight = [{"url": "http://hl7.org/fhir/StructureDefinition/ordinalValue", "valueDecimal": 3}]
    include = [{"system": SYSTEM, "concept": [{"code": "a", "extension": weight}]}]
    contained = [value_set("u", compose={"include": include})]
    form = form_of(item("1", "choice", answerValueSet="#vs"), contained=contained)
    assert form.items[0].options[0].weight == Decimal(3)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("http://hl7.org/fhir/ValueSet/administrative-gender", 4),
        ("http://hl7.org/fhir/ValueSet/yesnodontknow", 3),
        ("http://terminology.hl7.org/ValueSet/v2-0136", 2),
        ("http://hl7.org/fhir/ValueSet/marital-status", 11),
        ("http://hl7.org/fhir/ValueSet/allergyintolerance-clinical", 3),
        ("http://hl7.org/fhir/ValueSet/days-of-week", 7),
    ],
)
def test_a_dozen_value_sets_of_hl7_are_built_in_with_spanish_words(name: str, count: int):
    options = known_options(name) or ()
    assert len(options) == len(set(codes(options))) == count
    assert all(one.label.spoken_in("es") for one in options)
    assert known_options("http://hl7.org/fhir/ValueSet/nothing") is None
