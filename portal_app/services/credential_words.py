"""What people are told when sign-in, contact details or sharing changes. No names, no secrets but codes.

One email may serve a household, so the words never say whose sign-in it was.
"""

from portal_app.services.wording import WORDINGS, Wording, mark

_CHANGED = mark("Your sign-in for {practice} was changed")
_STAFF_CHANGED = mark("Your staff sign-in for {practice} was changed")
_STAFF_CHANGED_SMS = mark("{practice}: your staff sign-in was changed. Not you? Tell an owner at once.")

CREDENTIAL_WORDINGS: dict[str, Wording] = {
    "second_code": Wording(
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
    "contact_code": Wording(
        subject=mark("Confirm this address for {practice}"),
        body=mark(
            "Your code is {code}\n\n"
            "Type it in the portal to use this address from now on. It works once, for 15 minutes.\n\n"
            "If you did not ask for it, do nothing: without the code nothing changes."
        ),
        sms=mark("{practice}: {code} confirms this number. If you did not ask for it, do nothing."),
        needs=("code",),
        last_line="@{host} #{code}",
        secret=True,
    ),
    "contact_changed": Wording(
        subject=mark("Your contact details at {practice} were changed"),
        body=mark(
            "This address or number was replaced or removed in the portal on {date}. "
            "Messages no longer go here.\n\n"
            "If nobody in your household did this, call us at once."
        ),
        sms=mark("{practice}: this number was replaced or removed in the portal. Not you? Call us at once."),
    ),
    "contact_added": Wording(
        subject=mark("Your contact details at {practice} were changed"),
        body=mark(
            "An email address or a phone number was added in the portal on {date}.\n\n"
            "If nobody in your household did this, call us at once."
        ),
        sms=mark("{practice}: an email or phone number was added in the portal. Not you? Call us at once."),
    ),
    "password_changed": Wording(
        subject=_CHANGED,
        body=mark(
            "A username or password was set or changed on {date}. Other devices were signed out.\n\n"
            "If nobody in your household did this, call us at once."
        ),
        sms=mark("{practice}: a portal password was changed. Not you? Call us at once."),
    ),
    "second_factor_changed": Wording(
        subject=_CHANGED,
        body=mark(
            "The authenticator app, the codes or the recovery codes of a sign-in were changed on {date}. "
            "Other devices were signed out.\n\n"
            "If nobody in your household did this, call us at once."
        ),
        sms=mark("{practice}: the second step of a portal sign-in was changed. Not you? Call us at once."),
    ),
    "recovery_code_used": Wording(
        subject=mark("A recovery code for {practice} was used"),
        body=mark(
            "A recovery code was used on {date}. {left} are left.\n\n"
            "If nobody in your household did this, call us at once."
        ),
        sms=mark("{practice}: a portal recovery code was used, {left} are left. Not you? Call us at once."),
    ),
    "passkey_added": Wording(
        subject=_CHANGED,
        body=mark(
            "A passkey was added on {date}: a device can now sign in with it alone. "
            "Other devices were signed out.\n\n"
            "If nobody in your household did this, call us at once."
        ),
        sms=mark("{practice}: a passkey was added to a portal sign-in. Not you? Call us at once."),
    ),
    "passkey_removed": Wording(
        subject=_CHANGED,
        body=mark(
            "A passkey was removed on {date}. Other devices were signed out.\n\n"
            "If nobody in your household did this, call us at once."
        ),
        sms=mark("{practice}: a passkey was removed from a portal sign-in. Not you? Call us at once."),
    ),
    "staff_password_changed": Wording(
        subject=_STAFF_CHANGED,
        body=mark(
            "The password of your staff sign-in was changed on {date}. Other devices were signed out.\n\n"
            "If you did not do this, tell an owner of the portal at once."
        ),
        sms=_STAFF_CHANGED_SMS,
    ),
    "staff_app_changed": Wording(
        subject=_STAFF_CHANGED,
        body=mark(
            "The authenticator app of your staff sign-in was changed on {date}. "
            "Other devices were signed out.\n\n"
            "If you did not do this, tell an owner of the portal at once."
        ),
        sms=_STAFF_CHANGED_SMS,
    ),
    "sign_in_locked": Wording(
        subject=mark("A sign-in for {practice} is locked"),
        body=mark(
            "There were too many wrong passwords or codes, so this sign-in is locked. "
            "Nobody got in with them.\n\n"
            "You can still sign in with a code or a passkey. To open it again, call us."
        ),
        sms=mark("{practice}: too many wrong passwords, this sign-in is locked. Call us to open it."),
    ),
    "reset_started": Wording(
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
    "reset_done": Wording(
        subject=mark("Your sign-in for {practice} was reset"),
        body=mark(
            "The password, authenticator app and passkeys of a sign-in were removed on {date}. "
            "Sign in with a code and set them up again: {portal}\n\n"
            "If nobody in your household asked for this, call us at once."
        ),
        sms=mark("{practice}: a portal sign-in was reset. Sign in with a code: {portal}"),
    ),
    "reset_cancelled": Wording(
        subject=mark("Your sign-in for {practice} stays as it is"),
        body=mark("The reset of a sign-in was stopped on {date}. Nothing was changed."),
        sms=mark("{practice}: the reset of a portal sign-in was stopped. Nothing was changed."),
    ),
    "sharing_changed": Wording(
        subject=mark("What you share at {practice} was changed"),
        body=mark(
            "On {date} something was shared with another adult, or no longer shared. "
            "See what you share, and with whom: {portal}\n\n"
            "If you did not do this, call us at once."
        ),
        sms=mark("{practice}: what you share with another adult was changed. See it: {portal}"),
    ),
    "dependent_marked": Wording(
        subject=mark("Somebody may now act for you at {practice}"),
        body=mark(
            "On {date} our staff recorded that a named adult acts for you in the portal: they see your "
            "appointments, forms and bills.\n\n"
            "See who it is and what they see, or tell us that it is wrong: call us."
        ),
        sms=mark("{practice}: a named adult may now act for you in the portal. Questions? Call us."),
    ),
    "dependent_unmarked": Wording(
        subject=mark("Nobody acts for you any more at {practice}"),
        body=mark(
            "On {date} our staff ended that a named adult acts for you in the portal. "
            "They no longer see your appointments, forms and bills."
        ),
        sms=mark("{practice}: the adult who acted for you in the portal no longer does."),
    ),
    "details_changed": Wording(
        subject=mark("Your details at {practice} were changed"),
        body=mark(
            "You asked us to change a name, a date of birth or a sex on file. We did so on {date}. "
            "See it in the portal: {portal}\n\n"
            "If nobody in your household asked for this, call us at once."
        ),
        sms=mark("{practice}: we changed the details you asked us to. Not you? Call us at once."),
    ),
    "details_kept": Wording(
        subject=mark("We could not change your details at {practice}"),
        body=mark(
            "You asked us to change a name, a date of birth or a sex on file. We could not do so yet. "
            "Call us, or bring a document to your next visit."
        ),
        sms=mark("{practice}: we could not change the details you asked us to. Call us."),
    ),
    "access_link": Wording(
        subject=mark("Your way into the portal of {practice}"),
        body=mark(
            "Open the portal here: {link}\n\n"
            "A code is sent to you, and your date of birth is asked. The link works for 7 days."
        ),
        sms=mark("{practice}: open the portal here: {link}"),
        needs=("link",),
    ),
}

WORDINGS.update(CREDENTIAL_WORDINGS)
