"""About who shares what with whom, and who may act for whom. No names."""

from portal_app.services.messaging.templates.types import Template
from portal_app.speech import mark

FAMILY: dict[str, Template] = {
    "sharing_changed": Template(
        subject=mark("What you share at {practice} was changed"),
        body=mark(
            "On {date} something was shared with another adult, or no longer shared. "
            "See what you share, and with whom: {portal}\n\n"
            "If you did not do this, call us at once."
        ),
        sms=mark("{practice}: what you share with another adult was changed. See it: {portal}"),
    ),
    "dependent_marked": Template(
        subject=mark("Somebody may now act for you at {practice}"),
        body=mark(
            "On {date} our staff recorded that a named adult acts for you in the portal: they see your "
            "appointments, forms and bills.\n\n"
            "See who it is and what they see, or tell us that it is wrong: call us."
        ),
        sms=mark("{practice}: a named adult may now act for you in the portal. Questions? Call us."),
    ),
    "dependent_unmarked": Template(
        subject=mark("Nobody acts for you any more at {practice}"),
        body=mark(
            "On {date} our staff ended that a named adult acts for you in the portal. "
            "They no longer see your appointments, forms and bills."
        ),
        sms=mark("{practice}: the adult who acted for you in the portal no longer does."),
    ),
}
