"""Deciding in one transaction whether a membership is charged now, and storing the try and its payment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from portal_app.clock import now, today
from portal_app.db.scope import Tx, retried, transaction
from portal_app.db.tables.billing import Account, Invoice, Payment
from portal_app.db.tables.families import Patient
from portal_app.db.tables.memberships import AutopayTry, Membership, Plan
from portal_app.domain.access import Principal, Side
from portal_app.domain.billing.processor_limits import nearest_chargeable
from portal_app.domain.errors import PermissionDenied
from portal_app.domain.families import PatientStatus
from portal_app.domain.ids import MembershipId, PaymentId, new_id
from portal_app.domain.memberships.autopay import (
    AfterFailure,
    after_failure,
    amount_to_charge,
    confirm_by,
    try_due,
)
from portal_app.domain.memberships.types import BilledBy, TryOutcome
from portal_app.domain.money import Money, total
from portal_app.i18n import gettext_noop
from portal_app.services.billing.ledger.entries import credit_of, currency, lock_account
from portal_app.services.billing.notify.events import add_staff_task
from portal_app.services.billing.payments.credit import payable_by_credit, spend_account_credit
from portal_app.services.billing.payments.payability import InvoicesPayability, read_payability
from portal_app.services.billing.payments.start import (
    PaymentRequest,
    StartedPayment,
    store_new_payment,
)
from portal_app.services.memberships.autopay.outcome import give_up
from portal_app.services.memberships.autopay.owed import (
    OwedInvoice,
    Tries,
    charged_from,
    read_owed,
    read_tries,
)
from portal_app.services.practice.facts import practice

_OFFLINE = gettext_noop(
    "Online payments are off: the automatic payment for {plan} was not made. Turn them on, or ask for payment."
)
_OWNER_GONE = gettext_noop(
    "{person} is no longer an active patient: the automatic payment for {plan} was not made."
)


@dataclass(frozen=True, slots=True)
class _Planned:
    """A try that is to be made now: for what was announced for `due_day`, at most `at_most`."""

    due_day: date
    number: int
    at_most: Money


@retried
def start_try(principal: Principal, membership_id: MembershipId) -> StartedPayment | None:
    """Store the try that is due and its payment, to be charged after the commit; None when nothing is to be charged.

    Raises: PermissionDenied for anybody but the portal itself.
    """
    if principal.side is not Side.PORTAL:
        raise PermissionDenied("portal:autopay")
    with transaction(principal) as tx:
        account = lock_account(tx, tx.get_or_404(Membership, membership_id).account_id)
        row = tx.get_or_404(Membership, membership_id, lock=True)
        tries = read_tries(tx, [row.id])[row.id]
        since = charged_from(row, tries)
        if tries.open is not None and tries.open.outcome is TryOutcome.MADE:
            return None  # no second try while one's outcome is unknown
        if since is None or row.billed_by is not BilledBy.PORTAL:
            _leave(row, tries, TryOutcome.DROPPED)  # turned off, or ended (AUTO-5)
            return None
        confirming = tries.open is not None and tries.open.outcome is TryOutcome.CONFIRM
        if not confirming and _must_not_be_charged(tx, row, account):
            _leave(row, tries, TryOutcome.RELEASED)  # told anew before it is charged
            return None
        planned = _plan(tx, row, tries)
        until = planned.due_day if planned else tries.open.due_day if tries.open else None
        if until is None:
            return None
        if planned and row.next_bill_date and row.next_bill_date <= until and tries.open is None:
            return None  # its invoice is made first
        owed = [one for one in read_owed(tx, [row.id], lock=True)[row.id] if since <= one.due_day <= until]
        return _start(tx, row, tries, planned, owed)


def _start(
    tx: Tx, row: Membership, tries: Tries, planned: _Planned | None, owed: Sequence[OwedInvoice]
) -> StartedPayment | None:
    if not owed:
        _leave(row, tries, TryOutcome.DROPPED)  # paid by hand, or void (AUTO-4, AUTO-5)
        return None
    if planned is None:
        _close_unanswered(tx, tries)
        return None
    if any(one.held for one in owed):
        return None  # the outcome of another payment is awaited
    if not any(one.payable for one in owed):
        return None  # a bank debit on its way covers it
    if planned.number == 0 and (code := _card_is_known_to_be_gone(tx, row, tries)):
        _note_refused_card(tx, row, planned, code, owed)
        return None
    return _store(tx, row, tries, planned, owed)


def _store(
    tx: Tx, row: Membership, tries: Tries, planned: _Planned, owed: Sequence[OwedInvoice]
) -> StartedPayment | None:
    """Use the account's credit, then store what a card has to pay."""
    ids = [one.invoice.id for one in owed]
    if credit_of(tx, row.account_id):
        spend_account_credit(tx, row.account_id, payable_by_credit(tx, row.account_id, ids))
        tx.flush()
    open_ = [one.invoice for one in owed if one.invoice.due]
    if not open_:
        _leave(row, tries, TryOutcome.DROPPED)
        return None
    answer = read_payability(tx, open_)
    largest = answer.payability.largest
    amount, _ = nearest_chargeable(amount_to_charge(largest, planned.at_most, largest.zero()))
    if amount < answer.payability.smallest:
        _leave(row, tries, TryOutcome.RELEASED)  # it waits for the next charge
        return None
    made = _add_try(tx, row, tries, planned)
    return _store_payment(tx, row, made, amount, open_, answer) if made else None


