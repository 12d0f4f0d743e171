"""The practice's own screens."""

from portal_app.pages.staff import (
    account,
    desk,
    family,
    messages,
    new_invoice,
    patients,
    requests,
    set_up,
    settings,
    sign_in,
    tasks,
    today,
    transactions,
    wording,
)

__all__ = [
    "account",
    "desk",
    "family",
    "messages",
    "new_invoice",
    "patients",
    "requests",
    "set_up",
    "settings",
    "sign_in",
    "tasks",
    "today",
    "transactions",
    "wording",
]
