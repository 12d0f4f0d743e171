"""Papers to keep: invoice and receipt as PDF, in the reader's language, with what the reader may see.

Each is made from the view that the screen shows, so that page and document say the same figures.
"""

from dataclasses import replace
from typing import Any

from portal_app.clock import local_date
from portal_app.db.scope import Tx, reading
from portal_app.db.tables.billing import Account
from portal_app.db.tables.families import Patient
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import Principal
from portal_app.domain.billing.types import RECEIVED, InvoiceStatus, PaymentStatus
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import AccountId, AgreementCopyId, InvoiceId, PaymentId
from portal_app.i18n import (
    full_date_text,
    gettext_noop,
    money_text,
    names_text,
    paid_with_text,
    time_text,
    translate,
)
from portal_app.services.agreements.copies.files import ATTACHMENT, sealed_file
from portal_app.services.billing.invoices.read import view_invoice
from portal_app.services.billing.payments.receipts import view_receipt
from portal_app.services.billing.views import InvoiceView, ReceiptView
from portal_app.services.documents import account_documents
from portal_app.services.documents.document import Document, note_staff, render, safe_filename
from portal_app.services.documents.letterhead import address_of, column, letterhead, table_of

_STATUS = {
    InvoiceStatus.DRAFT: gettext_noop("Draft"),
    InvoiceStatus.OPEN: gettext_noop("To pay"),
    InvoiceStatus.PARTLY_PAID: gettext_noop("Partly paid"),
    InvoiceStatus.PAID: gettext_noop("Paid"),
    InvoiceStatus.VOID: gettext_noop("Void"),
    InvoiceStatus.WRITTEN_OFF: gettext_noop("Written off"),
}
_REFUNDED = {PaymentStatus.PARTLY_REFUNDED, PaymentStatus.REFUNDED, PaymentStatus.LOST}


def invoice_document(principal: Principal, invoice_id: InvoiceId, language: str) -> Document:
    """An invoice as a PDF. Raises NotFound for one that is absent or not theirs."""
    view = view_invoice(principal, invoice_id)
    with reading(principal) as tx:
        facts = letterhead(tx.get_or_404(Practice, "practice"), language)
        payer = _payer(tx, view.account_id)
    facts |= invoice_facts(view, language) | {"to": address_of(payer) if payer else []}
    note_staff(principal, "read:invoice", view.id)
    return render(f"invoice-{safe_filename(view.number)}", facts)


def receipt_document(principal: Principal, payment_id: PaymentId, language: str) -> Document:
    """A receipt as a PDF. Raises NotFound for a payment that is absent, not theirs, or not received."""
    view = view_receipt(principal, payment_id)
    document = _receipt(principal, view, language)
    note_staff(principal, "read:receipt", view.payment_id)
    return document


def render_attachment(principal: Principal, document: str, id_: str, language: str) -> bytes:
    """What an outbox message names as its attachment; NotFound when there is no such thing.

    Mail is read by whoever opens the mailbox: no service and no person in it (docs/decisions). Only the copy of a
    signed agreement is whole: a signer is owed the copy itself (decision 0045).
    """
    if document == ATTACHMENT:
        with reading(principal) as tx:
            return sealed_file(tx, AgreementCopyId(id_))
    if document == "statement":
        return account_documents.mailed_statement(principal, id_, language).content
    if document != "receipt":
        raise NotFound
    view = masked(view_receipt(principal, PaymentId(id_)))
    return _receipt(principal, view, language).content


def masked(view: ReceiptView) -> ReceiptView:
    """The receipt as anybody may read it."""
    return replace(view, parts=tuple(replace(part, title="", people=()) for part in view.parts))


def invoice_facts(view: InvoiceView, language: str) -> dict[str, Any]:
    """What the document says besides letterhead and address."""
    status = gettext_noop("Overdue") if view.overdue else _STATUS[view.status]
    heading = translate(language, "Invoice {number}", number=view.number)
    facts = [
        (translate(language, "Invoice date"), full_date_text(language, view.issue_date)),
        (translate(language, "Due date"), full_date_text(language, view.due_date)),
        (translate(language, "Status"), translate(language, status)),
    ]
    return {
        "title": heading,
        "heading": heading,
        "facts": facts,
        "tables": [_lines(view, language), *_payments(view, language)],
        "totals": _totals(view, language),
        "notes": [],
    }


