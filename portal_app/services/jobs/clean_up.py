"""The jobs that delete what is no longer needed."""

from portal_app.services.drafts import forget_drafts
from portal_app.services.jobs.base import JobResult, JobRun
from portal_app.speech import mark


def delete_old_drafts(run: JobRun) -> JobResult:
    """Delete half-filled staff forms that nobody came back to for two weeks."""
    count = forget_drafts(run.principal)
    return JobResult(mark("Old drafts deleted: {count}."), {"count": count})
