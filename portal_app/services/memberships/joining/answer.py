"""Staff answer those who joined online: accept, or refuse and refund in full."""

from dataclasses import dataclass

from sqlmodel import col, select

from portal_app.clock import now, today
from portal_app.db.scope import Tx, retried, transaction
from portal_app.db.tables.billing import Allocation, Payment
from portal_app.db.tables.memberships import JoinRequest, Membership
from portal_app.domain.access import Permission, Principal
from portal_app.domain.errors import NotFound
from portal_app.domain.families import PatientStatus
from portal_app.domain.ids import MembershipId, RefundId, new_id
from portal_app.domain.memberships.types import EndReason, EventKind, JoinStatus, MembershipStatus
from portal_app.domain.money import Money, total
from portal_app.gateways.payments import CardProcessor
from portal_app.i18n import gettext_noop
from portal_app.services.as_system import as_system
from portal_app.services.billing.errors import RefundNotAccepted
from portal_app.services.billing.ledger.entries import currency, lock_account
from portal_app.services.billing.notify.events import add_staff_task, announce_account_change
from portal_app.services.billing.payments.refunds import RefundRequest, send_refund, store_refund
from portal_app.services.memberships.billing_run import bill_one
from portal_app.services.memberships.history import add_event
from portal_app.services.memberships.joining.errors import (
    JoinAnswered,
    RefundNotSent,
    RefusalReasonMissing,
)
from portal_app.services.memberships.joining.people import people_of
from portal_app.services.memberships.joining.tell import (
    finish_waiting_task,
    tell_of_new_patients,
    tell_owner,
)
from portal_app.services.memberships.lifecycle import end_membership
from portal_app.services.patients.access import families_changed

_LONGEST_REASON = 500


def accept_join(principal: Principal, request_id: str) -> None:
    """Make the membership active, and bill what became due while it waited. Accepting again changes nothing.

    Raises: JoinAnswered when it was refused; NotFound.
    """
    principal.require(Permission.MANAGE_PLANS)
    membership = _accept(principal, request_id)
    if membership is not None:
        bill_one(as_system(principal), membership)


@retried
def _accept(principal: Principal, request_id: str) -> MembershipId | None:
    """The membership that was accepted; None where it was accepted before."""
    with transaction(as_system(principal)) as tx:
        request, row = _lock_request(tx, request_id)
        if request.status is JoinStatus.ACCEPTED:
            return None
        if request.status is not JoinStatus.WAITING:
            raise JoinAnswered
        row.status = MembershipStatus.ACTIVE
        _store_answer(tx, request, JoinStatus.ACCEPTED)
        add_event(tx, row, EventKind.ACCEPTED)
        tell_owner(tx, request, "join_accepted")
        tell_of_new_patients(tx, people_of(tx, request))
        announce_account_change(tx, row.account_id, row.id)
        return row.id


@dataclass(frozen=True, slots=True)
class _ToSend:
    id: RefundId
    intent: str | None
    amount: Money


def refuse_join(principal: Principal, request_id: str, reason: str, *, processor: CardProcessor) -> None:
    """End the membership, refund all that was paid of its first invoice, and tell the owner. Refusing again changes nothing.

    The refund is stored with the refusal: should the portal stop before it is sent, reconciliation sends it.

    Raises: RefusalReasonMissing, JoinAnswered, PaymentDisputed, RefundNotSent; NotFound.
    """
    principal.require(Permission.MANAGE_PLANS)
    principal.require(Permission.REFUND)
    reason = " ".join(reason.split())[:_LONGEST_REASON]
    if not reason:
        raise RefusalReasonMissing
    for refund in _refuse(principal, request_id, reason):
        try:
            send_refund(principal, refund.id, refund.intent, refund.amount, processor)
        except RefundNotAccepted as refusal:
            _tell_of_refund_not_sent(principal, request_id, refund)
            raise RefundNotSent(amount=refund.amount) from refusal


@retried
def _refuse(principal: Principal, request_id: str, reason: str) -> list[_ToSend]:
    with transaction(as_system(principal)) as tx:
        request, row = _lock_request(tx, request_id)
        if request.status is JoinStatus.REFUSED:
            return []
        if request.status is not JoinStatus.WAITING:
            raise JoinAnswered
        refunds = _store_refunds(tx, request)
        row.ends_on = today()
        end_membership(tx, row, EndReason.REFUSED)
        add_event(tx, row, EventKind.REFUSED, reason=reason)
        request.reason = reason
        _store_answer(tx, request, JoinStatus.REFUSED)
        tell_owner(tx, request, "join_refused", amount=total((one.amount for one in refunds), currency()))
        for person in people_of(tx, request):
            if person.chart_number is None:  # staff gave the others a chart: they stay patients
                person.status = PatientStatus.INACTIVE
        families_changed(tx)
        announce_account_change(tx, row.account_id, row.id)
        return refunds


def _store_refunds(tx: Tx, request: JoinRequest) -> list[_ToSend]:
    """Store a refund of each payment of the first invoice, which also voids its charge. Raises: PaymentDisputed."""
    if request.invoice_id is None:
        return []
    paid = select(Allocation).where(Allocation.invoice_id == request.invoice_id).order_by(col(Allocation.id))
    found: list[_ToSend] = []
    for part in tx.exec(paid).all():
        if not part.amount:
            continue
        payment = tx.get_or_404(Payment, part.payment_id, lock=True)
        refund = RefundRequest(
            RefundId(new_id("ref")), payment.id, part.amount, True, (request.invoice_id,), "joining refused"
        )
        found.append(_ToSend(refund.id, store_refund(tx, refund), part.amount))
    return found


def _lock_request(tx: Tx, request_id: str) -> tuple[JoinRequest, Membership]:
    """The request and its membership, locked after the account."""
    request = tx.get_or_404(JoinRequest, request_id)
    if request.account_id is None or request.membership_id is None:
        raise NotFound
    lock_account(tx, request.account_id)
    request = tx.get_or_404(JoinRequest, request_id, lock=True)
    return request, tx.get_or_404(Membership, request.membership_id or "", lock=True)


def _store_answer(tx: Tx, request: JoinRequest, status: JoinStatus) -> None:
    request.status = status
    request.answered_at, request.answered_by, request.changed_at = now(), tx.principal.name, now()
    finish_waiting_task(tx, request)


def _tell_of_refund_not_sent(principal: Principal, request_id: str, refund: _ToSend) -> None:
    with transaction(as_system(principal)) as tx:
        add_staff_task(
            tx,
            "join_refund_not_sent",
            refund.id,
            gettext_noop(
                "Joining was refused, and the card processor did not accept the refund of {amount}. Give it back "
                "another way."
            ),
            tx.get_or_404(JoinRequest, request_id).account_id,
            amount=refund.amount,
        )
