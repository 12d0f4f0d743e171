"""What each permission is called, for the message that one is missing."""

from portal_app.domain.access import Permission
from portal_app.i18n import gettext_noop, translate

PERMISSION_NAMES = {
    Permission.MY_INVOICES: gettext_noop("see one's invoices"),
    Permission.MY_PAYMENTS: gettext_noop("pay, and see one's payments"),
    Permission.MY_RECORDS: gettext_noop("see one's forms, agreements and appointments"),
    Permission.MY_ACCOUNT: gettext_noop("change one's sign-in and contact details"),
    Permission.ACTION_LINK: gettext_noop("what a link in a message opens"),
    Permission.STAFF_SIGNED_IN: gettext_noop("work in the portal"),
    Permission.VIEW_PATIENTS: gettext_noop("see patients"),
    Permission.EDIT_PATIENTS: gettext_noop("change patients"),
    Permission.MANAGE_FAMILY_LINKS: gettext_noop("change who may act for whom"),
    Permission.VIEW_BILLING: gettext_noop("see billing"),
    Permission.TAKE_PAYMENTS: gettext_noop("take payments"),
    Permission.REFUND: gettext_noop("refund"),
    Permission.POST_TO_LEDGER: gettext_noop("post to the ledger"),
    Permission.MANAGE_PLANS: gettext_noop("change plans and memberships"),
    Permission.MANAGE_FORMS: gettext_noop("change forms"),
    Permission.MANAGE_AGREEMENTS: gettext_noop("change agreements"),
    Permission.MANAGE_SETTINGS: gettext_noop("change settings"),
    Permission.SHARE_PORTAL: gettext_noop("share the portal's link and QR code"),
    Permission.MANAGE_STAFF: gettext_noop("manage staff"),
    Permission.VIEW_AUDIT: gettext_noop("see the audit trail"),
    Permission.EXPORT: gettext_noop("export"),
}


def permission_name(language: str, permission: str) -> str:
    """The name of a permission; what no session can have ("portal:settle") keeps its code."""
    known = permission in PERMISSION_NAMES
    return translate(language, PERMISSION_NAMES[Permission(permission)]) if known else permission
