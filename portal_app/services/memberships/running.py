"""Memberships that run, for every page that asks which ones count now."""

from typing import Any

from sqlmodel import col

from portal_app.db.select import columns
from portal_app.db.tables.memberships import Membership
from portal_app.domain.memberships import RUNNING


def running_memberships(*found: Any) -> Any:
    """The question for these columns or tables, of memberships that run; narrowed and joined by its caller."""
    return columns(*found).where(col(Membership.status).in_(sorted(RUNNING)))
