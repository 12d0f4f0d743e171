"""Telling owners of an automatic renewal 30 and 14 days before, with price and how to turn it off (REN-7)."""

from datetime import date, timedelta

from sqlmodel import col, select

from portal_app.clock import today
from portal_app.db.scope import Tx, transaction
from portal_app.db.tables.billing import Account
from portal_app.db.tables.memberships import Membership
from portal_app.db.tables.messages import OutboxMessage
from portal_app.domain.access import Principal, Side
from portal_app.domain.memberships.renewal import ANNOUNCED_DAYS_BEFORE, announcement_due
from portal_app.domain.memberships.types import BilledBy, MembershipStatus
from portal_app.i18n import gettext_noop
from portal_app.services.billing.notify.events import add_staff_task
from portal_app.services.memberships.autopay.standing import standings_of
from portal_app.services.memberships.load import LoadedMembership, load_memberships
from portal_app.services.memberships.renewals.offer import view_renewal
from portal_app.services.memberships.views.types import RenewalView
from portal_app.services.messaging import outbox

_BATCH = 500


def announce_renewals(principal: Principal) -> int:
    """Write what is due today, each once; where days were missed, only the latest.

    The price of the first announcement is the new term's, whatever changes later.

    Returns: how many memberships were told of.

    Raises: RuntimeError unless the principal is the system.
    """
    if principal.side is not Side.PORTAL:
        raise RuntimeError("renewals are announced by the system")
    told, after = 0, ""
    while True:
        with transaction(principal) as tx:
            rows = _renewing(tx, after)
            if not rows:
                return told
            standings = standings_of(tx, rows)
            for membership in load_memberships(tx, rows):
                told += _announce(tx, membership, view_renewal(membership, standings[membership.row.id]))
            after = rows[-1].id


def _renewing(tx: Tx, after: str) -> list[Membership]:
    """The next memberships whose contract ends within 30 days and renews by itself, locked."""
    wanted = (
        select(Membership)
        .where(
            Membership.billed_by == BilledBy.PORTAL,
            col(Membership.status).in_([MembershipStatus.ACTIVE, MembershipStatus.PAUSED]),
            col(Membership.renews_automatically).is_(True),
            col(Membership.ends_on).is_(None),
            col(Membership.contract_end) >= today(),
            col(Membership.contract_end) <= today() + timedelta(days=max(ANNOUNCED_DAYS_BEFORE)),
            col(Membership.id) > after,
        )
        .order_by(col(Membership.id))
        .limit(_BATCH)
        .with_for_update()
    )
    return list(tx.exec(wanted.execution_options(populate_existing=True)).all())


def _announce(tx: Tx, membership: LoadedMembership, renewal: RenewalView) -> bool:
    row = membership.row
    if row.contract_end is None:
        return False
    days = announcement_due(row.contract_end, today(), _told(tx, row, row.contract_end))
    if days is None:
        return False
    if renewal.price is None:
        _say_to_staff(tx, row)
        return False
    row.renewal_price_id = renewal.price_id
    written = outbox.write_each_way(
        tx,
        "renewal_announced",
        once=_once(row, row.contract_end, days),
        to_patient=tx.get_or_404(Account, row.account_id).guarantor_id,
        account_id=row.account_id,
        values={
            "first": renewal.first_day,
            "last": renewal.last_day,
            "end": row.contract_end,
            "amount": renewal.price.amount,
        },
    )
    if not written:
        _say_to_staff(tx, row)
    return bool(written)


def _once(row: Membership, contract_end: date, days: int) -> str:
    return f"renewal_announced:{row.id}:{contract_end}:{days}"


def _told(tx: Tx, row: Membership, contract_end: date) -> frozenset[int]:
    """Which announcements of this renewal were written."""
    return frozenset(
        days
        for days in ANNOUNCED_DAYS_BEFORE
        if tx.exec(
            select(OutboxMessage.id)
            .where(col(OutboxMessage.once).startswith(f"{_once(row, contract_end, days)}:", autoescape=True))
            .limit(1)
        ).first()
    )


def _say_to_staff(tx: Tx, row: Membership) -> None:
    """Nobody renews by surprise: where it cannot be told, somebody at the practice does it."""
    add_staff_task(
        tx,
        "renewal_not_announced",
        f"{row.id}:{row.contract_end}",
        gettext_noop(
            "A membership renews automatically within 30 days, and who pays it could not be told: there is no way "
            "to reach them, or no price. Call them."
        ),
        row.account_id,
    )
