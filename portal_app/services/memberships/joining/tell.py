"""Messages to whoever joins online, and tasks for staff about them."""

from collections.abc import Sequence

from sqlmodel import col, update

from portal_app.clock import now
from portal_app.db.scope import Tx
from portal_app.db.tables.families import Patient
from portal_app.db.tables.memberships import JoinRequest, Plan
from portal_app.db.tables.staff import Task
from portal_app.domain.memberships.types import JoinStatus
from portal_app.domain.money import Money
from portal_app.i18n import gettext_noop
from portal_app.services.billing.notify.events import add_staff_task
from portal_app.services.live import announce
from portal_app.services.memberships.members.duplicates import Alike, find_alike
from portal_app.services.memberships.members.tell import tell_of_new_patient
from portal_app.services.messaging.outbox import write_each_way

_WAITING = "join_waiting"


def tell_of_joining(tx: Tx, request: JoinRequest, people: Sequence[Patient], paid: Money) -> None:
    """Right after the first invoice was paid: a task for staff, a message to the owner."""
    waits = request.status is JoinStatus.WAITING
    asked = gettext_noop("{person} joined the plan {plan} online and paid {amount}: accept or refuse it.")
    told = gettext_noop("{person} joined the plan {plan} online and paid {amount}.")
    add_staff_task(
        tx,
        _WAITING if waits else "joined_online",
        request.id,
        asked if waits else told,
        request.account_id,
        person=people[0].full_name,
        plan=tx.get_or_404(Plan, request.plan_id or "").name,
        amount=paid,
    )
    tell_owner(tx, request, _WAITING if waits else "joined", amount=paid)
    if not waits:
        tell_of_new_patients(tx, people)


def tell_of_new_patients(tx: Tx, people: Sequence[Patient]) -> None:
    """Tasks for staff: give each new patient a chart number, and check who may be a patient already."""
    for person in people:
        if person.chart_number is None:
            tell_of_new_patient(tx, person, "", alike_to(tx, person, people))


def alike_to(tx: Tx, person: Patient, people: Sequence[Patient]) -> list[Alike]:
    """Other patients with the same date of birth and a similar name; for staff alone."""
    if person.birth_date is None:
        return []
    ours = {one.id for one in people}
    names = (person.given_name, person.family_name)
    return [one for one in find_alike(tx, tx.principal, names, person.birth_date) if one.id not in ours]


def tell_owner(tx: Tx, request: JoinRequest, kind: str, **values: Money) -> None:
    """Write the message of this kind to whoever joined, once, in each way they chose."""
    if request.owner_id is None:
        return
    write_each_way(
        tx,
        kind,
        once=f"{kind}:{request.id}",
        to_patient=request.owner_id,
        account_id=request.account_id,
        values=values,
    )


def finish_waiting_task(tx: Tx, request: JoinRequest) -> None:
    """Mark the task "accept or refuse" as done, for all of staff."""
    theirs = (col(Task.once) == f"{_WAITING}:{request.id}") & col(Task.done_at).is_(None)
    tx.exec(update(Task).where(theirs).values(done_at=now(), done_by=tx.principal.name))
    tx.on_commit(lambda: announce("tasks", request.id))
    tx.on_commit(lambda: announce("memberships", request.membership_id or request.id))
