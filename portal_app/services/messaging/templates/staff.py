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
        body=gettext_noop("{notice}\n\nOpen the staff dashboard: {portal}"),
        sms=gettext_noop("{practice} portal: {notice} {portal}"),
        needs=("notice",),
        opens="/staff",
    ),
    "staff_password_changed": Template(
        subject=_STAFF_CHANGED,
        body=gettext_noop(
            "The password of your staff sign-in was changed on {date}. Other devices were signed out.\n\n"
            "If you did not do this, tell an owner of the portal at once."
        ),
        sms=_STAFF_CHANGED_SMS,
    ),
    "staff_sign_in_attacked": Template(
        subject=gettext_noop("{practice}: many wrong passwords for the staff sign-in of {name}"),
        body=gettext_noop(
            "Since yesterday somebody has tried {count} wrong passwords or codes for the staff sign-in of {name}. "
            "Nobody got in with them, and {name} can go on signing in from their own device.\n\n"
            "Ask {name} whether it was them. If not, nothing needs to be done; a new password does no harm."
        ),
        sms=gettext_noop(
            "{practice}: {count} wrong passwords for the staff sign-in of {name}. Nobody got in."
        ),
        needs=("name",),
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
