"""What a log may say: where something happened, never what a patient typed or is."""

import json
import logging
import sys
from typing import Any

import pytest

from portal_app.logs import OneLine, set_up

SECRET = "Maria Rivera, born 12 April 1981"


def written(name: str, words: str, *args: object, **more: Any) -> dict[str, Any]:
    record = logging.LogRecord(name, logging.ERROR, "/a/library.py", 7, words, args, None)
    if more.pop("raised", False):
        try:
            raise ValueError(SECRET) from KeyError(SECRET)
        except ValueError:
            record.exc_info = sys.exc_info()
    vars(record).update(more)
    line = OneLine().format(record)
    assert "\n" not in line
    return json.loads(line)


@pytest.mark.parametrize(
    "name", ["reflex", "reflex_base.event", "sqlalchemy.engine", "asyncio", "portals", "x"]
)
def test_a_library_says_only_where(name: str):
    """Reflex logs whole events, a database quotes the row."""
    said = written(name, "event %s", SECRET, payload=SECRET)
    assert said["said"] == "library:7"
    assert "Maria" not in str(said)


def test_of_an_error_its_kind_and_place_and_none_of_its_words():
    said = written("portal.state", "bug 1: ValueError", raised=True)
    assert said["trouble"][0] == "ValueError" and "KeyError" in said["trouble"]
    assert any("test_logs.py" in line for line in said["trouble"])
    assert "Maria" not in str(said)


def test_the_server_does_not_print_the_error_of_a_route():
    """It puts the whole traceback, the error's words with it, into its message."""
    said = written("_granian", f"Application callable raised an exception\nTraceback …\nValueError: {SECRET}")
    assert said["said"] == "Application callable raised an exception"


def test_a_line_cannot_be_forged():
    assert written("portal.shield", "%s", 'a\n{"level":"info"}')["said"] == 'a\n{"level":"info"}'


def test_nothing_of_the_frameworks_own_handlers_remains():
    before = {name: logging.getLogger(name).handlers[:] for name in ("reflex", "socketio.server")}
    kept, level = logging.root.handlers[:], logging.root.level
    try:
        for name in before:
            logging.getLogger(name).addHandler(logging.StreamHandler())
        set_up()
        assert [type(each.formatter) for each in logging.root.handlers] == [OneLine]
        for name in before:
            found = logging.getLogger(name)
            assert found.handlers == [] and found.propagate
    finally:
        for name, handlers in before.items():
            logging.getLogger(name).handlers[:] = handlers
        logging.root.handlers[:] = kept
        logging.root.setLevel(level)
