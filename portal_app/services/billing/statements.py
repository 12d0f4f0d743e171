"""Statements: the ledger of a period. Page, PDF and email use this one view (STMT-8)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from sqlmodel import bindparam, col, func

from portal_app.db.scope import Tx, reading
from portal_app.db.select import columns
from portal_app.db.tables.billing import Account, Invoice, LedgerEntry
from portal_app.db.tables.families import Patient
from portal_app.domain.access import Principal
from portal_app.domain.billing.statements import Statement, StatementEntry, build_statement, check_period
from portal_app.domain.ids import AccountId, InvoiceId, PatientId, PaymentId
from portal_app.domain.money import Money, total
from portal_app.services.billing.accessible_accounts import accessible_account, given_names_of
from portal_app.services.billing.accounts import list_being_posted
from portal_app.services.billing.document_views import PersonTotal, StatementRow, StatementView
from portal_app.services.billing.invoices.read import require_invoice_access
from portal_app.services.billing.ledger.apportion import PersonShares, split_entries, split_payments
from portal_app.services.billing.ledger.entries import as_money, currency
from portal_app.services.billing.ledger.person_shares import sums_before
from portal_app.services.billing.views import RecentPayment

# Module constants, so that the queries are built once and not on every call. Columns, not whole rows.
_OF_ACCOUNT = LedgerEntry.account_id == bindparam("account")
_POSTED = (
    columns(
        LedgerEntry.kind,
        LedgerEntry.amount,
        LedgerEntry.source,
        LedgerEntry.invoice_id,
        LedgerEntry.payment_id,
        LedgerEntry.patient_id,
        LedgerEntry.text,
        LedgerEntry.happened_on,
        LedgerEntry.posted_on,
    )
    .where(
        _OF_ACCOUNT, LedgerEntry.posted_on >= bindparam("first"), LedgerEntry.posted_on <= bindparam("last")
    )
    .order_by(col(LedgerEntry.posted_on), col(LedgerEntry.posted_at), col(LedgerEntry.id))
)
_SUM_BEFORE = columns(func.sum(col(LedgerEntry.amount))).where(
    _OF_ACCOUNT, LedgerEntry.posted_on < bindparam("first")
)
_NUMBERS = columns(Invoice.id, Invoice.number).where(
    col(Invoice.id).in_(bindparam("invoices", expanding=True))
)


def view_statement(
    principal: Principal,
    first: date,
    last: date,
    *,
    account_id: AccountId | None = None,
    patient_id: PatientId | None = None,
) -> StatementView:
    """The statement from `first` to `last`, both included; with `patient_id` only that person's shares.

    Raises: PeriodReversed.
    """
    require_invoice_access(principal)
    check_period(first, last)
    with reading(principal) as tx:
        return _read_statement(tx, accessible_account(tx, account_id), first, last, patient_id)


def _read_statement(
    tx: Tx, account_id: AccountId, first: date, last: date, patient_id: PatientId | None
) -> StatementView:
    person = tx.get_or_404(Patient, patient_id).given_name if patient_id else ""
    names = given_names_of(tx, account_id)
    waiting = _being_posted(tx, account_id, last, patient_id)
    on_its_way = total((p.kept for p in waiting), currency())
    entries = _posted_entries(tx, account_id, first, last, patient_id)
    built = build_statement(
        _opening(tx, account_id, first, patient_id),
        [_to_entry(row, shares, names, patient_id) for row, shares in entries],
        on_its_way,
    )
    return StatementView(
        account_id=account_id,
        guarantor=guarantor_name(tx, account_id),
        person=person,
        first=first,
        last=last,
        opening=built.opening,
        rows=_to_rows(tx, built, entries, names),
        charges=built.charges,
        payments=built.payments,
        adjustments=built.adjustments,
        refunds=built.refunds,
        closing=built.closing,
        being_posted=tuple(waiting),
        being_posted_total=built.being_posted,
        after_posting=built.after_posting,
        people=_person_totals(built, names),
    )


def list_people(
    principal: Principal, account_id: AccountId | None = None
) -> tuple[tuple[PatientId, str], ...]:
    """Id and given name of the people on the account whom the viewer may see: a statement can be of one alone."""
    require_invoice_access(principal)
    with reading(principal) as tx:
        return tuple(given_names_of(tx, accessible_account(tx, account_id)).items())


def guarantor_name(tx: Tx, account_id: AccountId) -> str:
    """The guarantor's full name, "" where the reader may not see them."""
    guarantor = tx.get(Patient, tx.get_or_404(Account, account_id).guarantor_id)
    return guarantor.full_name if guarantor else ""


