"""Numbers of the portal's own invoices: P-1001, P-1002, …, apart from those of the practice's system."""

from sqlmodel import col, select

from portal_app.db.scope import Tx
from portal_app.db.select import columns
from portal_app.db.tables.billing import Invoice
from portal_app.db.tables.numbers import NumberSeries

_SERIES = "invoice"
_SOME = 500  # numbers in one query


def take_invoice_numbers(tx: Tx, count: int) -> list[str]:
    """The next `count` free numbers. They are given back when the transaction is rolled back.

    The transaction must be the system's. It holds the series until it ends, so that no two take the same.
    """
    wanted_series = select(NumberSeries).where(NumberSeries.name == _SERIES).with_for_update()
    if tx.exec(wanted_series).first() is None:
        tx.add_as_system_once(NumberSeries(name=_SERIES))
    series = tx.exec(wanted_series.execution_options(populate_existing=True)).one()
    free: list[str] = []
    while len(free) < count:
        first = series.upcoming
        series.upcoming = first + min(count - len(free), _SOME)
        wanted = [f"P-{number}" for number in range(first, series.upcoming)]
        # An imported invoice may have such a number too.
        taken = set(tx.exec(columns(Invoice.number).where(col(Invoice.number).in_(wanted))))
        free += [number for number in wanted if number not in taken]
    tx.flush()
    return free
