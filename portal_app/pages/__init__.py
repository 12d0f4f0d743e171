"""The screens. Importing this package adds every page to the portal."""

from portal_app.pages import (
    account,
    embed,
    home,
    invoice,
    invoices,
    links,
    not_found,
    outbox,
    receipt,
    member_contact,
    members,
    sharing,
    sign_in,
    staff,
    ways_in,
)

__all__ = [
    "account",
    "embed",
    "home",
    "invoice",
    "invoices",
    "links",
    "not_found",
    "member_contact",
    "members",
    "outbox",
    "receipt",
    "sharing",
    "sign_in",
    "staff",
    "ways_in",
]
