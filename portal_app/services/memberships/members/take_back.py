"""Taking a member back before they start: never billed, or credited where an invoice was made ahead (MEM-15)."""

from portal_app.clock import today
from portal_app.db.scope import reading, retried, transaction
from portal_app.db.tables.billing import Payment
from portal_app.db.tables.families import Patient
from portal_app.db.tables.memberships import Enrolment
from portal_app.domain.access import Permission, Principal, system_principal
from portal_app.domain.errors import UserError
from portal_app.domain.ids import RefundId, new_id
from portal_app.domain.memberships.types import EventKind
from portal_app.gateways.payments import CardProcessor
from portal_app.i18n import gettext_noop
from portal_app.services.as_system import as_system
from portal_app.services.billing.ledger.entries import lock_account
from portal_app.services.billing.notify.events import add_staff_task, announce_account_change
from portal_app.services.billing.payments.refunds import refund_payment
from portal_app.services.memberships.history import add_event
from portal_app.services.memberships.load import LoadedMembership, load_membership
from portal_app.services.memberships.members.asked import lock_membership, require_own_membership
from portal_app.services.memberships.members.credits import Released, credit_member, member_credits
from portal_app.services.memberships.members.errors import MemberHasStarted
from portal_app.services.memberships.members.invoiced import TAKEN_BACK, invoiced_periods
from portal_app.services.memberships.members.tell import tell_of_member_taken_back


def take_back_member(principal: Principal, enrolment_id: str, *, processor: CardProcessor) -> None:
    """Take a member off who has not started. What was invoiced for them is credited, what was paid of it refunded.

    Raises: NotFound, MemberHasStarted.
    """
    principal.require(Permission.MY_ACCOUNT)
    with reading(principal) as tx:
        membership_id = tx.get_or_404(Enrolment, enrolment_id).membership_id
    require_own_membership(principal, membership_id)
    for released in _take_back(principal, enrolment_id):
        _refund(principal, released, processor)


@retried
def _take_back(principal: Principal, enrolment_id: str) -> list[Released]:
    with transaction(as_system(principal)) as tx:
        before = lock_membership(tx, tx.get_or_404(Enrolment, enrolment_id).membership_id)
        enrolment = tx.get_or_404(Enrolment, enrolment_id, lock=True)
        patient = tx.get_or_404(Patient, enrolment.patient_id)
        if enrolment.start <= today():
            raise MemberHasStarted(person=patient.full_name)
        lock_account(tx, before.row.account_id)
        periods = invoiced_periods(tx, before.row, enrolment.start)
        tx.delete(enrolment)
        tx.flush()
        membership = load_membership(tx, before.row)
        credits = member_credits(tx, membership.agreed, periods, enrolment_id)
        released = credit_member(tx, credits, enrolment_id, patient.id, why=TAKEN_BACK)
        _announce(membership, enrolment)
        add_event(
            tx,
            membership.row,
            EventKind.MEMBER_ENDED,
            person=patient.full_name,
            first_day=enrolment.start,
            before_start=True,
        )
        tell_of_member_taken_back(tx, membership, patient.full_name)
        announce_account_change(tx, membership.row.account_id, membership.row.account_id)
        return released


def _announce(membership: LoadedMembership, enrolment: Enrolment) -> None:
    """The next charge is the smaller one again."""
    row = membership.row
    if row.announced_amount is not None and row.announced_for == enrolment.start:
        row.announced_amount = min(row.announced_amount, membership.agreed.price_on(enrolment.start).amount)


def _refund(principal: Principal, released: Released, processor: CardProcessor) -> None:
    """Through the processor; what was paid at the front desk, or cannot be refunded, stays credit and is a task."""
    system = system_principal("membership")
    with reading(system) as tx:
        by_card = tx.get_or_404(Payment, released.payment_id).processor_intent_id is not None
    try:
        if by_card:
            refund_payment(
                system,
                RefundId(new_id("ref")),
                released.payment_id,
                released.amount,
                processor=processor,
                reason="Member taken back before starting",
            )
            return
    except UserError:
        pass
    with transaction(as_system(principal)) as tx:
        add_staff_task(
            tx,
            "member_refund",
            f"{released.payment_id}:{new_id('say')}",
            gettext_noop("{amount} is to be refunded for a member who was taken back before starting."),
            released.account_id,
            amount=released.amount,
        )
