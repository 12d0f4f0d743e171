"""Traps of the framework that no reviewer should have to remember (DESIGN notes in docs/decisions)."""

import ast
from collections.abc import Iterator
from pathlib import Path

PORTAL = Path(__file__).parents[2] / "portal_app"
SCREENS = sorted((*PORTAL.glob("components/*.py"), *PORTAL.glob("pages/**/*.py"), PORTAL / "portal_app.py"))
PLAIN = {
    "el",
    "cond",
    "match",
    "foreach",
    "fragment",
    "icon",
    "page",
    "event",
    "asset",
    "App",
    "Var",
    "Component",
    "NoSSRComponent",
    "EventHandler",
}


def calls() -> Iterator[tuple[Path, ast.Call, str]]:
    for path in SCREENS:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                yield path, node, ast.unparse(node.func)


def test_no_component_of_radix_themes_or_markdown():
    used = {
        (path.name, node.attr)
        for path in SCREENS
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "rx"
    }
    assert not {(file, name) for file, name in used if name not in PLAIN}


_CHOSEN = ("'checkbox'", "'radio'")


def test_what_is_typed_stays_in_the_browser():
    """A controlled input sends each key to the server and loses what is typed meanwhile."""
    controlled = [
        (path.name, call.lineno)
        for path, call, name in calls()
        if name.endswith(("input", "textarea"))
        and {"on_change", "on_key_down"} & {k.arg for k in call.keywords}
        # A tick or a choice is one event, not typing.
        and not any(k.arg == "type" and ast.unparse(k.value) in _CHOSEN for k in call.keywords)
    ]
    assert not controlled


def test_fields_of_forms_have_no_id_the_framework_knows():
    """It would send every id of a form, those that are not on the page as null."""
    known = [
        (path.name, call.lineno)
        for path, call, name in calls()
        if name in ("el.input", "el.textarea", "el.select") and "id" in {k.arg for k in call.keywords}
    ]
    assert not known


def test_files_and_fragments_are_plain_links():
    """rx.el.a is the router's Link: it would look for a page of that address."""
    assert not [(path.name, call.lineno) for path, call, name in calls() if name in ("el.a", "rx.el.a")]


def test_icons_are_named_not_computed():
    """With a var the page carries every icon there is."""
    for path, call, name in calls():
        if name == "rx.icon":
            assert path.name == "kit.py", f"{path.name}: use kit.icon"
        if name == "icon" and path.name not in ("chrome.py", "nav.py"):
            named = call.args[0]
            assert isinstance(named, ast.Constant | ast.Name | ast.Subscript), ast.unparse(call)


def test_no_script_is_sent_for_evaluation():
    """rx.call_script and its like need eval, which the policy of every page forbids."""
    evaluated = (
        "call_script",
        "call_function",
        "toast",
        "window_alert",
        "console_log",
        "scroll_to",
        "download",
    )
    sources = [*SCREENS, *PORTAL.glob("state/**/*.py")]
    assert not [
        (path.name, word) for path in sources for word in evaluated if f"rx.{word}" in path.read_text()
    ]
