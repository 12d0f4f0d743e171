"""The job that adds new audit entries to the chain of hashes."""

from portal_app.services import audit
from portal_app.services.jobs.base import NO_PRACTICE, JobResult, JobRun, has_practice
from portal_app.speech import mark


def chain_audit_entries(run: JobRun) -> JobResult:
    """Chain what was committed since the last run."""
    if not has_practice(run.principal):
        return NO_PRACTICE  # its row is what holds off a second process
    count = audit.seal(run.principal)
    return JobResult(mark("Audit entries added to the chain: {count}."), {"count": count})
