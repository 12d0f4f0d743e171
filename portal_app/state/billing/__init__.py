"""Invoices, paying them, and receipts, as they stand on the screen."""

from portal_app.state.billing.invoice import InvoiceState
from portal_app.state.billing.invoices import InvoicesState
from portal_app.state.billing.receipt import ReceiptState

__all__ = ["InvoiceState", "InvoicesState", "ReceiptState"]
