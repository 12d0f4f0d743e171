"""The screens. Importing this package adds every page to the portal."""

from portal_app.pages import (
    account,
    embed,
    home,
    invoice,
    invoices,
    links,
    member_contact,
    members,
    not_found,
    outbox,
    receipt,
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
    "member_contact",
    "members",
    "not_found",
    "outbox",
    "receipt",
    "sharing",
    "sign_in",
    "staff",
    "ways_in",
]
