"""Billing, as the portal does it: look, pay, settle, refund, post, reconcile. Rules are in domain.billing."""

from portal_app.domain.billing import AskAgain, Held
from portal_app.services.billing.accounts import past_due_offer, use_credit, view_account
from portal_app.services.billing.desk import post_payments, record_payment
from portal_app.services.billing.for_others import bills_for_others
from portal_app.services.billing.history import list_payments, payments_of_year, years_with_payments
from portal_app.services.billing.inbox import LATER, heard
from portal_app.services.billing.invoices import list_invoices, view_invoice
from portal_app.services.billing.invoicing import create_invoice, send_invoice, void_invoice, write_off
from portal_app.services.billing.itemised import itemised_invoice, itemised_period
from portal_app.services.billing.own import list_accounts
from portal_app.services.billing.payments import (
    cancel_payment,
    confirm_payment,
    pay_account,
    pay_invoice,
    preview_account,
)
from portal_app.services.billing.persons import (
    find_patients,
    open_invoice,
    view_patient_billing,
    view_payment,
)
from portal_app.services.billing.receipts import todays_payments, view_receipt
from portal_app.services.billing.reconcile import reconcile
from portal_app.services.billing.refunds import refund_payment, settle_refund
from portal_app.services.billing.settle import settle
from portal_app.services.billing.statements import list_people, view_statement
from portal_app.services.billing.transactions import export_transactions, search_transactions
from portal_app.services.billing.wallet import (
    finish_adding_source,
    list_sources,
    make_default,
    remove_source,
    rename_source,
    start_adding_source,
    uses,
)

__all__ = [
    "LATER",
    "AskAgain",
    "Held",
    "bills_for_others",
    "cancel_payment",
    "confirm_payment",
    "create_invoice",
    "export_transactions",
    "find_patients",
    "finish_adding_source",
    "heard",
    "itemised_invoice",
    "itemised_period",
    "list_accounts",
    "list_invoices",
    "list_payments",
    "list_people",
    "list_sources",
    "make_default",
    "open_invoice",
    "past_due_offer",
    "pay_account",
    "pay_invoice",
    "payments_of_year",
    "post_payments",
    "preview_account",
    "reconcile",
    "record_payment",
    "refund_payment",
    "remove_source",
    "rename_source",
    "search_transactions",
    "send_invoice",
    "settle",
    "settle_refund",
    "start_adding_source",
    "todays_payments",
    "use_credit",
    "uses",
    "view_account",
    "view_invoice",
    "view_patient_billing",
    "view_payment",
    "view_receipt",
    "view_statement",
    "void_invoice",
    "write_off",
    "years_with_payments",
]
