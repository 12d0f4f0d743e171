"""Rows of the transactions page: a payment, a refund or a ledger entry, with the account's guarantor."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

from sqlmodel import SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from portal_app.db.scope import Tx
from portal_app.db.select import columns
from portal_app.db.tables.billing import (
    Account,
    Allocation,
    IntendedAllocation,
    Invoice,
    LedgerEntry,
    Payment,
    Refund,
)
from portal_app.db.tables.families import NAME_COLUMNS, Patient
from portal_app.domain.billing.types import RECEIVED, Method, PaymentStatus, RefundStatus
from portal_app.domain.families import full_name
from portal_app.domain.ids import AccountId, EntryId, InvoiceId, PatientId, PaymentId, RefundId
from portal_app.domain.money import Money
from portal_app.services.billing.ledger.entries import currency

Row = TypeVar("Row", bound=SQLModel)


class TransactionKind(StrEnum):
    """What a row of the transactions page is."""

    PAYMENT = "payment"
    REFUND = "refund"
    CHARGE = "charge"
    ADJUSTMENT = "adjustment"  # and reversals


@dataclass(frozen=True, slots=True)
class Transaction:
    """One row of the transactions page."""

    id: str  # of the payment, refund or ledger entry
    kind: TransactionKind
    at: datetime
    account_id: AccountId
    patient_id: PatientId  # the guarantor
    who: str  # the guarantor's name
    chart_number: str
    invoices: tuple[str, ...]  # numbers
    method: Method | None  # of payments
    shown: str  # "Visa ending in 4242"; of other entries their text
    status: PaymentStatus | RefundStatus | None  # None: a ledger entry
    decline_code: str
    posted: bool
    amount: Money  # as shown: payments and charges positive, refunds and credits negative
    refunded: Money
    receipt_number: str
    payment_id: PaymentId | None

    @property
    def can_post(self) -> bool:
        return self.kind is TransactionKind.PAYMENT and not self.posted and self.status in RECEIVED


def load_transactions(tx: Tx, found: Sequence[Any]) -> list[Transaction]:
    """Load the found transactions, in the order they were found, with one query per table."""
    ids: dict[str, list[str]] = {}
    for row in found:
        ids.setdefault(row.kind, []).append(row.id)
    refunds = {row.id: row for row in tx.exec(_rows_by_id(Refund, ids.get(TransactionKind.REFUND, [])))}
    of_refunds = [refund.payment_id for refund in refunds.values()]
    payments = {
        row.id: row
        for row in tx.exec(_rows_by_id(Payment, [*ids.get(TransactionKind.PAYMENT, []), *of_refunds]))
    }
    others = [*ids.get(TransactionKind.CHARGE, []), *ids.get(TransactionKind.ADJUSTMENT, [])]
    entries = {row.id: row for row in tx.exec(_rows_by_id(LedgerEntry, others))}
    rows = [*payments.values(), *refunds.values(), *entries.values()]
    people = guarantors_of(tx, {row.account_id for row in rows})
    numbers = _numbers_by_payment(tx, list(payments))
    titles = _invoice_numbers(tx, {row.invoice_id for row in entries.values() if row.invoice_id})
    made: list[Transaction] = []
    for row in found:
        kind = TransactionKind(row.kind)
        if kind is TransactionKind.PAYMENT:
            made.append(_from_payment(payments[PaymentId(row.id)], people, numbers))
        elif kind is TransactionKind.REFUND:
            refund = refunds[RefundId(row.id)]
            made.append(_from_refund(refund, payments[refund.payment_id], people, numbers))
        else:
            made.append(_from_entry(entries[EntryId(row.id)], kind, people, titles))
    return made


class Guarantor(NamedTuple):
    """The guarantor of an account."""

    patient_id: PatientId
    name: str
    chart_number: str


Guarantors = dict[AccountId, Guarantor]


def _from_payment(row: Payment, people: Guarantors, numbers: dict[PaymentId, list[str]]) -> Transaction:
    guarantor = people[row.account_id]
    return Transaction(
        id=row.id,
        kind=TransactionKind.PAYMENT,
        at=row.settled_at or row.created_at,
        account_id=row.account_id,
        patient_id=guarantor.patient_id,
        who=guarantor.name,
        chart_number=guarantor.chart_number,
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


def _from_refund(
    row: Refund, payment: Payment, people: Guarantors, numbers: dict[PaymentId, list[str]]
) -> Transaction:
    guarantor = people[row.account_id]
    return Transaction(
        id=row.id,
        kind=TransactionKind.REFUND,
        at=row.settled_at or row.created_at,
        account_id=row.account_id,
        patient_id=guarantor.patient_id,
        who=guarantor.name,
        chart_number=guarantor.chart_number,
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


def _from_entry(
    row: LedgerEntry, kind: TransactionKind, people: Guarantors, titles: dict[InvoiceId, str]
) -> Transaction:
    guarantor = people[row.account_id]
    number = titles.get(row.invoice_id, "") if row.invoice_id else ""
    return Transaction(
        id=row.id,
        kind=kind,
        at=row.posted_at,
        account_id=row.account_id,
        patient_id=guarantor.patient_id,
        who=guarantor.name,
        chart_number=guarantor.chart_number,
        invoices=(number,) if number else (),
        method=None,
        shown="" if kind is TransactionKind.CHARGE else row.text,
        status=None,
        decline_code="",
        posted=True,
        amount=row.amount,
        refunded=Money(0, currency()),
        receipt_number="",
        payment_id=row.payment_id,
    )


def _rows_by_id(table: type[Row], ids: Sequence[str]) -> SelectOfScalar[Row]:
    key: Any = table
    return select(table).where(col(key.id).in_(ids))


def guarantors_of(tx: Tx, accounts: set[AccountId]) -> Guarantors:
    """The guarantor of each account."""
    rows = tx.exec(
        columns(Account.id, Patient.id, Patient.chart_number, *NAME_COLUMNS)
        .join(Patient, col(Patient.id) == Account.guarantor_id)
        .where(col(Account.id).in_(accounts))
    )
    return {account: Guarantor(id_, full_name(*names), chart or "") for account, id_, chart, *names in rows}


def _numbers_by_payment(tx: Tx, payments: list[PaymentId]) -> dict[PaymentId, list[str]]:
    """Numbers of the invoices that each payment pays or is meant to pay. An imported one has only allocations."""
    found: dict[PaymentId, list[str]] = {}
    for table in (IntendedAllocation, Allocation):
        parts = (
            columns(table.payment_id, Invoice.number)
            .join(Invoice, col(Invoice.id) == table.invoice_id)
            .where(col(table.payment_id).in_(payments))
            .order_by(col(table.position))
        )
        for payment_id, number in tx.exec(parts):
            if number not in found.setdefault(payment_id, []):
                found[payment_id].append(number)
    return found


def _invoice_numbers(tx: Tx, ids: set[InvoiceId]) -> dict[InvoiceId, str]:
    return dict(tx.exec(columns(Invoice.id, Invoice.number).where(col(Invoice.id).in_(ids))).all())
