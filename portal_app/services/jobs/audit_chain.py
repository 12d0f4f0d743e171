"""The job that adds new audit entries to the chain of hashes."""

from portal_app.i18n import gettext_noop
from portal_app.services import audit
from portal_app.services.jobs.base import NO_PRACTICE, JobResult, JobRun, has_practice


def chain_audit_entries(run: JobRun) -> JobResult:
    """Chain what was committed since the last run."""
    if not has_practice(run.principal):
        return NO_PRACTICE  # its row is what holds off a second process
    count = audit.chain_entries(run.principal)
    return JobResult(gettext_noop("Audit entries added to the chain: {count}."), {"count": count})
