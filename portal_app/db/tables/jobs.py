"""What the portal does again and again: one row for each job, held by one process at a time."""

from datetime import date, datetime
from typing import Any, ClassVar

from portal_app.db.owned import PortalOwned
from portal_app.db.types import document, key, moment


class Job(PortalOwned, table=True):
    """Moments are real ones (`clock.real_now`), also where the portal's clock is shifted."""

    audited: ClassVar[bool] = False  # it changes with every run
    name: str = key()  # as in services/jobs/registry.py
    created_at: datetime = moment()
    next_run: datetime = moment()
    turn: int = 0  # raised by each claim; a process writes only while its own turn is the last
    lease_holder: str = ""  # "machine:process:token"; "" when nobody works on it
    lease_until: datetime | None = moment(default=None, nullable=True)
    started_at: datetime | None = moment(default=None, nullable=True)
    finished_at: datetime | None = moment(default=None, nullable=True)
    duration_ms: int = 0
    succeeded_at: datetime | None = moment(default=None, nullable=True)
    last_day: date | None = None  # the practice's day that a daily job last ran for
    message: str = ""  # msgid: how the last run ended
    result: dict[str, Any] = document(default_factory=dict)  # what fills the message: numbers and short names
    error: str = ""  # the exception's name where the last run failed
    failures: int = 0  # in a row
    failing_since: datetime | None = moment(default=None, nullable=True)
    # Where a run that did not end may go on; emptied when a run succeeds.
    cursor: dict[str, Any] = document(default_factory=dict)
