"""Invoices that staff write: create a draft, send, void, write off."""

from collections.abc import Sequence
from datetime import date

from sqlmodel import col, func, select

from portal_app.clock import now, today
from portal_app.db.scope import Tx, reading, retried, transaction
from portal_app.db.select import columns
from portal_app.db.tables.billing import Invoice, InvoiceLine
from portal_app.db.tables.families import Patient
from portal_app.domain.access import Permission, Principal, system_principal
from portal_app.domain.billing.processor_limits import is_chargeable, processor_maximum
from portal_app.domain.billing.types import PAYABLE, EntryKind, InvoiceStatus
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import AccountId, InvoiceId, LineId, PatientId, new_id
from portal_app.domain.money import InvalidAmount, Money, total
from portal_app.services.billing.errors import (
    DueDateInPast,
    InvoiceAboveMaximum,
    InvoiceAlreadyClosed,
    InvoiceHasPaymentOnItsWay,
    InvoiceHasPayments,
    InvoiceNotADraft,
    InvoiceNotOpen,
    InvoiceWithoutLines,
)
from portal_app.services.billing.invoices.numbers import take_invoice_numbers
from portal_app.services.billing.ledger.entries import (
    currency,
    in_flight_payments,
    is_posted,
    lock_account,
    post_entry,
)
from portal_app.services.billing.notify.events import announce_account_change
from portal_app.services.billing.notify.reminders import announce_issued_invoice, refresh_pending_digests
from portal_app.services.billing.views import NewLine
from portal_app.services.practice.facts import practice


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
    """Create a draft: patients do not see it, and nothing is charged. The same id again is the same draft.

    Raises: InvoiceWithoutLines, InvalidAmount, InvoiceAboveMaximum, DueDateInPast; NotFound for a person who is
        not on the account.
    """
    principal.require(Permission.TAKE_PAYMENTS)
    if not lines:
        raise InvoiceWithoutLines
    if any(line.quantity < 1 or line.amount <= line.amount.zero() for line in lines):
        raise InvalidAmount(currency())
    if due_date < today():
        raise DueDateInPast
    _require_people_of_account(account_id, lines)
    number = _number_for(invoice_id)
    with transaction(principal) as tx:
        lock_account(tx, account_id)
        if tx.get(Invoice, invoice_id) is not None:
            return invoice_id
        whole = total((line.amount * line.quantity for line in lines), currency())
        _check_maximum(tx, whole)
        tx.add(_draft(invoice_id, account_id, number, whole, due_date, note))
        tx.flush()
        for position, line in enumerate(lines):
            tx.add(_line(invoice_id, account_id, position, line))
        announce_account_change(tx, account_id, invoice_id)
    return invoice_id


def _check_maximum(tx: Tx, whole: Money) -> None:
    """Refuse an invoice above the processor's maximum, where patients pay online. Raises InvoiceAboveMaximum."""
    most = processor_maximum(whole.currency)
    if practice(tx).online_payments and is_chargeable(whole.currency) and whole > most:
        raise InvoiceAboveMaximum(amount=most)


