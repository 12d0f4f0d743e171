"""The screens. Importing this package adds every page to the portal."""

from portal_app.pages import (
    home,
    invoice,
    invoices,
    outbox,
    payment_options,
    payments,
    receipt,
    sign_in,
    staff,
    statements,
)

__all__ = [
    "home",
    "invoice",
    "invoices",
    "outbox",
    "payment_options",
    "payments",
    "receipt",
    "sign_in",
    "staff",
    "statements",
]
