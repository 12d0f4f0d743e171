"""Appointments: their states, and which is next."""

from enum import StrEnum


class AppointmentStatus(StrEnum):
    BOOKED = "booked"
    ARRIVED = "arrived"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"


AHEAD = frozenset({AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED})
