"""The practice's own screens."""

from portal_app.pages.staff import messages, sign_in, today

__all__ = ["messages", "sign_in", "today"]
