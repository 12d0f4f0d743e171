"""The jobs that delete what is no longer needed."""

from portal_app.i18n import gettext_noop
from portal_app.services.jobs.base import JobResult, JobRun
from portal_app.services.staff.drafts import forget_drafts


def delete_old_drafts(run: JobRun) -> JobResult:
    """Delete half-filled staff forms that nobody came back to for two weeks."""
    count = forget_drafts(run.principal)
    return JobResult(gettext_noop("Old drafts deleted: {count}."), {"count": count})