def _add_try(tx: Tx, row: Membership, tries: Tries, planned: _Planned) -> AutopayTry | None:
    """The try that follows the open one; None where another process has added it."""
    made = AutopayTry(
        id=new_id("try"),
        account_id=row.account_id,
        membership_id=row.id,
        due_day=planned.due_day,
        number=planned.number,
        day=today(),
        created_at=now(),
    )
    if not tx.add_if_absent(made):
        return None
    if tries.open is not None:
        tries.open.outcome = TryOutcome.SUPERSEDED
    row.announced_for = row.announced_amount = None
    return made


def _store_payment(
    tx: Tx,
    row: Membership,
    made: AutopayTry,
    amount: Money,
    open_: Sequence[Invoice],
    answer: InvoicesPayability,
) -> StartedPayment:
    """Store the payment that the try charges."""
    request = PaymentRequest(
        payment_id=PaymentId(new_id("pay")),
        account_id=row.account_id,
        amount=amount,
        invoice_ids=tuple(invoice.id for invoice in open_),
        invoice_id=open_[0].id if len(open_) == 1 else None,
        payment_method_id=row.payment_method_id,
        token="",
        save=False,
        duplicate_confirmed=True,
        off_session=True,
    )
    started = store_new_payment(tx, request, open_, answer)
    made.payment_id = started.payment.id
    return started


def _plan(tx: Tx, row: Membership, tries: Tries) -> _Planned | None:
    """The try that is due now; None when none is."""
    last = tries.open
    if last is None:
        if row.announced_for is None or row.announced_for > today() or row.announced_amount is None:
            return None
        return _Planned(row.announced_for, 0, row.announced_amount)
    first = tries.first_failure(last.due_day)
    if last.outcome is not TryOutcome.RETRY or first is None:
        return None
    due = try_due(first, last.number, today())
    begun = tries.first_try(last.due_day) or last
    return _Planned(last.due_day, due.number, _amount_of(tx, begun)) if due else None


def _amount_of(tx: Tx, made: AutopayTry) -> Money:
    """What a try asked for: the tries after it take no more."""
    payment = tx.get(Payment, made.payment_id) if made.payment_id else None
    return payment.amount if payment else Money(0, currency())


def _close_unanswered(tx: Tx, tries: Tries) -> None:
    """The payer did not answer their bank in time: past due (AUTO-3)."""
    last = tries.open
    if last is None or last.outcome is not TryOutcome.CONFIRM:
        return
    first = tries.first_failure(last.due_day)
    if first is not None and today() > confirm_by(first):
        give_up(tx, last, _amount_of(tx, last))


def _must_not_be_charged(tx: Tx, row: Membership, account: Account) -> bool:
    """Whether online payments are off or the owner is gone; staff have a task then."""
    owner = tx.get_or_404(Patient, account.guarantor_id)
    if owner.status is PatientStatus.ACTIVE and practice(tx).online_payments:
        return False
    plan = tx.get_or_404(Plan, row.plan_id).name
    about = f"{row.id}:{row.announced_for or today()}"
    if owner.status is not PatientStatus.ACTIVE:
        add_staff_task(
            tx, "autopay_owner_gone", row.id, _OWNER_GONE, row.account_id, person=owner.full_name, plan=plan
        )
    else:
        add_staff_task(tx, "autopay_offline", about, _OFFLINE, row.account_id, plan=plan)
    return True


def _card_is_known_to_be_gone(tx: Tx, row: Membership, tries: Tries) -> str:
    """The decline code with which this very card was refused for good; "" when it was not (AUTO-2)."""
    last = tries.last_failed
    if last is None or after_failure(last.decline_code) is not AfterFailure.NEW_CARD_NEEDED:
        return ""
    payment = tx.get(Payment, last.payment_id) if last.payment_id else None
    return last.decline_code if payment is None or payment.payment_method_id == row.payment_method_id else ""


def _note_refused_card(
    tx: Tx, row: Membership, planned: _Planned, code: str, owed: Sequence[OwedInvoice]
) -> None:
    """The next due day of a card that is not tried again: past due at once, told as such."""
    made = AutopayTry(
        id=new_id("try"),
        account_id=row.account_id,
        membership_id=row.id,
        due_day=planned.due_day,
        number=planned.number,
        day=today(),
        decline_code=code,
        failed_on=today(),
        created_at=now(),
    )
    if tx.add_if_absent(made):
        give_up(tx, made, total((one.payable for one in owed), currency()))
    row.announced_for = row.announced_amount = None


def _leave(row: Membership, tries: Tries, outcome: TryOutcome) -> None:
    """Nothing is charged: what was scheduled falls away, and what was announced is announced anew."""
    if tries.open is not None:
        tries.open.outcome = outcome
    row.announced_for = row.announced_amount = None
