"""Papers of an account: the statement, a year's payments for taxes, the itemised receipt.

Each is made from the view that the screen shows, so that page, document and email say the same figures.
"""

from dataclasses import replace
from datetime import date
from typing import Any

from portal_app.db.scope import reading
from portal_app.db.tables.billing import Account
from portal_app.db.tables.families import Patient
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import Principal
from portal_app.domain.billing.types import EntryKind
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import AccountId, InvoiceId, PatientId, parse_id
from portal_app.domain.money import Money
from portal_app.i18n import full_date_text, gettext_noop, money_text, names_text, paid_with_text, translate
from portal_app.services.billing.document_views import (
    ItemizedLine,
    ItemizedReceipt,
    StatementRow,
    StatementView,
    TaxRow,
    TaxYear,
)
from portal_app.services.billing.history import payments_of_year
from portal_app.services.billing.invoices.itemized_receipt import itemize_invoice, itemize_period
from portal_app.services.billing.statements import view_statement
from portal_app.services.documents.document import Document, note_staff, render, safe_filename
from portal_app.services.documents.letterhead import address_of, column, letterhead, table_of

_KINDS = {
    EntryKind.CHARGE: gettext_noop("Charge"),
    EntryKind.PAYMENT: gettext_noop("Payment"),
    EntryKind.REFUND: gettext_noop("Refund of a payment"),
    EntryKind.ADJUSTMENT: gettext_noop("Adjustment"),
    EntryKind.REVERSAL: gettext_noop("Correction"),
}


def statement_document(
    principal: Principal,
    first: date,
    last: date,
    language: str,
    *,
    account_id: AccountId | None = None,
    patient_id: PatientId | None = None,
) -> Document:
    """The statement of a period as a PDF. Raises NotFound, and UserError for a period that runs backwards."""
    view = view_statement(principal, first, last, account_id=account_id, patient_id=patient_id)
    document = _statement(principal, view, language, to=True)
    note_staff(principal, "read:statement", view.account_id)
    return document


def tax_document(
    principal: Principal, year: int, language: str, *, account_id: AccountId | None = None
) -> Document:
    """The payments of a year as a PDF, for taxes. Raises NotFound."""
    view = payments_of_year(principal, year, account_id=account_id)
    with reading(principal) as tx:
        facts = letterhead(tx.get_or_404(Practice, "practice"), language)
    note_staff(principal, "read:payments", account_id or str(year))
    return render(f"payments-{year}", facts | tax_facts(view, language) | {"to": []})


def itemised_document(principal: Principal, invoice_id: InvoiceId, language: str) -> Document:
    """The itemised receipt of an invoice as a PDF. Raises NotFound."""
    view = itemize_invoice(principal, invoice_id)
    note_staff(principal, "read:itemised", invoice_id)
    return _itemised(principal, view, f"itemised-{safe_filename(view.number)}", language)


def itemised_period_document(
    principal: Principal,
    first: date,
    last: date,
    language: str,
    *,
    account_id: AccountId | None = None,
    patient_id: PatientId | None = None,
) -> Document:
    """The itemised receipt of a period as a PDF. Raises NotFound, and UserError for a period that runs backwards."""
    view = itemize_period(principal, first, last, account_id=account_id, patient_id=patient_id)
    note_staff(principal, "read:itemised", view.account_id)
    return _itemised(principal, view, f"itemised-{first}-{last}", language)


def mailed_id(view: StatementView, patient_id: PatientId | None) -> str:
    """How a waiting message names the statement that it carries."""
    return f"{view.account_id}:{view.first}:{view.last}:{patient_id or ''}"


def mailed_statement(principal: Principal, id_: str, language: str) -> Document:
    """The statement that `mailed_id` names, as anybody may read it: mail is read by whoever opens the mailbox."""
    try:
        account, first, last, patient = id_.split(":")
        days = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError as unread:
        raise NotFound from unread
    view = view_statement(
        principal,
        *days,
        account_id=AccountId(parse_id("acc", account)),
        patient_id=PatientId(parse_id("pat", patient)) if patient else None,
    )
    return _statement(principal, masked_statement(view), language, to=False)


def masked_statement(view: StatementView) -> StatementView:
    """Every figure, and no person but the guarantor."""
    rows = tuple(replace(row, people=()) for row in view.rows)
    return replace(view, rows=rows, people=(), person="")


