"""The page To do as a tab holds it: the field for the chart number of a member whom a patient added."""

import pytest

from portal_app.db.scope import reading
from portal_app.db.tables.families import Patient
from portal_app.domain.access import system_principal
from portal_app.domain.ids import PatientId
from portal_app.services.patients.errors import ChartNumberMissing, ChartNumberTaken
from portal_app.state.staff import tasks
from portal_app.state.staff.tasks import TaskItem, TasksState
from tests.people import People
from tests.services.memberships.members.helper import add, family, on
from tests.state_helper import happens, look_from, on_screen, shows_refusal


@pytest.fixture
def people(sqlite_db: str, monkeypatch: pytest.MonkeyPatch) -> People:
    monkeypatch.setattr(tasks, "watch", lambda *_: None)
    return People.create()


@pytest.fixture
def cara(people: People) -> PatientId:
    membership = family()
    with on(3, 3):
        return add(people.maria, membership).patient_id


def chart_number(patient: PatientId) -> str | None:
    with reading(system_principal("test")) as tx:
        return tx.get_or_404(Patient, patient).chart_number


def asking(page: TasksState) -> list[TaskItem]:
    return [row for row in page.rows if row.asks_chart_number]


async def test_the_front_desk_enters_the_chart_number_and_the_task_is_gone(
    people: People, cara: PatientId, monkeypatch: pytest.MonkeyPatch
):
    look_from(monkeypatch, people.dana)
    page = on_screen(TasksState, "/staff/tasks")
    await happens(page.load)
    (row,) = asking(page)
    assert row.patient_id == cara
    for typed, refusal in ((" ", ChartNumberMissing), ("C-0001", ChartNumberTaken)):
        form = {"task": row.id, "patient": cara, "chart_number": typed}
        await happens(page.save_chart_number, form=form)
        assert shows_refusal(page, refusal, "chart_number") and page.wrong_task == row.id
        assert chart_number(cara) is None
    for _twice in range(2):
        await happens(page.save_chart_number, form={**form, "chart_number": "C-0099"})
        assert page.tone == "paid" and chart_number(cara) == "C-0099"
    assert asking(page) == []


async def test_who_may_not_change_patients_has_no_field_and_changes_nothing(
    people: People, cara: PatientId, monkeypatch: pytest.MonkeyPatch
):
    for staff in (people.nora, people.maria):
        look_from(monkeypatch, staff)
        page = on_screen(TasksState, "/staff/tasks")
        await happens(page.load)
        assert asking(page) == []
        page.notice = ""
        await happens(page.save_chart_number, form={"task": "x", "patient": cara, "chart_number": "C-0099"})
        assert page.notice and chart_number(cara) is None
