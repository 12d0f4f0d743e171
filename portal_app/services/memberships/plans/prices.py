"""Prices of plans: a change takes effect from a day far enough off, and members are told of it before (PRICE-5)."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlmodel import col, select

from portal_app.clock import now, today
from portal_app.db.scope import Tx, retried, transaction
from portal_app.db.tables.billing import Account
from portal_app.db.tables.memberships import Membership, Plan, PlanPrice
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import Permission, Principal, Side
from portal_app.domain.errors import UserError
from portal_app.domain.ids import PlanId, new_id
from portal_app.domain.memberships.periods import ONE_DAY, add_months
from portal_app.domain.memberships.prices import Band, check_bands, price_period
from portal_app.domain.memberships.types import RUNNING, BilledBy, PriceAudience
from portal_app.domain.money import Money
from portal_app.domain.practice_settings import SETTINGS
from portal_app.services.as_system import as_system
from portal_app.services.live import announce
from portal_app.services.memberships.load import LoadedMembership, load_memberships
from portal_app.services.memberships.plans.errors import PriceDayTaken, PriceTooSoon
from portal_app.services.memberships.staff.open import owner_name
from portal_app.services.messaging.outbox import write_each_way

_LOOKED_AHEAD = 14  # months: a yearly plan has a bill date within them
_MOST_SHOWN = 50  # memberships in a preview
_BATCH = 200  # memberships whose owners are told in one transaction


@dataclass(frozen=True, slots=True)
class NewPrice:
    """A version of a plan's prices: by rising age limit, only the last one open."""

    bands: tuple[Band, ...]
    family_cap: Money | None
    first_day: date
    audience: PriceAudience = PriceAudience.NEW_MEMBERSHIPS


@dataclass(frozen=True, slots=True)
class PriceChange:
    """What a new price changes for one membership, from its first bill date at it."""

    membership: LoadedMembership
    bill_date: date
    before: Money
    after: Money


@dataclass(frozen=True, slots=True)
class PriceEffect:
    """What a new price changes for one owner, from which bill."""

    owner: str
    bill_date: date
    before: Money
    after: Money


@dataclass(frozen=True, slots=True)
class PricePreview:
    """Whom a new price changes: how many memberships, and the first 50 of them."""

    count: int
    memberships: tuple[PriceEffect, ...]


def schedule_price(principal: Principal, price_id: str, plan_id: PlanId, price: NewPrice) -> int:
    """Add a price that begins on a later day, and tell the owners of memberships whose price it changes.

    The same id again is the same price. Returns how many owners were told.

    Raises: PriceTooSoon, PriceDayTaken; BandsMissing, BandsUnordered, PriceNegative, CapBelowOnePrice.
    """
    principal.require(Permission.MANAGE_PLANS)
    _add(principal, price_id, plan_id, price)
    return tell_of_price(as_system(principal), price_id)


def preview_price(principal: Principal, plan_id: PlanId, price: NewPrice) -> PricePreview:
    """Which memberships the price would change, shown before it is scheduled. Raises as `schedule_price`."""
    principal.require(Permission.MANAGE_PLANS)
    count, shown = 0, list[PriceEffect]()
    with transaction(as_system(principal)) as tx:
        tx.get_or_404(Plan, plan_id)
        _check(tx, plan_id, price)
        row = add_price_version(tx, plan_id, price)
        after = ""
        while some := _with_plan(tx, plan_id, after):
            changes = price_changes(load_memberships(tx, some), row.id)
            count += len(changes)
            shown += [_effect(tx, change) for change in changes[: _MOST_SHOWN - len(shown)]]
            after = some[-1].id
        tx.rollback()
    return PricePreview(count, tuple(shown))


def _effect(tx: Tx, change: PriceChange) -> PriceEffect:
    owner = owner_name(tx, change.membership.row.account_id)
    return PriceEffect(owner, change.bill_date, change.before, change.after)


@retried
def _add(principal: Principal, price_id: str, plan_id: PlanId, price: NewPrice) -> None:
    principal.require(Permission.MANAGE_PLANS)
    with transaction(as_system(principal)) as tx:
        tx.get_or_404(Plan, plan_id, lock=True)
        if tx.get(PlanPrice, price_id) is not None:
            return
        _check(tx, plan_id, price)
        add_price_version(tx, plan_id, price, id_=price_id)
        tx.on_commit(lambda: announce("plans", plan_id))


def earliest_first_day(tx: Tx) -> date:
    """The first day that a new price may begin on."""
    row = tx.get_or_404(Practice, "practice")
    return today() + timedelta(days=int(SETTINGS["membership_price_notice_days"].read(row)))


