"""Billing, as the portal does it: look, pay, settle, refund, post, reconcile. Rules are in domain.billing."""

from collections.abc import Sequence
from datetime import date, timedelta

from portal_app.domain.access import Principal
from portal_app.domain.billing import AskAgain, Held, Method
from portal_app.domain.ids import AccountId, InvoiceId, PatientId, PaymentId, RefundId, SourceId
from portal_app.domain.money import Money
from portal_app.gateways.payments import CardProcessor, Heard
from portal_app.services.billing.invoices import list_invoices, view_invoice
from portal_app.services.billing.payments import (
    cancel_payment,
    confirm_payment,
    pay_account,
    pay_invoice,
    preview_account,
)
from portal_app.services.billing.receipts import todays_payments, view_receipt
from portal_app.services.billing.settle import settle
from portal_app.services.billing.views import (
    AccountView,
    Finding,
    NewLine,
    PaymentOutcome,
    PayOffer,
    RefundView,
    SetupStarted,
    SourceView,
    StatementView,
)

__all__ = [
    "AskAgain",
    "Held",
    "cancel_payment",
    "confirm_payment",
    "list_invoices",
    "pay_account",
    "pay_invoice",
    "preview_account",
    "settle",
    "todays_payments",
    "view_invoice",
    "view_receipt",
]


# --- what a patient sees and pays -------------------------------------------------------------
def view_account(principal: Principal) -> AccountView: ...
def use_credit(principal: Principal, account_id: AccountId | None = None) -> Money: ...
def view_statement(
    principal: Principal,
    first: date,
    last: date,
    *,
    account_id: AccountId | None = None,
    patient_id: PatientId | None = None,
) -> StatementView: ...


# --- payment options --------------------------------------------------------------------------
def list_sources(principal: Principal) -> tuple[SourceView, ...]: ...
def start_adding_source(principal: Principal, *, processor: CardProcessor) -> SetupStarted: ...
def finish_adding_source(principal: Principal, setup_id: str, *, processor: CardProcessor) -> SourceView: ...
def rename_source(principal: Principal, source_id: SourceId, name: str) -> None: ...
def make_default(principal: Principal, source_id: SourceId) -> None: ...
def remove_source(
    principal: Principal,
    source_id: SourceId,
    *,
    processor: CardProcessor,
    next_default: SourceId | None = None,
) -> None: ...
def past_due_offer(principal: Principal) -> PayOffer: ...


# --- what the processor says ------------------------------------------------------------------
def heard(principal: Principal, heard: Heard, *, processor: CardProcessor) -> str: ...
def reconcile(
    principal: Principal, *, processor: CardProcessor, older_than: timedelta = timedelta(minutes=2)
) -> list[Finding]: ...


# --- staff ------------------------------------------------------------------------------------
def post_payments(principal: Principal, payment_ids: Sequence[PaymentId]) -> int: ...
def refund_payment(
    principal: Principal,
    refund_id: RefundId,
    payment_id: PaymentId,
    amount: Money,
    *,
    processor: CardProcessor,
    void_charge: bool = False,
    invoice_ids: Sequence[InvoiceId] | None = None,
    reason: str = "",
) -> RefundView: ...
def record_payment(
    principal: Principal,
    payment_id: PaymentId,
    account_id: AccountId,
    amount: Money,
    *,
    method: Method,
    invoice_ids: Sequence[InvoiceId] | None = None,
    note: str = "",
) -> PaymentOutcome: ...
def create_invoice(
    principal: Principal,
    invoice_id: InvoiceId,
    account_id: AccountId,
    lines: Sequence[NewLine],
    *,
    due_date: date,
    note: str = "",
) -> InvoiceId: ...
def send_invoice(principal: Principal, invoice_id: InvoiceId) -> None: ...
def void_invoice(principal: Principal, invoice_id: InvoiceId, *, reason: str = "") -> None: ...
def write_off(principal: Principal, invoice_id: InvoiceId, *, reason: str = "") -> None: ...
