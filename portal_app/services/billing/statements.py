"""Statements: the ledger of a period, as page, PDF and email all say it (STMT-8)."""

from datetime import date

from sqlmodel import col, func, select

from portal_app.db.scope import Tx, reading
from portal_app.db.tables.billing import Account, LedgerEntry
from portal_app.db.tables.families import Patient
from portal_app.domain import billing as rules
from portal_app.domain.access import Principal
from portal_app.domain.ids import AccountId, PatientId
from portal_app.domain.money import Money, total
from portal_app.services.asking import columns
from portal_app.services.billing.accounts import being_posted
from portal_app.services.billing.books import as_money, currency
from portal_app.services.billing.invoices import may_see_bills
from portal_app.services.billing.payments import own_account
from portal_app.services.billing.views import PersonTotal, RecentPayment, StatementRow, StatementView


def view_statement(
    principal: Principal,
    first: date,
    last: date,
    *,
    account_id: AccountId | None = None,
    patient_id: PatientId | None = None,
) -> StatementView:
    """From `first` to `last`, both included; with `patient_id` only that person's entries."""
    may_see_bills(principal)
    rules.check_period(first, last)
    with reading(principal) as tx:
        account_id = own_account(tx, account_id)
        if patient_id is not None:
            tx.find(Patient, patient_id)
        names = _names(tx, account_id)
        entries = _entries(tx, account_id, first, last, patient_id, names)
        waiting = _waiting(tx, account_id, last, patient_id)
        on_its_way = total((p.amount - p.refunded for p in waiting), currency())
        said = rules.statement(_opening(tx, account_id, first, patient_id), entries, on_its_way)
        guarantor = tx.get(Patient, tx.find(Account, account_id).guarantor_id)
        return StatementView(
            account_id=account_id,
            guarantor=f"{guarantor.given_name} {guarantor.family_name}" if guarantor else "",
            first=first,
            last=last,
            opening=said.opening,
            rows=_rows(said),
            charges=said.charges,
            payments=said.payments,
            adjustments=said.adjustments,
            refunds=said.refunds,
            closing=said.closing,
            being_posted=tuple(waiting),
            being_posted_total=said.being_posted,
            after_posting=said.after_posting,
            people=tuple(PersonTotal(p.person, p.charges, p.payments, p.total) for p in said.people),
        )


def _rows(said: rules.Statement) -> tuple[StatementRow, ...]:
    """A period without entries is one row, "balance forward"."""
    return tuple(
        StatementRow(
            on=row.entry.posted_on,
            happened_on=row.entry.happened_on,
            kind=row.entry.kind,
            text=row.entry.text,
            person=row.entry.person,
            amount=row.entry.amount,
            running=row.running,
        )
        for row in said.rows
    )


def _names(tx: Tx, account_id: AccountId) -> dict[PatientId, str]:
    rows = tx.exec(columns(Patient.id, Patient.given_name).where(Patient.account_id == account_id))
    return dict(rows.all())


def _opening(tx: Tx, account_id: AccountId, first: date, patient_id: PatientId | None) -> Money:
    before = columns(func.sum(col(LedgerEntry.amount))).where(
        LedgerEntry.account_id == account_id, LedgerEntry.posted_on < first
    )
    if patient_id is not None:
        before = before.where(LedgerEntry.patient_id == patient_id)
    return as_money(tx.exec(before).one())


def _entries(
    tx: Tx,
    account_id: AccountId,
    first: date,
    last: date,
    patient_id: PatientId | None,
    names: dict[PatientId, str],
) -> list[rules.Entry]:
    wanted = select(LedgerEntry).where(
        LedgerEntry.account_id == account_id, LedgerEntry.posted_on >= first, LedgerEntry.posted_on <= last
    )
    if patient_id is not None:
        wanted = wanted.where(LedgerEntry.patient_id == patient_id)
    ordered = wanted.order_by(col(LedgerEntry.posted_on), col(LedgerEntry.posted_at), col(LedgerEntry.id))
    return [
        rules.Entry(
            kind=row.kind,
            amount=row.amount,
            posted_on=row.posted_on,
            happened_on=row.happened_on,
            text=row.text,
            person=names.get(row.patient_id, "") if row.patient_id else "",
        )
        for row in tx.exec(ordered)
    ]


def _waiting(tx: Tx, account_id: AccountId, last: date, patient_id: PatientId | None) -> list[RecentPayment]:
    """Received by the last day and not posted yet (STMT-5); an account's, not one person's."""
    if patient_id is not None:
        return []
    return [row for row in being_posted(tx, account_id) if row.on <= last]
