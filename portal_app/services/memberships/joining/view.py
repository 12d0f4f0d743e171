"""What somebody who joins sees after the code: their choice, today's price, and the state of their payment."""

from dataclasses import dataclass, replace
from datetime import date

from portal_app.db.scope import Tx, reading, retried, transaction
from portal_app.db.tables.billing import Invoice
from portal_app.db.tables.memberships import JoinRequest, Membership
from portal_app.domain.access import Principal
from portal_app.domain.billing.payability import Payability
from portal_app.domain.errors import UserError
from portal_app.domain.ids import AccountId
from portal_app.domain.memberships.types import UNFINISHED_JOINS, JoinStatus
from portal_app.services.as_system import as_system
from portal_app.services.billing.payments.payability import read_payability
from portal_app.services.memberships.joining.draft import (
    JoinChoice,
    JoinOwner,
    check_choice,
    check_owner,
    check_owner_once,
    read_choice,
    read_owner,
    store_choice,
    store_owner,
)
from portal_app.services.memberships.joining.errors import AlreadyJoined
from portal_app.services.memberships.joining.first_invoice import first_invoice, is_being_paid
from portal_app.services.memberships.joining.pay import join_payability
from portal_app.services.memberships.joining.price import (
    JoinPrice,
    no_coupon_guessing,
    price_choice,
    require_joining_on,
)
from portal_app.services.memberships.joining.request import note_change, open_request


@dataclass(frozen=True, slots=True)
class JoinView:
    """`price` None: nothing is chosen yet, or `trouble` says why there is no price any more."""

    status: JoinStatus
    contact: str
    choice: JoinChoice | None
    owner: JoinOwner | None
    price: JoinPrice | None = None
    trouble: UserError | None = None
    payability: Payability | None = None
    account_id: AccountId | None = None
    start: date | None = None  # of the membership, once it is paid


def view_join(principal: Principal, code_id: str) -> JoinView:
    """The request of whoever typed the code. Raises: JoinOver."""
    with reading(as_system(principal)) as tx:
        request = open_request(tx, code_id)
        choice, owner = read_choice(request), read_owner(request)
        shown = JoinView(request.status, request.contact_shown, choice, owner, account_id=request.account_id)
        if request.status not in UNFINISHED_JOINS:
            return _joined(tx, request, shown)
        if choice is None:
            return shown
        try:
            require_joining_on(tx)
            price = price_choice(tx, check_choice(tx, choice), request.id)
        except UserError as trouble:
            return replace(shown, trouble=trouble, payability=_held(tx, request))
        held = _held(tx, request)
        return replace(shown, price=price, payability=held or join_payability(tx, None, price.first))


def _held(tx: Tx, request: JoinRequest) -> Payability | None:
    """The first invoice's payability while a payment of it is on its way; None while there is no such payment."""
    invoice: Invoice | None = first_invoice(tx, request)
    if invoice is None or not is_being_paid(tx, invoice):
        return None
    return read_payability(tx, [invoice]).payability


def _joined(tx: Tx, request: JoinRequest, shown: JoinView) -> JoinView:
    row = tx.get(Membership, request.membership_id) if request.membership_id else None
    return replace(shown, start=row.start if row else None)


@retried
def keep_join_choice(principal: Principal, code_id: str, choice: JoinChoice) -> JoinPrice:
    """Store another choice of plan, members or coupon, after the code; returns its price.

    A coupon that this request holds itself is not in its own way.

    Raises: as `price_join`, JoinOver, AlreadyJoined.
    """
    with no_coupon_guessing(principal, choice), transaction(as_system(principal)) as tx:
        request = _changeable(tx, code_id)
        require_joining_on(tx)
        checked = check_choice(tx, choice)
        owner = read_owner(request)
        if owner is not None:
            check_owner_once(owner, checked)
        price = price_choice(tx, checked, request.id)
        store_choice(request, checked)
        note_change(request)
        return price


@retried
def keep_join_owner(principal: Principal, code_id: str, owner: JoinOwner) -> None:
    """Store the legal name, date of birth, sex and address of who joins.

    Raises: what `check_owner` raises, JoinOver, AlreadyJoined, MemberTwice.
    """
    with transaction(as_system(principal)) as tx:
        request = _changeable(tx, code_id)
        checked, choice = check_owner(tx, owner), read_choice(request)
        if choice is not None:
            check_owner_once(checked, choice)
        store_owner(request, checked)
        note_change(request)


def _changeable(tx: Tx, code_id: str) -> JoinRequest:
    """The unfinished request, locked. Raises: JoinOver, AlreadyJoined."""
    request = open_request(tx, code_id, lock=True)
    if request.status not in UNFINISHED_JOINS:
        raise AlreadyJoined
    return request
