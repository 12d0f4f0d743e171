"""Which memberships are running (pending or active): one query for every page."""

from typing import Any

from sqlmodel import col
from sqlmodel.sql.expression import SelectOfScalar

from portal_app.db.select import columns
from portal_app.db.tables.memberships import Membership
from portal_app.domain.memberships.types import RUNNING


def running_memberships(*selected: Any) -> SelectOfScalar[Any]:
    """A query of these columns or tables for running memberships; the caller joins and narrows it further."""
    return columns(*selected).where(col(Membership.status).in_(sorted(RUNNING)))