def _concerns(shares: PersonShares, patient_id: PatientId | None) -> bool:
    return patient_id is None or bool(shares.get(patient_id))


def _to_entry(
    row: Any, shares: PersonShares, names: dict[PatientId, str], patient_id: PatientId | None
) -> StatementEntry:
    visible: dict[str, Money] = {}  # "" is everybody whom the viewer may not see, and what is nobody's
    for person, amount in shares.items():
        if patient_id in (None, person):
            key = person if person in names else ""
            visible[key or ""] = visible.get(key or "", amount.zero()) + amount
    return StatementEntry(
        kind=row.kind,
        amount=total(visible.values(), row.amount.currency),
        posted_on=row.posted_on,
        happened_on=row.happened_on,
        text=row.text,
        parts=tuple(visible.items()),
    )


def _to_rows(
    tx: Tx,
    built: Statement,
    entries: Sequence[tuple[Any, PersonShares]],
    names: dict[PatientId, str],
) -> tuple[StatementRow, ...]:
    numbers = _invoice_numbers(tx, {row.invoice_id for row, _ in entries if row.invoice_id})
    return tuple(
        StatementRow(
            on=row.entry.posted_on,
            happened_on=row.entry.happened_on,
            kind=row.entry.kind,
            text=row.entry.text,
            people=tuple(names[PatientId(person)] for person, _ in row.entry.parts if person),
            amount=row.entry.amount,
            running=row.running,
            number=numbers.get(found.invoice_id, "") if found.invoice_id else "",
        )
        for row, (found, _) in zip(built.rows, entries, strict=True)
    )


def _invoice_numbers(tx: Tx, ids: set[InvoiceId]) -> dict[InvoiceId, str]:
    every, found = sorted(ids), dict[InvoiceId, str]()
    for start in range(0, len(every), 500):
        found.update(tx.exec(_NUMBERS, params={"invoices": every[start : start + 500]}).all())
    return found


def _opening(tx: Tx, account_id: AccountId, first: date, patient_id: PatientId | None) -> Money:
    if patient_id is None:
        return as_money(tx.exec(_SUM_BEFORE, params={"account": account_id, "first": first}).one())
    return total((as_money(part) for part in sums_before(tx, account_id, patient_id, first)), currency())


def _posted_entries(
    tx: Tx, account_id: AccountId, first: date, last: date, patient_id: PatientId | None
) -> list[tuple[Any, PersonShares]]:
    """The ledger entries posted in the period, in order, each with its shares; only one person's, if one is named."""
    found = tx.exec(_POSTED, params={"account": account_id, "first": first, "last": last}).all()
    parts = zip(found, split_entries(tx, found), strict=True)
    return [(row, shares) for row, shares in parts if _concerns(shares, patient_id)]


def _person_totals(built: Statement, names: dict[PatientId, str]) -> tuple[PersonTotal, ...]:
    """In the order of the names; last what belongs to nobody whom the viewer may see."""
    return tuple(
        PersonTotal(names.get(PatientId(p.person), ""), p.charges, p.payments, p.total)
        for p in sorted(built.people, key=lambda p: (*names, "").index(p.person))
    )


def _being_posted(
    tx: Tx, account_id: AccountId, last: date, patient_id: PatientId | None
) -> list[RecentPayment]:
    """Payments received by the last day and not posted yet (STMT-5); for one person, their shares."""
    rows = [row for row in list_being_posted(tx, account_id) if row.on <= last]
    if patient_id is None:
        return rows
    amounts: dict[PaymentId, Money] = {row.id: row.kept for row in rows}
    shares = {id_: parts.get(patient_id) for id_, parts in split_payments(tx, amounts).items()}
    return [_with_amount(row, part) for row in rows if (part := shares[row.id])]


def _with_amount(row: RecentPayment, part: Money) -> RecentPayment:
    return replace(row, amount=part, refunded=part.zero(), lost=part.zero())
