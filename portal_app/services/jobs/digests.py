"""The job that tells each account once a day what falls due, is past due or expires."""

from portal_app.services.billing.reminding import tell_households
from portal_app.services.jobs.base import NO_PRACTICE, JobResult, JobRun, has_practice
from portal_app.speech import mark


def write_digests(run: JobRun) -> JobResult:
    """Write the day's messages about money; run again it writes none twice."""
    if not has_practice(run.principal):
        return NO_PRACTICE
    count = tell_households(run.principal)
    return JobResult(mark("Messages written: {count}."), {"count": count})
