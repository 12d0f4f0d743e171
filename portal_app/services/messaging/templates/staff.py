"""For those who work at the practice."""

from portal_app.services.messaging.templates.types import Template
from portal_app.speech import mark

_STAFF_CHANGED = mark("Your staff sign-in for {practice} was changed")
_STAFF_CHANGED_SMS = mark("{practice}: your staff sign-in was changed. Not you? Tell an owner at once.")

STAFF: dict[str, Template] = {
    "staff_notice": Template(
        subject=mark("{practice} portal: something needs you"),
        body=mark("{notice}\n\nOpen the staff dashboard: {portal}/staff"),
        sms=mark("{practice} portal: {notice}"),
        needs=("notice",),
    ),
    "staff_password_changed": Template(
        subject=_STAFF_CHANGED,
        body=mark(
            "The password of your staff sign-in was changed on {date}. Other devices were signed out.\n\n"
            "If you did not do this, tell an owner of the portal at once."
        ),
        sms=_STAFF_CHANGED_SMS,
    ),
    "staff_app_changed": Template(
        subject=_STAFF_CHANGED,
        body=mark(
            "The authenticator app of your staff sign-in was changed on {date}. "
            "Other devices were signed out.\n\n"
            "If you did not do this, tell an owner of the portal at once."
        ),
        sms=_STAFF_CHANGED_SMS,
    ),
}
