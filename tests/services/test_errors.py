"""Errors declared in the modules `errors`: each has a code of its own and a message."""

import importlib
import re
from collections import Counter
from pathlib import Path

import portal_app
from portal_app.domain.errors import UserError

ROOT = Path(portal_app.__file__).parent


def declared_errors() -> list[type[UserError]]:
    """The subclasses of UserError in each module named errors.py or …_errors.py, the domain's base module aside."""
    found: list[type[UserError]] = []
    for path in sorted(ROOT.rglob("*errors.py")):
        name = ".".join(("portal_app", *path.relative_to(ROOT).with_suffix("").parts))
        module = importlib.import_module(name)
        found += [
            each
            for each in vars(module).values()
            if isinstance(each, type) and issubclass(each, UserError) and each.__module__ == name
        ]
    return [each for each in found if each.__module__ != UserError.__module__ and not is_kind(each)]


def is_kind(error: type[UserError]) -> bool:
    """Whether it only holds others together, so that they are caught by one name."""
    return not error.code and not error.message and bool(error.__subclasses__())


def test_every_declared_error_has_a_code_and_a_message():
    errors = declared_errors()
    assert len(errors) > 40
    assert [e.__name__ for e in errors if not re.fullmatch(r"[a-z_]+\.[a-z0-9_]+", e.code)] == []
    # The words of a declined card are those of its decline code.
    assert [e.__name__ for e in errors if not e.message] == ["PaymentMethodDeclined"]


def test_what_only_holds_errors_together_is_not_raised_itself():
    declared_errors()
    kinds = {each.__name__ for each in UserError.__subclasses__() if is_kind(each)}
    assert {"TextRefused", "SignatureRefused"} <= kinds
    raised = re.compile(rf"raise ({'|'.join(kinds)})\b")
    assert [path.name for path in ROOT.rglob("*.py") if raised.search(path.read_text())] == []


def test_no_two_errors_share_a_code_or_a_message():
    errors = declared_errors()
    for shared in (Counter(e.code for e in errors), Counter(e.message for e in errors)):
        assert [text for text, count in shared.items() if count > 1] == []
