"""What a job is: a function, when it runs, and what it is given and answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple

from portal_app.db.scope import reading
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import Principal
from portal_app.domain.errors import UserError
from portal_app.domain.jobs import LEASE, Schedule
from portal_app.gateways import Gateways, sealer
from portal_app.gateways.mail import Mailer
from portal_app.gateways.payments import CardProcessor
from portal_app.gateways.practice_system import PracticeSystem
from portal_app.gateways.signing.types import Sealer
from portal_app.gateways.sms import Texter
from portal_app.i18n import gettext_noop


class JobGateways(NamedTuple):
    """What jobs may reach outside of the portal."""

    payments: CardProcessor
    mail: Mailer
    sms: Texter
    practice_system: PracticeSystem
    sealer: Callable[[], Sealer] = sealer  # made when it is needed: its library is slow to import

    @classmethod
    def of(cls, gateways: Gateways, practice_system: PracticeSystem) -> "JobGateways":
        return cls(gateways.payments, gateways.mail, gateways.sms, practice_system)


class JobFailed(UserError):
    """A run ended without doing its work, for a reason that is nobody's bug: it is tried again later.

    `message` is an English msgid; staff read it in the list of jobs, the administrator in `portal doctor`.
    """


class LeaseLost(Exception):
    """Another process has taken the job over: this run ends and writes nothing more about itself."""


def _no_cursor(_: Mapping[str, Any]) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class JobRun:
    """One run of a job. Without a lease (on the command line) the cursor is empty and is not kept."""

    principal: Principal
    gateways: JobGateways
    # Where an earlier run that did not end had come to: what `save_cursor` was given last.
    cursor: Mapping[str, Any] = field(default_factory=dict)
    keep_cursor: Callable[[Mapping[str, Any]], bool] = _no_cursor

    def save_cursor(self, cursor: Mapping[str, Any]) -> None:
        """Note how far the run has come, for whoever takes it over: plain JSON, no personal data.

        Call it after the transaction that did the work. The run that follows may find that work done already.

        Raises:
            LeaseLost: another process has the job now.
        """
        if not self.keep_cursor(cursor):
            raise LeaseLost


@dataclass(frozen=True, slots=True)
class JobResult:
    """What a run did: numbers and short names, and one sentence (msgid) that they fill."""

    message: str
    values: Mapping[str, Any] = field(default_factory=dict)
    lines: tuple[str, ...] = ()  # for the command line only: not kept


class ScheduledJob(NamedTuple):
    """A line of the table of jobs.

    The function may run twice, wholly or in part (a process can die after its work and before its result):
    unique keys in the database make the second time harmless.
    """

    name: str
    function: Callable[[JobRun], JobResult]
    schedule: Schedule
    lease: timedelta = LEASE


NO_PRACTICE = JobResult(gettext_noop("The practice is not set up yet."))


def has_practice(principal: Principal) -> bool:
    """Whether the practice's own row is there: before the first import there is nobody to work for."""
    with reading(principal) as tx:
        return tx.get(Practice, "practice") is not None
