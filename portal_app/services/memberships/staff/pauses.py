"""Pauses: no invoices while they last, and the contract ends later by the periods that they skip."""

from dataclasses import dataclass
from datetime import date

from sqlmodel import col, select

from portal_app.clock import now, today
from portal_app.db.scope import Tx, reading, retried, transaction
from portal_app.db.tables.billing import Invoice
from portal_app.db.tables.memberships import MembershipEvent, MembershipInvoice, MembershipPause
from portal_app.domain.access import Permission, Principal
from portal_app.domain.billing.types import InvoiceStatus
from portal_app.domain.ids import InvoiceId, MembershipId, new_id
from portal_app.domain.memberships.ending import moved_by_periods, periods_skipped
from portal_app.domain.memberships.periods import ONE_DAY, Span, add_months
from portal_app.domain.memberships.types import EventKind, MembershipStatus
from portal_app.services.as_system import as_system
from portal_app.services.memberships.history import add_event
from portal_app.services.memberships.load import LoadedMembership, load_membership
from portal_app.services.memberships.made_ahead import has_money, make_voided_again, void_ahead
from portal_app.services.memberships.staff.errors import (
    PauseDaysInvalid,
    PauseOver,
    PauseOverlaps,
    PausePeriodPaid,
)
from portal_app.services.memberships.staff.open import finish_change, open_membership, owner_name

_GONE = (InvoiceStatus.VOID, InvoiceStatus.WRITTEN_OFF)
_REASON = "The membership is paused."


@dataclass(frozen=True, slots=True)
class PausePreview:
    """What a pause changes: how many invoices are left out, and the contract's last day (None: no contract)."""

    owner: str
    skipped: int
    contract_end: date | None


def preview_pause(principal: Principal, membership_id: MembershipId, pause: Span) -> PausePreview:
    """What the pause would change. Raises as `start_pause`."""
    principal.require(Permission.MANAGE_PLANS)
    with reading(as_system(principal)) as tx:
        membership = open_membership(tx, membership_id)
        _check(membership, pause)
        _made_ahead(tx, membership, pause)
        skipped = periods_skipped(membership.agreed, pause)
        ends = _moved_ends(membership, pause, skipped)
        return PausePreview(
            owner_name(tx, membership.row.account_id),
            skipped,
            ends[-1] if ends else membership.row.contract_end,
        )


@retried
def start_pause(
    principal: Principal, membership_id: MembershipId, pause_id: str, pause: Span, *, reason: str = ""
) -> None:
    """Pause a membership. Invoices made ahead for days of the pause are voided. The same id again is the same pause.

    Raises: PauseDaysInvalid, PauseOverlaps, PausePeriodPaid; BilledByPracticeSystem, MembershipNotRunning.
    """
    principal.require(Permission.MANAGE_PLANS)
    with transaction(as_system(principal)) as tx:
        membership = open_membership(tx, membership_id)
        row = membership.row
        if tx.get(MembershipPause, pause_id) is not None:
            return
        _check(membership, pause)
        voided = _void_made_ahead(tx, membership, pause)
        _move_terms(tx, membership, pause, periods_skipped(membership.agreed, pause))
        tx.add(
            MembershipPause(
                id=pause_id,
                account_id=row.account_id,
                membership_id=row.id,
                first_day=pause.first,
                last_day=pause.last,
                reason=reason,
                created_at=now(),
            )
        )
        if today() in pause:
            row.status = MembershipStatus.PAUSED
        add_event(
            tx,
            row,
            EventKind.PAUSED,
            first_day=pause.first,
            last_day=pause.last,
            contract_end=row.contract_end,
            reason=reason,
            voided=voided,
        )
        finish_change(tx, row)


@retried
def end_pause(principal: Principal, pause_id: str) -> None:
    """End a pause today: bills go on with the next bill date, and the contract moves by what was really skipped.

    Raises: PauseOver.
    """
    principal.require(Permission.MANAGE_PLANS)
    with transaction(as_system(principal)) as tx:
        membership = open_membership(tx, tx.get_or_404(MembershipPause, pause_id).membership_id)
        row, pause = membership.row, tx.get_or_404(MembershipPause, pause_id, lock=True)
        if pause.last_day < today():
            raise PauseOver
        planned = Span(pause.first_day, pause.last_day)
        skipped = _skipped_so_far(membership, planned)
        _move_terms(tx, membership, planned, skipped - _skipped_in(membership, planned))
        first = max(today(), planned.first)
        if pause.first_day >= today():
            tx.delete(pause)
        else:
            pause.last_day = today() - ONE_DAY
        row.status = MembershipStatus.ACTIVE
        row.next_bill_date = min(row.next_bill_date or first, first)
        add_event(tx, row, EventKind.PAUSE_ENDED, last_day=today(), contract_end=row.contract_end)
        finish_change(tx, row)
        _make_again(tx, load_membership(tx, row), planned, first)


