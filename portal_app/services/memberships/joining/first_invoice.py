"""The first invoice of somebody who joins: made when they press Pay, at the price of that moment."""

from portal_app.clock import now, today
from portal_app.db.scope import Tx
from portal_app.db.select import columns
from portal_app.db.tables.billing import Invoice, InvoiceLine
from portal_app.db.tables.memberships import JoinRequest, MembershipInvoice
from portal_app.db.tables.messages import BillingNotice
from portal_app.domain.billing.types import PAYABLE
from portal_app.domain.ids import MembershipId, PatientId, new_id
from portal_app.domain.memberships.periods import ONE_DAY, Span, add_months
from portal_app.domain.money import Money
from portal_app.services.billing.invoices.issue import void_unpaid_invoice
from portal_app.services.billing.ledger.entries import in_flight_payments
from portal_app.services.memberships.invoice_rows import PlannedInvoice, PlannedLine, make_rows
from portal_app.services.memberships.joining.price import JoinPrice

_VOIDED = "Never paid"


def first_invoice(tx: Tx, request: JoinRequest) -> Invoice | None:
    """The request's first invoice, locked if the transaction may write; None where none was made."""
    if request.invoice_id is None:
        return None
    return tx.get_or_404(Invoice, request.invoice_id, lock=tx.may_write)


def is_being_paid(tx: Tx, invoice: Invoice) -> bool:
    """Whether some of it was paid or a payment of it is on its way: then it must not change."""
    return bool(invoice.allocated) or bool(in_flight_payments(tx, [invoice.id]))


def is_for_members(tx: Tx, request: JoinRequest, invoice: Invoice) -> bool:
    """Whether its lines are those of the members whom the request names now."""
    lines = columns(InvoiceLine.patient_id).where(InvoiceLine.invoice_id == invoice.id)
    return set(tx.exec(lines)) == set(request.member_ids)


def void_first_invoice(tx: Tx, request: JoinRequest, invoice: Invoice) -> None:
    """Void an unpaid first invoice, and detach it from the request."""
    if invoice.status in PAYABLE:
        void_unpaid_invoice(tx, invoice, _VOIDED)
    request.invoice_id = None
    tx.flush()


def make_first_invoice(tx: Tx, request: JoinRequest, price: JoinPrice) -> Invoice:
    """Make it for the request's members. Its link to a membership is added once it is paid."""
    if request.account_id is None:
        raise RuntimeError("the account is made first")
    lines = tuple(
        PlannedLine(PatientId(id_), price.plan, line.charged)
        for id_, line in zip(request.member_ids, price.lines, strict=True)
    )
    last = add_months(today(), price.period.months) - ONE_DAY
    plan = PlannedInvoice(
        membership_id=MembershipId(new_id("mem")),  # the rows that name it are left out
        account_id=request.account_id,
        period=Span(today(), last),
        due_day=today(),
        lines=lines,
        fee=price.fee,
        fee_payer=lines[0].patient_id if price.fee else None,
    )
    made = make_rows(tx, [plan])
    made.rows[MembershipInvoice].clear()
    made.rows[BillingNotice].clear()  # they are on the page that shows it
    made.insert(tx)
    request.invoice_id = made.rows[Invoice][0]["id"]
    request.price_id, request.coupon_id, request.fee = price.price_id, price.coupon_id, price.fee
    request.changed_at = now()
    tx.flush()
    return tx.get_or_404(Invoice, made.rows[Invoice][0]["id"])


def period_amount(request: JoinRequest, invoice: Invoice) -> Money:
    """What the first period costs, without the fee."""
    return invoice.total - request.fee if request.fee else invoice.total
