"""Demo or practice: the portal serves and changes only a database of the kind that its mode names.

A demo's staff passwords are printed, and its messages are shown to everybody: neither may ever meet the
records of a practice.
"""

from portal_app.db import installation
from portal_app.db.scope import reading
from portal_app.domain.access import Principal
from portal_app.domain.errors import UserError
from portal_app.settings import settings


class IsDemo(UserError):
    """A practice's portal was given a demo's database."""

    def __init__(self) -> None:
        super().__init__(
            "This database is a demo's: its patients are invented and its staff passwords are known to others. "
            "Give your practice a database of its own (DATABASE_URL or PORTAL_DATA_DIR) and run portal migrate. "
            "If your own records are in it too, see portal demo --remove."
        )


class IsNoDemo(UserError):
    """A demo was given a database that is not one: it may be a practice's."""

    def __init__(self) -> None:
        super().__init__(
            "This database is not a demo's, so a demo does not touch it. "
            "Leave out DATABASE_URL and PORTAL_DATA_DIR: a demo keeps its own database in demo-data. "
            "To run your practice, set PORTAL_MODE=production."
        )


def is_demo(principal: Principal, *, when_empty: bool | None = None) -> bool:
    """Whether this database is a demo's. `when_empty`: of one without content and mark; else the mode says."""
    empty = settings().demo if when_empty is None else when_empty
    with reading(principal) as tx:
        return installation.is_demo(tx.connection(), when_empty=empty)


def require_demo(principal: Principal) -> None:
    """Refuse a database that is not a demo's. Raises IsNoDemo."""
    if not is_demo(principal):
        raise IsNoDemo


def refuse_demo(principal: Principal) -> None:
    """Refuse a demo's database. Raises IsDemo."""
    if is_demo(principal):
        raise IsDemo


def require_database_of_mode(principal: Principal) -> None:
    """In production a practice's database, in demo mode a demo's. Raises IsDemo or IsNoDemo."""
    (require_demo if settings().demo else refuse_demo)(principal)
