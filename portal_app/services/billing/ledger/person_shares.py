"""Each person's share of each ledger entry, kept with it: what came before a statement is a sum, whatever it was.

`per_person.split` says whose share is whose; here it is written down whenever its answer may have changed.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlmodel import bindparam, col, func, select

from portal_app.db.scope import Tx
from portal_app.db.select import columns
from portal_app.db.tables.billing import LedgerEntry, LedgerPersonShare
from portal_app.domain.ids import AccountId, EntryId, PatientId, PaymentId, new_id
from portal_app.domain.money import Money
from portal_app.services.billing.ledger.apportion import split

_AT_ONCE = 500  # ids in one question
_OWN = columns(func.sum(col(LedgerEntry.amount))).where(
    LedgerEntry.account_id == bindparam("account"),
    LedgerEntry.patient_id == bindparam("person"),
    LedgerEntry.posted_on < bindparam("first"),
)
_SHARED = columns(func.sum(col(LedgerPersonShare.amount))).where(
    LedgerPersonShare.account_id == bindparam("account"),
    LedgerPersonShare.patient_id == bindparam("person"),
    LedgerPersonShare.posted_on < bindparam("first"),
)


def before(tx: Tx, account_id: AccountId, patient_id: PatientId, first: date) -> list[Any]:
    """What of the account's entries before `first` is this person's: sums, None where there is nothing."""
    given = {"account": account_id, "person": patient_id, "first": first}
    return [tx.exec(question, params=given).one() for question in (_OWN, _SHARED)]


def keep_shares(tx: Tx, entries: Sequence[LedgerEntry]) -> None:
    """Of these entries from now on; those that name their person are whole that person's and need none."""
    shared = [entry for entry in entries if entry.patient_id is None]
    there: dict[EntryId, dict[PatientId, LedgerPersonShare]] = {}
    for row in _kept(tx, [entry.id for entry in shared]):
        there.setdefault(row.entry_id, {})[row.patient_id] = row
    for entry, whose in zip(shared, split(tx, shared), strict=True):
        old = there.get(entry.id, {})
        for who, amount in whose.items():
            if who is None:
                continue
            if (row := old.pop(who, None)) is None:
                tx.add(LedgerPersonShare(**_share(entry, who, amount)))
            else:
                row.amount = amount
        for row in old.values():
            tx.delete(row)
    tx.flush()


def keep_shares_of(tx: Tx, payment_id: PaymentId) -> None:
    """After what a posted payment pays has changed."""
    tx.flush()
    keep_shares(tx, tx.exec(select(LedgerEntry).where(LedgerEntry.payment_id == payment_id)).all())


def pour_shares(tx: Tx, entry_ids: Iterable[EntryId]) -> None:
    """Of many entries that are all new: the importer's way."""
    every = sorted(entry_ids)
    for start in range(0, len(every), _AT_ONCE):
        wanted = select(LedgerEntry).where(
            col(LedgerEntry.id).in_(every[start : start + _AT_ONCE]), col(LedgerEntry.patient_id).is_(None)
        )
        entries = tx.exec(wanted).all()
        parts = zip(entries, split(tx, entries), strict=True)
        tx.bulk_insert(
            LedgerPersonShare,
            [_share(entry, who, amount) for entry, whose in parts for who, amount in whose.items() if who],
        )


def _share(entry: LedgerEntry, who: PatientId, amount: Money) -> dict[str, Any]:
    return {
        "id": new_id("shr"),
        "account_id": entry.account_id,
        "entry_id": entry.id,
        "patient_id": who,
        "posted_on": entry.posted_on,
        "amount": amount,
    }


def _kept(tx: Tx, ids: list[EntryId]) -> Sequence[LedgerPersonShare]:
    return (
        tx.exec(select(LedgerPersonShare).where(col(LedgerPersonShare.entry_id).in_(ids))).all()
        if ids
        else []
    )
