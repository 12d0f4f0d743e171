"""An invoice for a member who was added after the period's invoice was made (MEM-3), as the adding service makes it."""

from datetime import date

from portal_app import clock
from portal_app.db.scope import transaction
from portal_app.db.tables.memberships import Membership
from portal_app.domain.ids import MembershipId
from portal_app.domain.memberships.types import InvoiceKind
from portal_app.domain.money import Money
from portal_app.services.memberships.autopay.next_charge import announce_next_charge
from portal_app.services.memberships.invoice_rows import PlannedInvoice, PlannedLine, make_rows
from portal_app.services.memberships.load import load_membership
from tests.memberships_helper import enrol
from tests.people import RIVERA, TIM
from tests.services.memberships.autopay.autopay_helper import MARCH_15, SYSTEM, march, noon


def add_invoice_of_the_day(membership: MembershipId, amount: Money, due: date = MARCH_15) -> None:
    """Tim is added on 10 March, with an invoice of his own; the confirmation announces the next charge."""
    with clock.held_at(noon(march(10))):
        enrolment = enrol(membership, RIVERA, TIM.id, start=due)
        with transaction(SYSTEM) as tx:
            row = tx.get_or_404(Membership, membership)
            plan = PlannedInvoice(
                membership_id=membership,
                account_id=RIVERA,
                period=load_membership(tx, row).agreed.period_of(due),
                due_day=due,
                lines=(PlannedLine(TIM.id, "Family plan", amount),),
                kind=InvoiceKind.ADDED_MEMBER,
                enrolment_id=enrolment,
            )
            make_rows(tx, [plan]).insert(tx)
            announce_next_charge(tx, row)
