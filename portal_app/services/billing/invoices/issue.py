"""What staff do with invoices: make, send, void, write off."""

from collections.abc import Sequence
from datetime import date

from sqlmodel import col, func, select

from portal_app.clock import now, today
from portal_app.db.scope import Tx, reading, retried, transaction
from portal_app.db.select import columns
from portal_app.db.tables.billing import Invoice, InvoiceLine
from portal_app.db.tables.families import Patient
from portal_app.domain.access import Permission, Principal, system_principal
from portal_app.domain.billing.types import PAYABLE, EntryKind, InvoiceStatus
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import AccountId, InvoiceId, LineId, PatientId, new_id
from portal_app.domain.money import InvalidAmount, Money, total
from portal_app.services.billing.errors import (
    DueDateInPast,
    InvoiceAlreadyClosed,
    InvoiceHasPaymentOnItsWay,
    InvoiceHasPayments,
    InvoiceNotADraft,
    InvoiceNotOpen,
    InvoiceWithoutLines,
)
from portal_app.services.billing.ledger.entries import (
    currency,
    in_flight_payments,
    lock_account,
    post,
    posted_already,
)
from portal_app.services.billing.notify.events import announce_account_change
from portal_app.services.billing.notify.reminders import refresh_pending_digests, tell_issued
from portal_app.services.billing.views import NewLine


@retried
def create_invoice(
    principal: Principal,
    invoice_id: InvoiceId,
    account_id: AccountId,
    lines: Sequence[NewLine],
    *,
    due_date: date,
    note: str = "",
) -> InvoiceId:
    """A draft: patients do not see it, nothing is charged. The same id again is the same draft."""
    principal.require(Permission.TAKE_PAYMENTS)
    if not lines:
        raise InvoiceWithoutLines
    if any(line.quantity < 1 or line.amount <= line.amount.zero() for line in lines):
        raise InvalidAmount(currency())
    if due_date < today():
        raise DueDateInPast
    _only_of_the_account(account_id, lines)
    with transaction(principal) as tx:
        lock_account(tx, account_id)
        if tx.get(Invoice, invoice_id) is not None:
            return invoice_id
        whole = total((line.amount * line.quantity for line in lines), currency())
        while not tx.add_if_absent(_draft(tx, invoice_id, account_id, whole, due_date, note)):
            pass  # another account took that number at the same moment
        tx.flush()
        for position, line in enumerate(lines):
            tx.add(_line(invoice_id, account_id, position, line))
        announce_account_change(tx, account_id, invoice_id)
    return invoice_id


def _draft(
    tx: Tx, invoice_id: InvoiceId, account_id: AccountId, whole: Money, due_date: date, note: str
) -> Invoice:
    return Invoice(
        id=invoice_id,
        account_id=account_id,
        number=_next_number(tx),
        status=InvoiceStatus.DRAFT,
        issue_date=today(),
        due_date=due_date,
        total=whole,
        adjusted=whole.zero(),
        allocated=whole.zero(),
        note=note,
        created_at=now(),
    )


def _line(invoice_id: InvoiceId, account_id: AccountId, position: int, line: NewLine) -> InvoiceLine:
    return InvoiceLine(
        id=LineId(new_id("lin")),
        account_id=account_id,
        invoice_id=invoice_id,
        patient_id=line.patient_id,
        position=position,
        description=line.description,
        quantity=line.quantity,
        unit_amount=line.amount,
        amount=line.amount * line.quantity,
        service_date=line.service_date,
        provider=line.provider,
        code=line.code,
    )


def _only_of_the_account(account_id: AccountId, lines: Sequence[NewLine]) -> None:
    """A bill names only those for whom its guarantor answers; asked for staff who may read no chart."""
    wanted = {line.patient_id for line in lines}
    found = columns(func.count()).where(col(Patient.id).in_(wanted), Patient.account_id == account_id)
    with reading(system_principal("invoice")) as tx:
        if tx.exec(found).one() != len(wanted):
            raise NotFound


def _next_number(tx: Tx) -> str:
    """P-1001 and on: those of the portal's own bills, apart from the practice's own."""
    last = tx.exec(columns(func.count()).where(col(Invoice.number).startswith("P-"))).one()
    number = 1001 + last
    while tx.exec(columns(Invoice.id).where(Invoice.number == f"P-{number}")).first():
        number += 1
    return f"P-{number}"


