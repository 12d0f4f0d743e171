"""Expressions of forms, evaluated in a process of its own: no imported expression stops the portal (FORM-31)."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from portal_app.domain.forms.evaluating.jobs import Job
from portal_app.domain.forms.responses.places import Site
from portal_app.domain.forms.types import ROOT, Form
from portal_app.domain.forms.values import parse_json, write_json

_ANSWER_SECONDS = (
    5.0  # the process ends itself after a second at work on one expression; a busy machine takes longer
)
_START_SECONDS = 20.0
_MOST_FORMS = 50  # that one process keeps
_ROOT_FOLDER = Path(__file__).parents[3]


class Failure(StrEnum):
    """Why an expression has no value, for staff."""

    RAISED = "raised"
    STOPPED = "stopped"  # it took longer than a second, or more than 256 MB; it is not run again


@dataclass(frozen=True, slots=True)
class FailedExpression:
    """An expression of a form that has no value: its number in the form, why, and the error's name."""

    expression: int
    failure: Failure
    error: str = ""


class _Stopped(Exception):
    """The process did not answer in time, or ended."""


class ExpressionWorker:
    """One process for all forms; calls from several threads wait for each other.

    Args:
        on_failure: told of each expression without a value, with the key of its form.
    """

    def __init__(
        self,
        on_failure: Callable[[str, FailedExpression], None] = lambda _key, _failed: None,
    ) -> None:
        self._on_failure = on_failure
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None
        self._rest = b""
        self._known: set[str] = set()
        self._stopped: set[tuple[str, int]] = set()

    def run(
        self,
        key: str,
        form: Form,
        jobs: Sequence[Job],
        *,
        now: datetime,
        patient: Mapping[str, Any] | None = None,
    ) -> list[tuple[Any, ...]]:
        """The results of each job, in order; () for an expression that failed.

        Args:
            key: names this version of the form, for as long as the portal runs.
            now: the practice's time, in its zone.
            patient: a FHIR Patient, what expressions may read as %patient.
        """
        found: dict[Site, tuple[Any, ...]] = {}
        given = {"now": now.isoformat(timespec="seconds"), "patient": patient}
        with self._lock:
            waiting = [job for job in jobs if (key, job.site.expression) not in self._stopped]
            while waiting:
                answered = self._ask(key, form, waiting, given, found)
                if answered < len(waiting):  # the next one did not come to an end
                    expression = waiting[answered].site.expression
                    self._stopped.add((key, expression))
                    self._on_failure(key, FailedExpression(expression, Failure.STOPPED))
                waiting = [
                    job for job in waiting[answered + 1 :] if (key, job.site.expression) not in self._stopped
                ]
        return [found.get(job.site, ()) for job in jobs]

    def close(self) -> None:
        """Ends the process; the next call starts another."""
        with self._lock:
            self._end()

    def _ask(
        self,
        key: str,
        form: Form,
        jobs: Sequence[Job],
        given: Mapping[str, Any],
        found: dict[Site, tuple[Any, ...]],
    ) -> int:
        """Takes the results of as many jobs as were answered; how many."""
        if not (self._is_ready() or self._start()):
            self._on_failure(key, FailedExpression(jobs[0].site.expression, Failure.RAISED, "no process"))
            return len(jobs)
        request = _request(key, form, jobs, given, found, is_known=key in self._known)
        self._known.add(key)
        for number, job in enumerate(jobs):
            try:
                if number == 0:
                    self._send(request)
                answer = parse_json(self._read_line())
            except (_Stopped, OSError, ValueError):
                self._end()
                return number
            if "found" in answer:
                found[job.site] = tuple(answer["found"])
            else:
                failed = FailedExpression(job.site.expression, Failure.RAISED, str(answer.get("failed", "")))
                self._on_failure(key, failed)
        return len(jobs)

    def _is_ready(self) -> bool:
        is_running = self._process is not None and self._process.poll() is None
        return is_running and len(self._known) < _MOST_FORMS

    def _send(self, request: bytes) -> None:
        assert self._line is not None
        self._line.sendall(request)

    def _read_line(self) -> bytes:
        assert self._line is not None
        while b"\n" not in self._rest:
            part = self._line.recv(1 << 16)
            if not part:
                raise _Stopped
            self._rest += part
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def _start(self) -> bool:
        """Starts a process; whether it answers."""
        self._end()
        ours, theirs = socket.socketpair()
        ours.settimeout(_START_SECONDS)
        module = "portal_app.gateways.expressions.worker"
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603  our own module, no shell
                [sys.executable, "-m", module, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                cwd=_ROOT_FOLDER,
                env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(_ROOT_FOLDER)},  # no secrets
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        self._line, self._known, self._rest = ours, set(), b""
        return self._await_start()

    def _await_start(self) -> bool:
        """Waits until the process answers an empty form, so that its start counts for no expression."""
        empty: dict[str, Any] = {
            "form": "",
            "texts": ["true"],
            "link_ids": [""],
            "source": {},
            "patient": None,
            "now": "",
        }
        job: dict[str, Any] = {"key": "", "expression": 0, "items": [], "variables": {}, "later": {}}
        assert self._line is not None
        try:
            self._send(write_json({**empty, "jobs": [job]}).encode() + b"\n")
            self._read_line()
        except (_Stopped, OSError):
            self._end()
            return False
        self._line.settimeout(_ANSWER_SECONDS)
        return True

    def _end(self) -> None:
        if self._line is not None:
            self._line.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._line = self._process = None
        self._known = set()


def _request(
    key: str,
    form: Form,
    jobs: Sequence[Job],
    given: Mapping[str, Any],
    found: Mapping[Site, tuple[Any, ...]],
    *,
    is_known: bool,
) -> bytes:
    """One request as a line; the form's expressions go along the first time."""
    request: dict[str, Any] = {**given, "form": key, "jobs": [_job(job, found) for job in jobs]}
    if not is_known:
        items, expressions = form.items, form.expressions
        request["texts"] = [one.text for one in expressions]
        request["link_ids"] = [items[one.item].link_id if one.item != ROOT else "" for one in expressions]
        request["source"] = form.source
    return write_json(request).encode() + b"\n"


def _job(job: Job, found: Mapping[Site, tuple[Any, ...]]) -> dict[str, Any]:
    """A job as JSON; what an earlier request found goes along as a variable."""
    known = {name: found[site] for name, site in job.later.items() if site in found}
    later = {name: _key(site) for name, site in job.later.items() if name not in known}
    variables = {**job.variables, **known}
    return {
        "key": _key(job.site),
        "expression": job.site.expression,
        "items": job.items,
        "variables": variables,
        "later": later,
    }


def _key(site: Site) -> str:
    return ".".join(map(str, (site.expression, *site.repetitions)))
