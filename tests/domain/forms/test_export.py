"""A response as a FHIR QuestionnaireResponse: its shape is that of FHIR, and every answer is in it as it was given."""

import json
from datetime import UTC, datetime
from decimal import Decimal

from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse

from portal_app.domain.forms.responses.fhir_export import REPLACES, Head, ResponseStatus, export_response
from portal_app.domain.forms.responses.fhir_reading import find_problems_of, read_response
from portal_app.domain.forms.responses.places import Response
from portal_app.domain.forms.types import ItemType
from portal_app.domain.forms.values import (
    Attachment,
    Quantity,
    Reference,
    Value,
    ValueType,
    parse_json,
    write_json,
)
from tests.domain.forms.forms_helper import answered, at, coded, form_of, item, option, text, whole, yes

HEAD = Head(
    ResponseStatus.COMPLETED,
    authored=datetime(2026, 6, 15, 12, tzinfo=UTC),
    subject=Reference("Patient/1", "Ana"),
    author=Reference("RelatedPerson/2"),
    replaces=Reference("QuestionnaireResponse/3"),
    language="en",
)
ANSWERS = {
    "boolean": yes(False),
    "integer": whole(0),
    "decimal": Value(ValueType.DECIMAL, Decimal("7.50")),
    "date": Value(ValueType.DATE, "2019-05"),
    "dateTime": Value(ValueType.DATE_TIME, "2020-05-03T00:00:00-04:00"),
    "time": Value(ValueType.TIME, "00:00:00"),
    "string": text('#let x = <b> =HYPERLINK("x") {{name}} 😀'),
    "text": text("one\ntwo"),
    "url": Value(ValueType.URI, "https://example.org"),
    "choice": coded("a"),
    "attachment": Value(ValueType.ATTACHMENT, Attachment("image/png", "/files/1", 10, "card")),
    "reference": Value(ValueType.REFERENCE, Reference("Patient/1")),
    "quantity": Value(ValueType.QUANTITY, Quantity(Decimal(0), "kg", "http://unitsofmeasure.org", "kg")),
}


def every_type() -> Response:
    options = {"choice": {"answerOption": [option("a")]}}
    form = form_of(
        *(item(kind, kind, **options.get(kind, {})) for kind in ANSWERS), url="http://x.org/q", version="2"
    )
    return answered(form, **ANSWERS)


def test_what_is_exported_has_the_shape_of_fhir_r4():
    made = export_response(every_type(), HEAD)
    checked = QuestionnaireResponse.model_validate_json(write_json(made))
    assert checked.status == "completed"
    assert checked.questionnaire == "http://x.org/q|2"
    assert checked.item is not None and len(checked.item) == len(ANSWERS) == len(ItemType) - 3
    assert made["extension"] == [
        {"url": REPLACES, "valueReference": {"reference": "QuestionnaireResponse/3"}}
    ]


def test_every_type_comes_back_as_it_was_answered():
    response = every_type()
    exported = parse_json(write_json(export_response(response, HEAD)))
    back, problems = read_response(response.form, exported)
    assert problems == ()
    assert back.answers == response.answers
    assert find_problems_of(response.form, exported) == ()


def test_form_17_and_form_18_zeros_and_trailing_zeros_are_exported():
    written = write_json(export_response(every_type(), HEAD))
    assert '"valueDecimal":7.50' in written
    assert '"valueInteger":0' in written
    assert '"valueBoolean":false' in written
    assert json.loads(written)["item"][-1]["answer"] == [
        {"valueQuantity": {"value": 0, "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg"}}
    ]


def test_form_30_letters_that_are_markup_elsewhere_stay_letters():
    made = parse_json(write_json(export_response(every_type(), HEAD)))
    (answer,) = [one["answer"][0]["valueString"] for one in made["item"] if one["linkId"] == "string"]
    assert answer == '#let x = <b> =HYPERLINK("x") {{name}} 😀'


def test_repetitions_are_written_in_their_order_and_come_back():
    form = form_of(
        item("g", "group", item("a"), item("under", "string", item("below")), repeats=True),
        item("line", "string", item("more"), repeats=True),
    )
    response = Response(form).with_repetition(at(form, "g")).with_repetition(at(form, "line"))
    for number in (1, 2):
        response = response.with_answer(at(form, "a", number), (text(f"a{number}"),))
        response = response.with_answer(at(form, "below", number), (text(f"b{number}"),))
        response = response.with_answer(at(form, "line", number), (text(f"l{number}"),))
        response = response.with_answer(at(form, "more", number), (text(f"m{number}"),))
    made = export_response(response, Head(ResponseStatus.IN_PROGRESS))
    assert [one["linkId"] for one in made["item"]] == ["g", "g", "line"]
    assert [one["item"][0]["answer"] for one in made["item"][2]["answer"]] == [
        [{"valueString": "m1"}],
        [{"valueString": "m2"}],
    ]
    QuestionnaireResponse.model_validate_json(write_json(made))
    back, problems = read_response(form, made)
    assert problems == ()
    assert back.answers == response.answers


def test_a_response_without_answers_has_no_items():
    made = export_response(Response(form_of(item("a"))), Head(ResponseStatus.IN_PROGRESS))
    assert made == {"resourceType": "QuestionnaireResponse", "status": "in-progress"}
