"""The practice's own screens."""

from portal_app.pages.staff import sign_in, today

__all__ = ["sign_in", "today"]
