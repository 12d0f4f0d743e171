"""Automatic payment on, off, with another card, and paying at once with the new card (PAY-8)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import select

from portal_app.clock import now, today
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.select import columns
from portal_app.db.tables.billing import Account, IntendedAllocation, Payment, PaymentMethod
from portal_app.db.tables.memberships import AutopayTry, Membership, Plan
from portal_app.domain.access import Permission, Principal
from portal_app.domain.billing.errors import OnlinePaymentsOff
from portal_app.domain.billing.payment_methods import display_name, is_expired, method_of_kind
from portal_app.domain.billing.types import Method
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import AccountId, InvoiceId, MembershipId, PaymentId, PaymentMethodId
from portal_app.domain.memberships.types import (
    OPEN_TRIES,
    BilledBy,
    EventKind,
    MembershipStatus,
    Standing,
    TryOutcome,
)
from portal_app.domain.money import Money
from portal_app.gateways.payments import CardProcessor
from portal_app.services.as_system import as_system
from portal_app.services.billing.ledger.entries import credit_of, lock_account
from portal_app.services.billing.notify.events import announce_account_change
from portal_app.services.billing.payments.pay import pay_account
from portal_app.services.billing.payments.payability import read_payability
from portal_app.services.billing.payments.saved_methods import payment_methods_of
from portal_app.services.billing.payments.start import read_requested_invoices
from portal_app.services.billing.views import PaymentMethodView, PaymentOutcome
from portal_app.services.memberships.autopay.errors import (
    AutopayMembershipEnded,
    AutopayMethodExpired,
    AutopayMethodUnsuitable,
    AutopayNotBilledHere,
    AutopayNothingOverdue,
)
from portal_app.services.memberships.autopay.next_charge import (
    NextCharge,
    announce_next_charge,
    next_charges,
)
from portal_app.services.memberships.autopay.standing import PaymentStanding, standing_of
from portal_app.services.memberships.history import add_event
from portal_app.services.messaging import outbox
from portal_app.services.practice.facts import practice


@dataclass(frozen=True, slots=True)
class AutopayView:
    """What the owner of a membership is shown of its automatic payment.

    `methods`: what it can be turned on with. `next_charge`: what is charged next, or would be if it were turned on.
    `credit` of the account is used first. `pay_now`: what "Save and pay" charges, None where nothing is in retry or
    past due.
    """

    account_id: AccountId
    plan: str
    methods: tuple[PaymentMethodView, ...]
    is_on: bool
    may_be_turned_on: bool  # the portal bills it, it has not ended, and online payments are on
    payment_method_id: PaymentMethodId | None
    shown: str  # "Visa ending in 4242"
    agreed_on: date | None
    next_charge: NextCharge | None
    credit: Money
    standing: PaymentStanding
    pay_now: Money | None


def view_autopay(principal: Principal, membership_id: MembershipId) -> AutopayView:
    """The automatic payment of a membership, for its owner.

    Raises: NotFound when the membership is not theirs.
    """
    principal.require(Permission.MY_PAYMENTS)
    principal.require(Permission.MY_ACCOUNT)
    with reading(principal) as tx:
        tx.get_or_404(Membership, membership_id)
    with reading(as_system(principal)) as tx:
        row = tx.get_or_404(Membership, membership_id)
        method = tx.get(PaymentMethod, row.payment_method_id) if row.payment_method_id else None
        standing = standing_of(tx, row)
        return AutopayView(
            account_id=row.account_id,
            plan=tx.get_or_404(Plan, row.plan_id).name,
            methods=tuple(
                each
                for each in payment_methods_of(tx, row.account_id)
                if _is_suitable(each.kind) and not each.expired
            ),
            is_on=method is not None,
            may_be_turned_on=_why_not(tx, row) is None,
            payment_method_id=row.payment_method_id,
            shown=display_name(method.brand, method.last4, method.kind) if method else "",
            agreed_on=row.autopay_agreed_at.date() if row.autopay_agreed_at else None,
            next_charge=next_charges(tx, [row], as_if_on=True).get(row.id),
            credit=credit_of(tx, row.account_id),
            standing=standing,
            pay_now=_payable_now(tx, row, standing) if standing.invoice_ids else None,
        )


def set_autopay(
    principal: Principal, membership_id: MembershipId, payment_method_id: PaymentMethodId
) -> NextCharge | None:
    """Turn automatic payment on with a saved card or bank account, or change to another one.

    The owner agrees to it with this press: the moment is recorded, and the next charge is told by message. What
    was due before that day is not charged by itself (SRC-3); a scheduled try is dropped (PAY-8).

    Returns: the next charge, None where nothing will be billed.

    Raises: NotFound, AutopayNotBilledHere, AutopayMembershipEnded, OnlinePaymentsOff, AutopayMethodUnsuitable,
        AutopayMethodExpired.
    """
    principal.require(Permission.MY_PAYMENTS)
    principal.require(Permission.MY_ACCOUNT)
    _require_theirs(principal, membership_id, payment_method_id)
    with transaction(as_system(principal)) as tx:
        return _set(tx, _lock(tx, membership_id), payment_method_id)


def stop_autopay(principal: Principal, membership_id: MembershipId) -> None:
    """Turn automatic payment off: by its owner, or by staff who manage plans. Scheduled tries are dropped.

    Raises: NotFound.
    """
    if not principal.may(Permission.MANAGE_PLANS):
        principal.require(Permission.MY_PAYMENTS)
        principal.require(Permission.MY_ACCOUNT)
    with reading(principal) as tx:
        tx.get_or_404(Membership, membership_id)
    with transaction(as_system(principal)) as tx:
        row = _lock(tx, membership_id)
        if row.payment_method_id is not None:
            turn_off(tx, row)


def turn_off(tx: Tx, row: Membership) -> None:
    """Turn it off in the caller's transaction, and tell the owner."""
    end_autopay(tx, row)
    outbox.write_each_way(
        tx,
        "autopay_off",
        once=f"autopay_off:{row.id}:{now():%Y%m%d%H%M%S}",
        to_patient=tx.get_or_404(Account, row.account_id).guarantor_id,
        account_id=row.account_id,
        values={"date": today()},
    )


