"""The screens. Importing this package adds every page to the portal."""

from portal_app.pages import (
    account,
    home,
    invoice,
    invoices,
    links,
    member_contact,
    members,
    outbox,
    receipt,
    sharing,
    sign_in,
    staff,
    ways_in,
)

__all__ = [
    "account",
    "home",
    "invoice",
    "invoices",
    "links",
    "member_contact",
    "members",
    "outbox",
    "receipt",
    "sharing",
    "sign_in",
    "staff",
    "ways_in",
]
