"""What follows from the outcome of an automatic charge, in the transaction that books it: tries, messages, tasks."""

from typing import Any

from sqlmodel import select

from portal_app.clock import today
from portal_app.db.scope import Tx
from portal_app.db.select import columns
from portal_app.db.tables.billing import Account, IntendedAllocation, Payment, PaymentMethod
from portal_app.db.tables.memberships import AutopayTry, Membership, Plan
from portal_app.domain.billing.payment_methods import display_name
from portal_app.domain.billing.types import Method, PaymentStatus
from portal_app.domain.ids import InvoiceId
from portal_app.domain.memberships.autopay import (
    AfterFailure,
    after_failure,
    confirm_by,
    is_the_banks,
    next_try_day,
)
from portal_app.domain.memberships.types import TryOutcome
from portal_app.domain.money import Money
from portal_app.i18n import gettext_noop
from portal_app.services.billing.notify.events import add_staff_task, send_receipt
from portal_app.services.billing.notify.pay_link_in_message import link_for_message
from portal_app.services.memberships.autopay.next_charge import announce_next_charge
from portal_app.services.memberships.autopay.owed import Tries, read_tries
from portal_app.services.messaging import outbox

_PAST_DUE = gettext_noop(
    "The automatic payment of {amount} for {plan} did not go through, and no further try follows. It is past due."
)
_NEW_CARD = gettext_noop(
    "The automatic payment of {amount} for {plan} did not go through: {card} cannot be charged any more."
)


def tell_of_charge(tx: Tx, payment: Payment) -> None:
    """Send the receipt of an automatic charge, which names the next one and so announces it."""
    made = _try_of(tx, payment)
    if made is None:
        send_receipt(tx, payment)
        return
    made.outcome = TryOutcome.PAID
    row = tx.get_or_404(Membership, made.membership_id)
    charge = announce_next_charge(tx, row, after_today=True) if row.payment_method_id else None
    if charge is None:
        send_receipt(tx, payment)
        return
    following = {
        "card": payment.paid_with,
        "next_amount": charge.amount,
        "next_date": charge.day,
        "next_card": card_of(tx, row),
    }
    send_receipt(tx, payment, following)


def follow_failure(tx: Tx, payment: Payment) -> None:
    """Decide what follows from a failed charge, tell the payer at the first and last, and staff at the last (PAY-7)."""
    made = _try_of(tx, payment)
    if made is None or made.outcome is not TryOutcome.MADE:
        return
    made.failed_on, made.decline_code = today(), payment.decline_code
    if payment.status is PaymentStatus.REQUIRES_ACTION:
        made.decline_code = "authentication_required"
    _follow(tx, made, payment)


def follow_return(tx: Tx, payment: Payment) -> None:
    """A bank debit that the bank returned after it had succeeded is its first failure (DISP-3)."""
    made = _try_of(tx, payment)
    if made is None or made.outcome is not TryOutcome.PAID or payment.method is not Method.BANK:
        return
    made.failed_on, made.decline_code = today(), "returned"
    made.outcome = TryOutcome.MADE
    tx.flush()
    _follow(tx, made, payment)


def give_up(tx: Tx, made: AutopayTry, amount: Money) -> None:
    """No further try follows: the payer has the last message, staff a task."""
    made.outcome = TryOutcome.FAILED
    row = tx.get_or_404(Membership, made.membership_id)
    new_card = after_failure(made.decline_code) is AfterFailure.NEW_CARD_NEEDED
    kind = "autopay_card_refused" if new_card else "autopay_failed_last"
    _tell(tx, made, row, kind, amount=amount)
    add_staff_task(
        tx,
        "autopay_past_due",
        made.id,
        _NEW_CARD if new_card else _PAST_DUE,
        made.account_id,
        amount=amount,
        plan=tx.get_or_404(Plan, row.plan_id).name,
        card=card_of(tx, row),
    )


def card_of(tx: Tx, row: Membership) -> str:
    """Its payment method as it is shown: "Visa ending in 4242"; "" without one."""
    method = tx.get(PaymentMethod, row.payment_method_id) if row.payment_method_id else None
    return display_name(method.brand, method.last4, method.kind) if method else ""


def _follow(tx: Tx, made: AutopayTry, payment: Payment) -> None:
    tx.flush()
    row = tx.get_or_404(Membership, made.membership_id)
    tries = read_tries(tx, [row.id])[row.id]
    follows, first = after_failure(made.decline_code), tries.first_failure(made.due_day) or today()
    next_day = next_try_day(first, made.number, today())
    still_on = row.payment_method_id == payment.payment_method_id and _no_other_open(tries, made)
    if not still_on or follows is AfterFailure.NEW_CARD_NEEDED:
        give_up(tx, made, payment.amount)
    elif follows is AfterFailure.PAYER_MUST_CONFIRM:
        made.outcome = TryOutcome.CONFIRM
        _tell(tx, made, row, "autopay_confirm", amount=payment.amount, by=confirm_by(first))
    elif next_day is None:
        give_up(tx, made, payment.amount)
    else:
        made.outcome = TryOutcome.RETRY
        if made.failed_on == first and is_the_banks(made.decline_code):
            _tell(tx, made, row, "autopay_failed", amount=payment.amount, next=next_day)


def _no_other_open(tries: Tries, made: AutopayTry) -> bool:
    return tries.open is None or tries.open.id == made.id


def _tell(tx: Tx, made: AutopayTry, row: Membership, kind: str, **values: Any) -> None:
    """Send the message with a link that pays what is unpaid."""
    outbox.write_each_way(
        tx,
        kind,
        once=f"{kind}:{made.id}",
        to_patient=tx.get_or_404(Account, made.account_id).guarantor_id,
        account_id=made.account_id,
        values={
            "card": card_of(tx, row),
            "date": made.day,
            **_pay_link(tx, made),
            **values,
        },
    )


def _pay_link(tx: Tx, made: AutopayTry) -> dict[str, str]:
    """What {portal} opens: a pay link where it was for one invoice; for several, the page of payments."""
    parts = columns(IntendedAllocation.invoice_id).where(IntendedAllocation.payment_id == made.payment_id)
    invoices = tx.exec(parts).all()
    link = link_for_message(tx, InvoiceId(invoices[0])) if len(invoices) == 1 else ""
    return {"portal": link} if link else {}


def _try_of(tx: Tx, payment: Payment) -> AutopayTry | None:
    return tx.exec(select(AutopayTry).where(AutopayTry.payment_id == payment.id)).first()
