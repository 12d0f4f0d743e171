"""Events that no page sends are known as such; the framework's own arguments are those that it takes."""

import importlib
import inspect
from typing import Any

import pytest
from reflex_base.registry import RegistrationContext

from portal_app.state.event_shapes import FRAMEWORK_SHAPES, is_known_event
from portal_app.state.guards import FRAMEWORK, ON_LOAD

importlib.import_module("portal_app.pages")
ROOT = "reflex___state____state"
HYDRATE = f"{ROOT}.hydrate_and_load"


def test_every_handler_of_the_framework_has_a_shape_with_its_own_arguments() -> None:
    """After an update of Reflex with another argument, pages would be refused: this fails first."""
    assert FRAMEWORK_SHAPES.keys() == FRAMEWORK
    for name, shape in FRAMEWORK_SHAPES.items():
        handler = inspect.unwrap(RegistrationContext.get().event_handlers[name].handler.fn)
        assert list(inspect.signature(handler).parameters)[1:] == list(shape.__annotations__)


@pytest.mark.parametrize(
    ("name", "payload", "known"),
    [
        (HYDRATE, {}, True),
        (HYDRATE, {"vars": {}, "hashes": []}, True),
        (HYDRATE, {"vars": None, "hashes": None}, True),
        (HYDRATE, {"vars": {f"{ROOT}.is_hydrated": 1}, "hashes": ["a"]}, True),
        (HYDRATE, {"vars": 5}, False),
        (HYDRATE, {"vars": {"no_such_state.x": 1}}, False),
        (HYDRATE, {"hashes": [1]}, False),
        (HYDRATE, {"more": 1}, False),
        (ON_LOAD, {}, True),
        (ON_LOAD, {"x": 1}, False),
        (f"{ON_LOAD.rpartition('.')[0]}.set_is_hydrated", {"value": True}, True),
        (f"{ON_LOAD.rpartition('.')[0]}.set_is_hydrated", {"value": 1}, False),
        (f"{ON_LOAD.rpartition('.')[0]}.set_is_hydrated", {}, False),
        ("no_such_handler", {}, False),
        (ROOT, {}, False),
    ],
)
def test_what_a_page_can_send(name: str, payload: dict[str, Any], known: bool) -> None:
    assert is_known_event(name, payload) is known
