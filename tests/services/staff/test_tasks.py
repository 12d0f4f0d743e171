"""Tasks of staff about money, and who may allow more."""

import pytest

from portal_app import clock
from portal_app.db.scope import transaction
from portal_app.db.tables.staff import Task
from portal_app.domain.access import Permission, Principal
from portal_app.domain.errors import NotFound
from portal_app.services.staff.tasks import finish_task, list_tasks, who_can_allow
from tests.people import (
    RIVERA,
    People,
)
from tests.services.billing.billing_helper import PORTAL


def test_a_task_about_billing_is_hidden_without_the_permission_to_view_billing(sample_people: People) -> None:
    with transaction(PORTAL) as tx:
        for number, account in ((1, RIVERA), (2, None)):
            tx.add(
                Task(id=f"tsk_{number}", once=str(number), kind="x", message="x", account_id=account)
                if account
                else Task(id=f"tsk_{number}", once=str(number), kind="x", message="x")
            ).created_at = clock.now()
    clinical = Principal(
        "staff:c", sample_people.nora.side, frozenset({Permission.STAFF_SIGNED_IN, Permission.VIEW_PATIENTS})
    )
    assert [task.id for task in list_tasks(clinical).rows] == ["tsk_2"]
    with pytest.raises(NotFound):
        finish_task(clinical, "tsk_1")
    assert len(list_tasks(sample_people.nora).rows) == 2


def test_only_an_owner_can_allow_more(sample_people: People) -> None:
    assert who_can_allow(sample_people.dana) == ("Olga Novak",)
