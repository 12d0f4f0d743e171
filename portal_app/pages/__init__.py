"""The screens. Importing this package adds every page to the portal."""

from portal_app.pages import embed, home, not_found, outbox, staff
from portal_app.pages.billing import invoice, invoices, payment_methods, payments, receipt, statements
from portal_app.pages.family import contact, grants, members
from portal_app.pages.sign_in import code, links, other_methods
from portal_app.pages.sign_in_settings import overview

__all__ = [
    "code",
    "contact",
    "embed",
    "grants",
    "home",
    "invoice",
    "invoices",
    "links",
    "members",
    "not_found",
    "other_methods",
    "outbox",
    "overview",
    "payment_methods",
    "payments",
    "receipt",
    "staff",
    "statements",
]
