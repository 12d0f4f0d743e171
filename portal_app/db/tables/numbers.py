"""Series of numbers that the portal gives out, like those of its own invoices."""

from typing import ClassVar

from sqlmodel import Field

from portal_app.db.owned import PortalOwned
from portal_app.db.types import key


class NumberSeries(PortalOwned, table=True):
    """`upcoming` is the next number of the series; read and raised under a lock, so that none is given twice."""

    audited: ClassVar[bool] = False
    name: str = key()
    upcoming: int = Field(default=1001)
