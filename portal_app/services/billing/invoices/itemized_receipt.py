"""The itemized receipt (superbill) that health accounts (HSA, FSA) and insurers ask for."""

from collections.abc import Sequence
from datetime import date

from sqlmodel import col, select

from portal_app.db.scope import Tx, reading
from portal_app.db.select import columns
from portal_app.db.tables.billing import Invoice, InvoiceLine
from portal_app.db.tables.families import NAME_COLUMNS, Patient
from portal_app.domain import families
from portal_app.domain.access import Principal, Side
from portal_app.domain.billing.statements import check_period
from portal_app.domain.billing.types import InvoiceStatus
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import AccountId, InvoiceId, LineId, PatientId
from portal_app.domain.money import Money, split_by_weight, total
from portal_app.services.billing.accessible_accounts import accessible_account
from portal_app.services.billing.document_views import ItemizedLine, ItemizedReceipt
from portal_app.services.billing.invoices.read import require_invoice_access
from portal_app.services.billing.ledger.entries import currency
from portal_app.services.billing.statements import guarantor_name

_WITHOUT_SERVICES = [InvoiceStatus.DRAFT, InvoiceStatus.VOID]


def itemize_invoice(principal: Principal, invoice_id: InvoiceId) -> ItemizedReceipt:
    """Every line of one invoice; lines of people whom the viewer may not see keep only their amounts (DEP-4).

    Raises: NotFound; for patients also when it is a draft or void.
    """
    require_invoice_access(principal)
    with reading(principal) as tx:
        invoice = tx.get_or_404(Invoice, invoice_id)
        hidden = _WITHOUT_SERVICES if principal.side is not Side.STAFF else []
        if invoice.status in hidden:
            raise NotFound
        lines = _lines(tx, [invoice.id])
        names = _full_names(tx, lines)
        rows = [
            _to_line(line, names.get(line.patient_id, ""), invoice, paid)
            for line, paid in _paid_by_line(invoice, lines)
        ]
        return _receipt(tx, invoice.account_id, rows, number=invoice.number)


def itemize_period(
    principal: Principal,
    first: date,
    last: date,
    *,
    account_id: AccountId | None = None,
    patient_id: PatientId | None = None,
) -> ItemizedReceipt:
    """Services from `first` to `last`, both included, by date, of people whom the viewer may see.

    Raises: PeriodReversed.
    """
    require_invoice_access(principal)
    check_period(first, last)
    with reading(principal) as tx:
        account_id = accessible_account(tx, account_id)
        if patient_id is not None:
            tx.get_or_404(Patient, patient_id)
        invoices = {invoice.id: invoice for invoice in _invoices(tx, account_id, first, last)}
        lines = _lines(tx, list(invoices))
        names = _full_names(tx, lines)
        by_invoice: dict[InvoiceId, list[InvoiceLine]] = {}
        for line in lines:
            by_invoice.setdefault(line.invoice_id, []).append(line)
        rows = [
            _to_line(line, names[line.patient_id], invoices[id_], paid)
            for id_, of in by_invoice.items()
            for line, paid in _paid_by_line(invoices[id_], of)
            if line.patient_id in names and patient_id in (None, line.patient_id)
            if line.service_date and first <= line.service_date <= last
        ]
        rows.sort(key=lambda row: (row.service_date or first, row.number))
        return _receipt(tx, account_id, rows, first=first, last=last)


def _invoices(tx: Tx, account_id: AccountId, first: date, last: date) -> Sequence[Invoice]:
    with_them = columns(InvoiceLine.invoice_id).where(
        InvoiceLine.account_id == account_id,
        col(InvoiceLine.service_date) >= first,
        col(InvoiceLine.service_date) <= last,
    )
    wanted = select(Invoice).where(
        Invoice.account_id == account_id,
        col(Invoice.id).in_(with_them),
        col(Invoice.status).not_in(_WITHOUT_SERVICES),
    )
    return tx.exec(wanted).all()


def _lines(tx: Tx, ids: list[InvoiceId]) -> list[InvoiceLine]:
    found: list[InvoiceLine] = []
    for start in range(0, len(ids), 500):
        some = select(InvoiceLine).where(col(InvoiceLine.invoice_id).in_(ids[start : start + 500]))
        found += tx.exec(some.order_by(col(InvoiceLine.position), col(InvoiceLine.id)))
    return found


def _full_names(tx: Tx, lines: list[InvoiceLine]) -> dict[PatientId, str]:
    """Full names of the people on the lines whom the reader may see."""
    wanted = col(Patient.id).in_({line.patient_id for line in lines})
    rows = tx.exec(columns(Patient.id, *NAME_COLUMNS).where(wanted))
    return {id_: families.full_name(*names) for id_, *names in rows}


def _paid_by_line(invoice: Invoice, lines: Sequence[InvoiceLine]) -> list[tuple[InvoiceLine, Money]]:
    """What was paid of each line: the paid amount divided in proportion to the lines' amounts."""
    weights = [max(line.amount.minor, 0) for line in lines]
    if not any(weights):
        return [(line, invoice.allocated.zero()) for line in lines]
    parts = dict[LineId, Money](
        zip((line.id for line in lines), split_by_weight(invoice.allocated, weights), strict=True)
    )
    return [(line, parts[line.id]) for line in lines]


def _to_line(line: InvoiceLine, person: str, invoice: Invoice, paid: Money) -> ItemizedLine:
    if not person:
        return ItemizedLine(None, "", "", "", "", invoice.number, line.amount, paid)
    return ItemizedLine(
        service_date=line.service_date,
        person=person,
        provider=line.provider,
        description=line.description,
        code=line.code,
        number=invoice.number,
        charge=line.amount,
        paid=paid,
    )


def _receipt(
    tx: Tx,
    account_id: AccountId,
    rows: Sequence[ItemizedLine],
    *,
    number: str = "",
    first: date | None = None,
    last: date | None = None,
) -> ItemizedReceipt:
    return ItemizedReceipt(
        account_id=account_id,
        payer=guarantor_name(tx, account_id),
        number=number,
        first=first,
        last=last,
        rows=tuple(rows),
        charged=total((row.charge for row in rows), currency()),
        paid=total((row.paid for row in rows), currency()),
    )
