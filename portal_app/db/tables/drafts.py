"""What somebody was typing when their page went away."""

from datetime import datetime
from typing import ClassVar

from sqlmodel import UniqueConstraint

from portal_app.db.owned import PortalOwned
from portal_app.db.types import document, key, moment


class Draft(PortalOwned, table=True):
    """One form of one person about one thing, by its fields. Gone when it is sent."""

    __table_args__ = (UniqueConstraint("owner_name", "form", "subject"),)
    audited: ClassVar[bool] = False  # nothing is decided yet
    id: str = key()  # drf_…
    owner_name: str  # principal.name
    form: str
    subject: str
    fields: dict[str, str] = document(default_factory=dict)
    saved_at: datetime = moment(index=True)
