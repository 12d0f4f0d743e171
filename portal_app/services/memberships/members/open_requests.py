"""Requests to adults to join a membership that wait for an answer, as its owner sees them."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from sqlmodel import and_, col, select
from sqlmodel.sql.expression import SelectOfScalar

from portal_app.clock import local_date, now, today, zone
from portal_app.db.scope import Tx, retried, transaction
from portal_app.db.tables.families import Patient
from portal_app.db.tables.memberships import MemberRequest, Membership
from portal_app.domain.access import Permission, Principal
from portal_app.domain.ids import MembershipId
from portal_app.domain.memberships.adding import ANSWER_WITHIN, last_day_to_answer
from portal_app.domain.memberships.types import EventKind
from portal_app.services.as_system import as_system
from portal_app.services.memberships.history import add_event
from portal_app.services.memberships.members.errors import RequestAnswered
from portal_app.services.memberships.views.types import AskedAdult


def open_requests() -> SelectOfScalar[MemberRequest]:
    """SELECT the requests that can be answered still, the oldest first."""
    return select(MemberRequest).where(is_open(open_since())).order_by(col(MemberRequest.asked_at))


def is_open(since: Any) -> Any:
    """Whether a request can be answered still. `since`: `open_since()`, or a parameter for it."""
    return and_(
        col(MemberRequest.answered_at).is_(None),
        col(MemberRequest.withdrawn_at).is_(None),
        col(MemberRequest.asked_at) >= since,
    )


def open_since() -> datetime:
    """When the oldest request that can be answered still was made, at the earliest."""
    return datetime.combine(today() - ANSWER_WITHIN, time(), tzinfo=zone())


def can_be_answered_until(request: MemberRequest) -> date:
    """The last day on which it can be answered."""
    return last_day_to_answer(local_date(request.asked_at))


def asked_adults(tx: Tx, ids: Sequence[MembershipId]) -> dict[MembershipId, list[AskedAdult]]:
    """Whom the owners of these memberships asked; in a transaction that sees all."""
    found: dict[MembershipId, list[AskedAdult]] = {}
    for row in tx.exec(open_requests().where(col(MemberRequest.membership_id).in_(ids))):
        name = tx.get_or_404(Patient, row.patient_id).full_name
        found.setdefault(row.membership_id, []).append(AskedAdult(row.id, name, can_be_answered_until(row)))
    return found


@retried
def withdraw_request(principal: Principal, request_id: str) -> None:
    """Ask no longer; the membership's owner only. Twice is once.

    Raises: NotFound, RequestAnswered.
    """
    principal.require(Permission.MY_ACCOUNT)
    with transaction(principal) as tx:
        tx.get_or_404(MemberRequest, request_id)
    with transaction(as_system(principal)) as tx:
        request = tx.get_or_404(MemberRequest, request_id, lock=True)
        if request.answered_at is not None:
            raise RequestAnswered
        if request.withdrawn_at is not None:
            return
        request.withdrawn_at = now()
        name = tx.get_or_404(Patient, request.patient_id).full_name
        row = tx.get_or_404(Membership, request.membership_id)
        add_event(tx, row, EventKind.MEMBER_REQUEST_WITHDRAWN, person=name)
