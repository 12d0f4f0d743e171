"""The job that tells each account once a day what falls due, is past due or expires."""

from portal_app.i18n import gettext_noop
from portal_app.services.billing.notify.reminders import send_daily_digests
from portal_app.services.jobs.base import NO_PRACTICE, JobResult, JobRun, has_practice


def write_digests(run: JobRun) -> JobResult:
    """Write the day's messages about money; run again it writes none twice."""
    if not has_practice(run.principal):
        return NO_PRACTICE
    count = send_daily_digests(run.principal)
    return JobResult(gettext_noop("Messages written: {count}."), {"count": count})
