"""Invoices, paying them, receipts, the account, payment options and statements, as they stand on the screen."""

from portal_app.state.billing.invoice import InvoiceState
from portal_app.state.billing.invoices import InvoicesState
from portal_app.state.billing.payments import PaymentsState
from portal_app.state.billing.receipt import ReceiptState
from portal_app.state.billing.sources import SourcesState
from portal_app.state.billing.statements import StatementsState

__all__ = [
    "InvoiceState",
    "InvoicesState",
    "PaymentsState",
    "ReceiptState",
    "SourcesState",
    "StatementsState",
]
