"""Why a service of disputes refuses."""

from portal_app.domain.errors import UserError


class DisputeNotLost(UserError):
    """Only what the bank took back for good is sent again or written off."""

    code = "dispute.not_lost"
    message = "The bank has not decided this dispute against you. Nothing is due again."


class LossDecided(UserError):
    code = "dispute.already_decided"
    message = "This was done already."
