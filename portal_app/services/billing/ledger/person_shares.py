"""Stored shares: each person's part of each ledger entry, so that a statement's opening balance is one sum.

`apportion.split_entries` computes the shares; they are stored again whenever they may have changed.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlmodel import bindparam, col, func, select

from portal_app.clock import now
from portal_app.db.scope import Tx
from portal_app.db.select import columns
from portal_app.db.tables.billing import LedgerEntry, LedgerPersonShare
from portal_app.domain.billing.types import EntryKind
from portal_app.domain.ids import AccountId, EntryId, InvoiceId, PatientId, PaymentId, new_id, new_ids
from portal_app.domain.money import Money
from portal_app.services.billing.ledger.apportion import Weights, split_entries, split_entry

_SUM_OF_OWN_ENTRIES = columns(func.sum(col(LedgerEntry.amount))).where(
    LedgerEntry.account_id == bindparam("account"),
    LedgerEntry.patient_id == bindparam("person"),
    LedgerEntry.posted_on < bindparam("first"),
)
_SUM_OF_SHARES = columns(func.sum(col(LedgerPersonShare.amount))).where(
    LedgerPersonShare.account_id == bindparam("account"),
    LedgerPersonShare.patient_id == bindparam("person"),
    LedgerPersonShare.posted_on < bindparam("first"),
)


def sums_before(tx: Tx, account_id: AccountId, patient_id: PatientId, first: date) -> list[Any]:
    """Two sums over the account's entries before `first`: the person's own entries, and their shares. None: no rows."""
    params = {"account": account_id, "person": patient_id, "first": first}
    return [tx.exec(query, params=params).one() for query in (_SUM_OF_OWN_ENTRIES, _SUM_OF_SHARES)]


def store_shares(tx: Tx, entries: Sequence[LedgerEntry], *, are_new: bool = False) -> None:
    """Store the shares of these entries. An entry that names its person is whole that person's and needs none.

    Args:
        are_new: the entries were just added, so none of their shares is stored.
    """
    shared = [entry for entry in entries if entry.patient_id is None]
    stored: dict[EntryId, dict[PatientId, LedgerPersonShare]] = {}
    for row in () if are_new else _stored_shares(tx, [entry.id for entry in shared]):
        stored.setdefault(row.entry_id, {})[row.patient_id] = row
    for entry, parts in zip(shared, split_entries(tx, shared), strict=True):
        outdated = stored.get(entry.id, {})
        for person, amount in parts.items():
            if person is None:
                continue
            if (row := outdated.pop(person, None)) is None:
                tx.add(LedgerPersonShare(id=new_id("shr"), **_share_values(entry, person, amount)))
            else:
                row.amount = amount
        for row in outdated.values():
            tx.delete(row)
    tx.flush()


def refresh_payment_shares(tx: Tx, payment_id: PaymentId) -> None:
    """Store the shares of a posted payment again, after what it pays has changed."""
    tx.flush()
    store_shares(tx, tx.exec(select(LedgerEntry).where(LedgerEntry.payment_id == payment_id)).all())


class NewEntry(NamedTuple):
    """A ledger entry that the importer will write: of nobody alone, posted on the day it happened."""

    account_id: AccountId
    kind: EntryKind
    amount: Money
    source: str
    invoice_id: InvoiceId | None
    payment_id: PaymentId | None
    text: str
    posted_on: date
    posted_at: datetime
    patient_id: PatientId | None = None


class _NewShare(NamedTuple):
    account_id: AccountId
    entry_id: str
    patient_id: PatientId
    posted_on: date
    amount: Money


def bulk_insert_shares(tx: Tx, ids: list[str], entries: list[NewEntry], weights: Weights) -> None:
    """Store the shares of many new entries at once, all from `weights`, reading nothing: for the importer."""
    shares = [
        _NewShare(entry.account_id, id_, person, entry.posted_on, amount)
        for id_, entry in zip(ids, entries, strict=True)
        for person, amount in split_entry(entry, weights).items()
        if person
    ]
    if shares:
        columns = dict(zip(_NewShare._fields, zip(*shares, strict=True), strict=True))
        columns["id"] = tuple(new_ids("shr", len(shares), now()))
        tx.bulk_insert_columns(LedgerPersonShare, columns, {})


def _share_values(entry: LedgerEntry, person: PatientId, amount: Money) -> dict[str, Any]:
    return {
        "account_id": entry.account_id,
        "entry_id": entry.id,
        "patient_id": person,
        "posted_on": entry.posted_on,
        "amount": amount,
    }


def _stored_shares(tx: Tx, ids: list[EntryId]) -> Sequence[LedgerPersonShare]:
    return (
        tx.exec(select(LedgerPersonShare).where(col(LedgerPersonShare.entry_id).in_(ids))).all()
        if ids
        else []
    )
