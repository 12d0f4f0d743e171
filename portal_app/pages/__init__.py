"""The screens. Importing this package adds every page to the portal."""

from portal_app.pages import embed, home, invoice, invoices, not_found, outbox, receipt, sign_in, staff

__all__ = ["embed", "home", "invoice", "invoices", "not_found", "outbox", "receipt", "sign_in", "staff"]
