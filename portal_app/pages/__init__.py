"""The screens. Importing this package adds every page to the portal."""

from portal_app.pages import sign_in

__all__ = ["sign_in"]
