"""The job that sends what waits in the outbox: later tries, messages for a later hour, those of a dead process.

What is committed in a served process is sent by that process at once (`messaging.delivery.deliver_when_woken`).
"""

from portal_app.i18n import gettext_noop
from portal_app.services.jobs.base import JobResult, JobRun
from portal_app.services.messaging.delivery import deliver


def deliver_messages(run: JobRun) -> JobResult:
    """Send what is due. Each message is claimed by itself, so others may deliver meanwhile."""
    count = deliver(run.principal, mail=run.gateways.mail, sms=run.gateways.sms)
    return JobResult(gettext_noop("Messages sent: {count}."), {"count": count})
