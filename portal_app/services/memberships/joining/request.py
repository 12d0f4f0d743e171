"""The request of somebody who joins: one for each contact, found by the code that was typed, in any tab."""

from sqlmodel import col, select

from portal_app.clock import now
from portal_app.db.scope import Tx
from portal_app.db.tables.memberships import JoinRequest
from portal_app.db.tables.sign_in import SignInCode
from portal_app.domain.access import Permission, Principal, Side
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import new_id
from portal_app.domain.memberships.types import UNFINISHED_JOINS, JoinStatus
from portal_app.domain.sign_in import JOIN_LIFE, CodeWay
from portal_app.services.memberships.joining.errors import JoinOver
from portal_app.services.sign_in.contacts import Contact

_OVER = frozenset({JoinStatus.REFUSED, JoinStatus.ABANDONED})


def open_request(tx: Tx, code_id: str, *, lock: bool = False) -> JoinRequest:
    """The request of whoever typed this code: the unfinished one, else the newest. Raises: JoinOver."""
    row = tx.get(SignInCode, code_id) if code_id else None
    if row is None or row.way is not CodeWay.JOIN or row.known or row.burnt_at or row.code_passed_at is None:
        raise JoinOver
    if now() >= row.code_passed_at + JOIN_LIFE:
        raise JoinOver
    request = newest_request(tx, row.contact_hash)
    if request is None:
        raise JoinOver
    return tx.get_or_404(JoinRequest, request.id, lock=True) if lock else request


def newest_request(tx: Tx, contact_hash: str) -> JoinRequest | None:
    """The contact's unfinished request, else its newest that was neither refused nor abandoned; None for none."""
    wanted = select(JoinRequest).where(
        JoinRequest.contact_hash == contact_hash, col(JoinRequest.status).not_in(sorted(_OVER))
    )
    found = tx.exec(wanted.order_by(col(JoinRequest.created_at), col(JoinRequest.id))).all()
    unfinished = [request for request in found if request.status in UNFINISHED_JOINS]
    return next(iter(unfinished or found[-1:]), None)


def find_or_add_request(tx: Tx, contact_hash: str, contact: Contact) -> JoinRequest:
    """The unfinished request of this contact; a new one where there is none."""
    request = newest_request(tx, contact_hash)
    if request is not None and request.status in UNFINISHED_JOINS:
        return tx.get_or_404(JoinRequest, request.id, lock=True)
    new = JoinRequest(
        id=new_id("jrq"),
        contact_hash=contact_hash,
        contact_kind=contact.kind,
        contact_value=contact.value,
        contact_shown=contact.shown,
        language=tx.principal.language,
        created_at=now(),
        changed_at=now(),
    )
    if tx.add_as_system_once(new):
        return new
    again = newest_request(tx, contact_hash)  # another tab was faster
    if again is None:
        raise NotFound
    return again


def note_change(request: JoinRequest) -> None:
    """Note that a join goes on. Once its invoice is made, only pressing Pay counts: typing holds neither it nor a coupon."""
    if request.status is not JoinStatus.PAYING:
        request.changed_at = now()


def payer_of(principal: Principal, request: JoinRequest) -> Principal:
    """The one who joins, as the payer of their own account and of nothing else. Raises: NotFound before it is made."""
    if request.account_id is None or request.owner_id is None:
        raise NotFound
    return Principal(
        name=f"patient:{request.owner_id}",
        side=Side.PATIENT,
        permissions=frozenset({Permission.MY_INVOICES, Permission.MY_PAYMENTS}),
        accounts=frozenset({request.account_id}),
        patient_id=request.owner_id,
        language=principal.language,
        ip=principal.ip,
        device=principal.device,
    )
