"""The job that compares payments with the card processor."""

import logging
from datetime import timedelta

from portal_app.gateways.payments import NoAnswer
from portal_app.i18n import gettext_noop
from portal_app.services.billing.payments.reconcile import reconcile
from portal_app.services.billing.views import ReconcileFinding
from portal_app.services.jobs.base import JobFailed, JobResult, JobRun

_log = logging.getLogger(__name__)
YOUNG = timedelta(minutes=2)  # attempts younger than this still wait for their own answer


def reconcile_payments(run: JobRun, *, older_than: timedelta = YOUNG) -> JobResult:
    """Ask the processor about every open attempt, and book what it knows and the portal does not.

    Raises:
        JobFailed: the processor did not answer.
    """
    try:
        findings = reconcile(run.principal, processor=run.gateways.payments, older_than=older_than)
    except NoAnswer:
        raise JobFailed(gettext_noop("The card processor did not answer.")) from None
    for found in findings:
        _log.info("reconcile: %s %s %s", found.kind, found.payment_id, found.intent_id)
    repaired = sum(found.repaired for found in findings)
    return JobResult(
        gettext_noop("Payments put right: {repaired}. For a person to look at: {open}."),
        {"repaired": repaired, "open": len(findings) - repaired},
        tuple(_line(found) for found in findings),
    )


def _line(found: ReconcileFinding) -> str:
    return ", ".join(str(getattr(found, name)) for name in found.__dataclass_fields__)