@retried
def send_invoice(principal: Principal, invoice_id: InvoiceId) -> None:
    """The draft becomes a bill: the charge is posted, one entry per person, and its guarantor is told.

    Sent twice is sent once.
    """
    principal.require(Permission.TAKE_PAYMENTS)
    with transaction(principal) as tx:
        _locked(tx, invoice_id)  # theirs to touch at all
    with transaction(system_principal(f"desk for {principal.name}")) as tx:
        invoice = _locked(tx, invoice_id)
        if invoice.status is not InvoiceStatus.DRAFT:
            if invoice.status in PAYABLE or invoice.status is InvoiceStatus.PAID:
                return
            raise InvoiceNotADraft
        invoice.status, invoice.issue_date, invoice.issued_at = InvoiceStatus.OPEN, today(), now()
        sums: dict[PatientId, Money] = {}
        for line in tx.exec(select(InvoiceLine).where(InvoiceLine.invoice_id == invoice_id)):
            sums[line.patient_id] = sums.get(line.patient_id, line.amount.zero()) + line.amount
        for patient_id, amount in sums.items():
            post(
                tx,
                invoice.account_id,
                EntryKind.CHARGE,
                amount,
                source=invoice.id if len(sums) == 1 else f"{invoice.id}:{patient_id}",
                invoice_id=invoice.id,
                patient_id=patient_id,
                text=invoice.number,
            )
        tx.flush()
        tell_issued(tx, invoice)
        announce_account_change(tx, invoice.account_id, invoice.id)


@retried
def void_invoice(principal: Principal, invoice_id: InvoiceId, *, reason: str = "") -> None:
    """Nothing is due for it any more, as if it had never been. Refused while money is on it or on its way."""
    principal.require(Permission.TAKE_PAYMENTS)
    with transaction(principal) as tx:
        invoice = _locked(tx, invoice_id)
        if invoice.status is InvoiceStatus.VOID:
            return
        if invoice.status is InvoiceStatus.DRAFT:  # never charged: nothing to post
            invoice.status, invoice.adjusted = InvoiceStatus.VOID, -invoice.total
            announce_account_change(tx, invoice.account_id, invoice.id)
            return
        _nothing_on_its_way(tx, invoice)
        if invoice.allocated:
            raise InvoiceHasPayments
        if invoice.status not in PAYABLE:
            raise InvoiceAlreadyClosed
        _let_go(tx, invoice, f"Invoice {invoice.number} voided", reason)
        invoice.status = InvoiceStatus.VOID
    refresh_pending_digests(principal, invoice.account_id)


@retried
def write_off(principal: Principal, invoice_id: InvoiceId, *, reason: str = "") -> None:
    """What is still due is forgiven; what was paid stays paid (PART-4)."""
    principal.require(Permission.POST_TO_LEDGER)
    with transaction(principal) as tx:
        invoice = _locked(tx, invoice_id)
        if invoice.status is InvoiceStatus.WRITTEN_OFF:
            return
        if invoice.status not in PAYABLE:
            raise InvoiceNotOpen
        _nothing_on_its_way(tx, invoice)
        _let_go(tx, invoice, f"Invoice {invoice.number} written off", reason)
        invoice.status = InvoiceStatus.WRITTEN_OFF
    refresh_pending_digests(principal, invoice.account_id)


def _locked(tx: Tx, invoice_id: InvoiceId) -> Invoice:
    lock_account(tx, tx.get_or_404(Invoice, invoice_id).account_id)
    return tx.get_or_404(Invoice, invoice_id, lock=True)


def _nothing_on_its_way(tx: Tx, invoice: Invoice) -> None:
    if in_flight_payments(tx, [invoice.id]):
        raise InvoiceHasPaymentOnItsWay


def _let_go(tx: Tx, invoice: Invoice, text: str, reason: str) -> None:
    due = invoice.due
    source, times = f"close:{invoice.id}", 1
    while posted_already(tx, EntryKind.ADJUSTMENT, source):  # closed before, due again after a refund
        times += 1
        source = f"close:{invoice.id}:{times}"
    post(
        tx,
        invoice.account_id,
        EntryKind.ADJUSTMENT,
        -due,
        source=source,
        invoice_id=invoice.id,
        text=text,
    )
    invoice.adjusted = invoice.adjusted - due
    if reason:
        invoice.note = f"{invoice.note}\n{reason}".strip()
    announce_account_change(tx, invoice.account_id, invoice.id)
