"""Services about money."""

from typing import Any

from portal_app.domain.billing.types import Method
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import MembershipId
from portal_app.domain.money import Money
from portal_app.gateways.payments import Charge, Outcome, RefundFacts
from portal_app.services.billing import history
from portal_app.services.billing.accounts import past_due_offer, use_credit, view_account
from portal_app.services.billing.disputes.decide import view_disputes
from portal_app.services.billing.history import payments_of_year, years_with_payments
from portal_app.services.billing.invoices import itemized_receipt, read
from portal_app.services.billing.invoices.issue import create_invoice, send_invoice, void_invoice, write_off
from portal_app.services.billing.invoices.itemized_receipt import itemize_invoice, itemize_period
from portal_app.services.billing.invoices.read import view_invoice
from portal_app.services.billing.notify import reminders
from portal_app.services.billing.payments import refunds
from portal_app.services.billing.payments.pay import (
    cancel_payment,
    confirm_payment,
    pay_account,
    pay_invoice,
    preview_account,
)
from portal_app.services.billing.payments.payment_methods import (
    list_payment_methods,
    make_default,
    memberships_by_payment_method,
    remove_payment_method,
    rename_payment_method,
    start_adding_payment_method,
)
from portal_app.services.billing.payments.receipts import view_receipt
from portal_app.services.billing.payments.refresh_methods import refresh_payment_method
from portal_app.services.billing.payments.refunds import refund_payment, settle_refund
from portal_app.services.billing.payments.settle import settle
from portal_app.services.billing.staff.patient_billing import (
    view_patient_billing,
    view_payment,
    view_staff_invoice,
)
from portal_app.services.billing.staff.record_payment import post_payments, record_payment
from portal_app.services.billing.statements import list_people, view_statement
from portal_app.services.billing.views import NewLine
from portal_app.services.documents import account_documents, payment_documents, statement_email
from portal_app.services.memberships.billing_run import bill_one
from tests.attacks.everybody import TODAY
from tests.attacks.matrix.lines import (
    MARIA_PAYS,
    MONEY,
    NOBODY,
    REFUNDS,
    SEES_BILLING,
    Ask,
    Line,
)
from tests.payments_helper import new_payment
from tests.people import EVA, IVY, MARIA, NINA, PARK, RIVERA, VISA

AMOUNT = Money(20_00)


AMOUNT = Money(20_00)
FIRST, LAST = TODAY.replace(day=1), TODAY
FIRST, LAST = TODAY.replace(day=1), TODAY
LINES: list[Line] = []


def line(what: str, whom: str, ask: Ask) -> None:
    LINES.append(Line(what, ask, frozenset(whom.split())))


# Maria's bills

line("billing.view_invoice", f"{MONEY} payer", lambda p, s: view_invoice(p, s.invoice))
line("billing.view_invoice a draft", SEES_BILLING, lambda p, s: view_invoice(p, s.draft))
line("billing.view_staff_invoice", SEES_BILLING, lambda p, s: view_staff_invoice(p, s.invoice))
line("billing.refresh_pending_digests", MONEY, lambda p, s: reminders.refresh_pending_digests(p, RIVERA))
line("billing.itemize_invoice", MONEY, lambda p, s: itemize_invoice(p, s.invoice))
line(
    "billing.itemize_period",
    MONEY,
    lambda p, s: itemize_period(p, FIRST, LAST, account_id=RIVERA),
)
line(
    "billing.itemize_period of Eva",
    "maria embed dana olga",
    lambda p, s: itemized_receipt.itemize_period(p, FIRST, LAST, account_id=RIVERA, patient_id=EVA.id),
)
line(
    "documents.invoice_document",
    f"{MONEY} payer",
    lambda p, s: payment_documents.invoice_document(p, s.invoice, "en"),
)
line(
    "documents.invoice_document",
    f"{MONEY} payer",
    lambda p, s: payment_documents.invoice_document(p, s.invoice, "en"),
)
line(
    "documents.itemised_document", MONEY, lambda p, s: account_documents.itemised_document(p, s.invoice, "en")
)
line(
    "documents.itemised_period_document",
    MONEY,
    lambda p, s: account_documents.itemised_period_document(p, FIRST, LAST, "en", account_id=RIVERA),
)
line(
    "billing.list_invoices of Maria",
    "maria embed dana olga",
    lambda p, s: found(read.list_invoices(p, patient_id=MARIA.id)),
)
line("billing.send_invoice", SEES_BILLING, lambda p, s: send_invoice(p, s.draft))
line("billing.void_invoice", SEES_BILLING, lambda p, s: void_invoice(p, s.draft, reason="x"))
line("billing.write_off", REFUNDS, lambda p, s: write_off(p, s.invoice, reason="x"))
line(
    "billing.create_invoice",
    SEES_BILLING,
    lambda p, s: create_invoice(
        p, new_invoice(), RIVERA, [NewLine(MARIA.id, "Filling", AMOUNT)], due_date=LAST
    ),
)


