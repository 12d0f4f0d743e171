"""The pages of the staff side. Importing a module here adds its pages."""

from portal_app.pages.staff import (
    families,
    front_desk,
    messages,
    patients,
    requests,
    set_up,
    sign_in,
    sign_in_settings,
    tasks,
    templates,
    today,
)
from portal_app.pages.staff.billing import new_invoice, transactions
from portal_app.pages.staff.memberships import coupons, enrol, joining, listing, membership, plan, plans
from portal_app.pages.staff.settings import practice

__all__ = [
    "coupons",
    "enrol",
    "families",
    "front_desk",
    "joining",
    "listing",
    "membership",
    "messages",
    "new_invoice",
    "patients",
    "plan",
    "plans",
    "practice",
    "requests",
    "set_up",
    "sign_in",
    "sign_in_settings",
    "tasks",
    "templates",
    "today",
    "transactions",
]
