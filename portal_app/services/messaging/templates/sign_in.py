"""About signing in. No names, and no secrets but codes and links.

One email may serve a household, so the texts never say whose sign-in it was.
"""

from portal_app.i18n import gettext_noop
from portal_app.services.messaging.templates.types import Template

_CHANGED = gettext_noop("Your sign-in for {practice} was changed")

SIGN_IN: dict[str, Template] = {
    "sign_in_code": Template(
        subject=gettext_noop("Your sign-in code for {practice} ({reference})"),
        body=gettext_noop(
            "Your sign-in code is {code}\n\n"
            "It is for your household at {practice}. Its reference is {reference}: "
            "check that the sign-in page shows the same.\n\n"
            "The code works once, for 15 minutes. Never tell it to anyone, not even to us. "
            "If you did not ask for it, do nothing: nobody can sign in without it."
        ),
        sms=gettext_noop("{practice}: {code} is the sign-in code for your household. Reference {reference}."),
        needs=("code", "reference"),
        last_line="@{host} #{code}",  # lets the phone fill the code in: https://wicg.github.io/web-otp/
        secret=True,
        name=gettext_noop("Sign-in code"),
    ),
    "second_code": Template(
        subject=gettext_noop("Your code for {practice}"),
        body=gettext_noop(
            "Your code is {code}\n\n"
            "Type it on the page that asks for it. It works once, for 15 minutes. "
            "Never tell it to anyone, not even to us.\n\n"
            "If you did not ask for it, somebody may know your password: change it, and call us."
        ),
        sms=gettext_noop(
            "{practice}: {code} is your second code. If you did not ask for it, change your password."
        ),
        needs=("code",),
        last_line="@{host} #{code}",
        secret=True,
    ),
    "password_changed": Template(
        subject=_CHANGED,
        body=gettext_noop(
            "A username or password was set or changed on {date}. Other devices were signed out.\n\n"
            "If nobody in your household did this, call us at once."
        ),
        sms=gettext_noop("{practice}: a portal password was changed. Not you? Call us at once."),
    ),
    "second_factor_changed": Template(
        subject=_CHANGED,
        body=gettext_noop(
            "The authenticator app, the codes or the recovery codes of a sign-in were changed on {date}. "
            "Other devices were signed out.\n\n"
            "If nobody in your household did this, call us at once."
        ),
        sms=gettext_noop(
            "{practice}: the second step of a portal sign-in was changed. Not you? Call us at once."
        ),
    ),
    "recovery_code_used": Template(
        subject=gettext_noop("A recovery code for {practice} was used"),
        body=gettext_noop(
            "A recovery code was used on {date}. {left} are left.\n\n"
            "If nobody in your household did this, call us at once."
        ),
        sms=gettext_noop(
            "{practice}: a portal recovery code was used, {left} are left. Not you? Call us at once."
        ),
    ),
    "passkey_added": Template(
        subject=_CHANGED,
        body=gettext_noop(
            "A passkey was added on {date}: a device can now sign in with it alone. "
            "Other devices were signed out.\n\n"
            "If nobody in your household did this, call us at once."
        ),
        sms=gettext_noop("{practice}: a passkey was added to a portal sign-in. Not you? Call us at once."),
    ),
    "passkey_removed": Template(
        subject=_CHANGED,
        body=gettext_noop(
            "A passkey was removed on {date}. Other devices were signed out.\n\n"
            "If nobody in your household did this, call us at once."
        ),
        sms=gettext_noop(
            "{practice}: a passkey was removed from a portal sign-in. Not you? Call us at once."
        ),
    ),
    "sign_in_attacked": Template(
        subject=gettext_noop("Many wrong passwords or codes for your sign-in at {practice}"),
        body=gettext_noop(
            "Somebody has tried many wrong passwords or codes for your sign-in today. Nobody got in with them.\n\n"
            "You can go on signing in from your own device. If you cannot, or if you have tried yourself, call us."
        ),
        sms=gettext_noop(
            "{practice}: many wrong passwords for your sign-in. Nobody got in. Locked out? Call us."
        ),
    ),
    "reset_started": Template(
        subject=gettext_noop("Your sign-in for {practice} will be reset"),
        body=gettext_noop(
            "At our desk somebody asked to remove the password, authenticator app and passkeys "
            "of a sign-in. It happens on {effective}.\n\n"
            "If nobody in your household asked for this, stop it here: {cancel}"
        ),
        sms=gettext_noop(
            "{practice}: a portal sign-in will be reset on {effective}. Not you? Stop it: {cancel}"
        ),
        needs=("cancel",),
        secret=True,
    ),
    "reset_done": Template(
        subject=gettext_noop("Your sign-in for {practice} was reset"),
        body=gettext_noop(
            "The password, authenticator app and passkeys of a sign-in were removed on {date}. "
            "Sign in with a code and set them up again: {portal}\n\n"
            "If nobody in your household asked for this, call us at once."
        ),
        sms=gettext_noop("{practice}: a portal sign-in was reset. Sign in with a code: {portal}"),
        opens="/account",
    ),
    "reset_cancelled": Template(
        subject=gettext_noop("Your sign-in for {practice} stays as it is"),
        body=gettext_noop("The reset of a sign-in was stopped on {date}. Nothing was changed."),
        sms=gettext_noop("{practice}: the reset of a portal sign-in was stopped. Nothing was changed."),
    ),
    "access_link": Template(
        subject=gettext_noop("Your way into the portal of {practice}"),
        body=gettext_noop(
            "Open the portal here: {link}\n\n"
            "A code is sent to you, and your date of birth is asked. The link works for 7 days."
        ),
        sms=gettext_noop("{practice}: open the portal here: {link}"),
        needs=("link",),
    ),
}
