"""Random questionnaires: filled, saved, loaded again and submitted is what was answered."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal_app.domain.forms.importing.reader import read_questionnaires
from portal_app.domain.forms.responses.conditions import Visibility, without_hidden
from portal_app.domain.forms.responses.fhir_export import export_items
from portal_app.domain.forms.responses.fhir_reading import find_problems_of, read_response
from portal_app.domain.forms.responses.places import Place, Response, place_of
from portal_app.domain.forms.responses.storing import NoAnswers, read_answers, write_answers
from portal_app.domain.forms.responses.typed import Signs, read_typed, write_typed
from portal_app.domain.forms.responses.validation import check_place, find_problems
from portal_app.domain.forms.types import Form, Item, ItemType
from portal_app.domain.forms.values import Quantity, Value, ValueType, parse_json, write_json
from portal_app.domain.text import strip_unstorable
from tests.domain.forms.forms_helper import form_of, item, option, when
from tests.domain.forms.test_typed import ZONE

KINDS = [
    "boolean",
    "integer",
    "decimal",
    "date",
    "time",
    "string",
    "text",
    "choice",
    "open-choice",
    "quantity",
]
WORDS = st.text(min_size=1, max_size=30).filter(
    lambda words: strip_unstorable(words) == words and words == words.strip() and len(words.splitlines()) == 1
)


@st.composite
def items(
    draw: st.DrawFn, prefix: str = "", depth: int = 0, before: tuple[str, ...] = ()
) -> list[dict[str, Any]]:
    """Items of one level; conditions read yes-or-no questions that stand before them."""
    made: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 3))):
        link_id = f"{prefix}{number}"
        kind = draw(st.sampled_from(KINDS + (["group"] * 3 if depth < 2 else [])))
        below: list[dict[str, Any]] = []
        if kind == "group" or (depth < 2 and draw(st.integers(0, 9)) == 0):
            below = draw(items(f"{link_id}.", depth + 1, before))
        more: dict[str, Any] = {"answerOption": [option(code) for code in "abc"]} if "choice" in kind else {}
        if draw(st.integers(0, 2)) == 0:
            more["repeats"] = True
        if before and draw(st.booleans()):
            more["enableWhen"] = [when(draw(st.sampled_from(before)), answerBoolean=draw(st.booleans()))]
        made.append(item(link_id, kind, *below, **more))
        if kind == "boolean":
            before = (*before, link_id)
    return made


FORMS = items().map(lambda made: form_of(*made))


def values_for(asked: Item) -> st.SearchStrategy[Value]:
    if asked.options:
        chosen = st.sampled_from([one.value for one in asked.options])
        return chosen | WORDS.map(lambda words: Value(ValueType.STRING, words)) if asked.own_text else chosen
    numbers = st.decimals(-1000, 1000, places=2)
    known: dict[ItemType, st.SearchStrategy[Value]] = {
        ItemType.BOOLEAN: st.booleans().map(lambda answer: Value(ValueType.BOOLEAN, answer)),
        ItemType.INTEGER: st.integers(-99, 99).map(lambda number: Value(ValueType.INTEGER, number)),
        ItemType.DECIMAL: numbers.map(lambda number: Value(ValueType.DECIMAL, number)),
        ItemType.QUANTITY: numbers.map(lambda number: Value(ValueType.QUANTITY, Quantity(Decimal(number)))),
        ItemType.DATE: st.dates(date(1000, 1, 1)).map(lambda day: Value(ValueType.DATE, day.isoformat())),
        ItemType.TIME: st.times().map(lambda time: Value(ValueType.TIME, time.isoformat(timespec="seconds"))),
    }
    return known.get(asked.type, WORDS.map(lambda words: Value(ValueType.STRING, words)))


@st.composite
def responses(draw: st.DrawFn) -> Response:
    """A form with one more repetition here and there, and most of it answered."""
    form: Form = draw(FORMS)
    response = Response(form)
    for asked in form.items:
        if asked.repeats:
            for place in response.places_of(asked, ()):
                if draw(st.booleans()):
                    response = response.with_repetition(Place(asked.index, place.repetitions[:-1]))
    for place in list(response.walk()):
        asked = form.items[place.item]
        if asked.is_question and draw(st.integers(0, 4)):
            most = 3 if asked.many else 1
            values = draw(
                st.lists(values_for(asked), min_size=1, max_size=most, unique_by=lambda one: one.content)
            )
            response = response.with_answer(place, tuple(values))
    return response


@given(responses())
def test_what_was_answered_is_saved_loaded_and_submitted(response: Response):
    rows = {place.key: write_answers(values) for place, values in response.answers.items()}
    loaded = Response(
        response.form,
        {place: read_answers(text) for key, text in rows.items() if (place := place_of(response.form, key))},
        response.repetitions,
    )
    assert loaded.answers == response.answers
    assert find_problems(loaded) == ()

    submitted = without_hidden(loaded)
    visibility = Visibility(response)
    assert submitted.answers == {
        at: values for at, values in response.answers.items() if visibility.counts(at)
    }
    exported = {"item": parse_json(write_json(export_items(loaded)))}
    assert find_problems_of(response.form, exported) == ()
    back, _ = read_response(response.form, exported)
    assert sorted(map(str, back.answers.values())) == sorted(map(str, submitted.answers.values()))


@given(responses())
def test_what_stands_in_the_fields_is_read_as_the_same_answers(response: Response):
    for place, values in response.answers.items():
        asked = response.form.items[place.item]
        shown = write_typed(asked, values, Signs(), ZONE)
        again = read_typed(asked, shown, Signs(), ZONE)
        assert len(again) == len(values)
        assert all(any(one.is_same(other) for other in again) for one in values)
        assert check_place(response, place, again) == ()


@given(responses(), st.data())
def test_removing_a_repetition_changes_no_answer_outside_of_it(response: Response, data: st.DataObject):
    repeated = [at for at in response.walk() if response.form.items[at.item].repeats]
    if not repeated:
        return
    gone = data.draw(st.sampled_from(repeated))
    left = response.without_repetition(gone)
    assert left.answers == {
        at: values for at, values in response.answers.items() if not response.is_within(at, gone)
    }
    assert not left.exists(gone)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["item", "linkId", "type", "text", "extension", "answerOption", "enableWhen", "url", "valueString",
             "question", "operator", "contained", "_text", "initial", "valueCoding", "code", "answerValueSet"]
        ),
        inner,
        max_size=5,
    ),
    max_leaves=20,
)  # fmt: skip


@given(JSON)
def test_no_json_breaks_the_import(anything: Any):
    source = write_json({"resourceType": "Questionnaire", "item": anything, "contained": anything})
    (found,) = read_questionnaires(source.encode(errors="surrogatepass"))
    assert found.form is not None or any(one.outcome == "refused" for one in found.findings)


@pytest.mark.parametrize("text", ["", "{}", "[1]", "[{}]", '[{"valueInteger": "x"}]'])
def test_a_text_that_was_not_written_here_is_no_answer(text: str):
    with pytest.raises(NoAnswers):
        read_answers(text)
