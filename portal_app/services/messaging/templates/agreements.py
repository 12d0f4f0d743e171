"""About agreements to sign. No titles and no names: both may say something about health."""

from portal_app.i18n import gettext_noop
from portal_app.services.messaging.templates.types import Template

AGREEMENTS: dict[str, Template] = {
    "agreement_to_sign": Template(
        subject=gettext_noop("Something to sign at {practice}"),
        body=gettext_noop(
            "{practice} asks you to read and sign an agreement. You can sign it on a phone or computer until "
            "{date}, or ask for paper.\n\nRead and sign: {portal}"
        ),
        sms=gettext_noop(
            "{practice} asks you to sign an agreement by {date}: {portal} Reply STOP to end texts."
        ),
        needs=("date",),
        name=gettext_noop("Agreement to sign"),
        editable=True,
        opens="/agreements/{about}",
    ),
    "agreements_to_sign": Template(
        subject=gettext_noop("Something to sign at {practice}"),
        body=gettext_noop(
            "{practice} asks you to read and sign {count} agreements. You can sign them on a phone or computer "
            "until {date}, or ask for paper.\n\nRead and sign: {portal}"
        ),
        sms=gettext_noop(
            "{practice} asks you to sign {count} agreements by {date}: {portal} Reply STOP to end texts."
        ),
        needs=("count", "date"),
        name=gettext_noop("Several agreements to sign"),
        editable=True,
        opens="/agreements",
    ),
    "agreement_reminder": Template(
        subject=gettext_noop("Reminder: something to sign at {practice}"),
        body=gettext_noop(
            "Still to read and sign at {practice}: {count}. Please do it by {date}. If you would rather sign on "
            "paper, say so there.\n\nRead and sign: {portal}"
        ),
        sms=gettext_noop(
            "{practice}: still to sign: {count}. Please do it by {date}: {portal} Reply STOP to end texts."
        ),
        needs=("count", "date"),
        name=gettext_noop("Reminder to sign"),
        editable=True,
        opens="/agreements",
    ),
    "agreement_declined": Template(
        subject=gettext_noop("An agreement at {practice} was declined"),
        body=gettext_noop(
            "Somebody who was asked to sign an agreement with you has declined, so it is not in force. "
            "Nothing that you did is lost. {practice} has been told.\n\n{portal}"
        ),
        sms=gettext_noop("{practice}: an agreement that you were asked to sign was declined. {portal}"),
        name=gettext_noop("Agreement declined"),
        editable=True,
        opens="/agreements/{about}",
    ),
}
