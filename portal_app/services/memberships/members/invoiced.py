"""What was invoiced for a period already, and what a member who is added or taken back changes about it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import col, or_, select

from portal_app.db.scope import Tx
from portal_app.db.select import columns
from portal_app.db.tables.billing import LedgerEntry
from portal_app.db.tables.memberships import Membership, MembershipInvoice
from portal_app.domain.billing.types import EntryKind
from portal_app.domain.ids import InvoiceId, PatientId
from portal_app.domain.memberships.adding import difference, price_with_coupons
from portal_app.domain.memberships.agreed import Agreed
from portal_app.domain.memberships.errors import NobodyEnrolled
from portal_app.domain.memberships.types import InvoiceKind
from portal_app.domain.money import Money, total
from portal_app.services.billing.ledger.entries import currency
from portal_app.services.memberships.invoice_rows import PlannedInvoice, PlannedLine
from portal_app.services.memberships.load import LoadedMembership

# How the ledger's source begins of a credit for a member who does not have the period: taken back, or ended by staff.
TAKEN_BACK, ENDED = "taken_back", "member_ended"
MEMBERS_CREDITS = (TAKEN_BACK, ENDED)


@dataclass(frozen=True, slots=True)
class InvoicedPeriod:
    """A period that has its invoice: what was invoiced for it in all, less the credits of members who do not have it."""

    start: date
    amount: Money
    coupon_ids: frozenset[str]
    invoices: tuple[tuple[InvoiceId, str], ...]  # with the enrolment of an added member; the period's has ""


def invoiced_periods(tx: Tx, membership: Membership, first: date) -> list[InvoicedPeriod]:
    """The periods from `first` on that have their invoice, made ahead."""
    wanted = select(MembershipInvoice).where(
        MembershipInvoice.membership_id == membership.id,
        col(MembershipInvoice.period_start) >= first,
        col(MembershipInvoice.kind) != InvoiceKind.ENROLMENT_FEE,
    )
    by_start: dict[date, list[MembershipInvoice]] = {}
    for link in tx.exec(wanted.order_by(col(MembershipInvoice.period_start), col(MembershipInvoice.kind))):
        by_start.setdefault(link.period_start, []).append(link)
    return [
        _invoiced(tx, start, links)
        for start, links in by_start.items()
        if any(link.kind is InvoiceKind.PERIOD for link in links)
    ]


def price_now(agreed: Agreed, period: InvoicedPeriod) -> Money:
    """What the period costs with its members of now, with the coupons that its invoice used up; nothing for nobody."""
    coupons = [held.coupon for held in agreed.coupons if held.coupon.id in period.coupon_ids]
    try:
        return price_with_coupons(agreed, period.start, coupons).amount
    except NobodyEnrolled:
        return period.amount.zero()


def plan_added_invoices(
    periods: Iterable[InvoicedPeriod], membership: LoadedMembership, enrolment_id: str, patient_id: PatientId
) -> list[PlannedInvoice]:
    """An invoice of the new member's own for each period that has its invoice already (MEM-3)."""
    agreed, row = membership.agreed, membership.row
    return [
        PlannedInvoice(
            membership_id=row.id,
            account_id=row.account_id,
            period=agreed.period_of(period.start),
            due_day=period.start,
            lines=(
                PlannedLine(
                    patient_id, membership.plan.name, difference(price_now(agreed, period), period.amount)
                ),
            ),
            kind=InvoiceKind.ADDED_MEMBER,
            enrolment_id=enrolment_id,
        )
        for period in periods
    ]


def _invoiced(tx: Tx, start: date, links: Sequence[MembershipInvoice]) -> InvoicedPeriod:
    """Of a period that was billed again, the last invoice counts."""
    period = max((link for link in links if link.kind is InvoiceKind.PERIOD), key=lambda link: link.repeat)
    counted = [*(link for link in links if link.kind is InvoiceKind.ADDED_MEMBER), period]
    ids = [link.invoice_id for link in counted]
    credits = tx.exec(
        columns(LedgerEntry.amount).where(
            col(LedgerEntry.invoice_id).in_(ids),
            LedgerEntry.kind == EntryKind.ADJUSTMENT,
            or_(*(col(LedgerEntry.source).startswith(f"{of}:", autoescape=True) for of in MEMBERS_CREDITS)),
        )
    )
    amount = total((link.amount for link in counted), currency()) + total(credits, currency())
    invoices = tuple((link.invoice_id, link.enrolment_id) for link in counted)
    return InvoicedPeriod(start, amount, frozenset(period.coupon_ids), invoices)
