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
from portal_app.pages.staff.agreements import countersign, editor, send, versions
from portal_app.pages.staff.agreements import listing as agreements
from portal_app.pages.staff.agreements import requests as agreement_requests
from portal_app.pages.staff.billing import new_invoice, transactions
from portal_app.pages.staff.memberships import coupons, enrol, joining, listing, membership, plan, plans
from portal_app.pages.staff.settings import practice

__all__ = [
    "agreement_requests",
    "agreements",
    "countersign",
    "coupons",
    "editor",
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
    "send",
    "set_up",
    "sign_in",
    "sign_in_settings",
    "tasks",
    "templates",
    "today",
    "transactions",
    "versions",
]
