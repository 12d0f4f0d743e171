"""Why a cancellation, or taking it back, is refused."""

from portal_app.domain.errors import UserError


class CancelAtPractice(UserError):
    """The practice turned cancelling online off, or its own system has the membership."""

    code = "membership.cancel_at_practice"
    message = "Contact the practice to cancel this membership."


class MembershipOver(UserError):
    """What has ended is neither cancelled nor taken up again (MEM-17)."""

    code = "membership.over"
    message = "This membership ended on {day}."


class CancellationChanged(UserError):
    """An old page names another last day than the one that holds now."""

    code = "membership.cancellation_changed"
    message = "The last day has changed since you opened this page. Look at it again."


class NotCancelled(UserError):
    """Its end was not decided by a cancellation: only the practice can change it."""

    code = "membership.not_cancelled"
    message = "There is no cancellation to take back. Contact the practice about the end of this membership."
