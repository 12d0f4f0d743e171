"""Why a document is not made or sent."""

from portal_app.domain.errors import UserError


class NoEmailOnFile(UserError):
    code = "document.no_email"
    message = "We have no email address for you. Call us to add one."
