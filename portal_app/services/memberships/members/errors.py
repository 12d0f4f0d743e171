"""Why a member is not added to a membership, or not taken back."""

from portal_app.domain.errors import UserError


class NameMissing(UserError):
    """A given or a family name without a letter. `field` says which."""

    code = "member.name_missing"
    message = "Enter the legal name, as on an ID."


class NameTooLong(UserError):
    code = "member.name_too_long"
    message = "A name has at most {most} characters."


class BornInFuture(UserError):
    code = "member.born_in_future"
    message = "The date of birth is in the future."
    field = "born"


class BornTooLongAgo(UserError):
    code = "member.born_too_long_ago"
    message = "Check the year of birth: that is {years} years ago."
    field = "born"


class NoPriceForAge(UserError):
    """The plan has no age band for the new member on the day they would start."""

    code = "member.no_price_for_age"
    message = "The plan has no price for somebody aged {age}. Please call us."
    field = "born"


class SexMissing(UserError):
    code = "member.sex_missing"
    message = "Choose one."
    field = "sex"


class RelationshipMissing(UserError):
    code = "member.relationship_missing"
    message = "Choose what the new member is to you."
    field = "relationship"


class ConsentMissing(UserError):
    """An adult who is new has to agree that somebody else gives the practice their details."""

    code = "member.consent_missing"
    message = "We need the new member's consent to take their details from you."
    field = "consent"


class AddressMissing(UserError):
    code = "member.address_missing"
    message = "Enter the street and number, or choose your own address."
    field = "line1"


class MembershipNotActive(UserError):
    code = "member.membership_not_active"
    message = "Members can be added while the membership is active. Please call us."


class BilledElsewhere(UserError):
    """The practice's own system bills it: the portal does not know its next bill date."""

    code = "member.billed_elsewhere"
    message = "We add members to this membership for you. Please call us."


class NothingBilledAgain(UserError):
    code = "member.nothing_billed_again"
    message = "This membership ends before its next invoice, so nobody can start on it. Please call us."


class AddingHeld(UserError):
    """A payment of the membership failed or is past due (MEM-13)."""

    code = "member.adding_held"
    message = "{amount} of this membership is not paid yet. Pay it first, then add the new member."


class PriceUnknown(UserError):
    """The price of somebody who is a member already cannot be told."""

    code = "member.price_unknown"
    message = "We cannot tell the new price here. Please call us."


class PriceChanged(UserError):
    """An old page sends back what is no longer so: nothing is written."""

    code = "member.price_changed"
    message = (
        "The price or the first day has changed since this page was opened. Check them and confirm again."
    )


class PossibleDuplicate(UserError):
    """Somebody the owner may see has the same date of birth and a similar name: asked about first."""

    code = "member.possible_duplicate"
    message = "{person} has the same date of birth and a similar name. Is it the same person?"


class AlreadyOnPlan(UserError):
    """On another membership of the same plan, which the asker may not see (MEM-19)."""

    code = "member.already_on_plan"
    message = "This person is already on a membership of this plan. Please call us."


class AlreadyOnYourPlan(UserError):
    """As AlreadyOnPlan, for who may see that membership."""

    code = "member.already_on_your_plan"
    message = "{person} is already on a membership of the plan {plan}, since {date}. Please call us."


class AlreadyAMember(UserError):
    """Added before: the second try shows the first (MEM-12)."""

    code = "member.already_a_member"
    message = "{person} is on this membership already, from {date}."


class StillAMember(UserError):
    code = "member.still_a_member"
    message = "{person} is a member until {date}. Please call us."


class PersonNotActive(UserError):
    code = "member.person_not_active"
    message = "This person cannot be added here. Please call us."


class TooManyAdded(UserError):
    code = "member.too_many_added"
    message = "That is the most that can be added in one day. Please call us."


class MemberHasStarted(UserError):
    code = "member.has_started"
    message = "{person} has started already: this can only be ended for the period's last day."


class RequestAnswered(UserError):
    code = "member.request_answered"
    message = "This was answered already."


class RequestWithdrawn(UserError):
    """The membership's owner no longer asks."""

    code = "member.request_withdrawn"
    message = "You are no longer asked to join this membership."


class RequestExpired(UserError):
    code = "member.request_expired"
    message = "The time to answer is over. Ask the membership's owner to add you again."


class RequestOutdated(UserError):
    code = "member.request_outdated"
    message = "The price has changed since you were asked. Ask the membership's owner to add you again."
