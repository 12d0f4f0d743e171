"""Telling of disputes: staff by a task that ends with the dispute, the payer when the money is gone."""

from sqlmodel import col, select

from portal_app.clock import local_date, now
from portal_app.db.scope import Tx
from portal_app.db.tables.billing import Dispute, Payment
from portal_app.db.tables.staff import Task
from portal_app.domain.billing.disputes import OPEN_STATUSES, DisputeEffect, DisputeStatus
from portal_app.domain.billing.types import Method
from portal_app.domain.money import Money, total
from portal_app.i18n import gettext_noop
from portal_app.services.billing.ledger.entries import payer_of
from portal_app.services.billing.notify.events import add_staff_task
from portal_app.services.live import announce
from portal_app.services.messaging import outbox

_INQUIRY = gettext_noop(
    "The payer's bank asks about the payment of {amount}. No money has moved. Answer it at the card processor."
)
_INQUIRY_BY = gettext_noop(
    "The payer's bank asks about the payment of {amount}. No money has moved. Answer it at the card processor by {day}."
)
_DISPUTED = gettext_noop(
    "The payer's bank has taken back {amount} for now: the payer disputes the payment. Answer it at the card processor."
)
_DISPUTED_BY = gettext_noop(
    "The payer's bank has taken back {amount} for now: the payer disputes the payment."
    " Answer it at the card processor by {day}."
)
_LOST = gettext_noop(
    "The payer's bank has taken back {amount} for good. What it paid is due again: send the invoice again or write it off."
)
_RETURNED = gettext_noop(
    "The payer's bank has returned a bank payment of {amount}. What it paid is due again: send the invoice again"
    " or write it off."
)
_MORE_THAN_LEFT = gettext_noop(
    "The payer's bank took {amount}, more than was left of the payment: a part had been refunded. Check it at the"
    " card processor."
)


def tell_staff_of_dispute(tx: Tx, payment: Payment, row: Dispute) -> None:
    """Write the task that fits the dispute as it is now, and end those that no longer do."""
    if row.status not in OPEN_STATUSES or row.effect is not DisputeEffect.HELD:
        # An earlier version named the task after the payment.
        _finish(tx, f"disputed:{row.processor_dispute_id}", f"disputed:{payment.id}")
    if row.status is not DisputeStatus.INQUIRY:
        _finish(tx, f"dispute_inquiry:{row.processor_dispute_id}")
    if row.effect is not DisputeEffect.LOST:
        _finish(tx, f"dispute_lost:{row.processor_dispute_id}")
    if row.status is DisputeStatus.INQUIRY:
        _add_task(tx, row, "dispute_inquiry", _INQUIRY_BY if row.evidence_due else _INQUIRY, row.amount)
    elif row.effect is DisputeEffect.HELD:
        _add_task(tx, row, "disputed", _DISPUTED_BY if row.evidence_due else _DISPUTED, row.amount)
    elif row.effect is DisputeEffect.LOST and row.lost:
        text = _RETURNED if payment.method is Method.BANK else _LOST
        _add_task(tx, row, "dispute_lost", text, row.lost)
    if row.effect is DisputeEffect.LOST and row.lost < row.amount:
        _add_task(tx, row, "dispute_too_large", _MORE_THAN_LEFT, row.amount)


def finish_loss_task(tx: Tx, row: Dispute) -> None:
    """End the task of a lost dispute: staff have decided."""
    _finish(tx, f"dispute_lost:{row.processor_dispute_id}")


def send_loss_note(tx: Tx, payment: Payment, row: Dispute) -> None:
    """Tell the payer, once, that their bank took the payment back and how much is due again."""
    due = total((Money(minor, row.lost.currency) for _, minor in row.taken_back), row.lost.currency)
    outbox.write_each_way(
        tx,
        "payment_taken_back",
        once=f"payment_taken_back:{row.id}",
        to_patient=payer_of(tx, payment),
        account_id=payment.account_id,
        values={
            "amount": row.lost,
            "date": local_date(payment.settled_at or payment.created_at),
            "due": due,
        },
    )


def _add_task(tx: Tx, row: Dispute, kind: str, message: str, amount: Money) -> None:
    day = {"day": local_date(row.evidence_due)} if row.evidence_due else {}
    add_staff_task(tx, kind, row.processor_dispute_id, message, row.account_id, amount=amount, **day)


def _finish(tx: Tx, *once: str) -> None:
    """Mark tasks as done by the portal itself."""
    for task in tx.exec(select(Task).where(col(Task.once).in_(once), col(Task.done_at).is_(None))):
        task.done_at, task.done_by = now(), tx.principal.name
        tx.on_commit(lambda: announce("tasks", ""))
