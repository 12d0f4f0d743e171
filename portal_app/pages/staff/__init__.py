"""The pages of the staff side. Importing a module here adds its pages."""

from portal_app.pages.staff import (
    families,
    front_desk,
    messages,
    patients,
    requests,
    set_up,
    settings,
    sign_in,
    sign_in_settings,
    tasks,
    templates,
    today,
)
from portal_app.pages.staff.billing import new_invoice, transactions

__all__ = [
    "families",
    "front_desk",
    "messages",
    "new_invoice",
    "patients",
    "requests",
    "set_up",
    "settings",
    "sign_in",
    "sign_in_settings",
    "tasks",
    "templates",
    "today",
    "transactions",
]
