"""What this database is for: a demo, or a practice. One row, written when the database is made."""

from datetime import datetime

from portal_app.db.owned import PublicOwned
from portal_app.db.types import key, moment


class Installation(PublicOwned, table=True):
    id: str = key()  # always "installation"
    demo: bool  # invented patients; staff passwords that are printed
    created_at: datetime = moment()
