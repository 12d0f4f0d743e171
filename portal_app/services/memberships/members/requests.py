"""An adult who is asked to join a membership: what they see, and their answer."""

from datetime import date

from portal_app.clock import now, today
from portal_app.db.scope import Tx, retried, transaction
from portal_app.db.tables.billing import Account
from portal_app.db.tables.families import Patient
from portal_app.db.tables.memberships import MemberRequest, Membership
from portal_app.domain.access import Permission, Principal
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import PatientId, PlanId
from portal_app.services.as_system import as_system
from portal_app.services.memberships.load import PlanWithPrices, read_plans
from portal_app.services.memberships.members.add import enrol
from portal_app.services.memberships.members.asked import first_day_of_new, lock_membership
from portal_app.services.memberships.members.errors import (
    RequestAnswered,
    RequestExpired,
    RequestOutdated,
    RequestWithdrawn,
)
from portal_app.services.memberships.members.open_requests import can_be_answered_until, open_requests
from portal_app.services.memberships.members.patients import enrolment_of, require_not_on_plan
from portal_app.services.memberships.members.preview import member_of, new_price
from portal_app.services.memberships.members.tell import tell_of_refused_request
from portal_app.services.memberships.views.prices import includes_of
from portal_app.services.memberships.views.types import RequestView


def waiting_requests(tx: Tx, patient_id: PatientId) -> tuple[RequestView, ...]:
    """What somebody was asked to join and has not answered, the oldest first; in a transaction that sees all."""
    rows = tx.exec(open_requests().where(MemberRequest.patient_id == patient_id)).all()
    plans = read_plans(tx) if rows else {}
    return tuple(_view(tx, row, plans) for row in rows)


@retried
def answer_member_request(principal: Principal, request_id: str, *, agreed: bool) -> date | None:
    """Join, or not. Returns the first day; None after a no.

    After a no the membership's owner is told.

    Raises: NotFound, RequestAnswered, RequestWithdrawn, RequestExpired, RequestOutdated; what `first_day_of_new` and
        `require_not_on_plan` raise.
    """
    me = _require_self(principal)
    with transaction(as_system(principal)) as tx:
        request = tx.get_or_404(MemberRequest, request_id, lock=True)
        if request.patient_id != me:
            raise NotFound
        _require_open(request)
        patient = tx.get_or_404(Patient, me, lock=True)
        membership = lock_membership(tx, request.membership_id)
        start: date | None = None
        if agreed and (before := enrolment_of(membership, me)) is not None:
            start = before.start
        elif agreed:
            start = first_day_of_new(tx, membership)
            require_not_on_plan(tx, principal, membership, patient, start)
            price = new_price(tx, membership, member_of(patient), start)
            if price.amount > request.amount:  # the owner agreed to less
                raise RequestOutdated
            enrol(tx, membership, patient, price)
        else:
            tell_of_refused_request(tx, membership, patient)
        request.answered_at, request.agreed = now(), agreed
        return start


def _require_open(request: MemberRequest) -> None:
    if request.answered_at is not None:
        raise RequestAnswered
    if request.withdrawn_at is not None:
        raise RequestWithdrawn
    if can_be_answered_until(request) < today():
        raise RequestExpired


def _view(tx: Tx, row: MemberRequest, plans: dict[PlanId, PlanWithPrices]) -> RequestView:
    plan = plans[tx.get_or_404(Membership, row.membership_id).plan_id].row
    owner = tx.get_or_404(Patient, tx.get_or_404(Account, row.account_id).guarantor_id)
    return RequestView(
        row.id, plan.name, includes_of(plan), owner.full_name, row.start, can_be_answered_until(row)
    )


def _require_self(principal: Principal) -> PatientId:
    principal.require(Permission.MY_ACCOUNT)
    if principal.patient_id is None:
        raise NotFound
    return principal.patient_id
