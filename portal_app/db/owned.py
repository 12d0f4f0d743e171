"""What a table says of itself: whose its rows are. The scope narrows every query by it."""

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
    """The root of every table: which column says whose it is, and whose list counts."""

    owner: ClassVar[str] = ""
    seen_through: ClassVar[str] = ""  # "accounts", "patients", "portal" or "public"
    audited: ClassVar[bool] = True  # are changes of single rows worth a line in the trail?

    @declared_attr.directive
    def __tablename__(cls) -> str:
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    def belongs_to(self, principal: Principal) -> bool:
        """May `principal` write this row?"""
        if self.seen_through in ("portal", "public"):
            return principal.side is Side.PORTAL
        return getattr(self, self.owner) in getattr(principal, self.seen_through)


class AccountOwned(Owned):
    owner: ClassVar[str] = "account_id"
    seen_through: ClassVar[str] = "accounts"
    account_id: AccountId = ref("account")


class PatientOwned(Owned):
    owner: ClassVar[str] = "patient_id"
    seen_through: ClassVar[str] = "patients"
    patient_id: PatientId = ref("patient")


class PortalOwned(Owned):
    """Only the portal's own errands read or write it."""

    seen_through: ClassVar[str] = "portal"


class PublicOwned(Owned):
    """Everybody reads it, only the portal's own errands write it."""

    seen_through: ClassVar[str] = "public"


@cache
def tables() -> tuple[type[Owned], ...]:
    """Every table there is. The answer is kept, so all tables are imported first: a table that came later
    would be narrowed to nobody, and a process forked from this one would show its rows to everybody.
    """
    importlib.import_module("portal_app.db.tables")

    def family(cls: type[Owned]) -> Iterator[type[Owned]]:
        for child in cls.__subclasses__():
            yield from (child, *family(child))

    return tuple(cls for cls in family(Owned) if hasattr(cls, "__table__"))
