"""The jobs of sign-in: carrying out resets whose waiting time is over, and telling of attacks."""

from portal_app.i18n import gettext_noop
from portal_app.services.credentials.resets import carry_out_resets
from portal_app.services.jobs.base import JobResult, JobRun
from portal_app.services.sign_in.attack_notices import tell_of_attacks


def carry_out_due_resets(run: JobRun) -> JobResult:
    """Carry out those that are due and that nobody has stopped."""
    count = carry_out_resets(run.principal)
    return JobResult(gettext_noop("Sign-in resets carried out: {count}."), {"count": count})


def tell_of_sign_in_attacks(run: JobRun) -> JobResult:
    """Tell the owners, the patient and the front desk, once a day for each account."""
    count = tell_of_attacks(run.principal)
    return JobResult(gettext_noop("Attacks on sign-ins told: {count}."), {"count": count})
