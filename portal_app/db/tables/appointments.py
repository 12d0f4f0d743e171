"""Appointments, from the practice's own system."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field

from portal_app.db.owned import PatientOwned
from portal_app.db.types import code, key, moment
from portal_app.domain.appointments import AppointmentStatus
from portal_app.domain.ids import AppointmentId


class Appointment(PatientOwned, table=True):
    __table_args__ = (Index("ix_appointment_patient_start", "patient_id", "start"),)
    id: AppointmentId = key()
    practice_key: str = Field(unique=True)
    provider: str = ""
    location: str = ""
    reason: str = ""
    start: datetime = moment()
    minutes: int = 30
    status: AppointmentStatus = code(AppointmentStatus)
