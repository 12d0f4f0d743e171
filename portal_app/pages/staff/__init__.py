"""The practice's own screens."""

from portal_app.pages.staff import (
    new_invoice,
    patients,
    settings,
    sign_in,
    tasks,
    today,
    transactions,
)

__all__ = ["new_invoice", "patients", "settings", "sign_in", "tasks", "today", "transactions"]
