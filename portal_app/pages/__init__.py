"""The screens. Importing this package adds every page to the portal."""

from portal_app.pages import embed, home, not_found, outbox, staff, verify
from portal_app.pages.agreements import agreement, sign_link
from portal_app.pages.agreements import overview as agreements
from portal_app.pages.billing import invoice, invoices, payment_methods, payments, receipt, statements
from portal_app.pages.family import contact, grants, members
from portal_app.pages.memberships import add_member, autopay, cancel, join, renew
from portal_app.pages.memberships import overview as memberships
from portal_app.pages.memberships import receipts as membership_receipts
from portal_app.pages.sign_in import code, links, other_methods
from portal_app.pages.sign_in_settings import overview

__all__ = [
    "add_member",
    "agreement",
    "agreements",
    "autopay",
    "cancel",
    "code",
    "contact",
    "embed",
    "grants",
    "home",
    "invoice",
    "invoices",
    "join",
    "links",
    "members",
    "membership_receipts",
    "memberships",
    "not_found",
    "other_methods",
    "outbox",
    "overview",
    "payment_methods",
    "payments",
    "receipt",
    "renew",
    "sign_link",
    "staff",
    "statements",
    "verify",
]