def move_autopay(tx: Tx, row: Membership, payment_method_id: PaymentMethodId) -> None:
    """Another card takes over what the removed one paid (SRC-1). What was announced stays.

    Raises: AutopayMethodUnsuitable, AutopayMethodExpired.
    """
    method = _suitable_method(tx, payment_method_id)
    row.payment_method_id = method.id
    shown = display_name(method.brand, method.last4, method.kind)
    add_event(tx, row, EventKind.AUTOPAY_CHANGED, on=True, card=shown)


def end_autopay(tx: Tx, row: Membership) -> None:
    """Turn it off in the caller's transaction, without a message: the caller tells why."""
    row.payment_method_id = row.autopay_agreed_at = row.announced_for = row.announced_amount = None
    drop_scheduled_tries(tx, row.id)
    add_event(tx, row, EventKind.AUTOPAY_CHANGED, on=False)
    announce_account_change(tx, row.account_id, row.id)


def drop_scheduled_tries(tx: Tx, membership_id: MembershipId) -> None:
    """Let no further try follow. One whose outcome is unknown stays: its answer is booked when it comes (AUTO-5)."""
    for row in tx.exec(select(AutopayTry).where(AutopayTry.membership_id == membership_id)).all():
        if row.outcome in OPEN_TRIES and row.outcome is not TryOutcome.MADE:
            row.outcome = TryOutcome.DROPPED


def replace_and_pay(
    principal: Principal,
    membership_id: MembershipId,
    payment_method_id: PaymentMethodId,
    payment_id: PaymentId,
    amount: Money,
    *,
    processor: CardProcessor,
) -> PaymentOutcome:
    """ "Save and pay $110.00": another card for automatic payment, and what is in retry or past due charged at once.

    Charged once, however often it is pressed: `payment_id` is made with the form. The scheduled try is dropped (PAY-8).

    Args:
        amount: what the button said; refused when more is asked for than is to be paid.

    Raises: what `set_autopay` and `pay_account` raise; InvoiceHeld while another payment's outcome is not known,
        AutopayNothingOverdue.
    """
    principal.require(Permission.MY_PAYMENTS)
    principal.require(Permission.MY_ACCOUNT)
    _require_theirs(principal, membership_id, payment_method_id)
    with transaction(as_system(principal)) as tx:
        row = _lock(tx, membership_id)
        account_id = row.account_id
        invoice_ids = _invoices_of_payment(tx, payment_id, account_id)
        if not invoice_ids:
            invoice_ids = _check_overdue(tx, row, amount)
            _set(tx, row, payment_method_id)
    return pay_account(
        principal,
        payment_id,
        amount,
        processor=processor,
        account_id=account_id,
        invoice_ids=invoice_ids,
        payment_method_id=payment_method_id,
        duplicate_confirmed=True,
        use_credit=True,
    )


