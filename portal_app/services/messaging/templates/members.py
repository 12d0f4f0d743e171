"""About members of memberships: amounts and dates, no names."""

from portal_app.i18n import gettext_noop
from portal_app.services.messaging.templates.types import Template

MEMBERS: dict[str, Template] = {
    "member_added": Template(
        subject=gettext_noop("A member was added to your membership at {practice}"),
        body=gettext_noop(
            "A new member starts on {date}. From that day your membership costs {amount} a period.\n\n"
            "See your membership: {portal}\n\nIf you did not do this, call us."
        ),
        sms=gettext_noop(
            "{practice}: a member was added. From {date} your membership costs {amount}: {portal}"
        ),
        opens="/memberships",
    ),
    "member_taken_back": Template(
        subject=gettext_noop("A member was taken off your membership at {practice}"),
        body=gettext_noop(
            "A member who had not started was taken off your membership. Nothing is charged for them.\n\n"
            "See your membership: {portal}"
        ),
        sms=gettext_noop("{practice}: a member who had not started was taken off your membership: {portal}"),
        opens="/memberships",
    ),
    "member_request": Template(
        subject=gettext_noop("You are asked to join a membership at {practice}"),
        body=gettext_noop(
            "Somebody would like you on their membership at {practice} and pays for it. "
            "You join only if you agree. You can answer until {date}.\n\nSee it and answer: {portal}"
        ),
        sms=gettext_noop(
            "{practice}: you are asked to join a membership. See it and answer until {date}: {portal}"
        ),
        opens="/memberships",
    ),
    "member_declined": Template(
        subject=gettext_noop("Somebody does not join your membership at {practice}"),
        body=gettext_noop(
            "Somebody whom you asked to join your membership does not join. Nothing changes, and nothing is charged "
            "for them.\n\nSee your membership: {portal}"
        ),
        sms=gettext_noop("{practice}: somebody whom you asked does not join your membership: {portal}"),
        opens="/memberships",
    ),
}