def _check(membership: LoadedMembership, pause: Span) -> None:
    if not today() <= pause.first <= pause.last <= add_months(pause.first, 12):
        raise PauseDaysInvalid
    if any(pause.first <= other.last and other.first <= pause.last for other in membership.agreed.pauses):
        raise PauseOverlaps


def _made_ahead(tx: Tx, membership: LoadedMembership, pause: Span) -> list[Invoice]:
    """Invoices of periods that begin in the pause, an added member's own too. Raises: PausePeriodPaid."""
    found: dict[InvoiceId, Invoice] = {}
    for link in _links_in(tx, membership, pause):
        invoice = tx.get_or_404(Invoice, link.invoice_id, lock=tx.may_write)
        if invoice.status in _GONE:
            continue
        if has_money(tx, invoice):
            raise PausePeriodPaid(day=link.period_start)
        found[invoice.id] = invoice
    return list(found.values())


def _void_made_ahead(tx: Tx, membership: LoadedMembership, pause: Span) -> list[InvoiceId]:
    """Their ids. Raises: PausePeriodPaid, before any is voided."""
    ahead = _made_ahead(tx, membership, pause)
    for invoice in ahead:
        void_ahead(tx, membership.row, invoice, _REASON)
    return [invoice.id for invoice in ahead]


def _links_in(tx: Tx, membership: LoadedMembership, days: Span) -> list[MembershipInvoice]:
    wanted = select(MembershipInvoice).where(
        MembershipInvoice.membership_id == membership.row.id,
        col(MembershipInvoice.period_start) >= days.first,
        col(MembershipInvoice.period_start) <= days.last,
    )
    return list(tx.exec(wanted.order_by(col(MembershipInvoice.period_start), col(MembershipInvoice.repeat))))


def _make_again(tx: Tx, membership: LoadedMembership, pause: Span, first: date) -> None:
    """The invoices that the pause voided for periods that begin from `first` on after all."""
    wanted = select(MembershipEvent).where(
        MembershipEvent.membership_id == membership.row.id, MembershipEvent.kind == EventKind.PAUSED
    )
    days = {"first_day": pause.first.isoformat(), "last_day": pause.last.isoformat()}
    voided = {
        id_
        for event in tx.exec(wanted)
        if days.items() <= event.details.items()
        for id_ in event.details.get("voided", ())
    }
    links = _links_in(tx, membership, Span(first, pause.last))
    newest = {(link.kind, link.period_start, link.enrolment_id): link for link in links}
    make_voided_again(tx, membership, [link for link in newest.values() if link.invoice_id in voided])


def _moved_ends(membership: LoadedMembership, pause: Span, periods: int) -> list[date]:
    """The new last days of the term that the pause falls in and of those after it, where they have one."""
    agreed = membership.agreed
    first = agreed.term_on(pause.first).first_day
    return [
        moved_by_periods(agreed.bill_dates_of(term), term.last_day, periods)
        for term in agreed.terms
        if term.first_day >= first and term.last_day is not None
    ]


def _move_terms(tx: Tx, membership: LoadedMembership, pause: Span, periods: int) -> None:
    ends = _moved_ends(membership, pause, periods)
    if not periods or not ends:
        return
    first = membership.agreed.term_on(pause.first).first_day
    moved = [row for row in membership.terms if row.first_day >= first]
    ordered = list(zip(moved, ends, strict=False))
    order = range(len(moved) - 1, -1, -1) if periods > 0 else range(len(moved))
    for i in order:  # so that no two terms begin on one day meanwhile
        if i > 0:
            moved[i].first_day = ordered[i - 1][1] + ONE_DAY
        if i < len(ordered):
            moved[i].last_day = ordered[i][1]
        tx.flush()
    membership.row.contract_end = moved[-1].last_day


def _skipped_in(membership: LoadedMembership, pause: Span) -> int:
    """How many bill dates the whole pause skips; the contract's end has been moved by as many already."""
    agreed = membership.agreed
    term = agreed.term_on(pause.first)
    last = min(pause.last, term.last_day or pause.last)
    return sum(1 for _ in agreed.bill_dates_of(term).between(pause.first, last))


def _skipped_so_far(membership: LoadedMembership, pause: Span) -> int:
    until = min(today() - ONE_DAY, pause.last)
    return _skipped_in(membership, Span(pause.first, until)) if until >= pause.first else 0


def new_pause_id() -> str:
    """An id for a pause that is about to be written."""
    return new_id("mpa")