# Paying, and what was paid
line(
    "billing.pay_invoice with a new card",
    f"{MARIA_PAYS} payer",
    lambda p, s: pay_invoice(p, new_payment(), s.invoice, AMOUNT, processor=s.processor, token="ctoken_visa"),
)
line(
    "billing.pay_invoice with Maria's card",
    MARIA_PAYS,
    lambda p, s: pay_invoice(
        p, new_payment(), s.invoice, AMOUNT, processor=s.processor, payment_method_id=VISA
    ),
)
line(
    "billing.pay_account",
    MARIA_PAYS,
    lambda p, s: pay_account(
        p, new_payment(), AMOUNT, processor=s.processor, account_id=RIVERA, payment_method_id=VISA
    ),
)
line(
    "billing.preview_account",
    MARIA_PAYS,
    lambda p, s: preview_account(p, AMOUNT, account_id=RIVERA),
)
line(
    "billing.confirm_payment",
    MARIA_PAYS,
    lambda p, s: confirm_payment(p, s.payment, processor=s.processor),
)
line(
    "billing.cancel_payment",
    MARIA_PAYS,
    lambda p, s: cancel_payment(p, s.payment, processor=s.processor),
)
line("billing.view_receipt", MONEY, lambda p, s: view_receipt(p, s.payment))
line("documents.receipt_document", MONEY, lambda p, s: payment_documents.receipt_document(p, s.payment, "en"))
line("documents.receipt_document", MONEY, lambda p, s: payment_documents.receipt_document(p, s.payment, "en"))
line(
    "documents.render_attachment",
    MONEY,
    lambda p, s: payment_documents.render_attachment(p, "receipt", s.payment, "en"),
)
line("billing.view_payment", SEES_BILLING, lambda p, s: view_payment(p, s.payment))
line("billing.view_disputes", SEES_BILLING, lambda p, s: view_disputes(p, s.payment))
line(
    "billing.record_payment",
    SEES_BILLING,
    lambda p, s: record_payment(p, new_payment(), RIVERA, AMOUNT, method=Method.CASH),
)
line("billing.post_payments", REFUNDS, lambda p, s: post_payments(p, [s.payment]))
line(
    "billing.refund_payment",
    REFUNDS,
    lambda p, s: refund_payment(p, new_refund(), s.payment, Money(5_00), processor=s.processor),
)


# Maria's account
line("billing.view_account", MONEY, lambda p, s: view_account(p, RIVERA))
line("billing.past_due_offer", MONEY, lambda p, s: past_due_offer(p, RIVERA))
line("billing.use_credit", MONEY, lambda p, s: use_credit(p, RIVERA))
line("billing.list_payments", MONEY, lambda p, s: history.list_payments(p, account_id=RIVERA))
line("billing.payments_of_year", MONEY, lambda p, s: payments_of_year(p, 2026, account_id=RIVERA))
line("billing.years_with_payments", MONEY, lambda p, s: years_with_payments(p, RIVERA))
line("billing.list_people", MONEY, lambda p, s: list_people(p, RIVERA))
line(
    "billing.view_statement",
    MONEY,
    lambda p, s: view_statement(p, FIRST, LAST, account_id=RIVERA),
)
line(
    "billing.view_statement of Nina",
    "dana olga",
    lambda p, s: view_statement(p, FIRST, LAST, account_id=PARK, patient_id=NINA.id),
)
line(
    "documents.statement_document",
    MONEY,
    lambda p, s: account_documents.statement_document(p, FIRST, LAST, "en", account_id=RIVERA),
)
line(
    "documents.tax_document",
    MONEY,
    lambda p, s: account_documents.tax_document(p, 2026, "en", account_id=RIVERA),
)
line(
    "documents.email_statement of Eva",
    f"{MARIA_PAYS} luis payer",
    lambda p, s: statement_email.email_statement(p, FIRST, LAST, patient_id=EVA.id),
)
line("billing.view_patient_billing", SEES_BILLING, lambda p, s: view_patient_billing(p, MARIA.id))
line("billing.view_patient_billing of Ivy", "dana olga", lambda p, s: view_patient_billing(p, IVY.id))


# Maria's cards
line("billing.list_payment_methods", MARIA_PAYS, lambda p, s: list_payment_methods(p, RIVERA))
line(
    "billing.memberships_by_payment_method", MARIA_PAYS, lambda p, s: memberships_by_payment_method(p, RIVERA)
)
line(
    "billing.start_adding_payment_method",
    MARIA_PAYS,
    lambda p, s: start_adding_payment_method(p, "set_1", processor=s.processor, account_id=RIVERA),
)
line("billing.rename_payment_method", MARIA_PAYS, lambda p, s: rename_payment_method(p, VISA, "x"))
line("billing.make_default", MARIA_PAYS, lambda p, s: make_default(p, VISA))
line(
    "billing.remove_payment_method",
    MARIA_PAYS,
    lambda p, s: remove_payment_method(p, VISA, processor=s.processor),
)


# The portal's own, behind all the guards
line(
    "billing.settle",
    NOBODY,
    lambda p, s: settle(p, s.payment, Charge(Outcome.SUCCEEDED)),
)
line("billing.settle_refund", NOBODY, lambda p, s: settle_refund(p, s.refund, SUCCEEDED))
line("billing.refresh_payment_method", NOBODY, lambda p, s: refresh_payment_method(p, "pm_visa", s.processor))
line("memberships.bill_one", NOBODY, lambda p, s: bill_one(p, MembershipId("mem_" + "9" * 32)))
line("billing.adopt_refund", NOBODY, lambda p, s: refunds.adopt_refund(p, s.payment, SUCCEEDED))


SUCCEEDED = RefundFacts(Outcome.SUCCEEDED, "re_made_up")


def new_invoice() -> Any:
    from portal_app.domain.ids import InvoiceId, new_id  # noqa: PLC0415

    return InvoiceId(new_id("inv"))


def new_refund() -> Any:
    from portal_app.domain.ids import RefundId, new_id  # noqa: PLC0415

    return RefundId(new_id("ref"))


def found(page: Any) -> Any:
    """A list that is empty shows nothing: as good as not found."""
    if not page.rows:
        raise NotFound
    return page
