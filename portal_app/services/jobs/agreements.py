"""The jobs of agreements: end what is over, tell and remind signers; make the sealed copies."""

from portal_app.i18n import gettext_noop
from portal_app.services.agreements.copies.late import tell_of_late_copies
from portal_app.services.agreements.copies.make import copies_wait, make_copies
from portal_app.services.agreements.requests.end import expire_requests, hand_over_to_patients
from portal_app.services.agreements.requests.tell import tell_signers
from portal_app.services.jobs.base import NO_PRACTICE, JobResult, JobRun, has_practice


def follow_up_agreements(run: JobRun) -> JobResult:
    """End requests that are over or that a child has outgrown, then write the messages that are due."""
    if not has_practice(run.principal):
        return NO_PRACTICE
    expired = expire_requests(run.principal)
    handed_over = hand_over_to_patients(run.principal)
    return JobResult(
        gettext_noop(
            "Messages to signers: {messages}. Requests expired: {expired}, passed to the patient: {handed_over}."
        ),
        {"messages": tell_signers(run.principal), "expired": expired, "handed_over": handed_over},
    )


def make_agreement_copies(run: JobRun) -> JobResult:
    """Make the copies that wait, those that a dead process left too; staff hear of those that wait for long."""
    if not has_practice(run.principal):
        return NO_PRACTICE
    made = failed = 0
    if copies_wait(run.principal):
        made, failed = make_copies(run.principal, run.gateways.sealer(), on_each=lambda: run.save_cursor({}))
    tell_of_late_copies(run.principal)
    return JobResult(
        gettext_noop("Copies of agreements made: {made}. Failed: {failed}."), {"made": made, "failed": failed}
    )
