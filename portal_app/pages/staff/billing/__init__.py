"""The pages about invoices, payments and transactions."""
