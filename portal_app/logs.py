"""Logs: one JSON object a line, without anything a patient typed or is.

Reflex logs whole events (payloads, headers, tokens) when something is wrong with them, and a database
error may quote the row. So: messages of libraries are kept only as the place that logged them, and of
an exception its type and the lines of code it passed, never its words.
"""

import json
import logging
import logging.config
import traceback
from datetime import UTC, datetime
from typing import Any

_OURS = "portal"
# Of these loggers the text itself is safe: fixed words and addresses.
_PLAIN = ("portal", "_granian", "granian.access", "alembic")
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class OneLine(logging.Formatter):
    """A record as JSON; new lines cannot be forged into it."""

    def format(self, record: logging.LogRecord) -> str:
        said: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "said": _words(record),
        }
        said |= {k: v for k, v in vars(record).items() if _is_extra(record, k, v)}
        if record.exc_info and record.exc_info[1] is not None:
            said["trouble"] = _trouble(record.exc_info[1])
        return json.dumps(said, ensure_ascii=True, default=lambda value: type(value).__name__)


def _words(record: logging.LogRecord) -> str:
    if not _may_speak(record.name):
        return f"{record.module}:{record.lineno}"
    words = record.getMessage()
    # The server's message about a route that failed is the whole traceback, the error's words at its end.
    return words if record.name.startswith(_OURS) else words.partition("\n")[0]


def _may_speak(name: str) -> bool:
    return any(name == plain or name.startswith((plain + ".", "portal_app")) for plain in _PLAIN)


def _is_extra(record: logging.LogRecord, name: str, value: object) -> bool:
    return _may_speak(record.name) and name not in _STANDARD and isinstance(value, str | int | float | bool)


def _trouble(error: BaseException) -> list[str]:
    """Type and places, of the error and what caused it, the innermost last."""
    lines: list[str] = []
    seen: BaseException | None = error
    while seen is not None and len(lines) < 60:
        lines.append(type(seen).__name__)
        lines += [f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(seen.__traceback__)[-15:]]
        seen = seen.__cause__ or seen.__context__
    return lines


DICT_CONFIG: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "portal_app.logs.OneLine"}},
    "handlers": {
        "out": {"class": "logging.StreamHandler", "formatter": "line", "stream": "ext://sys.stderr"}
    },
    "root": {"level": "WARNING", "handlers": ["out"]},
    "loggers": {
        "portal": {"level": "INFO"},
        "portal_app": {"level": "INFO"},
        "_granian": {"level": "WARNING"},
        # With a level of their own they add no handler that prints the words of an exception.
        "engineio.server": {"level": "ERROR"},
        "socketio.server": {"level": "ERROR"},
        "granian.access": {"level": "CRITICAL"},  # addresses carry the page's token
    },
}


def set_up() -> None:
    """For every process that serves: nothing of Reflex's own handlers remains."""
    logging.config.dictConfig(DICT_CONFIG)
    for name in list(logging.root.manager.loggerDict):
        found = logging.getLogger(name)
        if name.startswith(("reflex", "socketio", "engineio")):
            found.handlers.clear()
            found.propagate = True
