"""Chart numbers of patients who were added in the portal: staff enter what their own system gave."""

from sqlmodel import col, select, update

from portal_app.clock import now
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.families import Patient
from portal_app.db.tables.staff import Task
from portal_app.domain.access import Permission, Principal
from portal_app.domain.ids import PatientId
from portal_app.domain.text import plain_signs
from portal_app.services.as_system import as_system, note
from portal_app.services.live import announce
from portal_app.services.patients.errors import ChartNumberGiven, ChartNumberMissing, ChartNumberTaken

_LONGEST = 80
_TASK = "chart_number_missing"


def give_chart_number(principal: Principal, patient_id: PatientId, chart_number: str) -> None:
    """The next import of that number updates this patient. The task that asks for it is done.

    Raises: NotFound, ChartNumberMissing, ChartNumberGiven, ChartNumberTaken.
    """
    principal.require(Permission.EDIT_PATIENTS)
    number = plain_signs(chart_number).strip()
    if not number or len(number) > _LONGEST:
        raise ChartNumberMissing
    with reading(principal) as tx:
        tx.get_or_404(Patient, patient_id)
    with transaction(as_system(principal)) as tx:
        patient = tx.get_or_404(Patient, patient_id, lock=True)
        if patient.chart_number == number:
            return
        if patient.chart_number is not None:
            raise ChartNumberGiven(number=patient.chart_number)
        taken = tx.exec(select(Patient).where(Patient.chart_number == number)).first()
        if taken is not None:
            raise ChartNumberTaken(person=taken.full_name, number=number)
        patient.chart_number = number
        note(tx, "give:chart_number", patient_id)
        _finish_task(tx, principal, patient_id)


def _finish_task(tx: Tx, principal: Principal, patient_id: PatientId) -> None:
    tx.exec(
        update(Task)
        .where(col(Task.patient_id) == patient_id, col(Task.kind) == _TASK, col(Task.done_at).is_(None))
        .values(done_at=now(), done_by=principal.name)
    )
    tx.on_commit(lambda: announce("tasks", patient_id))
