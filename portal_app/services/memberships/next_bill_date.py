"""Keeping `Membership.next_bill_date`, the first period without an invoice, right after a change of its terms."""

from datetime import timedelta

from portal_app.clock import today
from portal_app.db.scope import Tx
from portal_app.db.tables.memberships import Membership
from portal_app.domain.memberships.periods import ONE_DAY
from portal_app.services.memberships.load import load_membership

_TEN_YEARS = timedelta(days=3653)


def refresh_next_bill_date(tx: Tx, row: Membership) -> None:
    """Set it to the first bill date that has no invoice: none where the membership ends before.

    It never moves back: what lies before it was billed, here or by the system that the membership came from.
    """
    tx.flush()
    membership = load_membership(tx, row)
    first = row.next_bill_date
    if first is None:
        first = max((day + ONE_DAY for day in membership.invoiced), default=max(today(), row.start))
    dates = membership.agreed.bill_dates(first, first + _TEN_YEARS)
    row.next_bill_date = next((day for day in dates if day not in membership.invoiced), None)
