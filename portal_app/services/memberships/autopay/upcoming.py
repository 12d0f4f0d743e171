"""The next automatic charges of an account: when, how much, on which card. For the page Payment options."""

from dataclasses import dataclass
from datetime import date

from sqlmodel import col

from portal_app.db.scope import reading
from portal_app.db.tables.billing import PaymentMethod
from portal_app.db.tables.memberships import Membership, Plan
from portal_app.domain.access import Permission, Principal
from portal_app.domain.billing.payment_methods import display_name
from portal_app.domain.ids import AccountId
from portal_app.domain.money import Money
from portal_app.services.as_system import as_system
from portal_app.services.billing.accessible_accounts import accessible_account
from portal_app.services.memberships.autopay.next_charge import next_charges
from portal_app.services.memberships.autopay.standing import standings_of
from portal_app.services.memberships.running import running_memberships


@dataclass(frozen=True, slots=True)
class UpcomingCharge:
    """One charge that lies ahead; `is_retry` when an earlier one failed."""

    plan: str
    day: date
    amount: Money
    shown: str  # "Visa ending in 4242"
    is_retry: bool


def upcoming_charges(principal: Principal, account_id: AccountId | None = None) -> tuple[UpcomingCharge, ...]:
    """The next charge of each membership of the viewer's account with automatic payment, the soonest first."""
    principal.require(Permission.MY_PAYMENTS)
    with reading(principal) as tx:
        found_id = accessible_account(tx, account_id)
    with reading(as_system(principal)) as tx:
        wanted = (
            running_memberships(Membership, Plan.name, PaymentMethod)
            .join(Plan, col(Plan.id) == Membership.plan_id)
            .join(PaymentMethod, col(PaymentMethod.id) == Membership.payment_method_id)
            .where(Membership.account_id == found_id)
        )
        rows = tx.exec(wanted).all()
        memberships = [row for row, _, _ in rows]
        charges, standings = next_charges(tx, memberships), standings_of(tx, memberships)
        found: list[UpcomingCharge] = []
        for row, plan, method in rows:
            shown = display_name(method.brand, method.last4, method.kind)
            standing, charge = standings[row.id], charges.get(row.id)
            if standing.next_try is not None:
                found.append(UpcomingCharge(plan, standing.next_try, standing.unpaid, shown, True))
            elif charge is not None:
                found.append(UpcomingCharge(plan, charge.day, charge.amount, shown, False))
        return tuple(sorted(found, key=lambda one: (one.day, one.plan)))
