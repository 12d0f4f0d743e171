"""The end of a membership or of one member, by staff: at the period's end or at once (MEM-6, MEM-18)."""

from dataclasses import dataclass, field
from datetime import date

from sqlmodel import col, select

from portal_app.clock import today
from portal_app.db.scope import Tx, reading, retried, transaction
from portal_app.db.tables.billing import Invoice
from portal_app.db.tables.memberships import Enrolment, Membership, MembershipInvoice
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import Permission, Principal
from portal_app.domain.billing.types import InvoiceStatus
from portal_app.domain.ids import InvoiceId, MembershipId
from portal_app.domain.memberships.adding import without_member
from portal_app.domain.memberships.ending import end_of_period, unearned
from portal_app.domain.memberships.periods import ONE_DAY, Span, add_months
from portal_app.domain.memberships.types import EndReason, EventKind, InvoiceKind
from portal_app.domain.money import Money, total
from portal_app.domain.practice_settings import SETTINGS
from portal_app.gateways.payments import CardProcessor
from portal_app.services.as_system import as_system
from portal_app.services.billing.ledger.entries import currency
from portal_app.services.memberships.autopay.choose import drop_scheduled_tries, end_autopay
from portal_app.services.memberships.history import add_event
from portal_app.services.memberships.lifecycle import end_membership
from portal_app.services.memberships.load import LoadedMembership
from portal_app.services.memberships.made_ahead import has_money, void_ahead
from portal_app.services.memberships.members.credits import (
    MemberCredit,
    Released,
    credit_member,
    member_credits,
)
from portal_app.services.memberships.members.invoiced import ENDED, invoiced_periods
from portal_app.services.memberships.staff.credit import (
    Refunds,
    Returned,
    WantedRefund,
    credit_invoice,
    refund_or_ask_staff,
    refund_returned,
    split_returned,
)
from portal_app.services.memberships.staff.errors import (
    LastDayOutOfRange,
    LastMember,
    MemberEndedAlready,
    NotBegun,
)
from portal_app.services.memberships.staff.open import (
    finish_change,
    name_of,
    open_membership,
    owner_name,
    require_amount,
)

_REASON = "The membership ended before this period began."
_GONE = (InvoiceStatus.VOID, InvoiceStatus.WRITTEN_OFF, InvoiceStatus.DRAFT)


@dataclass(frozen=True, slots=True)
class EndPreview:
    """What an end gives back: `unearned` is `credited` plus `refundable` to the cent."""

    person: str  # the owner, or the member
    last_day: date
    end_of_period: date
    credited: Money  # lowers invoices that are not paid
    refundable: Money  # was paid, and is refunded if staff say so
    refunded_anyway: Money  # of it: for periods that never begin

    @property
    def unearned(self) -> Money:
        return self.credited + self.refundable


@dataclass(frozen=True, slots=True)
class End:
    """How staff end a membership. `shown`: the unearned part on the page."""

    last_day: date
    shown: Money
    refund: bool = False
    reason: str = ""


def preview_end(
    principal: Principal, membership_id: MembershipId, last_day: date | None = None
) -> EndPreview:
    """What an end on `last_day` gives back; without it, at the end of the running period.

    Raises: LastDayOutOfRange, BilledByPracticeSystem, MembershipNotRunning, InvoiceHasPaymentOnItsWay.
    """
    principal.require(Permission.MANAGE_PLANS)
    with reading(as_system(principal)) as tx:
        membership = open_membership(tx, membership_id)
        day = _checked_day(membership, last_day)
        parts = _returned(tx, membership, day)
        return _preview(owner_name(tx, membership.row.account_id), day, membership, parts)


def end_by_practice(
    principal: Principal, membership_id: MembershipId, end: End, *, processor: CardProcessor
) -> Refunds:
    """End a membership with `end.last_day`. Returns what was refunded; what was refused is a task.

    Invoices of days after it are lowered by their unearned part: where they are unpaid by a credit adjustment,
    where they are paid by a refund, if staff say so or the period never begins. Before the end of the running
    period, automatic payment stops with it.

    Raises: as `preview_end`, StaleAmount; PermissionDenied for a refund without the permission to refund;
        without it nothing is written.
    """
    principal.require(Permission.MANAGE_PLANS)
    if end.refund:
        principal.require(Permission.REFUND)
    parts = _end(principal, membership_id, end)
    due_back = [part for part in parts if part.refunded and (part.always or end.refund)]
    if due_back:
        principal.require(Permission.REFUND)
    return refund_returned(principal, due_back, processor=processor, reason=end.reason)


