"""About signing in. No names, and no secrets but codes and links.

One email may serve a household, so the texts never say whose sign-in it was.
"""

from portal_app.services.messaging.templates.types import Template
from portal_app.speech import mark

_CHANGED = mark("Your sign-in for {practice} was changed")

SIGN_IN: dict[str, Template] = {
    "sign_in_code": Template(
        subject=mark("Your sign-in code for {practice} ({reference})"),
        body=mark(
            "Your sign-in code is {code}\n\n"
            "It is for your household at {practice}. Its reference is {reference}: "
            "check that the sign-in page shows the same.\n\n"
            "The code works once, for 15 minutes. Never tell it to anyone, not even to us. "
            "If you did not ask for it, do nothing: nobody can sign in without it."
        ),
        sms=mark("{practice}: {code} is the sign-in code for your household. Reference {reference}."),
        needs=("code", "reference"),
        last_line="@{host} #{code}",  # lets the phone fill the code in: https://wicg.github.io/web-otp/
        secret=True,
        name=mark("Sign-in code"),
    ),
    "second_code": Template(
        subject=mark("Your code for {practice}"),
        body=mark(
            "Your code is {code}\n\n"
            "Type it on the page that asks for it. It works once, for 15 minutes. "
            "Never tell it to anyone, not even to us.\n\n"
            "If you did not ask for it, somebody may know your password: change it, and call us."
        ),
        sms=mark("{practice}: {code} is your second code. If you did not ask for it, change your password."),
        needs=("code",),
        last_line="@{host} #{code}",
        secret=True,
    ),
    "password_changed": Template(
        subject=_CHANGED,
        body=mark(
            "A username or password was set or changed on {date}. Other devices were signed out.\n\n"
            "If nobody in your household did this, call us at once."
        ),
        sms=mark("{practice}: a portal password was changed. Not you? Call us at once."),
    ),
    "second_factor_changed": Template(
        subject=_CHANGED,
        body=mark(
            "The authenticator app, the codes or the recovery codes of a sign-in were changed on {date}. "
            "Other devices were signed out.\n\n"
            "If nobody in your household did this, call us at once."
        ),
        sms=mark("{practice}: the second step of a portal sign-in was changed. Not you? Call us at once."),
    ),
    "recovery_code_used": Template(
        subject=mark("A recovery code for {practice} was used"),
        body=mark(
            "A recovery code was used on {date}. {left} are left.\n\n"
            "If nobody in your household did this, call us at once."
        ),
        sms=mark("{practice}: a portal recovery code was used, {left} are left. Not you? Call us at once."),
    ),
    "passkey_added": Template(
        subject=_CHANGED,
        body=mark(
            "A passkey was added on {date}: a device can now sign in with it alone. "
            "Other devices were signed out.\n\n"
            "If nobody in your household did this, call us at once."
        ),
        sms=mark("{practice}: a passkey was added to a portal sign-in. Not you? Call us at once."),
    ),
    "passkey_removed": Template(
        subject=_CHANGED,
        body=mark(
            "A passkey was removed on {date}. Other devices were signed out.\n\n"
            "If nobody in your household did this, call us at once."
        ),
        sms=mark("{practice}: a passkey was removed from a portal sign-in. Not you? Call us at once."),
    ),
    "sign_in_locked": Template(
        subject=mark("A sign-in for {practice} is locked"),
        body=mark(
            "There were too many wrong passwords or codes, so this sign-in is locked. "
            "Nobody got in with them.\n\n"
            "You can still sign in with a code or a passkey. To open it again, call us."
        ),
        sms=mark("{practice}: too many wrong passwords, this sign-in is locked. Call us to open it."),
    ),
    "reset_started": Template(
        subject=mark("Your sign-in for {practice} will be reset"),
        body=mark(
            "At our desk somebody asked to remove the password, authenticator app and passkeys "
            "of a sign-in. It happens on {effective}.\n\n"
            "If nobody in your household asked for this, stop it here: {cancel}"
        ),
        sms=mark("{practice}: a portal sign-in will be reset on {effective}. Not you? Stop it: {cancel}"),
        needs=("cancel",),
        secret=True,
    ),
    "reset_done": Template(
        subject=mark("Your sign-in for {practice} was reset"),
        body=mark(
            "The password, authenticator app and passkeys of a sign-in were removed on {date}. "
            "Sign in with a code and set them up again: {portal}\n\n"
            "If nobody in your household asked for this, call us at once."
        ),
        sms=mark("{practice}: a portal sign-in was reset. Sign in with a code: {portal}"),
    ),
    "reset_cancelled": Template(
        subject=mark("Your sign-in for {practice} stays as it is"),
        body=mark("The reset of a sign-in was stopped on {date}. Nothing was changed."),
        sms=mark("{practice}: the reset of a portal sign-in was stopped. Nothing was changed."),
    ),
    "access_link": Template(
        subject=mark("Your way into the portal of {practice}"),
        body=mark(
            "Open the portal here: {link}\n\n"
            "A code is sent to you, and your date of birth is asked. The link works for 7 days."
        ),
        sms=mark("{practice}: open the portal here: {link}"),
        needs=("link",),
    ),
}
