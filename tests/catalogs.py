"""Which messages the portal can say: read from its own code."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.messages.extract import extract_from_dir

from portal_app.domain.billing.declines import DECLINE_CODES, decline_texts
from portal_app.domain.forms.importing.finding_texts import FINDING_TEXTS, OUTCOME_TEXTS
from portal_app.domain.forms.responses.problem_texts import PROBLEM_TEXTS

PORTAL = Path(__file__).parent.parent / "portal_app"
# Where a message stands in each call that says one.
KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None,
    "gettext_noop": None,
    "UserError": None,
    "DuplicatePaymentWarning": None,
    "__init__": None,  # of the refusals' own classes
    "fill": None,
    "fill_var": None,
    "translate": (2,),
    "plural": (2, 3),
    "page": (2,),
    "add_staff_task": (4,),
    "task": (3,),
    "_do": (2,),
}


def error_messages() -> dict[str, str]:
    """msgid → file, of each subclass of UserError: `message = "…"` in a class body."""
    return {
        ast.literal_eval(line.value): str(path.relative_to(PORTAL))
        for path in sorted(PORTAL.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
        for line in node.body
        if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "message"
    }


def messages() -> dict[Any, set[str]]:
    """msgid (or its pair of singular and plural) → the files that say it."""
    found: dict[Any, set[str]] = {}
    for where, msgid in _extracted():
        found.setdefault(msgid, set()).add(where)
    for msgid, where in error_messages().items():
        found.setdefault(msgid, set()).add(where)
    for code in DECLINE_CODES:  # the domain marks nothing: it knows of no languages
        for words in (decline_texts(code).for_payer, decline_texts(code).for_staff):
            found.setdefault(words, set()).add("domain/billing/declines.py")
    for file, texts in (
        ("importing/finding_texts.py", (*FINDING_TEXTS.values(), *OUTCOME_TEXTS.values())),
        ("responses/problem_texts.py", PROBLEM_TEXTS.values()),
    ):
        for words in texts:
            found.setdefault(words, set()).add(f"domain/forms/{file}")
    return found


def _extracted() -> Iterator[tuple[str, Any]]:
    for file, _line, msgid, _comments, _context in extract_from_dir(
        PORTAL, [("**.py", "python")], keywords=KEYWORDS
    ):
        if (msgid and not isinstance(msgid, str)) or (isinstance(msgid, str) and msgid.strip()):
            yield file, msgid
