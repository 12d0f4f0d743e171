"""Every table, imported so that the metadata is whole. No rules here."""

from portal_app.db.tables import (
    agreements,
    appointments,
    audit,
    billing,
    credentials,
    drafts,
    families,
    installation,
    jobs,
    memberships,
    messages,
    numbers,
    practice,
    sign_in,
    staff,
)

__all__ = [
    "agreements",
    "appointments",
    "audit",
    "billing",
    "credentials",
    "drafts",
    "families",
    "installation",
    "jobs",
    "memberships",
    "messages",
    "numbers",
    "practice",
    "sign_in",
    "staff",
]
