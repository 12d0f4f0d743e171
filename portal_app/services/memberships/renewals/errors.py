"""Why a renewal is refused."""

from portal_app.domain.errors import UserError


class RenewalNotOffered(UserError):
    """There is no contract, or its end is more than 90 days away (REN-1)."""

    code = "membership.renewal_not_offered"
    message = "This membership cannot be renewed yet."


class RenewalHeld(UserError):
    """While a payment is past due or in retry nothing is renewed (MEM-13)."""

    code = "membership.renewal_held"
    message = "A payment of this membership is open: {amount}. Pay it first, then renew."


class RenewsByItself(UserError):
    code = "membership.renews_by_itself"
    message = "This membership renews automatically. You do not need to do anything."


class EndsBeforeContract(UserError):
    code = "membership.ends_before_contract"
    message = (
        "This membership was cancelled and ends before its contract does. Take the cancellation back first."
    )


class ContractExpired(UserError):
    code = "membership.contract_expired"
    message = "This membership has expired. Contact the practice to start it again."


class RenewedByPractice(UserError):
    """The practice's own system has the contract, or the price cannot be told here."""

    code = "membership.renewed_by_practice"
    message = "Contact the practice to renew this membership."


class RenewalChanged(UserError):
    """An old page sends back another price or date than the one that holds now."""

    code = "membership.renewal_changed"
    message = "The price or the dates have changed since you opened this page. Look at them again."


class NoContract(UserError):
    code = "membership.no_contract"
    message = "This membership has no contract that could renew. It runs until it is cancelled."