def entry_text(language: str, row: StatementRow) -> str:
    """ "Charge, invoice JF-20129", "Payment, Visa ending in 4242"."""
    kind = translate(language, _KINDS[row.kind])
    if row.number and row.kind is not EntryKind.PAYMENT:
        return translate(language, "{kind}, invoice {number}", kind=kind, number=row.number)
    return f"{kind}, {paid_with_text(language, row.text)}" if row.text else kind


def statement_facts(view: StatementView, language: str) -> dict[str, Any]:
    """What the document says besides letterhead and address."""
    heading = translate(language, "Statement")
    period = translate(
        language,
        "{first} to {last}",
        first=full_date_text(language, view.first),
        last=full_date_text(language, view.last),
    )
    facts = [(translate(language, "Period"), period), (translate(language, "Account of"), view.guarantor)]
    if view.person:
        facts.append((translate(language, "Only for"), view.person))
    facts.append((translate(language, "Balance on the last day"), money_text(language, view.closing)))
    tables = [_activity(view, language)]
    if len(view.people) > 1:
        tables.append(_people(view, language))
    if view.being_posted:
        tables.append(_being_posted(view, language))
    return {
        "title": f"{heading}: {period}",
        "heading": heading,
        "facts": facts,
        "tables": tables,
        "totals": _statement_totals(view, language),
        "notes": [],
    }


def tax_facts(view: TaxYear, language: str) -> dict[str, Any]:
    """What the template of the payments of a year shows."""
    heading = translate(language, "Payments in {year}", year=str(view.year))
    columns = [
        column(translate(language, "Date")),
        column(translate(language, "Paid with"), wide=True),
        column(translate(language, "Receipt")),
        column(translate(language, "Amount"), right=True),
    ]
    rows = [
        [
            full_date_text(language, row.on),
            _tax_text(language, row),
            row.receipt_number,
            money_text(language, row.amount),
        ]
        for row in view.rows
    ]
    totals = [(translate(language, "Amount paid"), money_text(language, view.paid), False)]
    if view.refunded:
        totals.append((translate(language, "Refunded"), money_text(language, view.refunded), False))
    totals.append(
        (translate(language, "Paid in {year}", year=str(view.year)), money_text(language, view.total), True)
    )
    return {
        "title": heading,
        "heading": heading,
        "facts": [(translate(language, "Account of"), view.payer)] if view.payer else [],
        "tables": [table_of(translate(language, "Payments"), columns, rows)] if rows else [],
        "totals": totals,
        "notes": [] if rows else [translate(language, "There were no payments in this year.")],
    }


def itemised_facts(view: ItemizedReceipt, language: str) -> dict[str, Any]:
    """What the template of an itemised receipt shows."""
    heading = translate(language, "Itemized receipt")
    facts = [(translate(language, "Account of"), view.payer)] if view.payer else []
    if view.number:
        facts.append((translate(language, "Invoice"), view.number))
    if view.first and view.last:
        period = translate(
            language,
            "{first} to {last}",
            first=full_date_text(language, view.first),
            last=full_date_text(language, view.last),
        )
        facts.append((translate(language, "Services from"), period))
    return {
        "title": f"{heading} {view.number}".strip(),
        "heading": heading,
        "facts": facts,
        "tables": [_services(view, language)] if view.rows else [],
        "totals": [
            (translate(language, "Charges"), money_text(language, view.charged), False),
            (translate(language, "Amount paid"), money_text(language, view.paid), True),
        ],
        "notes": [
            translate(
                language, "Keep this for your health savings or flexible spending account, or your insurer."
            )
        ],
    }


def _tax_text(language: str, row: TaxRow) -> str:
    shown = paid_with_text(language, row.shown)
    if row.taken_back:
        return f"{translate(language, 'Taken back by the bank')}, {shown}"
    return shown if row.amount > row.amount.zero() else f"{translate(language, 'Refund')}, {shown}"


def _statement(principal: Principal, view: StatementView, language: str, *, to: bool) -> Document:
    with reading(principal) as tx:
        facts = letterhead(tx.get_or_404(Practice, "practice"), language)
        payer = tx.get(Patient, tx.get_or_404(Account, view.account_id).guarantor_id) if to else None
        facts["to"] = address_of(payer) if payer else []
    return render(f"statement-{view.first}-{view.last}", facts | statement_facts(view, language))


