"""Papers of an account: the statement, a year's payments for taxes, the itemised receipt.

Each is made from the view that the screen shows, so that page, paper and email say the same figures.
"""

from dataclasses import replace
from datetime import date
from typing import Any

from portal_app.db.scope import reading
from portal_app.db.tables.billing import Account
from portal_app.db.tables.families import Patient
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import Principal
from portal_app.domain.billing.words import EntryKind
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import AccountId, InvoiceId, PatientId, given_id
from portal_app.domain.money import Money
from portal_app.services.billing.history import payments_of_year
from portal_app.services.billing.itemised import itemised_invoice, itemised_period
from portal_app.services.billing.statements import view_statement
from portal_app.services.billing.views import (
    Itemised,
    ItemisedLine,
    StatementRow,
    StatementView,
    TaxRow,
    TaxYear,
)
from portal_app.services.letterhead import address_of, column, drawn, letterhead
from portal_app.services.paper import Paper, note_staff, plain, printed
from portal_app.speech import full_date_text, mark, money_text, names_text, paid_with_text, say

_KINDS = {
    EntryKind.CHARGE: mark("Charge"),
    EntryKind.PAYMENT: mark("Payment"),
    EntryKind.REFUND: mark("Refund of a payment"),
    EntryKind.ADJUSTMENT: mark("Adjustment"),
    EntryKind.REVERSAL: mark("Correction"),
}


def statement_paper(
    principal: Principal,
    first: date,
    last: date,
    language: str,
    *,
    account_id: AccountId | None = None,
    patient_id: PatientId | None = None,
) -> Paper:
    """NotFound for an account or person that is absent or not theirs; Refused for a period that runs backwards."""
    view = view_statement(principal, first, last, account_id=account_id, patient_id=patient_id)
    paper = _statement(principal, view, language, to=True)
    note_staff(principal, "read:statement", view.account_id)
    return paper


def tax_paper(
    principal: Principal, year: int, language: str, *, account_id: AccountId | None = None
) -> Paper:
    view = payments_of_year(principal, year, account_id=account_id)
    with reading(principal) as tx:
        facts = letterhead(tx.find(Practice, "practice"), language)
    note_staff(principal, "read:payments", account_id or str(year))
    return printed(f"payments-{year}", facts | tax_facts(view, language) | {"to": []})


def itemised_paper(principal: Principal, invoice_id: InvoiceId, language: str) -> Paper:
    view = itemised_invoice(principal, invoice_id)
    note_staff(principal, "read:itemised", invoice_id)
    return _itemised(principal, view, f"itemised-{plain(view.number)}", language)


def itemised_period_paper(
    principal: Principal,
    first: date,
    last: date,
    language: str,
    *,
    account_id: AccountId | None = None,
    patient_id: PatientId | None = None,
) -> Paper:
    view = itemised_period(principal, first, last, account_id=account_id, patient_id=patient_id)
    note_staff(principal, "read:itemised", view.account_id)
    return _itemised(principal, view, f"itemised-{first}-{last}", language)


def mailed_id(view: StatementView, patient_id: PatientId | None) -> str:
    """How a waiting message names the statement that it carries."""
    return f"{view.account_id}:{view.first}:{view.last}:{patient_id or ''}"


def mailed_statement(principal: Principal, id_: str, language: str) -> Paper:
    """The statement that `mailed_id` names, as anybody may read it: mail is read by whoever opens the mailbox."""
    try:
        account, first, last, patient = id_.split(":")
        days = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError as unread:
        raise NotFound from unread
    view = view_statement(
        principal,
        *days,
        account_id=AccountId(given_id("acc", account)),
        patient_id=PatientId(given_id("pat", patient)) if patient else None,
    )
    return _statement(principal, masked_statement(view), language, to=False)


def masked_statement(view: StatementView) -> StatementView:
    """Every figure, and no person but the guarantor."""
    rows = tuple(replace(row, people=()) for row in view.rows)
    return replace(view, rows=rows, people=(), person="")


def entry_text(language: str, row: StatementRow) -> str:
    """ "Charge, invoice JF-20129", "Payment, Visa ending in 4242"."""
    kind = say(language, _KINDS[row.kind])
    if row.number and row.kind is not EntryKind.PAYMENT:
        return say(language, "{kind}, invoice {number}", kind=kind, number=row.number)
    return f"{kind}, {paid_with_text(language, row.text)}" if row.text else kind


