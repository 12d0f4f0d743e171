"""Patients, as the desk looks them up."""

from portal_app.pages.staff.patients import patient, search

__all__ = ["patient", "search"]
