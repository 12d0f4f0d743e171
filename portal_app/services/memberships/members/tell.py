"""Who hears of a member who was added or taken back: the owner by message, staff by task."""

from collections.abc import Iterable
from typing import Any

from portal_app.clock import local_date, now
from portal_app.db.scope import Tx
from portal_app.db.tables.billing import Account
from portal_app.db.tables.families import Patient
from portal_app.db.tables.memberships import MemberRequest, Membership
from portal_app.db.tables.staff import Task
from portal_app.domain.ids import new_id
from portal_app.domain.memberships.adding import last_day_to_answer
from portal_app.domain.memberships.types import EventKind
from portal_app.i18n import gettext_noop
from portal_app.services.billing.notify.events import add_staff_task
from portal_app.services.live import announce
from portal_app.services.memberships.history import add_event
from portal_app.services.memberships.load import LoadedMembership
from portal_app.services.memberships.members.duplicates import Alike
from portal_app.services.memberships.members.preview import NewPrice
from portal_app.services.messaging.outbox import write_each_way

CHART_NUMBER = "chart_number_missing"


def tell_of_new_member(tx: Tx, membership: LoadedMembership, patient: Patient, price: NewPrice) -> None:
    """The owner's confirmation, with the new amount and from when; a task for staff."""
    row = membership.row
    add_staff_task(
        tx,
        "member_added",
        f"{row.id}:{patient.id}:{price.start}:{now().isoformat()}",
        gettext_noop("{person} was added to the membership {plan} and starts on {date}."),
        row.account_id,
        person=patient.full_name,
        plan=membership.plan.name,
        date=price.start.isoformat(),
    )
    _write_owner(tx, row, "member_added", amount=price.amount, date=price.start)


def tell_of_member_taken_back(tx: Tx, membership: LoadedMembership, name: str) -> None:
    """Tell staff, by a task, that a member was taken off before starting."""
    row = membership.row
    add_staff_task(
        tx,
        "member_taken_back",
        f"{row.id}:{now().isoformat()}",
        gettext_noop("{person} was taken off the membership {plan} before starting."),
        row.account_id,
        person=name,
        plan=membership.plan.name,
    )
    _write_owner(tx, row, "member_taken_back")


def tell_of_request(tx: Tx, request: MemberRequest) -> None:
    """The adult who is asked to join."""
    write_each_way(
        tx,
        "member_request",
        once=f"member_request:{request.id}",
        to_patient=request.patient_id,
        values={"date": last_day_to_answer(local_date(request.asked_at))},
    )


def tell_of_refused_request(tx: Tx, membership: LoadedMembership, patient: Patient) -> None:
    """The membership's owner: who was asked does not join."""
    add_event(tx, membership.row, EventKind.MEMBER_DECLINED, person=patient.full_name)
    _write_owner(tx, membership.row, "member_declined")


def tell_of_new_patient(tx: Tx, patient: Patient, relationship: str, alike: Iterable[Alike]) -> None:
    """Staff are asked for a chart number, and told who may be the same person."""
    _ask_staff(
        tx,
        patient,
        CHART_NUMBER,
        gettext_noop("{person} is new and has no chart number. Enter it once your own system has one."),
        person=patient.full_name,
        relationship=relationship,
    )
    for one in alike:
        _ask_staff(
            tx,
            patient,
            f"possible_duplicate:{one.id}",
            gettext_noop("{person} is new and may be {other} ({chart}): same date of birth, similar name."),
            person=patient.full_name,
            other=one.name,
            chart=one.chart_number,
        )


def _ask_staff(tx: Tx, patient: Patient, kind: str, message: str, **values: Any) -> None:
    """A task about the patient, for who may see patients."""
    task = Task(
        id=new_id("tsk"),
        once=f"{kind}:{patient.id}",
        kind=kind.partition(":")[0],
        message=message,
        values=values,
        patient_id=patient.id,
        created_at=now(),
    )
    tx.add_as_system_once(task)
    tx.on_commit(lambda: announce("tasks", patient.id))


def _write_owner(tx: Tx, row: Membership, kind: str, **values: Any) -> None:
    write_each_way(
        tx,
        kind,
        once=f"{kind}:{row.id}:{new_id('say')}",
        to_patient=tx.get_or_404(Account, row.account_id).guarantor_id,
        account_id=row.account_id,
        values=values,
    )
