"""What a state holds: what is on the screen, no table row, no session, no secret."""

import dataclasses
import importlib
import typing
from collections.abc import Iterator
from typing import Any

import reflex as rx
from pydantic import SecretStr
from sqlmodel import SQLModel

importlib.import_module("portal_app.pages")
FIT = (str, int, bool, float, type(None))


def states(base: Any = rx.State) -> Iterator[Any]:
    for state in base.__subclasses__():
        if state.__module__.startswith("portal_app"):
            yield state
        yield from states(state)


def parts(kind: Any) -> Iterator[Any]:
    """A type and what it is made of: list[Line] is a list, a Line and what a Line has."""
    inner = typing.get_args(kind)
    if not inner:
        yield kind
    for each in inner:
        yield from parts(each)
    if dataclasses.is_dataclass(kind):
        for hint in typing.get_type_hints(kind).values():
            yield from parts(hint)


def test_the_browser_is_given_words_and_numbers_only():
    """A row would be sent with all its columns."""
    seen, strange = 0, []
    for state in states():
        for name, var in state.base_vars.items():
            for kind in parts(var._var_type):
                seen += 1
                fits = kind in FIT or kind is Ellipsis or dataclasses.is_dataclass(kind)
                if not fits or (isinstance(kind, type) and issubclass(kind, SQLModel | SecretStr)):
                    strange.append(f"{state.__name__}.{name}: {kind}")
    assert seen > 400
    assert strange == []


def test_what_the_server_keeps_beside_it_is_no_row_and_no_session():
    """It is pickled: with a row there goes whatever the row hangs on."""
    seen, strange = 0, []
    for state in states():
        kept = {name: kind for name, kind in typing.get_type_hints(state).items() if _is_kept(state, name)}
        for name, hint in kept.items():
            for kind in parts(hint):
                seen += 1
                if isinstance(kind, type) and issubclass(kind, SQLModel | SecretStr):
                    strange.append(f"{state.__name__}.{name}: {kind}")
    assert seen > 50
    assert strange == []


def _is_kept(state: Any, name: str) -> bool:
    ours = (cls for cls in state.__mro__ if cls.__module__.startswith("portal_app"))
    return name.startswith("_") and any(name in vars(cls).get("__annotations__", {}) for cls in ours)


def test_nothing_is_computed_for_whoever_connects():
    """Computed vars of every state run at the first word of any socket, an anonymous one's too."""
    found = [
        f"{s.__name__}.{n}" for s in states() for n in s.computed_vars if n not in rx.State.computed_vars
    ]
    assert found == []
