"""The job that brings posted entries to the practice's own system."""

from portal_app.i18n import gettext_noop
from portal_app.services.billing.ledger.exports import deliver_exports
from portal_app.services.jobs.base import JobResult, JobRun


def export_entries(run: JobRun) -> JobResult:
    """Bring what waits, oldest first. A system that is away is asked again later, entry by entry."""
    count = deliver_exports(run.principal, system=run.gateways.practice_system)
    return JobResult(gettext_noop("Entries brought to the practice's system: {count}."), {"count": count})
