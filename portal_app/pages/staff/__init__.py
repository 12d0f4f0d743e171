"""The practice's own screens."""

from portal_app.pages.staff import account, desk, family, requests, sign_in, today

__all__ = ["account", "desk", "family", "requests", "sign_in", "today"]
