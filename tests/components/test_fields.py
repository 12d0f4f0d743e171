"""Fields say their kind; what a kind asks of keyboard and browser stands in one table (WCAG 1.3.5, 3.3.8)."""

import ast
from pathlib import Path
from typing import Any

import pytest
import reflex as rx

from portal_app.components.birth_date import birth_date_fields
from portal_app.components.form_fields import FIELD_KINDS, named_input, text_input
from portal_app.components.kit import done_feedback, feedback, refusal_feedback
from portal_app.components.sign_in.new_password import new_password
from portal_app.state.sign_in.code import SignInState

PORTAL = Path(__file__).parents[2] / "portal_app"
SCREENS = sorted((*PORTAL.glob("components/*.py"), *PORTAL.glob("pages/**/*.py")))
ASKED = {"auto_complete", "input_mode", "auto_capitalize", "spell_check"}
# The table of DESIGN: kind, autocomplete, inputmode, type.
EXPECTED = [
    ("email", "email", None, "email"),
    ("phone", "tel", None, "tel"),
    ("username", "username", None, "text"),
    ("password", "current-password", None, "password"),
    ("new_password", "new-password", None, "password"),
    ("code", "one-time-code", "numeric", "text"),
    ("birth_month", "bday-month", "numeric", "text"),
    ("birth_day", "bday-day", "numeric", "text"),
    ("birth_year", "bday-year", "numeric", "text"),
    ("given_name", "given-name", None, "text"),
    ("family_name", "family-name", None, "text"),
    ("full_name", "name", None, "text"),
    ("street", "address-line1", None, "text"),
    ("street_2", "address-line2", None, "text"),
    ("city", "address-level2", None, "text"),
    ("state", "address-level1", None, "text"),
    ("zip", "postal-code", "numeric", "text"),
    ("money", "off", "decimal", "text"),
    ("number", "off", "numeric", "text"),
    ("date", "off", None, "date"),
]


def inputs(component: rx.Component) -> list[dict[str, Any]]:
    """The attributes of every input in it, as they are rendered: name to JavaScript."""
    found: list[dict[str, Any]] = []

    def look(node: Any) -> None:
        if isinstance(node, dict):
            if node.get("name") == '"input"':
                props = (prop.split(":", 1) for prop in node["props"])
                found.append({key.strip('"'): value for key, value in props})
            for value in node.values():
                look(value)
        elif isinstance(node, list):
            for value in node:
                look(value)

    look(component.render())
    return found


@pytest.mark.parametrize(("kind", "complete", "mode", "type_"), EXPECTED)
def test_a_kind_of_field_asks_for_its_keyboard_and_for_what_the_browser_knows(
    kind: str, complete: str, mode: str | None, type_: str
):
    (field,) = inputs(text_input("x", kind))
    assert field["autoComplete"] == f'"{complete}"'
    assert field.get("inputMode") == (f'"{mode}"' if mode else None)
    assert field["type"] == f'"{type_}"'


def test_every_kind_says_whether_the_browser_may_fill_it_in():
    assert all("auto_complete" in attributes for attributes in FIELD_KINDS.values())


def test_fields_about_somebody_else_are_not_autofilled():
    (field,) = inputs(named_input("x", "given_name", own=False))
    assert field["autoComplete"] == '"off"'
    theirs = birth_date_fields(rx.el.span("Their date of birth"), error=rx.Var("error").to(str), own=False)
    assert [one["autoComplete"] for one in inputs(theirs)] == ['"off"'] * 3


def test_pages_leave_keyboard_and_autocomplete_to_the_kind_of_field():
    """The mode of the sign-in's contact depends on how one came."""
    said = [
        (path.name, call.lineno)
        for path in SCREENS
        if path.name != "form_fields.py"
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and {keyword.arg for keyword in call.keywords} & ASKED
        if not ast.unparse(call.func).endswith("textarea")
    ]
    assert [name for name, _ in said] == ["code.py"], said


def test_an_error_is_tied_to_its_field():
    error = rx.Var("error").to(str)
    (own,) = inputs(text_input("x", error=error, hint=True))
    assert own["aria-describedby"] == '"x-hint x-error"'
    assert "error" in own["aria-invalid"]
    (together,) = inputs(text_input("x", form_error=error))
    assert together["aria-describedby"] == '"form-error"'
    for part in inputs(birth_date_fields(rx.el.span("Born"), error=error)):
        assert "born-error" in part["aria-describedby"]
        assert "error" in part["aria-invalid"]
    (password,) = inputs(new_password(form_error=error))
    assert password["aria-describedby"] == '"password-hint form-error"'


@pytest.mark.parametrize("message", [feedback, done_feedback, refusal_feedback])
def test_a_message_that_takes_the_focus_is_no_live_region(message):
    drawn = str(message(SignInState).render())
    assert "data-focus" in drawn
    assert "role" not in drawn
