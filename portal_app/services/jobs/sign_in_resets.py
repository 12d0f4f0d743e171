"""The job that carries out sign-in resets whose waiting time is over."""

from portal_app.i18n import gettext_noop
from portal_app.services.credentials.resets import carry_out_resets
from portal_app.services.jobs.base import JobResult, JobRun


def carry_out_due_resets(run: JobRun) -> JobResult:
    """Carry out those that are due and that nobody has stopped."""
    count = carry_out_resets(run.principal)
    return JobResult(gettext_noop("Sign-in resets carried out: {count}."), {"count": count})
