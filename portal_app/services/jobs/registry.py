"""The table of jobs. A job exists when it stands here; nothing registers itself.

Names are what `portal jobs` and the audit trail say ("portal:reconcile"). The intervals are chosen so that
an idle server asks the database less than once a second, all jobs together (decision 0023).
"""

from collections.abc import Mapping

from portal_app.domain.jobs import Daily, Every
from portal_app.services.billing.notify.reminders import SENDING_ENDS, SENDING_STARTS
from portal_app.services.jobs.agreements import follow_up_agreements, make_agreement_copies
from portal_app.services.jobs.audit_chain import chain_audit_entries
from portal_app.services.jobs.base import ScheduledJob
from portal_app.services.jobs.clean_up import delete_old_drafts, delete_old_tries, forget_unfinished_joins
from portal_app.services.jobs.digests import write_digests
from portal_app.services.jobs.exports import export_entries
from portal_app.services.jobs.memberships import (
    announce_automatic_payments,
    announce_automatic_renewals,
    charge_memberships,
    make_membership_invoices,
)
from portal_app.services.jobs.outbox import deliver_messages
from portal_app.services.jobs.payments import reconcile_payments
from portal_app.services.jobs.sign_in import carry_out_due_resets, tell_of_sign_in_attacks

JOBS: Mapping[str, ScheduledJob] = {
    job.name: job
    for job in (
        ScheduledJob("deliver", deliver_messages, Every(15)),
        ScheduledJob("agreement-copies", make_agreement_copies, Every(60)),
        ScheduledJob("export", export_entries, Every(20)),
        ScheduledJob("reconcile", reconcile_payments, Every(60)),
        ScheduledJob("audit-chain", chain_audit_entries, Every(60)),
        ScheduledJob("sign-in-resets", carry_out_due_resets, Every(300)),
        ScheduledJob("sign-in-attacks", tell_of_sign_in_attacks, Every(300)),
        ScheduledJob("notify", write_digests, Daily(SENDING_STARTS, SENDING_ENDS)),
        ScheduledJob("renewals", announce_automatic_renewals, Daily(SENDING_STARTS, SENDING_ENDS)),
        ScheduledJob("bill", make_membership_invoices, Every(300)),
        ScheduledJob("autopay", charge_memberships, Every(300)),
        ScheduledJob("autopay-notices", announce_automatic_payments, Daily(SENDING_STARTS, SENDING_ENDS)),
        ScheduledJob("agreements", follow_up_agreements, Every(300)),
        ScheduledJob("drafts", delete_old_drafts, Every(3600)),
        ScheduledJob("joining", forget_unfinished_joins, Every(3600)),
        ScheduledJob("sign-in-clean-up", delete_old_tries, Every(3600)),
    )
}
