"""Statements: the ledger of a period, as page, PDF and email all say it (STMT-8)."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlmodel import bindparam, col, func

from portal_app.db.scope import Tx, reading
from portal_app.db.select import columns
from portal_app.db.tables.billing import Account, Invoice, LedgerEntry
from portal_app.db.tables.families import Patient
from portal_app.domain.access import Principal
from portal_app.domain.billing.statements import Entry, Statement, check_period, statement
from portal_app.domain.ids import AccountId, InvoiceId, PatientId, PaymentId
from portal_app.domain.money import Money, total
from portal_app.services.billing.accessible_accounts import accessible_account, names_of
from portal_app.services.billing.accounts import being_posted
from portal_app.services.billing.invoices.read import may_see_invoices
from portal_app.services.billing.ledger.apportion import Parts, split, split_payments
from portal_app.services.billing.ledger.entries import as_money, currency
from portal_app.services.billing.ledger.person_shares import before
from portal_app.services.billing.views import PersonTotal, RecentPayment, StatementRow, StatementView

# Constants of the module, so that they are made ready once and not at every look. Columns, not whole rows.
_MINE = LedgerEntry.account_id == bindparam("account")
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
    .where(_MINE, LedgerEntry.posted_on >= bindparam("first"), LedgerEntry.posted_on <= bindparam("last"))
    .order_by(col(LedgerEntry.posted_on), col(LedgerEntry.posted_at), col(LedgerEntry.id))
)
_BEFORE = columns(func.sum(col(LedgerEntry.amount))).where(_MINE, LedgerEntry.posted_on < bindparam("first"))
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
    """From `first` to `last`, both included; with `patient_id` only that person's share of each entry."""
    may_see_invoices(principal)
    check_period(first, last)
    with reading(principal) as tx:
        account_id = accessible_account(tx, account_id)
        person = tx.get_or_404(Patient, patient_id).given_name if patient_id else ""
        names = names_of(tx, account_id)
        found = _posted(tx, account_id, first, last)
        parts = split(tx, found)
        waiting = _waiting(tx, account_id, last, patient_id)
        on_its_way = total((p.amount - p.refunded for p in waiting), currency())
        opening = _opening(tx, account_id, first, patient_id)
        kept = [(row, whose) for row, whose in zip(found, parts, strict=True) if _counts(whose, patient_id)]
        said = statement(opening, [_entry(row, whose, names, patient_id) for row, whose in kept], on_its_way)
        return StatementView(
            account_id=account_id,
            guarantor=full_name(tx, account_id),
            person=person,
            first=first,
            last=last,
            opening=said.opening,
            rows=_rows(tx, said, kept, names),
            charges=said.charges,
            payments=said.payments,
            adjustments=said.adjustments,
            refunds=said.refunds,
            closing=said.closing,
            being_posted=tuple(waiting),
            being_posted_total=said.being_posted,
            after_posting=said.after_posting,
            people=tuple(
                PersonTotal(names.get(PatientId(p.person), ""), p.charges, p.payments, p.total)
                for p in sorted(said.people, key=lambda p: (*names, "").index(p.person))
            ),
        )


def list_people(
    principal: Principal, account_id: AccountId | None = None
) -> tuple[tuple[PatientId, str], ...]:
    """Of whom alone a statement can be asked for: those of the account whom the viewer may see."""
    may_see_invoices(principal)
    with reading(principal) as tx:
        return tuple(names_of(tx, accessible_account(tx, account_id)).items())


def full_name(tx: Tx, account_id: AccountId) -> str:
    """The guarantor's, where the reader may see them."""
    guarantor = tx.get(Patient, tx.get_or_404(Account, account_id).guarantor_id)
    return guarantor.full_name if guarantor else ""


def _counts(whose: Parts, patient_id: PatientId | None) -> bool:
    return patient_id is None or bool(whose.get(patient_id))


def _entry(row: Any, whose: Parts, names: dict[PatientId, str], patient_id: PatientId | None) -> Entry:
    seen: dict[str, Money] = {}
    for who, amount in whose.items():
        if patient_id in (None, who):
            key = who if who in names else ""
            seen[key or ""] = seen.get(key or "", amount.zero()) + amount
    return Entry(
        kind=row.kind,
        amount=total(seen.values(), row.amount.currency),
        posted_on=row.posted_on,
        happened_on=row.happened_on,
        text=row.text,
        parts=tuple(seen.items()),
    )


def _rows(
    tx: Tx,
    said: Statement,
    kept: Sequence[tuple[Any, Parts]],
    names: dict[PatientId, str],
) -> tuple[StatementRow, ...]:
    numbers = _numbers(tx, {row.invoice_id for row, _ in kept if row.invoice_id})
    return tuple(
        StatementRow(
            on=row.entry.posted_on,
            happened_on=row.entry.happened_on,
            kind=row.entry.kind,
            text=row.entry.text,
            people=tuple(names[PatientId(who)] for who, _ in row.entry.parts if who),
            amount=row.entry.amount,
            running=row.running,
            number=numbers.get(found.invoice_id, "") if found.invoice_id else "",
        )
        for row, (found, _) in zip(said.rows, kept, strict=True)
    )


def _numbers(tx: Tx, ids: set[InvoiceId]) -> dict[InvoiceId, str]:
    every, found = sorted(ids), dict[InvoiceId, str]()
    for start in range(0, len(every), 500):
        found.update(tx.exec(_NUMBERS, params={"invoices": every[start : start + 500]}).all())
    return found


def _opening(tx: Tx, account_id: AccountId, first: date, patient_id: PatientId | None) -> Money:
    if patient_id is None:
        return as_money(tx.exec(_BEFORE, params={"account": account_id, "first": first}).one())
    return total((as_money(part) for part in before(tx, account_id, patient_id, first)), currency())


def _posted(tx: Tx, account_id: AccountId, first: date, last: date) -> Sequence[Any]:
    """Entries in order, with the columns of _POSTED."""
    return tx.exec(_POSTED, params={"account": account_id, "first": first, "last": last}).all()


def _waiting(tx: Tx, account_id: AccountId, last: date, patient_id: PatientId | None) -> list[RecentPayment]:
    """Received by the last day and not posted yet (STMT-5); of one person, their share."""
    rows = [row for row in being_posted(tx, account_id) if row.on <= last]
    if patient_id is None:
        return rows
    left: dict[PaymentId, Money] = {row.id: row.amount - row.refunded for row in rows}
    theirs = {id_: parts.get(patient_id) for id_, parts in split_payments(tx, left).items()}
    return [_only(row, part) for row in rows if (part := theirs[row.id])]


def _only(row: RecentPayment, part: Money) -> RecentPayment:
    return RecentPayment(
        row.id, row.on, part, part.zero(), row.status, row.shown, row.receipt_number, row.posted
    )
