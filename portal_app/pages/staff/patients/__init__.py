"""The pages that find a patient and show their account."""

from portal_app.pages.staff.patients import patient, search

__all__ = ["patient", "search"]
