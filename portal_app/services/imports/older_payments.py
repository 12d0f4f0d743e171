"""Payments of imports from before the practice's keys were kept: their ids were made of the keys."""

from collections.abc import Iterable

from sqlmodel import col, select

from portal_app.db.select import columns
from portal_app.db.tables.billing import Payment
from portal_app.domain.billing.types import Origin
from portal_app.services.imports.import_run import ImportRun, chunks, keyed_id


def know_older_payments(run: ImportRun, keys: Iterable[str]) -> None:
    """Write the files' keys to the payments that are here without; a check, which writes nothing, remembers them."""
    without_key = col(Payment.practice_key).is_(None)
    with run.opened() as tx:
        older = select(Payment.id).where(Payment.origin == Origin.IMPORT, without_key).limit(1)
        if not run.had_payments or tx.exec(older).first() is None:
            return
    for some in chunks(keys, 500):
        by_id = {keyed_id("pay", "payment", key): key for key in some}
        with run.opened() as tx:
            found = list(tx.exec(columns(Payment.id).where(col(Payment.id).in_(by_id), without_key)))
            run.bulk_update(tx, Payment, [{"id": id_, "practice_key": by_id[id_]} for id_ in found])
        if run.check:
            run.older_payments |= {by_id[id_]: id_ for id_ in found}
