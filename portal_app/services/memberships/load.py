"""Memberships as the rules see them (`Agreed`), read in a fixed number of queries for any number of memberships."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from sqlmodel import col, select

from portal_app.db.owned import Owned
from portal_app.db.scope import Tx
from portal_app.db.select import columns
from portal_app.db.tables import memberships as tables
from portal_app.db.tables.families import NAME_COLUMNS, Patient
from portal_app.domain.families import full_name
from portal_app.domain.ids import MembershipId, PatientId, PlanId
from portal_app.domain.memberships.agreed import Agreed, Enrolled, HeldCoupon, PlanTerms, Term
from portal_app.domain.memberships.coupons import Coupon
from portal_app.domain.memberships.periods import Span
from portal_app.domain.memberships.prices import Band, Member, PriceVersion
from portal_app.domain.memberships.types import InvoiceKind
from portal_app.domain.money import Money
from portal_app.services.practice.facts import practice

Rows = TypeVar("Rows", bound=Owned)
_SOME = 500  # ids in one query


@dataclass(frozen=True, slots=True)
class LoadedMembership:
    """A membership's row, its plan, its enrolments, and the same as the rules see it.

    `last_plan` is the last term's: the one that a renewal goes on with. `invoiced`: starts of the periods that
    have their invoice.
    """

    row: tables.Membership
    plan: tables.Plan
    enrolments: tuple[tables.Enrolment, ...]
    terms: tuple[tables.MembershipTerm, ...]
    agreed: Agreed
    invoiced: frozenset[date]
    last_plan: tables.Plan

    def next_bill_date(self, today: date) -> date | None:
        """The next bill date, as `Agreed.next_bill_date`; where the practice's own system bills, the one of its file.

        What lies before the row's own date and has no invoice here was billed by the system that it came from.
        """
        first = self.row.next_bill_date
        if self.row.billed_by == "practice":
            return first
        day = self.agreed.next_bill_date(today, self.invoiced)
        if day is not None and first is not None and day < first and day not in self.invoiced:
            return self.agreed.next_bill_date(first, self.invoiced)
        return day


def load_memberships(tx: Tx, rows: Sequence[tables.Membership]) -> list[LoadedMembership]:
    """The memberships of these rows, in their order.

    The transaction must be allowed to see all their members (`as_system` after a check of who asks): a member
    whom it cannot see would be missing from the price.
    """
    ids = [row.id for row in rows]
    enrolments = _by_membership(tx, tables.Enrolment, ids)
    known = MembershipRows(
        plans=read_plans(tx),
        terms=_by_membership(tx, tables.MembershipTerm, ids),
        enrolments=enrolments,
        pauses=_by_membership(tx, tables.MembershipPause, ids),
        coupons=_coupons(tx, _by_membership(tx, tables.MembershipCoupon, ids)),
        invoiced=_invoiced(tx, ids),
        people=_people(tx, {each.patient_id for some in enrolments.values() for each in some}),
    )
    return [assemble(row, known) for row in rows]


@dataclass(frozen=True, slots=True)
class EnrolledPerson:
    """Full name and date of birth of somebody on a membership."""

    name: str
    birth_date: date | None

    def as_member(self, enrolment_id: str) -> Member:
        return Member(enrolment_id, self.name, self.birth_date)


@dataclass(frozen=True, slots=True)
class MembershipRows:
    """What some memberships are made of: by membership, but for plans and people."""

    plans: Mapping[PlanId, "PlanWithPrices"]
    terms: Mapping[MembershipId, Sequence[tables.MembershipTerm]]
    enrolments: Mapping[MembershipId, Sequence[tables.Enrolment]]
    pauses: Mapping[MembershipId, Sequence[tables.MembershipPause]]
    coupons: Mapping[MembershipId, Sequence[HeldCoupon]]
    invoiced: Mapping[MembershipId, Sequence[date]]  # starts of the periods that have their invoice
    people: Mapping[PatientId, EnrolledPerson]


def assemble(row: tables.Membership, known: MembershipRows) -> LoadedMembership:
    """The membership of this row as the rules see it."""
    terms = sorted(known.terms[row.id], key=lambda term: term.first_day)
    enrolments = _eldest_first(known.enrolments.get(row.id, ()), known.people)
    agreed = Agreed(
        anchor=row.anchor,
        start=row.start,
        terms=tuple(_term(term, known.plans) for term in terms),
        enrolled=_enrolled(enrolments, known.people),
        pauses=tuple(Span(pause.first_day, pause.last_day) for pause in known.pauses.get(row.id, ())),
        coupons=tuple(known.coupons.get(row.id, ())),
        ends_on=row.ends_on,
    )
    return LoadedMembership(
        row,
        known.plans[row.plan_id].row,
        tuple(enrolments),
        tuple(terms),
        agreed,
        frozenset(known.invoiced.get(row.id, ())),
        known.plans[terms[-1].plan_id].row,
    )


def load_membership(tx: Tx, row: tables.Membership) -> LoadedMembership:
    """One membership; see `load_memberships`."""
    return load_memberships(tx, [row])[0]


@dataclass(frozen=True, slots=True)
class PlanWithPrices:
    """A plan's row and all versions of its prices, by their first day."""

    row: tables.Plan
    terms: PlanTerms


