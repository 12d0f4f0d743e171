"""The practice's own screens."""

from portal_app.pages.staff import account, desk, sign_in, today

__all__ = ["account", "desk", "sign_in", "today"]