def receipt_facts(view: ReceiptView, language: str) -> dict[str, Any]:
    """What the template of a receipt shows."""
    heading = translate(language, "Receipt {number}", number=view.number)
    paid_at = f"{full_date_text(language, local_date(view.paid_at))}, {time_text(language, view.paid_at)}"
    facts = [
        (translate(language, "Paid on"), paid_at),
        (translate(language, "Paid with"), paid_with_text(language, view.shown)),
    ]
    if view.payer:
        facts.append((translate(language, "Paid by"), view.payer))
    totals = [(translate(language, "Amount paid"), money_text(language, view.amount), True)]
    if view.refunded:
        totals.append((translate(language, "Refunded"), money_text(language, -view.refunded), False))
    if view.lost:
        totals.append(
            (translate(language, "Taken back by the bank"), money_text(language, -view.lost), False)
        )
    if view.credit:
        totals.append((translate(language, "Kept as credit"), money_text(language, view.credit), False))
    waits = translate(
        language, "The practice has received this payment and will post it to your account soon."
    )
    return {
        "title": heading,
        "heading": heading,
        "facts": facts,
        "tables": [_parts(view, language)] if view.parts else [],
        "totals": totals,
        "notes": [] if view.posted or view.status in _REFUNDED else [waits],
    }


def _receipt(principal: Principal, view: ReceiptView, language: str) -> Document:
    if view.status not in RECEIVED:
        raise NotFound
    with reading(principal) as tx:
        facts = letterhead(tx.get_or_404(Practice, "practice"), language)
    facts |= receipt_facts(view, language) | {"to": []}
    return render(f"receipt-{safe_filename(view.number)}", facts)


def _lines(view: InvoiceView, language: str) -> dict[str, Any]:
    rows = [
        [
            full_date_text(language, line.service_date) if line.service_date else "",
            line.person,
            _service(line.description, line.code, language),
            str(line.quantity) if line.unit_amount is not None else "",
            money_text(language, line.amount),
        ]
        for line in view.lines
    ]
    columns = [
        column(translate(language, "Date")),
        column(translate(language, "Patient")),
        column(translate(language, "Service"), wide=True),
        column(translate(language, "Quantity"), right=True),
        column(translate(language, "Amount"), right=True),
    ]
    return table_of(translate(language, "What it is for"), columns, rows)


def _payments(view: InvoiceView, language: str) -> list[dict[str, Any]]:
    if not view.payments:
        return []
    rows = [
        [
            full_date_text(language, paid.on),
            paid_with_text(language, paid.shown),
            paid.receipt_number,
            money_text(language, -paid.amount),
        ]
        for paid in view.payments
        if paid.status in RECEIVED and paid.status is not PaymentStatus.LOST
    ]
    columns = [
        column(translate(language, "Date")),
        column(translate(language, "Paid with"), wide=True),
        column(translate(language, "Receipt")),
        column(translate(language, "Amount"), right=True),
    ]
    return [table_of(translate(language, "Payments"), columns, rows)] if rows else []


def _totals(view: InvoiceView, language: str) -> list[tuple[str, str, bool]]:
    totals = [(translate(language, "Total"), money_text(language, view.total), False)]
    if view.adjusted:
        totals.append((translate(language, "Adjustments"), money_text(language, view.adjusted), False))
    if view.paid:
        totals.append((translate(language, "Amount paid"), money_text(language, -view.paid), False))
    return [*totals, (translate(language, "Balance due"), money_text(language, view.due), True)]


def _parts(view: ReceiptView, language: str) -> dict[str, Any]:
    rows = [
        [
            part.number,
            names_text(language, part.people) if part.people else "",
            _service(part.title, "", language),
            money_text(language, part.amount),
            money_text(language, part.still_due),
        ]
        for part in view.parts
    ]
    columns = [
        column(translate(language, "Invoice")),
        column(translate(language, "Patient")),
        column(translate(language, "Service"), wide=True),
        column(translate(language, "Amount paid"), right=True),
        column(translate(language, "Still due"), right=True),
    ]
    return table_of(translate(language, "What it paid"), columns, rows)


def _service(description: str, code: str, language: str) -> str:
    """Masked lines say "Services" (DEP-4)."""
    shown = description or translate(language, "Services")
    return f"{shown} ({code})" if description and code else shown


def _payer(tx: Tx, account_id: AccountId) -> Patient | None:
    account = tx.get(Account, account_id)
    return tx.get(Patient, account.guarantor_id) if account else None
