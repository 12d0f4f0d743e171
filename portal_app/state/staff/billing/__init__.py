"""States of the staff billing pages: patients' accounts, invoices, payments and transactions."""
