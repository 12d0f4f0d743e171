"""Which memberships are running: on the payment methods page, when one is removed, among the members."""

from datetime import date

import pytest

from portal_app import clock
from portal_app.db.scope import transaction
from portal_app.db.tables.memberships import Enrolment, Membership, Plan
from portal_app.domain.access import system_principal
from portal_app.domain.billing.errors import NextDefaultNeeded
from portal_app.domain.ids import MembershipId, PlanId, new_id
from portal_app.domain.memberships import RUNNING, MembershipStatus, Period
from portal_app.services.billing.payments.payment_methods import (
    memberships_by_payment_method,
    remove_payment_method,
)
from portal_app.services.patients.members import covered_others
from tests.payments_helper import fake_processor
from tests.people import NINA, PARK, RIVERA, VISA, People, add_payment_method


def enrol(account: str, status: MembershipStatus, **more: object) -> MembershipId:
    id_, plan = MembershipId(new_id("mem")), PlanId(new_id("pln"))
    with transaction(system_principal("test")) as tx:
        bands = [{"name": "adult", "below": None, "minor": 40_00}]
        tx.add(Plan(id=plan, practice_key=plan, name="Gold", period=Period.MONTH, bands=bands))
        tx.flush()
        tx.add(
            Membership(
                id=id_,
                practice_key=id_,
                account_id=account,  # type: ignore[arg-type]
                plan_id=plan,
                status=status,
                start=date(2026, 6, 1),
                anchor_day=1,
                created_at=clock.now(),
                **more,  # type: ignore[arg-type]
            )
        )
    return id_


@pytest.mark.parametrize("status", MembershipStatus)
def test_a_payment_method_pays_running_memberships_only(sample_people: People, status: MembershipStatus):
    add_payment_method(RIVERA, default=False)
    enrol(RIVERA, status, payment_method_id=VISA)
    runs = status in RUNNING
    assert memberships_by_payment_method(sample_people.maria) == ({VISA: ("Gold",)} if runs else {})
    if runs:
        with pytest.raises(NextDefaultNeeded):  # SRC-1
            remove_payment_method(sample_people.maria, VISA, processor=fake_processor())
    else:
        remove_payment_method(sample_people.maria, VISA, processor=fake_processor())


@pytest.mark.parametrize("status", MembershipStatus)
def test_members_outside_the_viewers_access_are_shown_while_the_membership_runs(
    sample_people: People, status: MembershipStatus
):
    membership = enrol(PARK, status)
    with transaction(system_principal("test")) as tx:
        tx.add(
            Enrolment(
                id=new_id("enr"),
                account_id=PARK,
                membership_id=membership,
                patient_id=NINA.id,
                start=date(2026, 6, 1),
            )
        )
    assert [row.name for row in covered_others(sample_people.rosa)] == (
        ["Nina Park"] if status in RUNNING else []
    )