def _draft(
    invoice_id: InvoiceId, account_id: AccountId, number: str, whole: Money, due_date: date, note: str
) -> Invoice:
    return Invoice(
        id=invoice_id,
        account_id=account_id,
        number=number,
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


def _require_people_of_account(account_id: AccountId, lines: Sequence[NewLine]) -> None:
    """Lines name only people of the account. Read as the system, because staff may lack access to charts.

    Raises: NotFound.
    """
    people = {line.patient_id for line in lines}
    found = columns(func.count()).where(col(Patient.id).in_(people), Patient.account_id == account_id)
    with reading(system_principal("invoice")) as tx:
        if tx.exec(found).one() != len(people):
            raise NotFound


def _number_for(invoice_id: InvoiceId) -> str:
    """The next number of the portal's series, or the invoice's own where it is there already."""
    with transaction(system_principal("invoice number")) as tx:
        invoice = tx.get(Invoice, invoice_id)
        return take_invoice_numbers(tx, 1)[0] if invoice is None else invoice.number


@retried
def send_invoice(principal: Principal, invoice_id: InvoiceId) -> None:
    """Issue the draft: post the charge, one ledger entry per person, and announce it to the guarantor.

    Sent twice is sent once.

    Raises: InvoiceNotADraft when it was voided or written off.
    """
    principal.require(Permission.TAKE_PAYMENTS)
    with transaction(principal) as tx:
        _lock_invoice(tx, invoice_id)  # NotFound when it is not theirs to change
    with transaction(system_principal(f"desk for {principal.name}")) as tx:
        invoice = _lock_invoice(tx, invoice_id)
        if invoice.status is not InvoiceStatus.DRAFT:
            if invoice.status in PAYABLE or invoice.status is InvoiceStatus.PAID:
                return
            raise InvoiceNotADraft
        invoice.status, invoice.issue_date, invoice.issued_at = InvoiceStatus.OPEN, today(), now()
        sums: dict[PatientId, Money] = {}
        for line in tx.exec(select(InvoiceLine).where(InvoiceLine.invoice_id == invoice_id)):
            sums[line.patient_id] = sums.get(line.patient_id, line.amount.zero()) + line.amount
        for patient_id, amount in sums.items():
            post_entry(
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
        announce_issued_invoice(tx, invoice)
        announce_account_change(tx, invoice.account_id, invoice.id)


@retried
def void_invoice(principal: Principal, invoice_id: InvoiceId, *, reason: str = "") -> None:
    """Void the invoice: its charge is taken back whole.

    Raises: InvoiceHasPayments, InvoiceHasPaymentOnItsWay, InvoiceAlreadyClosed.
    """
    principal.require(Permission.TAKE_PAYMENTS)
    with transaction(principal) as tx:
        invoice = _lock_invoice(tx, invoice_id)
        if invoice.status is InvoiceStatus.VOID:
            return
        if invoice.status is InvoiceStatus.DRAFT:  # never charged: nothing to post
            invoice.status, invoice.adjusted = InvoiceStatus.VOID, -invoice.total
            announce_account_change(tx, invoice.account_id, invoice.id)
            return
        _refuse_payment_on_its_way(tx, invoice)
        if invoice.allocated:
            raise InvoiceHasPayments
        if invoice.status not in PAYABLE:
            raise InvoiceAlreadyClosed
        void_unpaid_invoice(tx, invoice, reason)
    refresh_pending_digests(principal, invoice.account_id)


@retried
def write_off(principal: Principal, invoice_id: InvoiceId, *, reason: str = "") -> None:
    """Write off what is still due; what was paid stays paid (PART-4).

    Raises: InvoiceNotOpen, InvoiceHasPaymentOnItsWay.
    """
    principal.require(Permission.POST_TO_LEDGER)
    with transaction(principal) as tx:
        invoice = _lock_invoice(tx, invoice_id)
        if invoice.status is InvoiceStatus.WRITTEN_OFF:
            return
        if invoice.status not in PAYABLE:
            raise InvoiceNotOpen
        _refuse_payment_on_its_way(tx, invoice)
        forgive_due(tx, invoice, f"Invoice {invoice.number} written off", reason)
        invoice.status = InvoiceStatus.WRITTEN_OFF
    refresh_pending_digests(principal, invoice.account_id)


def void_unpaid_invoice(tx: Tx, invoice: Invoice, reason: str) -> None:
    """Void an open invoice that nothing was paid of, in the caller's transaction, which has locked it."""
    forgive_due(tx, invoice, f"Invoice {invoice.number} voided", reason)
    invoice.status = InvoiceStatus.VOID


def _lock_invoice(tx: Tx, invoice_id: InvoiceId) -> Invoice:
    """The invoice, locked after its account: always in this order."""
    lock_account(tx, tx.get_or_404(Invoice, invoice_id).account_id)
    return tx.get_or_404(Invoice, invoice_id, lock=True)


def _refuse_payment_on_its_way(tx: Tx, invoice: Invoice) -> None:
    if in_flight_payments(tx, [invoice.id]):
        raise InvoiceHasPaymentOnItsWay


def forgive_due(tx: Tx, invoice: Invoice, text: str, reason: str) -> None:
    """Post an adjustment of what is due, so that nothing is; the reason goes into the invoice's note."""
    due = invoice.due
    source, times = f"close:{invoice.id}", 1
    while is_posted(tx, EntryKind.ADJUSTMENT, source):  # closed before, and due again after a refund
        times += 1
        source = f"close:{invoice.id}:{times}"
    post_entry(
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
