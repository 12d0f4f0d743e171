"""Why something is not done with an agreement, a request or a signature."""

from portal_app.domain.errors import UserError


class DraftChanged(UserError):
    code = "agreement.draft_changed"
    message = "Somebody else has changed this draft since you opened it. Load it again before you save."


class NothingToPublish(UserError):
    code = "agreement.nothing_to_publish"
    message = "This text is published already."


class AgreementRetired(UserError):
    code = "agreement.retired"
    message = "This agreement is no longer used."


class NothingPublished(UserError):
    code = "agreement.nothing_published"
    message = "Publish the agreement before you ask for signatures."


class NameMissing(UserError):
    code = "agreement.name_missing"
    message = "Give the agreement a name of at most {most} characters."
    field = "name"


class NobodyFound(UserError):
    code = "agreement.nobody_found"
    message = "Nobody is to be asked: they have signed, are asked already, or cannot be asked."


class ValueMissing(UserError):
    """A placeholder that nothing fills for this patient. Value: `name`."""

    code = "agreement.value_missing"
    message = "The text names {name}, and there is none for this patient. Ask them on a membership."


class TextIncomplete(UserError):
    """A placeholder that nothing fills any more. Value: `name`."""

    code = "signature.text_incomplete"
    message = "This text is not complete, so it cannot be signed. Please call us."


class ElsewhereAnswered(UserError):
    """The request does not wait any more."""


class AlreadySigned(ElsewhereAnswered):
    code = "request.already_signed"
    message = "This is signed already. Nothing was signed a second time."


class RequestWithdrawn(ElsewhereAnswered):
    code = "request.withdrawn"
    message = "The practice has withdrawn this. There is nothing to sign any more."


class RequestExpired(ElsewhereAnswered):
    code = "request.expired"
    message = "The time to sign this is over. Ask us to send it again."


class RequestDeclined(ElsewhereAnswered):
    code = "request.declined"
    message = "This was declined, so it cannot be signed any more. Ask us to send it again."


class RequestSuperseded(ElsewhereAnswered):
    code = "request.superseded"
    message = "Somebody else is asked for this now. There is nothing for you to sign."


class SignedOnPaper(ElsewhereAnswered):
    code = "request.paper"
    message = "This was signed on paper. There is nothing to sign any more."


class TextChanged(UserError):
    """What is signed must be what was read: a new version, a corrected name, another price (SIGN-3)."""

    code = "signature.text_changed"
    message = (
        "The text has changed since you opened it. Nothing was signed. See what changed, then sign again."
    )


class TextUnread(UserError):
    code = "signature.text_unread"
    message = "Open and read the text before you sign it."


class ConsentNeeded(UserError):
    code = "signature.consent_needed"
    message = "To sign here, agree to electronic records first, or ask for paper."
    field = "consent"


class CannotOpenCopy(UserError):
    code = "consent.cannot_open_copy"
    message = "Open the sample first, so that you know you can read your copies. Or ask for paper."
    field = "can_open"


class IntentMissing(UserError):
    code = "signature.intent_missing"
    message = "Tick that you want to sign."
    field = "intent"


class ScanInvalid(UserError):
    code = "agreement.scan_invalid"
    message = "Choose a PDF file of at most {most} MB."
    field = "file"


class PaperDateInvalid(UserError):
    code = "agreement.paper_date"
    message = "Enter the day of signing. It cannot be in the future."
    field = "signed_on"


class AgreementUnsigned(UserError):
    """The newest version of the membership's agreement is not signed (REN-5). Value: `request`, what to sign."""

    code = "membership.agreement_unsigned"
    message = "First sign the agreement of your membership. You find it under Agreements. Then renew."
