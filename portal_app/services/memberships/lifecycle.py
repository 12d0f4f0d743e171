"""What changes by itself as days pass: terms that begin, pauses, ends, automatic renewals, members who are gone."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from sqlmodel import col, select

from portal_app.clock import now, today
from portal_app.db.scope import Tx, transaction
from portal_app.db.tables.families import Patient
from portal_app.db.tables.memberships import Enrolment, Membership, MembershipTerm
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import Principal, Side
from portal_app.domain.families import PatientStatus
from portal_app.domain.ids import new_id
from portal_app.domain.memberships.agreed import price_for_new
from portal_app.domain.memberships.periods import Span
from portal_app.domain.memberships.renewal import is_expired, next_term
from portal_app.domain.memberships.types import BilledBy, EndReason, EventKind, MembershipStatus
from portal_app.domain.practice_settings import SETTINGS
from portal_app.i18n import gettext_noop
from portal_app.services.billing.notify.events import add_staff_task
from portal_app.services.memberships.history import add_event
from portal_app.services.memberships.load import LoadedMembership, load_memberships, read_plans
from portal_app.services.memberships.next_bill_date import refresh_next_bill_date

_BATCH = 500


@dataclass(slots=True)
class DaysWork:
    """What was changed by `advance_memberships`."""

    ended: int = 0
    renewed: int = 0
    changed: int = 0


def advance_memberships(
    principal: Principal, *, after: str = "", on_batch: Callable[[str], None] = lambda last_id: None
) -> DaysWork:
    """Bring the memberships that the portal bills to today; run again on the same day it changes nothing.

    Raises: RuntimeError unless the principal is the system.
    """
    if principal.side is not Side.PORTAL:
        raise RuntimeError("memberships move on by themselves")
    work = DaysWork()
    while True:
        with transaction(principal) as tx:
            rows = _running(tx, after)
            if not rows:
                return work
            gone = _people_who_are_gone(tx, rows)
            until = today() + timedelta(days=_days_ahead(tx))
            for membership in load_memberships(tx, rows):
                _advance(tx, work, membership, until)
                _end_members_who_are_gone(tx, membership, gone)
            after = rows[-1].id
        on_batch(after)


def _running(tx: Tx, after: str) -> list[Membership]:
    wanted = (
        select(Membership)
        .where(
            Membership.billed_by == BilledBy.PORTAL,
            col(Membership.status).in_([MembershipStatus.ACTIVE, MembershipStatus.PAUSED]),
            col(Membership.id) > after,
        )
        .order_by(col(Membership.id))
        .limit(_BATCH)
        .with_for_update()
    )
    return list(tx.exec(wanted.execution_options(populate_existing=True)).all())


def _days_ahead(tx: Tx) -> int:
    return int(SETTINGS["membership_days_ahead"].read(tx.get_or_404(Practice, "practice")))


def _advance(tx: Tx, work: DaysWork, membership: LoadedMembership, until: date) -> None:
    row, day = membership.row, today()
    if row.ends_on is not None and row.ends_on < day:
        work.ended += 1
        end_membership(tx, row, row.end_reason or EndReason.ENDED_BY_PRACTICE)
        return
    if row.renews_automatically and row.contract_end and row.contract_end < until and row.ends_on is None:
        work.renewed += add_next_term(tx, membership)
    if is_expired(row.contract_end, day):
        work.ended += 1
        end_membership(tx, row, EndReason.EXPIRED)
        return
    term = membership.agreed.term_on(day)
    if term.plan.id != row.plan_id:
        row.plan_id = type(row.plan_id)(term.plan.id)
        work.changed += 1
    paused = any(day in pause for pause in membership.agreed.pauses)
    status = MembershipStatus.PAUSED if paused else MembershipStatus.ACTIVE
    if status is not row.status:
        row.status = status
        work.changed += 1


def end_membership(tx: Tx, row: Membership, reason: EndReason) -> None:
    """The membership is over: nothing more is billed or charged."""
    row.status, row.end_reason, row.next_bill_date = MembershipStatus.ENDED, reason, None
    row.payment_method_id = None
    tx.flush()
    add_event(tx, row, EventKind.ENDED, reason=reason)


def add_next_term(tx: Tx, membership: LoadedMembership) -> bool:
    """Add the term that follows the contract's end; False when it is there already (REN-3, REN-6).

    Its price is the one that was announced first, otherwise today's for new memberships.
    """
    row, plan = membership.row, read_plans(tx)[membership.last_plan.id]
    months = plan.row.contract_months
    if row.contract_end is None or months is None:
        return False
    span: Span = next_term(row.contract_end, months, row.anchor)
    announced = next((v for v in plan.terms.versions if v.id == row.renewal_price_id), None)
    price = announced or price_for_new(plan.terms.versions, today()) or membership.agreed.terms[-1].price
    with tx.unless_taken() as attempt:
        tx.add(
            MembershipTerm(
                id=new_id("trm"),
                account_id=row.account_id,
                membership_id=row.id,
                plan_id=plan.row.id,
                price_id=price.id,
                first_day=span.first,
                last_day=span.last,
                agreed_at=now(),
                agreed_by=tx.principal.name,
            )
        )
    if attempt.taken:
        return False
    row.contract_end, row.renewal_price_id = span.last, None
    refresh_next_bill_date(tx, row)
    add_event(tx, row, EventKind.RENEWED, first_day=span.first, last_day=span.last)
    return True


def _people_who_are_gone(tx: Tx, rows: list[Membership]) -> dict[str, str]:
    """Name by id of the members who are deceased, merged or inactive."""
    members = select(Enrolment.patient_id).where(
        col(Enrolment.membership_id).in_([row.id for row in rows]), col(Enrolment.end).is_(None)
    )
    gone = select(Patient).where(col(Patient.id).in_(members), Patient.status != PatientStatus.ACTIVE)
    return {person.id: person.full_name for person in tx.exec(gone)}


def _end_members_who_are_gone(tx: Tx, membership: LoadedMembership, gone: dict[str, str]) -> None:
    """Their enrolment ends today, and staff are told."""
    for enrolment in membership.enrolments:
        if enrolment.end is None and enrolment.patient_id in gone:
            enrolment.end = today()
            name = gone[enrolment.patient_id]
            add_event(tx, membership.row, EventKind.MEMBER_ENDED, person=name, last_day=today())
            add_staff_task(
                tx,
                "member_gone",
                enrolment.id,
                gettext_noop("{person} is no longer an active patient: their membership ended today."),
                membership.row.account_id,
                person=name,
            )
