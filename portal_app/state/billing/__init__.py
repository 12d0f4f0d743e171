"""Invoices, paying them, receipts, the account, payment options and statements, as they stand on the screen."""
