"""Base classes of all tables: each names the column and the list that decide who may see its rows (see scope.py)."""

import importlib
import re
from collections.abc import Iterator
from functools import cache
from typing import ClassVar

from sqlalchemy.orm import declared_attr
from sqlmodel import SQLModel

from portal_app.db.types import ref
from portal_app.domain.access import Principal, Side
from portal_app.domain.ids import AccountId, PatientId


class Owned(SQLModel):
    """Base of every table."""

    owner: ClassVar[str] = ""  # the column that holds the account's or patient's id
    access_list: ClassVar[str] = ""  # the principal's list: "accounts" or "patients"; or "portal", "public"
    audited: ClassVar[bool] = True  # whether changes of single rows are recorded in the audit trail
    written_once: ClassVar[bool] = False  # whether a row is never changed or deleted once it is written

    @declared_attr.directive
    def __tablename__(cls) -> str:
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    def belongs_to(self, principal: Principal) -> bool:
        """Whether the principal may write this row."""
        if self.access_list in ("portal", "public"):
            return principal.side is Side.PORTAL
        return getattr(self, self.owner) in getattr(principal, self.access_list)


class AccountOwned(Owned):
    """Rows of one account: money."""

    owner: ClassVar[str] = "account_id"
    access_list: ClassVar[str] = "accounts"
    account_id: AccountId = ref("account")


class PatientOwned(Owned):
    """Rows of one patient: health data."""

    owner: ClassVar[str] = "patient_id"
    access_list: ClassVar[str] = "patients"
    patient_id: PatientId = ref("patient")


class PortalOwned(Owned):
    """Rows that only the system principal reads and writes."""

    access_list: ClassVar[str] = "portal"


class PublicOwned(Owned):
    """Rows that everybody reads and only the system principal writes."""

    access_list: ClassVar[str] = "public"


@cache
def tables() -> tuple[type[Owned], ...]:
    """Every table of the portal.

    The result is cached, so all tables are imported first: queries of a table imported later would not be
    narrowed, here and in processes forked from this one, and everybody would see its rows.
    """
    importlib.import_module("portal_app.db.tables")

    def subclasses(cls: type[Owned]) -> Iterator[type[Owned]]:
        for child in cls.__subclasses__():
            yield from (child, *subclasses(child))

    return tuple(cls for cls in subclasses(Owned) if hasattr(cls, "__table__"))
