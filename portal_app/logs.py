"""Logs: one JSON object per line, without patient data.

Reflex logs whole events (payloads, headers, tokens) when it cannot handle them, and a database error may
quote the row. So a library's message is replaced by the place that logged it, and an exception is logged by
its type and the lines of code it passed, never by its message.
"""

import json
import logging
import logging.config
import traceback
from datetime import UTC, datetime
from typing import Any

_OWN_LOGGER = "portal"
# The messages of these loggers are safe: constant texts and addresses.
_SAFE_LOGGERS = ("portal", "_granian", "granian.access", "alembic")
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class OneLine(logging.Formatter):
    """A record as one line of JSON: nobody can forge another line."""

    def format(self, record: logging.LogRecord) -> str:
        said: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "said": _message(record),
        }
        said |= {k: v for k, v in vars(record).items() if _is_extra(record, k, v)}
        if record.exc_info and record.exc_info[1] is not None:
            said["trouble"] = _error_places(record.exc_info[1])
        return json.dumps(said, ensure_ascii=True, default=lambda value: type(value).__name__)


def _message(record: logging.LogRecord) -> str:
    if not _is_safe_logger(record.name):
        return f"{record.module}:{record.lineno}"
    words = record.getMessage()
    # The server's message about a route that failed is the whole traceback, which ends with the error's message.
    return words if record.name.startswith(_OWN_LOGGER) else words.partition("\n")[0]


def _is_safe_logger(name: str) -> bool:
    return any(name == plain or name.startswith((plain + ".", "portal_app")) for plain in _SAFE_LOGGERS)


def _is_extra(record: logging.LogRecord, name: str, value: object) -> bool:
    return (
        _is_safe_logger(record.name) and name not in _STANDARD and isinstance(value, str | int | float | bool)
    )


def _error_places(error: BaseException) -> list[str]:
    """Types and places of the error and of its causes; the cause is last."""
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
        "granian.access": {"level": "CRITICAL"},  # request addresses contain the page's token
    },
}


def set_up() -> None:
    """Configures logging in every process that serves, and removes Reflex's own handlers."""
    logging.config.dictConfig(DICT_CONFIG)
    for name in list(logging.root.manager.loggerDict):
        found = logging.getLogger(name)
        if name.startswith(("reflex", "socketio", "engineio")):
            found.handlers.clear()
            found.propagate = True