def _itemised(principal: Principal, view: ItemizedReceipt, name: str, language: str) -> Document:
    with reading(principal) as tx:
        facts = letterhead(tx.get_or_404(Practice, "practice"), language)
        payer = tx.get(Patient, tx.get_or_404(Account, view.account_id).guarantor_id)
        facts["to"] = address_of(payer) if payer else []
    return render(name, facts | itemised_facts(view, language))


def _activity(view: StatementView, language: str) -> dict[str, Any]:
    def row(on: date, text: str, who: str, amount: Money | None, running: Money) -> list[str]:
        shown = money_text(language, amount) if amount is not None else ""
        return [full_date_text(language, on), text, who, shown, money_text(language, running)]

    moves = [
        row(
            entry.on,
            entry_text(language, entry),
            names_text(language, entry.people) if entry.people else "",
            entry.amount,
            entry.running,
        )
        for entry in view.rows
    ]
    opening = translate(language, "Balance at the start") if moves else translate(language, "Balance forward")
    columns = [
        column(translate(language, "Date")),
        column(translate(language, "Description"), wide=True),
        column(translate(language, "For")),
        column(translate(language, "Amount"), right=True),
        column(translate(language, "Balance"), right=True),
    ]
    rows = [row(view.first, opening, "", None, view.opening), *moves]
    return table_of(translate(language, "What happened"), columns, rows)


def _people(view: StatementView, language: str) -> dict[str, Any]:
    rows = [
        [
            person.name or translate(language, "Everything else"),
            money_text(language, person.charges),
            money_text(language, person.payments),
            money_text(language, person.total),
        ]
        for person in view.people
    ]
    columns = [
        column(translate(language, "For"), wide=True),
        column(translate(language, "Charges"), right=True),
        column(translate(language, "Payments and credits"), right=True),
        column(translate(language, "Together"), right=True),
    ]
    return table_of(translate(language, "By person"), columns, rows)


def _being_posted(view: StatementView, language: str) -> dict[str, Any]:
    rows = [
        [
            full_date_text(language, paid.on),
            paid_with_text(language, paid.shown),
            money_text(language, -paid.kept),
        ]
        for paid in view.being_posted
    ]
    columns = [
        column(translate(language, "Date")),
        column(translate(language, "Paid with"), wide=True),
        column(translate(language, "Amount"), right=True),
    ]
    return table_of(translate(language, "Received, being posted"), columns, rows)


def _statement_totals(view: StatementView, language: str) -> list[tuple[str, str, bool]]:
    wanted = [
        (gettext_noop("Balance at the start"), view.opening, True),
        (gettext_noop("Charges"), view.charges, False),
        (gettext_noop("Payments"), view.payments, False),
        (gettext_noop("Credits and corrections"), view.adjustments, False),
        (gettext_noop("Refunds"), view.refunds, False),
        (gettext_noop("Balance at the end"), view.closing, True),
    ]
    totals = [
        (translate(language, label), money_text(language, amount), label == "Balance at the end")
        for label, amount, always in wanted
        if always or amount
    ]
    if view.being_posted:
        posted = money_text(language, -view.being_posted_total)
        totals.append((translate(language, "Received, being posted"), posted, False))
        after = money_text(language, view.after_posting)
        totals.append((translate(language, "After posting"), after, True))
    return totals


def _service(language: str, line: ItemizedLine) -> str:
    """What, its code where known, and by whom; "Services" where one may not see whose."""
    what = line.description or translate(language, "Services")
    coded = f"{what} ({line.code})" if line.code else what
    return f"{coded} · {line.provider}" if line.provider else coded


def _services(view: ItemizedReceipt, language: str) -> dict[str, Any]:
    rows = [
        [
            full_date_text(language, line.service_date) if line.service_date else "",
            line.person,
            _service(language, line),
            "" if view.number else line.number,
            money_text(language, line.charge),
            money_text(language, line.paid),
        ]
        for line in view.rows
    ]
    columns = [
        column(translate(language, "Service date")),
        column(translate(language, "Patient")),
        column(translate(language, "Service and provider"), wide=True),
        column(translate(language, "Invoice")),
        column(translate(language, "Charge"), right=True),
        column(translate(language, "Amount paid"), right=True),
    ]
    return table_of(translate(language, "Services"), columns, rows)