def _check(tx: Tx, plan_id: PlanId, price: NewPrice) -> None:
    check_bands(price.bands, price.family_cap)
    earliest = earliest_first_day(tx)
    if not earliest <= price.first_day <= add_months(earliest, 36):
        raise PriceTooSoon(day=earliest)
    same_day = select(PlanPrice.id).where(
        PlanPrice.plan_id == plan_id, PlanPrice.first_day == price.first_day
    )
    if tx.exec(same_day).first() is not None:
        raise PriceDayTaken


def add_price_version(
    tx: Tx,
    plan_id: PlanId,
    price: NewPrice,
    *,
    id_: str = "",
    first_day: date | None = None,
    audience: PriceAudience | None = None,
) -> PlanPrice:
    """Add a version to the plan. Raises: BandsMissing, BandsUnordered, PriceNegative, CapBelowOnePrice."""
    check_bands(price.bands, price.family_cap)
    row = tx.add(
        PlanPrice(
            id=id_ or new_id("ppr"),
            plan_id=plan_id,
            first_day=first_day or price.first_day,
            audience=audience or price.audience,
            bands=[{"name": b.name, "below": b.below, "minor": b.price.minor} for b in price.bands],
            family_cap=price.family_cap,
            created_at=now(),
            created_by=tx.principal.name,
        )
    )
    tx.flush()
    return row


def tell_of_prices(principal: Principal) -> int:
    """Tell of every price that nobody was told of yet, after a run that was cut short. Returns how many were told.

    Raises: RuntimeError unless the principal is the system.
    """
    if principal.side is not Side.PORTAL:
        raise RuntimeError("members are told by the system")
    with transaction(principal) as tx:
        untold = select(PlanPrice.id).where(
            PlanPrice.audience == PriceAudience.EVERYBODY,
            col(PlanPrice.told_at).is_(None),
            col(PlanPrice.first_day) > today(),
        )
        ids = list(tx.exec(untold))
    return sum(tell_of_price(principal, id_) for id_ in ids)


def tell_of_price(principal: Principal, price_id: str) -> int:
    """Tell the owners of all memberships that the price changes, each once, in transactions of their own.

    Raises: RuntimeError unless the principal is the system.
    """
    if principal.side is not Side.PORTAL:
        raise RuntimeError("members are told by the system")
    told, after = 0, ""
    while True:
        with transaction(principal) as tx:
            price = tx.get_or_404(PlanPrice, price_id)
            if price.audience is not PriceAudience.EVERYBODY or price.told_at is not None:
                return told
            some = _with_plan(tx, price.plan_id, after)
            if not some:
                price.told_at = now()
                return told
            for change in price_changes(load_memberships(tx, some), price_id):
                told += _tell(tx, change, price_id)
            after = some[-1].id


def _with_plan(tx: Tx, plan_id: PlanId, after: str) -> list[Membership]:
    """The next running memberships of the portal with this plan, by id."""
    wanted = (
        select(Membership)
        .where(
            Membership.plan_id == plan_id,
            Membership.billed_by == BilledBy.PORTAL,
            col(Membership.status).in_(sorted(RUNNING)),
            col(Membership.id) > after,
        )
        .order_by(col(Membership.id))
        .limit(_BATCH)
    )
    return list(tx.exec(wanted))


def price_changes(memberships: list[LoadedMembership], price_id: str) -> list[PriceChange]:
    """What the price changes for those of them that will be billed at it; contracts that keep their price are not."""
    found: list[PriceChange] = []
    for membership in memberships:
        change = _change_of(membership, price_id)
        if change is not None:
            found.append(change)
    return found


def _change_of(membership: LoadedMembership, price_id: str) -> PriceChange | None:
    agreed = membership.agreed
    versions = {version.id: version for term in agreed.terms for version in term.plan.versions}
    version = versions.get(price_id)
    if version is None:
        return None
    for day in agreed.bill_dates(version.first_day, add_months(version.first_day, _LOOKED_AHEAD)):
        if agreed.price_version_on(day).id != price_id:
            continue
        before = agreed.price_version_on(version.first_day - ONE_DAY)
        try:
            old = price_period(agreed.members_on(day), before, day, agreed.coupons_on(day)).amount
            return PriceChange(membership, day, old, agreed.price_on(day).amount)
        except UserError:  # a member without a price is a task of the billing run
            return None
    return None


def _tell(tx: Tx, change: PriceChange, price_id: str) -> int:
    row = change.membership.row
    owner = tx.get_or_404(Account, row.account_id).guarantor_id
    sent = write_each_way(
        tx,
        "plan_price",
        once=f"plan_price:{price_id}:{row.id}",
        to_patient=owner,
        account_id=row.account_id,
        values={"date": change.bill_date, "before": change.before, "amount": change.after},
    )
    return int(bool(sent))
