"""Every table, imported so that the metadata is whole. No rules here."""

from portal_app.db.tables import (
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
    practice,
    sign_in,
    staff,
)

__all__ = [
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
    "practice",
    "sign_in",
    "staff",
]
