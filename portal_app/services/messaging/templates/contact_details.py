"""About contact details and the details on file. One email may serve a household: no names."""

from portal_app.i18n import gettext_noop
from portal_app.services.messaging.templates.types import Template

CONTACT_DETAILS: dict[str, Template] = {
    "contact_code": Template(
        subject=gettext_noop("Confirm this address for {practice}"),
        body=gettext_noop(
            "Your code is {code}\n\n"
            "Type it in the portal to use this address from now on. It works once, for 15 minutes.\n\n"
            "If you did not ask for it, do nothing: without the code nothing changes."
        ),
        sms=gettext_noop("{practice}: {code} confirms this number. If you did not ask for it, do nothing."),
        needs=("code",),
        last_line="@{host} #{code}",
        secret=True,
    ),
    "contact_changed": Template(
        subject=gettext_noop("Your contact details at {practice} were changed"),
        body=gettext_noop(
            "This address or number was replaced or removed in the portal on {date}. "
            "Messages no longer go here.\n\n"
            "If nobody in your household did this, call us at once."
        ),
        sms=gettext_noop(
            "{practice}: this number was replaced or removed in the portal. Not you? Call us at once."
        ),
    ),
    "contact_added": Template(
        subject=gettext_noop("Your contact details at {practice} were changed"),
        body=gettext_noop(
            "An email address or a phone number was added in the portal on {date}.\n\n"
            "If nobody in your household did this, call us at once."
        ),
        sms=gettext_noop(
            "{practice}: an email or phone number was added in the portal. Not you? Call us at once."
        ),
    ),
    "details_changed": Template(
        subject=gettext_noop("Your details at {practice} were changed"),
        body=gettext_noop(
            "You asked us to change a name, a date of birth or a sex on file. We did so on {date}. "
            "See it in the portal: {portal}\n\n"
            "If nobody in your household asked for this, call us at once."
        ),
        sms=gettext_noop(
            "{practice}: we changed the details you asked us to: {portal} Not you? Call us at once."
        ),
        opens="/members/contact?id={about}",
    ),
    "details_kept": Template(
        subject=gettext_noop("We could not change your details at {practice}"),
        body=gettext_noop(
            "You asked us to change a name, a date of birth or a sex on file. We could not do so yet. "
            "Call us, or bring a document to your next visit.\n\nWhat is on file: {portal}"
        ),
        sms=gettext_noop("{practice}: we could not change the details you asked us to. Call us. {portal}"),
        opens="/members/contact?id={about}",
    ),
}
