"""The screens. Importing this package adds every page to the portal."""

from portal_app.pages import home, invoice, invoices, not_found, outbox, receipt, sign_in, staff

__all__ = ["home", "invoice", "invoices", "not_found", "outbox", "receipt", "sign_in", "staff"]
