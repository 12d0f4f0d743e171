"""About memberships. Amounts and dates, never what for."""

from portal_app.i18n import gettext_noop
from portal_app.services.messaging.templates.types import Template

MEMBERSHIPS: dict[str, Template] = {
    "plan_price": Template(
        subject=gettext_noop("A new price of your membership at {practice}"),
        body=gettext_noop(
            "From the invoice of {date} on, your membership costs {amount} a period; until then it is {before}.\n\n"
            "See it in the portal: {portal}"
        ),
        sms=gettext_noop(
            "{practice}: from {date} on your membership costs {amount} a period, now {before}. See it: {portal} "
            "Reply STOP to end texts."
        ),
        needs=("amount", "date"),
        opens="/memberships",
    ),
    "renewal_announced": Template(
        subject=gettext_noop("Your membership at {practice} renews on {first}"),
        body=gettext_noop(
            "Your membership renews automatically on {first}, until {last}. From then on you pay {amount} for "
            "each billing period.\n\n"
            "You do not need to do anything. If you do not want it to renew, turn automatic renewal off before "
            "{first}: sign in, open Memberships and choose “Turn off automatic renewal”. It then ends on "
            "{end}.\n\n{portal}"
        ),
        sms=gettext_noop(
            "{practice}: your membership renews on {first} for {amount} each billing period. To turn this off: "
            "{portal} Reply STOP to end texts."
        ),
        needs=("amount",),
        name=gettext_noop("Automatic renewal ahead"),
        editable=True,
        opens="/memberships",
    ),
    "membership_renewed": Template(
        subject=gettext_noop("Your membership at {practice} is renewed"),
        body=gettext_noop(
            "Thank you. Your membership is renewed from {first} to {last}. You pay {amount} for each billing "
            "period from {first} on.\n\nSee it in the portal: {portal}"
        ),
        sms=gettext_noop(
            "{practice}: your membership is renewed from {first} to {last}, {amount} each billing period. {portal}"
        ),
        needs=("amount",),
        name=gettext_noop("Membership renewed"),
        editable=True,
        opens="/memberships",
    ),
    "membership_cancelled": Template(
        subject=gettext_noop("Your membership at {practice} is cancelled"),
        body=gettext_noop(
            "Your membership ends on {date}. Until then nothing changes, and you can take the cancellation back "
            "in the portal: {portal}"
        ),
        sms=gettext_noop(
            "{practice}: your membership is cancelled and ends on {date}. To take it back: {portal}"
        ),
        needs=("date",),
        name=gettext_noop("Membership cancelled"),
        editable=True,
        opens="/memberships",
    ),
    "join_code": Template(
        subject=gettext_noop("Your code for joining {practice} ({reference})"),
        body=gettext_noop(
            "Your code is {code}\n\n"
            "It is for joining {practice}. Its reference is {reference}: check that the page shows the same.\n\n"
            "The code works once, for 15 minutes. Never tell it to anyone, not even to us. "
            "If you did not ask for it, do nothing."
        ),
        sms=gettext_noop("{practice}: {code} is your code for joining. Reference {reference}."),
        needs=("code", "reference"),
        last_line="@{host} #{code}",
        secret=True,
        name=gettext_noop("Code for joining"),
    ),
    "join_waiting": Template(
        subject=gettext_noop("{practice} has your request to join"),
        body=gettext_noop(
            "Thank you. You paid {amount}, and your membership has begun. We look at your request now and tell you "
            "as soon as we have answered it. If we cannot accept it, you get all of it back.\n\n"
            "Sign in with this contact and your date of birth: {portal}"
        ),
        sms=gettext_noop(
            "{practice}: we have your request to join and your payment of {amount}. We tell you as soon as we have "
            "answered it. {portal}"
        ),
        needs=("amount",),
        name=gettext_noop("Joined online, waiting"),
        editable=True,
        opens="/memberships",
    ),
    "joined": Template(
        subject=gettext_noop("Welcome to {practice}"),
        body=gettext_noop(
            "Thank you. You paid {amount}, and your membership has begun.\n\n"
            "Sign in with this contact and your date of birth: {portal}"
        ),
        sms=gettext_noop("{practice}: welcome. You paid {amount}, and your membership has begun. {portal}"),
        needs=("amount",),
        name=gettext_noop("Joined online"),
        editable=True,
        opens="/memberships",
    ),
    "join_accepted": Template(
        subject=gettext_noop("Welcome to {practice}"),
        body=gettext_noop(
            "We have accepted your request: your membership is active. See it in the portal: {portal}"
        ),
        sms=gettext_noop("{practice}: your membership is active. {portal}"),
        name=gettext_noop("Joining accepted"),
        editable=True,
        opens="/memberships",
    ),
    "join_refused": Template(
        subject=gettext_noop("Your request to join {practice}"),
        body=gettext_noop(
            "We cannot accept your request to join. Your membership has ended, and we give back all that you paid: "
            "{amount}. Your bank shows it in 5 to 10 days.\n\n"
            "Call us if you have a question."
        ),
        sms=gettext_noop(
            "{practice}: we cannot accept your request to join. All that you paid comes back: {amount}."
        ),
        needs=("amount",),
        name=gettext_noop("Joining refused"),
        editable=True,
    ),
}
