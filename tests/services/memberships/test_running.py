"""Which memberships are running: on the payment methods page, when one is removed, among the members."""

import pytest

from portal_app.domain.billing.errors import NextDefaultNeeded
from portal_app.domain.memberships.types import RUNNING, MembershipStatus
from portal_app.services.billing.payments.payment_methods import (
    memberships_by_payment_method,
    remove_payment_method,
)
from portal_app.services.patients.members import view_coverage
from tests.memberships_helper import add_membership, add_plan
from tests.payments_helper import fake_processor
from tests.people import NINA, PARK, RIVERA, VISA, People, add_payment_method


@pytest.mark.parametrize("status", MembershipStatus)
def test_a_payment_method_pays_running_memberships_only(sample_people: People, status: MembershipStatus):
    add_payment_method(RIVERA, default=False)
    add_membership(RIVERA, add_plan("Gold"), status=status, payment_method_id=VISA)
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
    add_membership(PARK, add_plan("Gold"), [NINA.id], status=status)
    assert [row.name for row in view_coverage(sample_people.rosa).others] == (
        ["Nina Park"] if status in RUNNING else []
    )
