"""What the page of memberships is made of, read by prepared queries: it is opened as often as the invoices."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlmodel import bindparam, col, or_, select

from portal_app.clock import today
from portal_app.db.plain_rows import PlainRows
from portal_app.db.scope import PreparedReading
from portal_app.db.select import columns
from portal_app.db.tables.billing import Invoice, PaymentMethod
from portal_app.db.tables.families import NAME_COLUMNS, Patient
from portal_app.db.tables.memberships import (
    AutopayTry,
    Coupon,
    Enrolment,
    MemberRequest,
    Membership,
    MembershipCoupon,
    MembershipInvoice,
    MembershipPause,
    MembershipTerm,
    Plan,
    PlanPrice,
)
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import Everyone, Principal
from portal_app.domain.billing.payment_methods import display_name
from portal_app.domain.billing.types import PAYABLE, InvoiceStatus
from portal_app.domain.families import full_name
from portal_app.domain.ids import InvoiceId, MembershipId, PatientId, PaymentMethodId, PlanId
from portal_app.domain.memberships.agreed import HeldCoupon
from portal_app.domain.memberships.prices import PriceVersion
from portal_app.domain.memberships.types import InvoiceKind
from portal_app.domain.practice_settings import SETTINGS
from portal_app.services.billing.ledger.entries import in_flight_payments
from portal_app.services.memberships.autopay.owed import THAT_MATTER, OwedInvoice, Tries, owed_of
from portal_app.services.memberships.autopay.standing import PaymentStanding, standing_from
from portal_app.services.memberships.load import (
    EnrolledPerson,
    LoadedMembership,
    MembershipRows,
    PlanWithPrices,
    assemble,
    to_coupon,
    to_price_version,
    with_prices,
)
from portal_app.services.memberships.members.open_requests import is_open, open_since

_IDS: Any = bindparam("ids", expanding=True)


def _has(table: Any, *conditions: Any) -> Any:
    """Whether the membership of the row has such rows: most have none, so these are not asked for then."""
    return columns(table.id).where(table.membership_id == Membership.id, *conditions).exists()


class _PracticeRow(NamedTuple):
    online_payments: bool
    currency: str
    membership_settings: dict[str, Any]
    has_requests: bool  # the viewer was asked to join a membership, or asked somebody


_PRACTICE = columns(
    Practice.online_payments,
    Practice.currency,
    Practice.membership_settings,
    columns(MemberRequest.id)
    .where(
        is_open(bindparam("since", type_=MemberRequest.__table__.c.asked_at.type)),  # type: ignore[attr-defined]
        or_(
            MemberRequest.patient_id == bindparam("me"),
            col(MemberRequest.account_id).in_(bindparam("accounts", expanding=True)),
        ),
    )
    .exists(),
).where(Practice.id == "practice")
_MEMBERSHIP, _METHOD = PlainRows(Membership), PlainRows(PaymentMethod, "brand", "last4", "kind")
_SEEN = (
    columns(
        *_MEMBERSHIP.columns,
        *_METHOD.columns,
        _has(MembershipPause),
        _has(MembershipCoupon),
        _has(AutopayTry, col(AutopayTry.outcome).in_(THAT_MATTER)),
    )
    .select_from(Membership)
    .join(PaymentMethod, col(PaymentMethod.id) == Membership.payment_method_id, isouter=True)
    .where(
        or_(
            col(Membership.account_id).in_(bindparam("accounts", expanding=True)),
            col(Membership.id).in_(
                select(Enrolment.membership_id).where(
                    col(Enrolment.patient_id).in_(bindparam("patients", expanding=True))
                )
            ),
        )
    )
    .order_by(col(Membership.start), col(Membership.id))
)
_TERM, _ENROLMENT, _PAUSE = PlainRows(MembershipTerm), PlainRows(Enrolment), PlainRows(MembershipPause)
_TERMS = columns(*_TERM.columns).where(col(MembershipTerm.membership_id).in_(_IDS))
_ENROLMENTS = (
    columns(Patient.birth_date, *NAME_COLUMNS, *_ENROLMENT.columns)
    .select_from(Enrolment)
    .join(Patient, col(Patient.id) == Enrolment.patient_id)
    .where(col(Enrolment.membership_id).in_(_IDS))
)
_PAUSES = columns(*_PAUSE.columns).where(col(MembershipPause.membership_id).in_(_IDS))
_COUPON = PlainRows(Coupon)
_COUPONS = (
    columns(
        MembershipCoupon.membership_id, MembershipCoupon.first_period, MembershipCoupon.used, *_COUPON.columns
    )
    .join(Coupon, col(Coupon.id) == MembershipCoupon.coupon_id)
    .where(col(MembershipCoupon.membership_id).in_(_IDS))
)
_TRY = PlainRows(AutopayTry)
_TRIES = columns(*_TRY.columns).where(
    col(AutopayTry.outcome).in_(THAT_MATTER), col(AutopayTry.membership_id).in_(_IDS)
)
_PLAN, _PRICE = PlainRows(Plan), PlainRows(PlanPrice)
_PLANS = (
    columns(*_PLAN.columns, *_PRICE.columns)
    .select_from(Plan)
    .join(PlanPrice, col(PlanPrice.plan_id) == Plan.id)
    .where(col(Plan.id).in_(bindparam("plans", expanding=True)))
    .order_by(col(PlanPrice.first_day))
)
_INVOICE = PlainRows(Invoice, "id", "number", "status", "total", "adjusted", "allocated")
_INVOICES = (
    columns(
        MembershipInvoice.membership_id,
        MembershipInvoice.kind,
        MembershipInvoice.period_start,
        MembershipInvoice.due_day,
        *_INVOICE.columns,
    )
    .join(Invoice, col(Invoice.id) == MembershipInvoice.invoice_id)
    .where(col(MembershipInvoice.membership_id).in_(_IDS))
)
_NO_TRIES = Tries()


@dataclass(frozen=True, slots=True)
class SeenMemberships:
    """The memberships that somebody may see, of one moment, with what their owner reads of them besides.

    `made`: invoices made ahead and not void, by membership and the day they are due.
    """

    loaded: Sequence[LoadedMembership]
    standings: Mapping[MembershipId, PaymentStanding]
    methods: Mapping[PaymentMethodId, str]  # "Visa ending in 4242"
    made: Mapping[tuple[MembershipId, date], Sequence[Invoice]]
    cancels_online: bool
    has_requests: bool  # the viewer was asked to join a membership, or asked somebody


def read_seen(queries: PreparedReading, viewer: Principal) -> SeenMemberships:
    """The memberships that the viewer pays, is on, or has a child on. The reading must see all of them."""
    lists = {"accounts": _listed(viewer.accounts), "patients": _listed(viewer.patients)}
    practice = _PracticeRow._make(
        queries.fetch(_PRACTICE, since=open_since(), me=viewer.patient_id or "", accounts=lists["accounts"])[
            0
        ]
    )
    rows: list[Membership] = []
    methods: dict[PaymentMethodId, str] = {}
    with_pause, with_coupon, with_try = list[MembershipId](), list[MembershipId](), list[MembershipId]()
    for values in queries.fetch(_SEEN, **lists):
        row = _MEMBERSHIP.of(values[:-6])
        rows.append(row)
        *method, paused, reduced, tried = values[-6:]
        if row.payment_method_id:
            brand, last4, kind = method
            methods[row.payment_method_id] = display_name(brand, last4, kind)
        for having, ids in ((paused, with_pause), (reduced, with_coupon), (tried, with_try)):
            if having:
                ids.append(row.id)
    billed = _billed(queries, [row.id for row in rows])
    known = _known(queries, rows, billed, practice.currency, with_pause, with_coupon)
    tries, owed = _tries(queries, with_try), _owed(queries, billed)
    return SeenMemberships(
        [assemble(row, known) for row in rows],
        {
            row.id: standing_from(
                row, owed.get(row.id, ()), tries.get(row.id, _NO_TRIES), practice.online_payments
            )
            for row in rows
        },
        methods,
        _made_ahead(billed, known.invoiced),
        bool(SETTINGS["membership_cancel_online"].read(practice)),
        bool(practice.has_requests),
    )


class _Billed(NamedTuple):
    """An invoice of a membership, and what it bills."""

    membership_id: MembershipId
    kind: InvoiceKind
    period_start: date
    due_day: date
    invoice: Invoice


def _billed(queries: PreparedReading, ids: list[MembershipId]) -> list[_Billed]:
    found = queries.fetch(_INVOICES, ids=ids) if ids else ()
    return [_Billed._make((*values[:4], _INVOICE.of(values[4:]))) for values in found]


def _known(
    queries: PreparedReading,
    rows: Sequence[Membership],
    billed: Sequence[_Billed],
    currency: str,
    with_pause: list[MembershipId],
    with_coupon: list[MembershipId],
) -> MembershipRows:
    ids = [row.id for row in rows]
    terms = _grouped(_TERM.of(values) for values in (queries.fetch(_TERMS, ids=ids) if ids else ()))
    named = {row.plan_id for row in rows} | {term.plan_id for some in terms.values() for term in some}
    enrolments: defaultdict[MembershipId, list[Enrolment]] = defaultdict(list)
    people: dict[PatientId, EnrolledPerson] = {}
    names = len(NAME_COLUMNS) + 1
    for values in queries.fetch(_ENROLMENTS, ids=ids) if ids else ():
        enrolment = _ENROLMENT.of(values[names:])
        enrolments[enrolment.membership_id].append(enrolment)
        people[enrolment.patient_id] = EnrolledPerson(full_name(*values[1:names]), values[0])
    coupons: defaultdict[MembershipId, list[HeldCoupon]] = defaultdict(list)
    for membership_id, first, used, *coupon in (
        queries.fetch(_COUPONS, ids=with_coupon) if with_coupon else ()
    ):
        coupons[membership_id].append(HeldCoupon(to_coupon(_COUPON.of(coupon)), first, used))
    invoiced: defaultdict[MembershipId, list[date]] = defaultdict(list)
    for one in billed:
        if one.kind is InvoiceKind.PERIOD:
            invoiced[one.membership_id].append(one.period_start)
    pauses = queries.fetch(_PAUSES, ids=with_pause) if with_pause else ()
    return MembershipRows(
        plans=_plans(queries, sorted(named), currency),
        terms=terms,
        enrolments=enrolments,
        pauses=_grouped(_PAUSE.of(values) for values in pauses),
        coupons=coupons,
        invoiced=invoiced,
        people=people,
    )


def _grouped(rows: Any) -> defaultdict[MembershipId, list[Any]]:
    found: defaultdict[MembershipId, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.membership_id].append(row)
    return found


def _plans(queries: PreparedReading, ids: list[PlanId], currency: str) -> dict[PlanId, PlanWithPrices]:
    plans: dict[PlanId, Plan] = {}
    versions: defaultdict[PlanId, list[PriceVersion]] = defaultdict(list)
    width = len(_PLAN.columns)
    for values in queries.fetch(_PLANS, plans=ids) if ids else ():
        plan = _PLAN.of(values[:width])
        plans[plan.id] = plan
        versions[plan.id].append(to_price_version(_PRICE.of(values[width:]), currency))
    return {id_: with_prices(plan, versions[id_]) for id_, plan in plans.items()}


def _tries(queries: PreparedReading, ids: list[MembershipId]) -> dict[MembershipId, Tries]:
    rows = _grouped(_TRY.of(values) for values in (queries.fetch(_TRIES, ids=ids) if ids else ()))
    return {id_: Tries(tuple(some)) for id_, some in rows.items()}


def _owed(
    queries: PreparedReading, billed: Sequence[_Billed]
) -> Mapping[MembershipId, Sequence[OwedInvoice]]:
    unpaid = [one for one in billed if one.invoice.status in PAYABLE]
    invoices: dict[InvoiceId, Invoice] = {one.invoice.id: one.invoice for one in unpaid}
    due_days = {(one.membership_id, one.invoice.id): one.due_day for one in unpaid}
    return owed_of(due_days, invoices, in_flight_payments(queries, list(invoices)))


def _made_ahead(
    billed: Sequence[_Billed], invoiced: Mapping[MembershipId, Sequence[date]]
) -> dict[tuple[MembershipId, date], list[Invoice]]:
    ahead = {id_ for id_, days in invoiced.items() if any(day >= today() for day in days)}
    found: dict[tuple[MembershipId, date], dict[str, Invoice]] = {}
    for one in billed:
        if (
            one.membership_id in ahead
            and one.due_day >= today()
            and one.invoice.status is not InvoiceStatus.VOID
        ):
            found.setdefault((one.membership_id, one.due_day), {})[one.invoice.id] = one.invoice
    return {key: list(invoices.values()) for key, invoices in found.items()}


def _listed(ids: Any) -> list[str]:
    """A patient's lists are never everybody."""
    return [] if isinstance(ids, Everyone) else list(ids)
