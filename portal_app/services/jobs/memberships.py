"""The jobs of memberships that the portal bills: invoices, automatic charges, and telling of both and of renewals."""

from portal_app.i18n import gettext_noop
from portal_app.services.jobs.base import NO_PRACTICE, JobResult, JobRun, has_practice
from portal_app.services.memberships.autopay.announce import announce_charges
from portal_app.services.memberships.autopay.charge import charge_due
from portal_app.services.memberships.billing_run import bill_memberships
from portal_app.services.memberships.lifecycle import advance_memberships
from portal_app.services.memberships.plans.prices import tell_of_prices
from portal_app.services.memberships.renewals.announcements import announce_renewals


def make_membership_invoices(run: JobRun) -> JobResult:
    """Bring memberships to today, then make what is due; a run that is taken over goes on where the last one stopped."""
    if not has_practice(run.principal):
        return NO_PRACTICE
    tell_of_prices(run.principal)
    after = str(run.cursor.get("billed_after", ""))
    if not after:
        advance_memberships(
            run.principal,
            after=str(run.cursor.get("advanced_after", "")),
            on_batch=lambda last_id: run.save_cursor({"advanced_after": last_id}),
        )
    done = bill_memberships(
        run.principal,
        after=after,
        on_batch=lambda last_id: run.save_cursor({"billed_after": last_id}),
    )
    return JobResult(
        gettext_noop("Invoices made: {invoices}. Memberships set aside as tasks: {set_aside}."),
        {"invoices": done.invoices, "set_aside": done.set_aside},
    )


def announce_automatic_renewals(run: JobRun) -> JobResult:
    """Write the announcements that are due today; run again it writes none twice."""
    if not has_practice(run.principal):
        return NO_PRACTICE
    return JobResult(
        gettext_noop("Renewals announced: {count}."), {"count": announce_renewals(run.principal)}
    )


def charge_memberships(run: JobRun) -> JobResult:
    """Charge what is due by itself; a run that is taken over asks about the tries of the last one first."""
    if not has_practice(run.principal):
        return NO_PRACTICE
    done = charge_due(run.principal, processor=run.gateways.payments)
    return JobResult(
        gettext_noop("Charged: {paid}. Failed: {failed}. Not known yet: {open}."),
        {"paid": done.paid, "failed": done.failed, "open": done.open},
    )


def announce_automatic_payments(run: JobRun) -> JobResult:
    """Note the next charge for owners who were not told of it; the day's message says it."""
    if not has_practice(run.principal):
        return NO_PRACTICE
    noted = announce_charges(
        run.principal,
        after=str(run.cursor.get("after", "")),
        on_batch=lambda last_id: run.save_cursor({"after": last_id}),
    )
    return JobResult(gettext_noop("Automatic payments announced: {count}."), {"count": noted})
