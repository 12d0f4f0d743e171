"""Names and words that were replaced do not come back, in names, docstrings and comments."""

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
METAPHOR = "a metaphor: say what it is"
VERB = "an ordinary verb: nobody searches for it"
TWO_NAMES = "a second name for one thing"
# Retired name: the name to use, and why the old one went.
RETIRED = {
    "the_portal": ("system_principal", "it sees everything, and must sound like it"),
    "on_behalf": ("as_system", "it widens what one may see, and must sound like it"),
    "errand": ("purpose, or the job's name", METAPHOR),
    "tell_once": ("add_as_system_once", VERB),
    "keep_once": ("add_if_absent", VERB),
    "pour": ("bulk_insert", METAPHOR),
    "amend": ("bulk_update", "the standard term"),
    "looking": ("prepared_reading", VERB),
    "Looking": ("PreparedReading", VERB),
    "guarded": ("requires", "says what is required"),
    "open_to_all": ("public", "the standard term"),
    "Doors": ("GuardMiddleware", METAPHOR),
    "door_of": ("guard_of", METAPHOR),
    "found_ahead": ("prefetched", "the standard term"),
    "Refused": ("UserError", "the standard term"),
    "AskAgain": ("DuplicatePaymentWarning", "says about what is asked"),
    "NotAllowed": ("PermissionDenied", "the standard term"),
    "Attempted": ("StartedPayment", "says of what"),
    "PaymentPart": ("IntendedAllocation", "the glossary's term"),
    "PaymentSource": ("PaymentMethod", "the processor's and the glossary's term"),
    "source_id": ("payment_method_id", TWO_NAMES),
    "OneTimeLink": ("ActionLink", "it may be opened more than once"),
    "own_account": ("accessible_accounts", "says which accounts"),
    "wallet": ("payment methods", TWO_NAMES),
    "till": ("payments_helper", METAPHOR),
    "Desk": ("ImportRun", METAPHOR),
    "Manner": ("ImportOptions", "says of what"),
    "Pile": ("Batch", METAPHOR),
    "may_come_in": ("may_sign_in", METAPHOR),
    "COME_IN": ("Match.OK", METAPHOR),
    "who_comes_in": ("match_candidate", METAPHOR),
    "kept_of": ("hash_password", "says what is done"),
    "unseal": ("decrypt", "the standard term"),
    "ProvingState": ("ReauthState", "the standard term"),
    "once_more": ("re-authentication", "a riddle"),
    "clock_in": ("load_staff_layout", METAPHOR),
    "keepable": ("strip_unstorable", "says what is done"),
    "speech": ("i18n", METAPHOR),
    "neighbours": ("cluster", METAPHOR),
    "chrome": ("layout", METAPHOR),
}
LAYERS = ("portal_app", "scripts")
# Where a retired word is a word of its own: a name of the browser, of a law, of a library.
# Not looked for: `Method.WALLET`, the kind of payment that the processor calls a wallet (Link, Cash App Pay), and the
# "Refused" that staff read of a decline.
ALLOWED = {
    ("stripe_simulator", "wallet"),  # Stripe's own field
    ("components/payment.py", "wallet"),  # Apple Pay and Google Pay are wallets
    ("pages/sign_in/links.py", "wallet"),
}


def texts_of(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of each name, docstring and comment; not of texts for the screen."""
    before = tokenize.NEWLINE
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        docstring = token.type == tokenize.STRING and before in (tokenize.INDENT, tokenize.NEWLINE)
        if token.type in (tokenize.NAME, tokenize.COMMENT) or docstring:
            yield token.start[0], token.string
        if token.type not in (tokenize.NL, tokenize.COMMENT):
            before = token.type


def word(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{name})(?![\w-])")


ANY = word("|".join(RETIRED))  # reading what has none of them takes seconds


@pytest.fixture(scope="module")
def texts() -> list[tuple[str, int, str]]:
    return [
        (str(path.relative_to(ROOT / "portal_app" if folder == "portal_app" else ROOT)), line, text)
        for folder in LAYERS
        for path in sorted((ROOT / folder).rglob("*.py"))
        if ANY.search(source := path.read_text())
        for line, text in texts_of(source)
    ]


@pytest.mark.parametrize("name", RETIRED)
def test_a_retired_name_does_not_come_back(name: str, texts: list[tuple[str, int, str]]):
    instead, why = RETIRED[name]
    pattern = word(name)
    allowed = [place for place, word in ALLOWED if word == name]
    found = [
        f"{where}:{line}"
        for where, line, text in texts
        if pattern.search(text) and not any(where.startswith(place) for place in allowed)
    ]
    assert not found, f"use {instead} ({why})"


def test_names_docstrings_and_comments_are_read_and_texts_are_not():
    source = 'def pour():\n    """Calls the_portal."""\n    return "Refused"  # looking\n'
    text = " ".join(text for _, text in texts_of(source))
    assert all(word in text for word in ("pour", "the_portal", "looking"))
    assert "Refused" not in text
