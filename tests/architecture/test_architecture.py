"""The rules of the house, checked by a machine so that no reviewer has to."""

import ast
import importlib
import importlib.util
import re
from typing import Any

import pytest
from sqlmodel import SQLModel

import portal_app.db.tables  # noqa: F401  (the metadata is whole)
from portal_app.db.owned import Owned, tables
from portal_app.settings import Settings
from tests.architecture.sources import (
    PORTAL,
    ROOT,
    functions,
    nodes,
    parsed,
    sources,
    tracked,
)


def _app() -> Any:
    """The whole app, imported: every state and page is registered."""
    if importlib.util.find_spec("portal_app.portal_app") is None:
        pytest.skip("the app is not put together yet")
    importlib.import_module("portal_app.portal_app")
    from reflex_base.registry import RegistrationContext  # noqa: PLC0415  (costs a second)

    return RegistrationContext.get()


def test_every_handler_has_a_guard():
    """Any public method of a state can be called by any browser."""
    handlers = {name: entry for name, entry in _app().event_handlers.items() if "portal_app" in name}
    unguarded = [
        name
        for name, entry in handlers.items()
        if not name.endswith(".setvar") and not hasattr(entry.handler.fn, "guard")
    ]
    assert handlers
    assert unguarded == []


def test_every_table_says_whose_it_is():
    assert set(SQLModel.metadata.tables) == {table.__tablename__ for table in tables()}
    for table in tables():
        assert issubclass(table, Owned)
        assert table.access_list in {"accounts", "patients", "portal", "public"}, table
        if table.access_list in {"accounts", "patients"}:
            assert table.owner in table.model_fields, table


def test_no_function_has_more_than_40_statements():
    """The formatter gives every statement a line of its own: who has at most 40 lines has no more statements."""

    def size(function: ast.AST) -> int:
        return sum(isinstance(node, ast.stmt) for node in nodes(function)) - 1

    long = [(name, node) for name, node in functions() if (node.end_lineno or 0) - node.lineno >= 40]
    assert long
    assert not {name: size(node) for name, node in long if size(node) > 40}


def test_no_bare_except():
    bare = [
        f"{path.relative_to(PORTAL)}:{node.lineno}"
        for path in sources()
        for node in nodes(parsed(path))
        if isinstance(node, ast.ExceptHandler) and node.type is None
    ]
    assert not bare


def test_what_a_checker_shall_ignore_is_named():
    unnamed = [
        f"{name}:{number}"
        for name, text in tracked()
        if name.endswith(".py")
        for number, line in enumerate(text.splitlines(), 1)
        if re.search(r"#\s*(type|pyright): ?ignore(?!\[)|#\s*noqa(?!: )", line)
    ]
    assert not unnamed


def test_the_example_of_the_settings_is_complete():
    names = {field.alias or f"PORTAL_{name.upper()}" for name, field in Settings.model_fields.items()}
    example = set(re.findall(r"^#? ?([A-Z][A-Z_]+)=", (ROOT / ".env.example").read_text(), re.M))
    assert example == names


def test_the_settings_table_of_the_manual_is_complete():
    names = {field.alias or f"PORTAL_{name.upper()}" for name, field in Settings.model_fields.items()}
    manual = (ROOT / "docs" / "configuration.md").read_text()
    assert not [name for name in names if f"`{name}`" not in manual]


_NOT_HERE = {
    "a machine's own path": r"(?<![\w.])/wor[k]/|/hom[e]/\w",
    "a registry's address": r"pypi[.]org|registry[.]npmjs|pythonhosted[.]org",
    "something left to do": r"\b(TOD[O]|FIXM[E]|XX[X])\b",
    "a tool that wrote it": r"(?i)\b(cl[a]ude|anthr[o]pic|chat[g]pt|co[p]ilot|co-auth[o]red)\b",
}


@pytest.mark.parametrize("what", _NOT_HERE)
def test_nothing_is_left_behind(what: str):
    pattern = re.compile(_NOT_HERE[what])
    left = [f"{name}: {hit[0]}" for name, text in tracked() if (hit := pattern.search(text))]
    assert not left
