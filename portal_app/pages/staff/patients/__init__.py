"""Patients, as the desk looks them up."""

from portal_app.pages.staff.patients import find, one

__all__ = ["find", "one"]
