"""The table of jobs. A job exists when it stands here; nothing registers itself.

Names are what `portal jobs` and the audit trail say ("portal:reconcile"). The intervals are chosen so that
an idle server asks the database less than once a second, all jobs together (decision 46).
"""

from collections.abc import Mapping

from portal_app.domain.jobs import Daily, Every
from portal_app.services.billing.notify.reminders import SENDING_ENDS, SENDING_STARTS
from portal_app.services.jobs.audit_chain import chain_audit_entries
from portal_app.services.jobs.base import ScheduledJob
from portal_app.services.jobs.clean_up import delete_old_drafts
from portal_app.services.jobs.digests import write_digests
from portal_app.services.jobs.exports import export_entries
from portal_app.services.jobs.outbox import deliver_messages
from portal_app.services.jobs.payments import reconcile_payments
from portal_app.services.jobs.sign_in_resets import carry_out_due_resets

JOBS: Mapping[str, ScheduledJob] = {
    job.name: job
    for job in (
        ScheduledJob("deliver", deliver_messages, Every(15)),
        ScheduledJob("export", export_entries, Every(15)),
        ScheduledJob("reconcile", reconcile_payments, Every(60)),
        ScheduledJob("audit-chain", chain_audit_entries, Every(60)),
        ScheduledJob("sign-in-resets", carry_out_due_resets, Every(60)),
        ScheduledJob("notify", write_digests, Daily(SENDING_STARTS, SENDING_ENDS)),
        ScheduledJob("drafts", delete_old_drafts, Every(3600)),
    )
}
