"""Adds what the demo's files cannot say about memberships: a card for automatic payment, an unpaid invoice, a pause."""

from datetime import timedelta

from portal_app.clock import now, today
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.select import columns
from portal_app.db.tables.billing import Invoice, PaymentMethod
from portal_app.db.tables.memberships import Membership, MembershipInvoice
from portal_app.domain.access import Principal
from portal_app.domain.ids import MembershipId, PaymentMethodId, new_id
from portal_app.domain.memberships.periods import Span
from portal_app.domain.memberships.types import InvoiceKind
from portal_app.services.memberships.autopay.choose import set_autopay
from portal_app.services.memberships.load import load_membership
from portal_app.services.memberships.next_bill_date import refresh_next_bill_date
from portal_app.services.memberships.staff.pauses import start_pause

_AUTOPAY, _PAID, _PAST_DUE, _PAUSED = "M-1", "M-8", "M-9", "M-10"  # keys in memberships.csv
_PAST_DUE_INVOICE = "JF-20190"  # in invoices.csv
_PAID_INVOICES = ("JF-20192", "JF-20191")  # the newest first


def complete_memberships(principal: Principal) -> None:
    """Bring the demo's memberships into the states that its files cannot name; done once."""
    with reading(principal) as tx:
        paying = _by_key(tx, _AUTOPAY)
        if paying is None or paying.payment_method_id is not None:
            return
    set_autopay(principal, paying.id, _add_card(principal, paying))
    _link_unpaid_invoice(principal)
    _link_paid_invoices(principal)
    with reading(principal) as tx:
        paused = _by_key(tx, _PAUSED)
    if paused is not None:
        start_pause(
            principal,
            MembershipId(paused.id),
            new_id("mpa"),
            Span(today(), today() + timedelta(days=45)),
            reason="Away",
        )


def _by_key(tx: Tx, key: str) -> Membership | None:
    return tx.exec(columns(Membership).where(Membership.practice_key == key)).first()


def _add_card(principal: Principal, membership: Membership) -> PaymentMethodId:
    """The simulator's test card that every charge succeeds with."""
    id_ = PaymentMethodId(new_id("src"))
    with transaction(principal) as tx:
        tx.add(
            PaymentMethod(
                id=id_,
                account_id=membership.account_id,
                processor_id="pm_card_visa",
                brand="visa",
                last4="4242",
                exp_month=12,
                exp_year=today().year + 3,
                is_default=True,
                created_at=now(),
            )
        )
    return id_


def _link_unpaid_invoice(principal: Principal) -> None:
    """Record that the unpaid invoice of the files bills the membership's next period."""
    with transaction(principal) as tx:
        row = _by_key(tx, _PAST_DUE)
        if row is None or row.next_bill_date is None:
            return
        _link(tx, row, _PAST_DUE_INVOICE, load_membership(tx, row).agreed.period_of(row.next_bill_date))
        refresh_next_bill_date(tx, row)


def _link_paid_invoices(principal: Principal) -> None:
    """Record which periods before the next bill date the paid invoices of the files bill: for the year's receipt."""
    with transaction(principal) as tx:
        row = _by_key(tx, _PAID)
        if row is None or row.next_bill_date is None:
            return
        first, agreed = row.next_bill_date, load_membership(tx, row).agreed
        for number in _PAID_INVOICES:
            period = agreed.period_of(first - timedelta(days=1))
            _link(tx, row, number, period)
            first = period.first


def _link(tx: Tx, row: Membership, number: str, period: Span) -> None:
    """Record that the invoice of this number bills the period."""
    invoice = tx.exec(columns(Invoice).where(Invoice.number == number)).first()
    if invoice is None:
        return
    tx.add(
        MembershipInvoice(
            id=new_id("miv"),
            account_id=row.account_id,
            membership_id=row.id,
            kind=InvoiceKind.PERIOD,
            period_start=period.first,
            period_end=period.last,
            due_day=invoice.due_date,
            invoice_id=invoice.id,
            amount=invoice.total,
        )
    )
