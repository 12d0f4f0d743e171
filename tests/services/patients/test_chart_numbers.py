"""A patient added in the portal gets the number of the practice's own system from staff."""

import pytest

from portal_app.db.scope import reading
from portal_app.db.tables.families import Patient
from portal_app.domain.access import system_principal
from portal_app.domain.errors import NotFound, PermissionDenied
from portal_app.domain.ids import PatientId
from portal_app.services.patients.chart_numbers import give_chart_number
from portal_app.services.patients.errors import ChartNumberGiven, ChartNumberMissing, ChartNumberTaken
from tests.people import People
from tests.services.memberships.members.helper import add, family, on, tasks

SYSTEM = system_principal("test")


@pytest.fixture
def cara(sample_people: People) -> PatientId:
    membership = family()
    with on(3, 3):
        return add(sample_people.maria, membership).patient_id


def test_staff_give_the_number_and_the_task_is_done(db: str, sample_people: People, cara: PatientId):
    give_chart_number(sample_people.dana, cara, " C-0099 ")
    give_chart_number(sample_people.dana, cara, "C-0099")
    with reading(SYSTEM) as tx:
        assert tx.get_or_404(Patient, cara).chart_number == "C-0099"
    assert [task.done_by for task in tasks("chart_number_missing")] == [sample_people.dana.name]


def test_a_number_that_is_missing_taken_or_there_already_is_refused(
    db: str, sample_people: People, cara: PatientId
):
    with pytest.raises(ChartNumberMissing):
        give_chart_number(sample_people.dana, cara, " ")
    with pytest.raises(ChartNumberTaken):
        give_chart_number(sample_people.dana, cara, "C-0001")
    give_chart_number(sample_people.dana, cara, "C-0099")
    with pytest.raises(ChartNumberGiven):
        give_chart_number(sample_people.dana, cara, "C-0100")
    with pytest.raises((NotFound, PermissionDenied)):
        give_chart_number(sample_people.nora, cara, "C-0099")