def _check_overdue(tx: Tx, row: Membership, amount: Money) -> Sequence[InvoiceId]:
    """The invoices in retry or past due, locked. Raises: AutopayNothingOverdue; what `Payability.accept` raises."""
    standing = standing_of(tx, row)
    if standing.standing is Standing.FINE or not standing.invoice_ids:
        raise AutopayNothingOverdue
    found = read_requested_invoices(tx, row.account_id, standing.invoice_ids, lock=True)
    read_payability(tx, found).payability.accept(amount)
    return standing.invoice_ids


def _require_theirs(
    principal: Principal, membership_id: MembershipId, payment_method_id: PaymentMethodId
) -> None:
    """Raises: NotFound unless the membership and the payment method are on an account of the asker's."""
    with reading(principal) as tx:
        row = tx.get_or_404(Membership, membership_id)
        method = tx.get_or_404(PaymentMethod, payment_method_id)
        if method.account_id != row.account_id or method.removed_at is not None:
            raise NotFound


def _lock(tx: Tx, membership_id: MembershipId) -> Membership:
    lock_account(tx, tx.get_or_404(Membership, membership_id).account_id)
    return tx.get_or_404(Membership, membership_id, lock=True)


def _set(tx: Tx, row: Membership, payment_method_id: PaymentMethodId) -> NextCharge | None:
    refusal = _why_not(tx, row)
    if refusal is not None:
        raise refusal
    method = _suitable_method(tx, payment_method_id)
    drop_scheduled_tries(tx, row.id)
    row.payment_method_id, row.autopay_agreed_at = method.id, now()
    charge = announce_next_charge(tx, row)
    shown = display_name(method.brand, method.last4, method.kind)
    add_event(tx, row, EventKind.AUTOPAY_CHANGED, on=True, card=shown)
    outbox.write_each_way(
        tx,
        "autopay_on" if charge else "autopay_on_later",
        once=f"autopay_on:{row.id}:{method.id}:{now():%Y%m%d%H%M%S}",
        to_patient=tx.get_or_404(Account, row.account_id).guarantor_id,
        account_id=row.account_id,
        values={"card": shown} | ({"amount": charge.amount, "date": charge.day} if charge else {}),
    )
    announce_account_change(tx, row.account_id, row.id)
    return charge


def _suitable_method(tx: Tx, payment_method_id: PaymentMethodId) -> PaymentMethod:
    method = tx.get_or_404(PaymentMethod, payment_method_id)
    if not _is_suitable(method.kind):
        raise AutopayMethodUnsuitable
    if is_expired(method.exp_month, method.exp_year, today()):
        raise AutopayMethodExpired
    return method


def _is_suitable(kind: str) -> bool:
    """Whether it can be charged without its holder there."""
    return method_of_kind(kind) in (Method.CARD, Method.BANK)


def _why_not(tx: Tx, row: Membership) -> Exception | None:
    """Why automatic payment cannot be turned on for it."""
    if row.billed_by is not BilledBy.PORTAL:
        return AutopayNotBilledHere()
    if row.status is MembershipStatus.ENDED:
        return AutopayMembershipEnded()
    return None if practice(tx).online_payments else OnlinePaymentsOff()


def _payable_now(tx: Tx, row: Membership, standing: PaymentStanding) -> Money | None:
    """What a card would be charged for what is unpaid, less the account's credit; None when nothing may be paid."""
    found = read_requested_invoices(tx, row.account_id, standing.invoice_ids, lock=False)
    answer = read_payability(tx, found).payability
    return None if answer.why_not else answer.payable


def _invoices_of_payment(tx: Tx, payment_id: PaymentId, account_id: str) -> tuple[InvoiceId, ...]:
    """What the payment of an earlier press is for; () for the first press. NotFound for another account's."""
    payment = tx.get(Payment, payment_id)
    if payment is not None and payment.account_id != account_id:
        raise NotFound
    parts = columns(IntendedAllocation.invoice_id).where(IntendedAllocation.payment_id == payment_id)
    return tuple(tx.exec(parts))
