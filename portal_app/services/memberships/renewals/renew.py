"""Renewing a contract, and turning its automatic renewal on and off (REN-1, 2, 3, 6, 7, 8)."""

from dataclasses import dataclass
from datetime import date

from portal_app.clock import today
from portal_app.db.scope import Tx, retried, transaction
from portal_app.db.tables.billing import Account
from portal_app.db.tables.memberships import Membership
from portal_app.domain.access import Permission, Principal
from portal_app.domain.agreements.types import RequestReason
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import MembershipId
from portal_app.domain.memberships.renewal import is_expired
from portal_app.domain.memberships.types import RUNNING, BilledBy, EventKind
from portal_app.domain.money import Money
from portal_app.services.agreements.errors import AgreementUnsigned
from portal_app.services.agreements.requests.memberships import request_to_sign
from portal_app.services.as_system import as_system
from portal_app.services.billing.notify.events import announce_account_change
from portal_app.services.memberships.autopay.next_charge import announce_next_charge
from portal_app.services.memberships.autopay.standing import PaymentStanding, standings_of
from portal_app.services.memberships.cancellation.cancel import take_cancellation_back
from portal_app.services.memberships.history import add_event
from portal_app.services.memberships.lifecycle import add_next_term
from portal_app.services.memberships.load import LoadedMembership, load_membership
from portal_app.services.memberships.renewals.errors import (
    ContractExpired,
    EndsBeforeContract,
    NoContract,
    RenewalChanged,
    RenewalHeld,
    RenewalNotOffered,
    RenewedByPractice,
    RenewsByItself,
)
from portal_app.services.memberships.renewals.offer import view_renewal
from portal_app.services.memberships.views.access import lock_owned_membership
from portal_app.services.memberships.views.types import RenewalState, RenewalView
from portal_app.services.messaging import outbox


@dataclass(frozen=True, slots=True)
class SeenRenewal:
    """What the page showed when "Renew" was pressed: the new term's first day, its price version and amount."""

    first_day: date
    price_id: str
    amount: Money


@dataclass(frozen=True, slots=True)
class NewTerm:
    first_day: date
    last_day: date | None


@retried
def renew_membership(principal: Principal, membership_id: MembershipId, seen: SeenRenewal) -> NewTerm:
    """Add the term that was shown, at the price that was shown; pressed twice it is one term (REN-6).

    A cancellation for the contract's end is taken back.

    Raises: NotFound unless it is theirs; RenewalNotOffered, RenewalHeld, RenewsByItself, EndsBeforeContract,
        ContractExpired, RenewedByPractice; RenewalChanged for a stale page; AgreementUnsigned (REN-5).
    """
    principal.require(Permission.MY_ACCOUNT)
    with transaction(as_system(principal)) as tx:
        row = lock_owned_membership(tx, principal, membership_id)
        membership = load_membership(tx, row)
        if done := _term_from(membership, seen.first_day):
            return done
        standing = standings_of(tx, [row])[row.id]
        offer = view_renewal(membership, standing)
        _refuse_unless_offered(offer.state, standing)
        if (
            offer.price is None
            or (offer.first_day, offer.price_id) != (seen.first_day, seen.price_id)
            or offer.price.amount != seen.amount
        ):
            raise RenewalChanged
        unsigned = request_to_sign(tx, row, RequestReason.RENEWAL)
        if unsigned is None:
            return _add_term(tx, membership, offer, seen)
    raise AgreementUnsigned(request=unsigned)  # after the commit: what is to be signed is asked for


def _add_term(tx: Tx, membership: LoadedMembership, offer: RenewalView, seen: SeenRenewal) -> NewTerm:
    """Add the term that was shown and agreed to."""
    row = membership.row
    if offer.takes_cancellation_back:
        take_cancellation_back(tx, membership)
    row.renewal_price_id = offer.price_id
    add_next_term(tx, membership)
    if row.payment_method_id and row.next_bill_date == seen.first_day:  # the next charge is what was shown
        announce_next_charge(tx, row)
    _confirm(tx, row, seen.amount, seen.first_day)
    announce_account_change(tx, row.account_id, row.id)
    return NewTerm(seen.first_day, row.contract_end)


def _term_from(membership: LoadedMembership, first_day: date) -> NewTerm | None:
    """The term that begins on that day, where it was renewed already."""
    found = (term for term in membership.agreed.terms[1:] if term.first_day == first_day)
    return next((NewTerm(term.first_day, term.last_day) for term in found), None)


def _refuse_unless_offered(state: RenewalState, standing: PaymentStanding) -> None:
    if state is RenewalState.HELD:
        raise RenewalHeld(amount=standing.unpaid)
    refusals = {
        RenewalState.NONE: RenewalNotOffered,
        RenewalState.AUTOMATIC: RenewsByItself,
        RenewalState.CANCELLED: EndsBeforeContract,
        RenewalState.EXPIRED: ContractExpired,
        RenewalState.CONTACT: RenewedByPractice,
    }
    if state in refusals:
        raise refusals[state]


def _confirm(tx: Tx, row: Membership, amount: Money, first_day: date) -> None:
    outbox.write_each_way(
        tx,
        "membership_renewed",
        once=f"membership_renewed:{row.id}:{first_day}",
        to_patient=tx.get_or_404(Account, row.account_id).guarantor_id,
        account_id=row.account_id,
        values={"first": first_day, "last": row.contract_end, "amount": amount},
    )


@retried
def set_automatic_renewal(principal: Principal, membership_id: MembershipId, on: bool) -> None:
    """Turn automatic renewal on or off; off, the membership ends with its contract (REN-7).

    Raises: NotFound unless it is theirs; NoContract, ContractExpired, EndsBeforeContract, RenewedByPractice.
    """
    principal.require(Permission.MY_ACCOUNT)
    with transaction(as_system(principal)) as tx:
        row = lock_owned_membership(tx, principal, membership_id)
        if row.contract_end is None:
            raise NoContract
        if row.status not in RUNNING:
            raise ContractExpired if is_expired(row.contract_end, today()) else NotFound
        if row.billed_by is not BilledBy.PORTAL:
            raise RenewedByPractice
        if row.ends_on is not None and on:
            raise EndsBeforeContract
        if row.renews_automatically == on:
            return
        row.renews_automatically = on
        add_event(tx, row, EventKind.AUTOMATIC_RENEWAL_CHANGED, on=on)
        announce_account_change(tx, row.account_id, row.id)
