"""For those who work at the practice."""

from portal_app.i18n import gettext_noop
from portal_app.services.messaging.templates.types import Template

_STAFF_CHANGED = gettext_noop("Your staff sign-in for {practice} was changed")
_STAFF_CHANGED_SMS = gettext_noop(
    "{practice}: your staff sign-in was changed. Not you? Tell an owner at once."
)

STAFF: dict[str, Template] = {
    "staff_notice": Template(
        subject=gettext_noop("{practice} portal: something needs you"),
        body=gettext_noop("{notice}\n\nOpen the staff dashboard: {portal}/staff"),
        sms=gettext_noop("{practice} portal: {notice}"),
        needs=("notice",),
    ),
    "staff_password_changed": Template(
        subject=_STAFF_CHANGED,
        body=gettext_noop(
            "The password of your staff sign-in was changed on {date}. Other devices were signed out.\n\n"
            "If you did not do this, tell an owner of the portal at once."
        ),
        sms=_STAFF_CHANGED_SMS,
    ),
    "staff_app_changed": Template(
        subject=_STAFF_CHANGED,
        body=gettext_noop(
            "The authenticator app of your staff sign-in was changed on {date}. "
            "Other devices were signed out.\n\n"
            "If you did not do this, tell an owner of the portal at once."
        ),
        sms=_STAFF_CHANGED_SMS,
    ),
}
