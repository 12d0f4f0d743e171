"""A form is cut into pages of a few questions."""

from typing import Any

from hypothesis import given

from portal_app.domain.forms.paging import FIELDS_PER_PAGE, pages_of
from portal_app.domain.forms.types import Form
from tests.domain.forms.forms_helper import extension, form_of, item
from tests.domain.forms.test_random_forms import FORMS


def numbers(*counts: int, **more: Any) -> Form:
    """A form of groups with so many questions."""
    groups = [
        item(f"g{at}", "group", *(item(f"{at}.{n}") for n in range(count)), **more)
        for at, count in enumerate(counts)
    ]
    return form_of(*groups)


def sizes(form: Form) -> list[int]:
    return [sum(one.is_question for one in form.items[page.first : page.end]) for page in pages_of(form)]


def test_groups_share_a_page_while_they_fit():
    assert sizes(numbers(3, 4, 5)) == [7, 5]
    assert sizes(numbers(10, 1)) == [10, 1]


def test_a_large_group_is_cut_and_one_that_repeats_is_not():
    assert sizes(numbers(25)) == [10, 10, 5]
    assert sizes(numbers(25, repeats=True)) == [25]


def test_a_group_that_is_a_page_is_one_of_its_own():
    page = extension("questionnaire-itemControl", "CodeableConcept", {"coding": [{"code": "page"}]})
    assert sizes(numbers(2, 2, extension=[page])) == [2, 2]


@given(FORMS)
def test_every_item_is_on_exactly_one_page_in_order(form: Form):
    pages = pages_of(form)
    assert [index for page in pages for index in range(page.first, page.end)] == list(range(len(form.items)))
    for page in pages:
        fields = [one for one in form.items[page.first : page.end] if one.is_question]
        assert len(fields) <= FIELDS_PER_PAGE or any(one.repeated for one in fields)
