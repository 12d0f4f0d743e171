"""The jobs that delete what is no longer needed."""

from portal_app.i18n import gettext_noop
from portal_app.services.drafts import forget_drafts
from portal_app.services.jobs.base import JobResult, JobRun
from portal_app.services.memberships.joining import forget
from portal_app.services.sign_in.attack_notices import clean_up_tries


def delete_old_drafts(run: JobRun) -> JobResult:
    """Delete half-filled staff forms that nobody came back to for two weeks."""
    count = forget_drafts(run.principal)
    return JobResult(gettext_noop("Old drafts deleted: {count}."), {"count": count})


def delete_old_tries(run: JobRun) -> JobResult:
    """Delete failed sign-ins and codes of unknown contacts of yesterday, and devices not used for long."""
    count = clean_up_tries(run.principal)
    return JobResult(gettext_noop("Old sign-in tries deleted: {count}."), {"count": count})


def forget_unfinished_joins(run: JobRun) -> JobResult:
    """Delete drafts of joining that nobody touched for a week, and void first invoices unpaid for a day."""
    count = forget.forget_unfinished_joins(run.principal)
    return JobResult(gettext_noop("Unfinished requests to join forgotten: {count}."), {"count": count})
