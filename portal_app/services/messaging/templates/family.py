"""About who shares what with whom, and who may act for whom. No names."""

from portal_app.i18n import gettext_noop
from portal_app.services.messaging.templates.types import Template

FAMILY: dict[str, Template] = {
    "sharing_changed": Template(
        subject=gettext_noop("What you share at {practice} was changed"),
        body=gettext_noop(
            "On {date} something was shared with another adult, or no longer shared. "
            "See what you share, and with whom: {portal}\n\n"
            "If you did not do this, call us at once."
        ),
        sms=gettext_noop("{practice}: what you share with another adult was changed. See it: {portal}"),
        opens="/members/sharing",
    ),
    "dependent_marked": Template(
        subject=gettext_noop("Somebody may now act for you at {practice}"),
        body=gettext_noop(
            "On {date} our staff recorded that a named adult acts for you in the portal: they see your "
            "appointments, forms and invoices.\n\n"
            "See who it is and what they see: {portal}\n\nIf it is wrong, call us."
        ),
        sms=gettext_noop(
            "{practice}: a named adult may now act for you in the portal: {portal} Questions? Call us."
        ),
        opens="/members",
    ),
    "dependent_unmarked": Template(
        subject=gettext_noop("Nobody acts for you any more at {practice}"),
        body=gettext_noop(
            "On {date} our staff ended that a named adult acts for you in the portal. "
            "They no longer see your appointments, forms and invoices."
        ),
        sms=gettext_noop("{practice}: the adult who acted for you in the portal no longer does."),
    ),
}
