"""About copies of signed agreements: the copy itself is attached, the text names nothing of it."""

from portal_app.i18n import gettext_noop
from portal_app.services.messaging.templates.types import Template

AGREEMENT_COPIES: dict[str, Template] = {
    "agreement_copy": Template(
        subject=gettext_noop("Your signed copy from {practice}"),
        body=gettext_noop(
            "All signatures are there, and the agreement is in force. Your copy is attached: keep it.\n\n"
            "You find it here as well: {portal}\n\n"
            "To check at any time that a copy has not been changed: {verify}"
        ),
        sms=gettext_noop("{practice}: all signatures are there. Your copy is here: {portal}"),
        name=gettext_noop("Copy of a signed agreement"),
        opens="/agreements",
    ),
}