@retried
def _end(principal: Principal, membership_id: MembershipId, end: End) -> list[Returned]:
    principal.require(Permission.MANAGE_PLANS)
    with transaction(as_system(principal)) as tx:
        membership = open_membership(tx, membership_id)
        row, day = membership.row, _checked_day(membership, end.last_day)
        parts = _returned(tx, membership, day)
        preview = _preview("", day, membership, parts)
        require_amount(end.shown, preview.unearned)
        if any(part.refunded and part.always for part in parts):
            principal.require(Permission.REFUND)
        done = _Credited()
        for part in parts:
            _credit(tx, row, part, done)
        at_once = day < end_of_period(membership.agreed, today()) or day < today()
        row.ends_on, row.end_reason = day, EndReason.ENDED_BY_PRACTICE
        row.renews_automatically = False
        if at_once:  # open tries stop
            if row.payment_method_id is not None:
                end_autopay(tx, row)
            drop_scheduled_tries(tx, row.id)
        add_event(
            tx,
            row,
            EventKind.CANCELLED,
            last_day=day,
            reason=end.reason,
            credited=preview.credited,
            refunded=preview.refundable if end.refund else preview.refunded_anyway,
            voided=done.voided,
            forgiven=done.forgiven,
        )
        finish_change(tx, row)
        if day < today():
            end_membership(tx, row, EndReason.ENDED_BY_PRACTICE)
        return parts


def preview_member_end(principal: Principal, enrolment_id: str, last_day: date | None = None) -> EndPreview:
    """What the end of one member gives back. Raises as `end_member`."""
    principal.require(Permission.MANAGE_PLANS)
    with reading(as_system(principal)) as tx:
        enrolment = tx.get_or_404(Enrolment, enrolment_id)
        membership = open_membership(tx, enrolment.membership_id)
        day = _checked_member_day(tx, membership, enrolment, last_day)
        return _preview_member(tx, enrolment, day, membership)


def end_member(principal: Principal, enrolment_id: str, end: End, *, processor: CardProcessor) -> Refunds:
    """End one member with `end.last_day`; invoices of later periods are lowered by what they add (MEM-6).

    The running period stays as it was billed. Returns what was refunded; what was refused is a task.

    Raises: LastMember, MemberEndedAlready, NotBegun, LastDayOutOfRange, StaleAmount, BilledByPracticeSystem,
        MembershipNotRunning, InvoiceHasPaymentOnItsWay; PermissionDenied.
    """
    principal.require(Permission.MANAGE_PLANS)
    done = Refunds()
    for released in _end_member(principal, enrolment_id, end):
        wanted = WantedRefund(released.payment_id, released.amount)
        refund_or_ask_staff(principal, done, wanted, processor=processor, reason=end.reason)
    return done


@retried
def _end_member(principal: Principal, enrolment_id: str, end: End) -> list[Released]:
    with transaction(as_system(principal)) as tx:
        membership = open_membership(tx, tx.get_or_404(Enrolment, enrolment_id).membership_id)
        enrolment = tx.get_or_404(Enrolment, enrolment_id, lock=True)
        day = _checked_member_day(tx, membership, enrolment, end.last_day)
        seen = _preview_member(tx, enrolment, day, membership)
        require_amount(end.shown, seen.unearned)
        if seen.refundable:
            principal.require(Permission.REFUND)
        credits = _credits_of_member(tx, membership, enrolment, day)
        released = credit_member(tx, credits, enrolment.id, enrolment.patient_id, why=ENDED)
        enrolment.end = day
        add_event(
            tx,
            membership.row,
            EventKind.MEMBER_ENDED,
            person=name_of(tx, enrolment.patient_id),
            last_day=day,
            reason=end.reason,
        )
        finish_change(tx, membership.row)
        return released


def _checked_day(membership: LoadedMembership, last_day: date | None) -> date:
    """The last day of the membership that staff chose, checked. Raises NotBegun, LastDayOutOfRange."""
    if membership.row.start > today():
        raise NotBegun
    return _in_range(membership, membership.row.start, last_day)


def _checked_member_day(
    tx: Tx, membership: LoadedMembership, enrolment: Enrolment, last_day: date | None
) -> date:
    """A member's last day, checked. Raises MemberEndedAlready, NotBegun, LastMember, LastDayOutOfRange."""
    person = name_of(tx, enrolment.patient_id)
    if enrolment.end is not None:
        raise MemberEndedAlready(person=person)
    if enrolment.start > today():
        raise NotBegun
    if not any(other.id != enrolment.id and other.end is None for other in membership.enrolments):
        raise LastMember(person=person)
    return _in_range(membership, enrolment.start, last_day)


