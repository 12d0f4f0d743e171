"""What tests of disputes share: a paid invoice, the events of a dispute, and what is then on the account."""

from typing import NamedTuple

from sqlmodel import col, select

from portal_app.db.scope import reading
from portal_app.db.tables.billing import Dispute, Invoice, LedgerEntry, Payment
from portal_app.db.tables.staff import Task
from portal_app.domain.billing.types import EntryKind, PaymentStatus
from portal_app.domain.money import Money
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.billing.payments.webhooks import EventOutcome, handle_webhook
from tests.payments_helper import balance, invoice, payment
from tests.people import INVOICE
from tests.services.billing.billing_helper import PORTAL, event

CREATED, WITHDRAWN = "charge.dispute.created", "charge.dispute.funds_withdrawn"
UPDATED, CLOSED = "charge.dispute.updated", "charge.dispute.closed"
REINSTATED = "charge.dispute.funds_reinstated"


class Standing(NamedTuple):
    """What is on the account after whatever happened."""

    status: PaymentStatus
    due: Money
    balance: Money
    reversals: tuple[Money, ...]


def hear(processor: FakeProcessor, dispute_id: str, *kinds: str) -> EventOutcome:
    """Handle webhooks of these kinds about the dispute; returns what the last one came to."""
    outcome = EventOutcome.IGNORED
    for kind in kinds:
        outcome = handle_webhook(PORTAL, event(kind, "dispute", dispute_id), processor=processor)
    return outcome


def standing(row: Payment) -> Standing:
    with reading(PORTAL) as tx:
        reversals = tx.exec(
            select(LedgerEntry)
            .where(LedgerEntry.payment_id == row.id, LedgerEntry.kind == EntryKind.REVERSAL)
            .order_by(col(LedgerEntry.posted_at))
        ).all()
    return Standing(
        payment(row.id).status, invoice(INVOICE).due, balance(), tuple(entry.amount for entry in reversals)
    )


def disputes() -> list[Dispute]:
    with reading(PORTAL) as tx:
        return list(tx.exec(select(Dispute)))


def open_tasks() -> list[Task]:
    """Staff tasks that are not done, by kind."""
    with reading(PORTAL) as tx:
        return list(tx.exec(select(Task).where(col(Task.done_at).is_(None)).order_by(Task.kind)))


def invoice_row() -> Invoice:
    return invoice(INVOICE)
