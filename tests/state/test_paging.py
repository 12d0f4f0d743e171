"""The page number in an address."""

import pytest

from portal_app.state.paging import page_number


@pytest.mark.parametrize(("asked", "page"), [("1", 1), ("7", 7), ("0012", 12), ("999999", 999_999), ("0", 0)])
def test_a_number_in_the_address_is_the_page(asked: str, page: int):
    assert page_number(asked) == page


@pytest.mark.parametrize(
    "asked", ["", " ", "-1", "+1", "1.5", "1e3", "two", "²", "٣", "1 ", "1000000", "9" * 5000]
)
def test_anything_else_is_the_first_page(asked: str):
    assert page_number(asked) == 1