def _in_range(membership: LoadedMembership, start: date, last_day: date | None) -> date:
    agreed = membership.agreed
    period = agreed.period_of(today())
    first, last = max(start, period.first), agreed.last_day or add_months(today(), 12)
    day = last_day or min(end_of_period(agreed, today()), last)
    if not first <= day <= last:
        raise LastDayOutOfRange(first=first, last=last)
    return day


def _returned(tx: Tx, membership: LoadedMembership, last_day: date) -> list[Returned]:
    """What each invoice of days after the last day gives back."""
    by_days = SETTINGS["membership_refund_unearned"].read(tx.get_or_404(Practice, "practice"))
    parts: list[Returned] = []
    for link, invoice in _invoices_after(tx, membership.row, last_day):
        never_begins = link.period_start > last_day
        if not never_begins and not by_days:
            continue
        charged = max(link.amount + invoice.adjusted, link.amount.zero())
        amount = unearned(charged, Span(link.period_start, link.period_end), last_day)
        parts.append(split_returned(tx, invoice, amount, always=never_begins))
    return parts


def _credits_of_member(
    tx: Tx, membership: LoadedMembership, enrolment: Enrolment, last_day: date
) -> list[MemberCredit]:
    """What the member adds to each period that begins after their last day and has its invoice (decision 0035)."""
    periods = invoiced_periods(tx, membership.row, last_day + ONE_DAY)
    without = without_member(membership.agreed, enrolment.id, last_day)
    return member_credits(tx, without, periods, enrolment.id)


def _preview_member(tx: Tx, enrolment: Enrolment, last_day: date, membership: LoadedMembership) -> EndPreview:
    """What the end of a member gives back. Raises InvoiceHasPaymentOnItsWay."""
    credits = _credits_of_member(tx, membership, enrolment, last_day)
    parts = [
        split_returned(tx, tx.get_or_404(Invoice, credit.invoice_id), credit.amount, always=True)
        for credit in credits
    ]
    return _preview(name_of(tx, enrolment.patient_id), last_day, membership, parts)


def _invoices_after(tx: Tx, row: Membership, last_day: date) -> list[tuple[MembershipInvoice, Invoice]]:
    """The invoices of periods that run on after the last day, voided ones left out."""
    wanted = select(MembershipInvoice).where(
        MembershipInvoice.membership_id == row.id,
        MembershipInvoice.kind != InvoiceKind.ENROLMENT_FEE,
        col(MembershipInvoice.period_end) > last_day,
    )
    found: list[tuple[MembershipInvoice, Invoice]] = []
    for link in tx.exec(wanted.order_by(col(MembershipInvoice.period_start))).all():
        invoice = tx.get_or_404(Invoice, link.invoice_id, lock=tx.may_write)
        if invoice.status not in _GONE:
            found.append((link, invoice))
    return found


@dataclass(slots=True)
class _Credited:
    """What an end did with invoices, in the event's words: taking the end back undoes it."""

    voided: list[InvoiceId] = field(default_factory=list[InvoiceId])
    forgiven: dict[InvoiceId, int] = field(default_factory=dict[InvoiceId, int])


def _credit(tx: Tx, row: Membership, part: Returned, done: _Credited) -> None:
    """Lower an invoice; one of a period that never begins is voided where nothing was paid of it."""
    invoice = tx.get_or_404(Invoice, part.invoice_id, lock=True)
    if part.always and part.credited == invoice.due and not has_money(tx, invoice):
        void_ahead(tx, row, invoice, _REASON)
        done.voided.append(invoice.id)
    else:
        if part.credited:
            done.forgiven[invoice.id] = part.credited.minor
        credit_invoice(tx, invoice, part.credited, source=f"ended:{row.id}:{invoice.id}")


def _preview(person: str, last_day: date, membership: LoadedMembership, parts: list[Returned]) -> EndPreview:
    return EndPreview(
        person=person,
        last_day=last_day,
        end_of_period=end_of_period(membership.agreed, today()),
        credited=total((part.credited for part in parts), currency()),
        refundable=total((part.refunded for part in parts), currency()),
        refunded_anyway=total((part.refunded for part in parts if part.always), currency()),
    )
