"""What stands in a row of the transactions page: a payment, a refund or a ledger entry, and whose it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import col, select

from portal_app.db.scope import Tx
from portal_app.db.tables.billing import (
    Account,
    Allocation,
    IntendedAllocation,
    Invoice,
    LedgerEntry,
    Payment,
    Refund,
)
from portal_app.db.tables.families import Patient
from portal_app.domain.billing.types import RECEIVED, Method, PaymentStatus, RefundStatus
from portal_app.domain.families import full_name
from portal_app.domain.ids import AccountId, EntryId, InvoiceId, PatientId, PaymentId, RefundId
from portal_app.domain.money import Money
from portal_app.services.billing.ledger.entries import currency


class Kind(StrEnum):
    PAYMENT = "payment"
    REFUND = "refund"
    CHARGE = "charge"
    ADJUSTMENT = "adjustment"  # and reversals


@dataclass(frozen=True, slots=True)
class Transaction:
    id: str  # of the payment, refund or ledger entry
    kind: Kind
    at: datetime
    account_id: AccountId
    patient_id: PatientId  # the guarantor
    who: str  # the guarantor's name
    chart_number: str
    invoices: tuple[str, ...]  # numbers
    method: Method | None  # of payments
    shown: str  # "Visa ending in 4242"; of other entries their text
    status: PaymentStatus | RefundStatus | None  # None: a ledger entry, posted as it was made
    decline_code: str
    posted: bool
    amount: Money  # as it is read: payments and charges positive, refunds and credits negative
    refunded: Money
    receipt_number: str
    payment_id: PaymentId | None

    @property
    def can_post(self) -> bool:
        return self.kind is Kind.PAYMENT and not self.posted and self.status in RECEIVED


def filled(tx: Tx, found: Sequence[Any]) -> list[Transaction]:
    """The page's rows in the order they were found: a question a table, not a row."""
    ids: dict[str, list[str]] = {}
    for row in found:
        ids.setdefault(row.kind, []).append(row.id)
    refunds = {row.id: row for row in tx.exec(_of(Refund, ids.get(Kind.REFUND, [])))}
    of_refunds = [refund.payment_id for refund in refunds.values()]
    payments = {row.id: row for row in tx.exec(_of(Payment, [*ids.get(Kind.PAYMENT, []), *of_refunds]))}
    others = [*ids.get(Kind.CHARGE, []), *ids.get(Kind.ADJUSTMENT, [])]
    entries = {row.id: row for row in tx.exec(_of(LedgerEntry, others))}
    rows = [*payments.values(), *refunds.values(), *entries.values()]
    people = guarantors(tx, {row.account_id for row in rows})
    numbers = _numbers(tx, list(payments))
    titles = _invoice_numbers(tx, {row.invoice_id for row in entries.values() if row.invoice_id})
    made = []
    for row in found:
        kind = Kind(row.kind)
        if kind is Kind.PAYMENT:
            made.append(_payment(payments[PaymentId(row.id)], people, numbers))
        elif kind is Kind.REFUND:
            refund = refunds[RefundId(row.id)]
            made.append(_refund(refund, payments[refund.payment_id], people, numbers))
        else:
            made.append(_entry(entries[EntryId(row.id)], kind, people, titles))
    return made


People = dict[AccountId, tuple[PatientId, str, str]]  # guarantor, name, chart number


def _payment(row: Payment, people: People, numbers: dict[PaymentId, list[str]]) -> Transaction:
    who = people[row.account_id]
    return Transaction(
        id=row.id,
        kind=Kind.PAYMENT,
        at=row.settled_at or row.created_at,
        account_id=row.account_id,
        patient_id=who[0],
        who=who[1],
        chart_number=who[2],
        invoices=tuple(numbers.get(row.id, ())),
        method=row.method,
        shown=row.paid_with,
        status=row.status,
        decline_code=row.decline_code,
        posted=row.posted,
        amount=row.amount,
        refunded=row.refunded,
        receipt_number=row.receipt_number or "",
        payment_id=row.id,
    )


def _refund(
    row: Refund, payment: Payment, people: People, numbers: dict[PaymentId, list[str]]
) -> Transaction:
    who = people[row.account_id]
    return Transaction(
        id=row.id,
        kind=Kind.REFUND,
        at=row.settled_at or row.created_at,
        account_id=row.account_id,
        patient_id=who[0],
        who=who[1],
        chart_number=who[2],
        invoices=tuple(numbers.get(payment.id, ())),
        method=payment.method,
        shown=payment.paid_with,
        status=row.status,
        decline_code="",
        posted=payment.posted,
        amount=-row.amount,
        refunded=row.amount.zero(),
        receipt_number=payment.receipt_number or "",
        payment_id=payment.id,
    )


def _entry(row: LedgerEntry, kind: Kind, people: People, titles: dict[InvoiceId, str]) -> Transaction:
    who = people[row.account_id]
    number = titles.get(row.invoice_id, "") if row.invoice_id else ""
    return Transaction(
        id=row.id,
        kind=kind,
        at=row.posted_at,
        account_id=row.account_id,
        patient_id=who[0],
        who=who[1],
        chart_number=who[2],
        invoices=(number,) if number else (),
        method=None,
        shown="" if kind is Kind.CHARGE else row.text,
        status=None,
        decline_code="",
        posted=True,
        amount=row.amount,
        refunded=Money(0, currency()),
        receipt_number="",
        payment_id=row.payment_id,
    )


def _of(table: Any, ids: Sequence[str]) -> Any:
    return select(table).where(col(table.id).in_(ids))


def guarantors(tx: Tx, accounts: set[AccountId]) -> People:
    """Whose each of these accounts is."""
    rows = tx.exec(
        select(Account.id, Patient.id, Patient.given_name, Patient.family_name, Patient.chart_number)
        .join(Patient, col(Patient.id) == Account.guarantor_id)
        .where(col(Account.id).in_(accounts))
    )
    return {account: (who, full_name(given, family), chart) for account, who, given, family, chart in rows}


def _numbers(tx: Tx, payments: list[PaymentId]) -> dict[PaymentId, list[str]]:
    """Bills that each pays, or means to pay: a payment of the import has allocations only."""
    found: dict[PaymentId, list[str]] = {}
    for table in (IntendedAllocation, Allocation):
        parts = (
            select(table.payment_id, Invoice.number)
            .join(Invoice, col(Invoice.id) == table.invoice_id)
            .where(col(table.payment_id).in_(payments))
            .order_by(col(table.position))
        )
        for payment_id, number in tx.exec(parts):
            if number not in found.setdefault(payment_id, []):
                found[payment_id].append(number)
    return found


def _invoice_numbers(tx: Tx, ids: set[InvoiceId]) -> dict[InvoiceId, str]:
    return dict(tx.exec(select(Invoice.id, Invoice.number).where(col(Invoice.id).in_(ids))).all())