def read_plans(tx: Tx) -> dict[PlanId, PlanWithPrices]:
    """Every plan with its prices: a practice has a handful."""
    currency = practice(tx).currency
    versions: dict[PlanId, list[PriceVersion]] = defaultdict(list)
    for price in tx.exec(select(tables.PlanPrice).order_by(col(tables.PlanPrice.first_day))):
        versions[price.plan_id].append(to_price_version(price, currency))
    plans = tx.exec(select(tables.Plan).order_by(col(tables.Plan.name)))
    return {plan.id: with_prices(plan, versions[plan.id]) for plan in plans}


def with_prices(plan: tables.Plan, versions: Sequence[PriceVersion]) -> PlanWithPrices:
    """The plan with these versions of its prices, by their first day."""
    return PlanWithPrices(plan, PlanTerms(plan.id, plan.period, tuple(versions), plan.keeps_price_in_term))


def to_price_version(price: tables.PlanPrice, currency: str) -> PriceVersion:
    """A price of a plan as the rules take it, from its row."""
    bands = (Band(b["name"], b["below"], Money(b["minor"], currency)) for b in price.bands)
    return PriceVersion(price.id, price.first_day, tuple(bands), price.family_cap, price.audience)


def to_coupon(coupon: tables.Coupon) -> Coupon:
    """A coupon as the rules take it, from its row."""
    return Coupon(coupon.id, coupon.code, coupon.percent, coupon.amount, coupon.periods)


def _by_membership(
    tx: Tx, table: type[Rows], ids: Sequence[MembershipId]
) -> defaultdict[MembershipId, list[Rows]]:
    found: defaultdict[MembershipId, list[Rows]] = defaultdict(list)
    column: Any = table.membership_id  # type: ignore[attr-defined]
    for start in range(0, len(ids), _SOME):
        for row in tx.exec(select(table).where(col(column).in_(ids[start : start + _SOME]))):
            found[row.membership_id].append(row)  # type: ignore[attr-defined]
    return found


def _invoiced(tx: Tx, ids: Sequence[MembershipId]) -> defaultdict[MembershipId, list[date]]:
    found: defaultdict[MembershipId, list[date]] = defaultdict(list)
    table = tables.MembershipInvoice
    for start in range(0, len(ids), _SOME):
        rows = tx.exec(
            columns(table.membership_id, table.period_start).where(
                col(table.membership_id).in_(ids[start : start + _SOME]), table.kind == InvoiceKind.PERIOD
            )
        )
        for membership_id, period_start in rows:
            found[membership_id].append(period_start)
    return found


def _coupons(
    tx: Tx, held: defaultdict[MembershipId, list[tables.MembershipCoupon]]
) -> defaultdict[MembershipId, list[HeldCoupon]]:
    ids = {each.coupon_id for some in held.values() for each in some}
    found: defaultdict[MembershipId, list[HeldCoupon]] = defaultdict(list)
    if not ids:
        return found
    known = {c.id: c for c in tx.exec(select(tables.Coupon).where(col(tables.Coupon.id).in_(ids)))}
    for membership_id, some in held.items():
        found[membership_id] = [
            HeldCoupon(to_coupon(known[each.coupon_id]), each.first_period, each.used) for each in some
        ]
    return found


def _eldest_first(
    enrolments: Sequence[tables.Enrolment], people: Mapping[PatientId, EnrolledPerson]
) -> list[tables.Enrolment]:
    """By their first day, then by age."""
    return sorted(
        enrolments,
        key=lambda each: (each.start, people[each.patient_id].birth_date or date.max, each.id),
    )


def _enrolled(
    enrolments: Sequence[tables.Enrolment], people: Mapping[PatientId, EnrolledPerson]
) -> tuple[Enrolled, ...]:
    return tuple(
        Enrolled(people[each.patient_id].as_member(each.id), each.start, each.end) for each in enrolments
    )


def _people(tx: Tx, ids: Collection[PatientId]) -> dict[PatientId, EnrolledPerson]:
    wanted, found = sorted(ids), dict[PatientId, EnrolledPerson]()
    for start in range(0, len(wanted), _SOME):
        rows = tx.exec(
            columns(Patient.id, Patient.birth_date, *NAME_COLUMNS).where(
                col(Patient.id).in_(wanted[start : start + _SOME])
            )
        )
        for id_, born, *names in rows:
            found[id_] = EnrolledPerson(full_name(*names), born)
    return found


def _term(term: tables.MembershipTerm, plans: Mapping[PlanId, PlanWithPrices]) -> Term:
    plan = plans[term.plan_id].terms
    price = next(version for version in plan.versions if version.id == term.price_id)
    return Term(term.id, term.first_day, term.last_day, plan, price, term.anchor)
