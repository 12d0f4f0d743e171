"""The staff pages about agreements as a tab of Olga's holds them."""

import pytest

from portal_app.state.staff.agreements import countersign, listing, requests
from tests.people import People
from tests.state_helper import look_from


def open_office(monkeypatch: pytest.MonkeyPatch) -> People:
    """The people of the tests; Olga, who owns the practice, is signed in. No page is told of changes."""
    people = People.create()
    look_from(monkeypatch, people.olga)
    for module in (countersign, listing, requests):
        monkeypatch.setattr(module, "watch", lambda *_: None)
    return people