def statement_facts(view: StatementView, language: str) -> dict[str, Any]:
    """What the paper says besides letterhead and address."""
    heading = say(language, "Statement")
    period = say(
        language,
        "{first} to {last}",
        first=full_date_text(language, view.first),
        last=full_date_text(language, view.last),
    )
    facts = [(say(language, "Period"), period), (say(language, "Account of"), view.guarantor)]
    if view.person:
        facts.append((say(language, "Only for"), view.person))
    facts.append((say(language, "Balance on the last day"), money_text(language, view.closing)))
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
    heading = say(language, "Payments in {year}", year=str(view.year))
    columns = [
        column(say(language, "Date")),
        column(say(language, "Paid with"), wide=True),
        column(say(language, "Receipt")),
        column(say(language, "Amount"), right=True),
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
    totals = [(say(language, "Amount paid"), money_text(language, view.paid), False)]
    if view.refunded:
        totals.append((say(language, "Refunded"), money_text(language, view.refunded), False))
    totals.append(
        (say(language, "Paid in {year}", year=str(view.year)), money_text(language, view.total), True)
    )
    return {
        "title": heading,
        "heading": heading,
        "facts": [(say(language, "Account of"), view.payer)] if view.payer else [],
        "tables": [drawn(say(language, "Payments"), columns, rows)] if rows else [],
        "totals": totals,
        "notes": [] if rows else [say(language, "There were no payments in this year.")],
    }


def itemised_facts(view: Itemised, language: str) -> dict[str, Any]:
    heading = say(language, "Itemized receipt")
    facts = [(say(language, "Account of"), view.payer)] if view.payer else []
    if view.number:
        facts.append((say(language, "Invoice"), view.number))
    if view.first and view.last:
        period = say(
            language,
            "{first} to {last}",
            first=full_date_text(language, view.first),
            last=full_date_text(language, view.last),
        )
        facts.append((say(language, "Services from"), period))
    return {
        "title": f"{heading} {view.number}".strip(),
        "heading": heading,
        "facts": facts,
        "tables": [_services(view, language)] if view.rows else [],
        "totals": [
            (say(language, "Charges"), money_text(language, view.charged), False),
            (say(language, "Amount paid"), money_text(language, view.paid), True),
        ],
        "notes": [
            say(language, "Keep this for your health savings or flexible spending account, or your insurer.")
        ],
    }


def _tax_text(language: str, row: TaxRow) -> str:
    shown = paid_with_text(language, row.shown)
    return shown if row.amount > row.amount.zero() else f"{say(language, 'Refund')}, {shown}"


def _statement(principal: Principal, view: StatementView, language: str, *, to: bool) -> Paper:
    with reading(principal) as tx:
        facts = letterhead(tx.find(Practice, "practice"), language)
        payer = tx.get(Patient, tx.find(Account, view.account_id).guarantor_id) if to else None
        facts["to"] = address_of(payer) if payer else []
    return printed(f"statement-{view.first}-{view.last}", facts | statement_facts(view, language))


def _itemised(principal: Principal, view: Itemised, name: str, language: str) -> Paper:
    with reading(principal) as tx:
        facts = letterhead(tx.find(Practice, "practice"), language)
        payer = tx.get(Patient, tx.find(Account, view.account_id).guarantor_id)
        facts["to"] = address_of(payer) if payer else []
    return printed(name, facts | itemised_facts(view, language))


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
    opening = say(language, "Balance at the start") if moves else say(language, "Balance forward")
    columns = [
        column(say(language, "Date")),
        column(say(language, "Description"), wide=True),
        column(say(language, "For")),
        column(say(language, "Amount"), right=True),
        column(say(language, "Balance"), right=True),
    ]
    rows = [row(view.first, opening, "", None, view.opening), *moves]
    return drawn(say(language, "What happened"), columns, rows)


def _people(view: StatementView, language: str) -> dict[str, Any]:
    rows = [
        [
            person.name or say(language, "Everything else"),
            money_text(language, person.charges),
            money_text(language, person.payments),
            money_text(language, person.total),
        ]
        for person in view.people
    ]
    columns = [
        column(say(language, "For"), wide=True),
        column(say(language, "Charges"), right=True),
        column(say(language, "Payments and credits"), right=True),
        column(say(language, "Together"), right=True),
    ]
    return drawn(say(language, "By person"), columns, rows)


def _being_posted(view: StatementView, language: str) -> dict[str, Any]:
    rows = [
        [
            full_date_text(language, paid.on),
            paid_with_text(language, paid.shown),
            money_text(language, paid.refunded - paid.amount),
        ]
        for paid in view.being_posted
    ]
    columns = [
        column(say(language, "Date")),
        column(say(language, "Paid with"), wide=True),
        column(say(language, "Amount"), right=True),
    ]
    return drawn(say(language, "Received, being posted"), columns, rows)


def _statement_totals(view: StatementView, language: str) -> list[tuple[str, str, bool]]:
    wanted = [
        (mark("Balance at the start"), view.opening, True),
        (mark("Charges"), view.charges, False),
        (mark("Payments"), view.payments, False),
        (mark("Credits and corrections"), view.adjustments, False),
        (mark("Refunds"), view.refunds, False),
        (mark("Balance at the end"), view.closing, True),
    ]
    totals = [
        (say(language, label), money_text(language, amount), label == "Balance at the end")
        for label, amount, always in wanted
        if always or amount
    ]
    if view.being_posted:
        posted = money_text(language, -view.being_posted_total)
        totals.append((say(language, "Received, being posted"), posted, False))
        after = money_text(language, view.after_posting)
        totals.append((say(language, "After posting"), after, True))
    return totals


def _service(language: str, line: ItemisedLine) -> str:
    """What, its code where known, and by whom; "Services" where one may not see whose."""
    what = line.description or say(language, "Services")
    coded = f"{what} ({line.code})" if line.code else what
    return f"{coded} · {line.provider}" if line.provider else coded


def _services(view: Itemised, language: str) -> dict[str, Any]:
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
        column(say(language, "Service date")),
        column(say(language, "Patient")),
        column(say(language, "Service and provider"), wide=True),
        column(say(language, "Invoice")),
        column(say(language, "Charge"), right=True),
        column(say(language, "Amount paid"), right=True),
    ]
    return drawn(say(language, "Services"), columns, rows)
