"""Telling of payments: the payer by message, staff by task, open pages by a live update."""

from datetime import date
from typing import Any

from portal_app.clock import local_date, now, today
from portal_app.db.scope import Tx
from portal_app.db.select import columns
from portal_app.db.tables.billing import IntendedAllocation, Payment, Refund
from portal_app.db.tables.staff import Task
from portal_app.domain.families import ContactKind
from portal_app.domain.ids import AccountId, new_id
from portal_app.domain.money import Money
from portal_app.services.billing.ledger.entries import payer_of
from portal_app.services.live import announce
from portal_app.services.messaging import outbox


def announce_account_change(tx: Tx, account_id: AccountId, key: str) -> None:
    """Let open pages of staff and of the account refresh, after the commit."""
    tx.on_commit(lambda: announce("payments", key))
    tx.on_commit(lambda: announce(f"account:{account_id}", key))


def add_staff_task(
    tx: Tx, kind: str, about: str, message: str, account_id: AccountId | None, **values: Any
) -> bool:
    """Add a task for staff, once per kind and thing. False when it exists already.

    Args:
        about: id of the thing; with `kind` it makes the task unique.
        message: the msgid, filled with `values` when it is shown.
    """
    tx.on_commit(lambda: announce("tasks", about))
    return tx.add_as_system_once(
        Task(
            id=new_id("tsk"),
            once=f"{kind}:{about}",
            kind=kind,
            message=message,
            values={name: _json_value(value) for name, value in values.items()},
            account_id=account_id,
            created_at=now(),
        )
    )


def tell_staff_of_refusal(tx: Tx, reason: str) -> None:
    """Tell staff, once a day and reason, that the card processor refuses what the portal asks."""
    add_staff_task(
        tx,
        "request_refused",
        f"{reason or 'key'}:{today()}",
        "The card processor refuses what the portal asks ({reason}): patients cannot pay online. Check its keys and"
        " its dashboard.",
        None,
        reason=reason or "key",
    )


def send_receipt(tx: Tx, payment: Payment, next_charge: dict[str, Any] | None = None) -> None:
    """Send the receipt to the payer by each channel they chose; the PDF is attached to the email.

    Args:
        next_charge: of an automatic payment: what is charged next, when and on which card.
    """
    payer = payer_of(tx, payment)
    sent = outbox.write_each_way(
        tx,
        "autopay_receipt" if next_charge else "receipt",
        once=f"receipt:{payment.id}",
        to_patient=payer,
        account_id=payment.account_id,
        about=payment.id,
        values={
            "number": payment.receipt_number,
            "amount": payment.amount,
            "date": local_date(payment.settled_at or payment.created_at),
            **(next_charge or {}),
        },
        attachments=[{"name": "receipt.pdf", "document": "receipt", "id": payment.id}],
    )
    if sent:
        payment.receipt_to = dict(outbox.chosen_contacts(tx, payer)).get(ContactKind.EMAIL, "")


def send_refund_note(tx: Tx, payment: Payment, refund: Refund) -> None:
    """Tell the payer that the refund was made."""
    outbox.write_each_way(
        tx,
        "refund",
        once=f"refund:{refund.id}",
        to_patient=payer_of(tx, payment),
        account_id=payment.account_id,
        about=payment.id,
        values={"amount": refund.amount, "date": local_date(refund.settled_at or refund.created_at)},
    )


def send_failure_note(tx: Tx, payment: Payment) -> None:
    """Tell a payer who has left the page that the payment failed (a returned bank debit, a late answer)."""
    outbox.write_each_way(
        tx,
        "payment_failed",
        once=f"payment_failed:{payment.id}",
        to_patient=payer_of(tx, payment),
        account_id=payment.account_id,
        about=_invoice_of(tx, payment),
        values={"amount": payment.amount, "date": local_date(payment.created_at)},
    )


def _invoice_of(tx: Tx, payment: Payment) -> str:
    """The one invoice that the payment was for; "" for several or none: the message opens the list."""
    meant = columns(IntendedAllocation.invoice_id).where(IntendedAllocation.payment_id == payment.id)
    invoices = tx.exec(meant.distinct()).all()
    return invoices[0] if len(invoices) == 1 else ""


def _json_value(value: Any) -> Any:
    if isinstance(value, date):
        return {"day": value.isoformat()}
    return {"minor": value.minor, "currency": value.currency} if isinstance(value, Money) else value
