"""Why a card was declined, in words for the payer and for staff.

Some codes (stolen, fraudulent) would accuse the payer: they get the general words.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DeclineTexts:
    """Msgids. The page adds that nothing was charged."""

    for_payer: str
    for_staff: str


_GENERIC = DeclineTexts(
    "Your bank declined the card. Use another card, or call the number on its back.",
    "Declined by the bank",
)
_FUNDS = DeclineTexts(
    "There is not enough money on this card. Try another card or a smaller amount.",
    "Not enough money",
)
_EXPIRED = DeclineTexts("This card has expired. Use another card.", "Card expired")
_NUMBER = DeclineTexts("The card number is not right. Check the card and try again.", "Wrong card number")
_CODE = DeclineTexts("The security code is not right. Check the card and try again.", "Wrong security code")
_EXPIRY = DeclineTexts("The expiry date is not right. Check it and try again.", "Wrong expiry date")
_ZIP = DeclineTexts("The ZIP code does not match the card. Check it and try again.", "Wrong ZIP code")
_LATER = DeclineTexts(
    "The bank did not answer as it should. Try again in a few minutes.", "The bank had trouble"
)
_KIND = DeclineTexts("This card cannot be used here. Use another card.", "Card not supported")
_LIMIT = DeclineTexts(
    "This payment is over the card’s limit. Use another card, or call your bank.", "Over the card’s limit"
)
_CONFIRM = DeclineTexts(
    "Your bank could not confirm that it was you. Try again, or use another card.",
    "Not confirmed by the payer",
)
_PIN = DeclineTexts("This card needs a PIN and cannot be used here. Use another card.", "Needs a PIN")
_ACCOUNT = DeclineTexts("This card or account cannot be used. Use another card.", "Account cannot be used")
_TWICE = DeclineTexts(
    "Your bank thinks this payment was already made. Check your payments before you try again.",
    "Paid twice, says the bank",
)
_STOPPED = DeclineTexts(
    "Your bank was asked to stop this payment. Use another card, or call your bank.",
    "Stopped at the bank",
)
_AMOUNT = DeclineTexts(
    "Your bank does not take this amount. Try another amount, or another card.", "Amount not accepted"
)
REQUEST_REFUSED = "request_refused"  # ours: the processor refused the portal's own request
METHOD_GONE = "method_gone"  # ours: a saved method, or what was typed, is no longer at the processor
_OURS = DeclineTexts(
    "Paying online does not work just now. Call us, or pay at the practice.",
    "Refused: check our settings",
)
_GONE = DeclineTexts("This card is no longer on file. Enter it again, or use another.", "No longer on file")
_TEST = DeclineTexts("This is a test card. Use a real card.", "Test card")

_NOT_CHARGED = DeclineTexts(
    "The card processor could not take the payment just now. Try again in a few minutes.",
    "The card processor was busy",
)
NOT_CHARGED = "processor_busy"  # ours: the processor answered with an error of its own before it charged

_BY_CODE = {
    NOT_CHARGED: _NOT_CHARGED,
    "approve_with_id": _LATER,
    "authentication_not_handled": _CONFIRM,
    "authentication_required": _CONFIRM,
    "call_issuer": _GENERIC,
    "card_not_supported": _KIND,
    "card_velocity_exceeded": _LIMIT,
    "currency_not_supported": _KIND,
    "do_not_honor": _GENERIC,
    "do_not_try_again": _GENERIC,
    "duplicate_transaction": _TWICE,
    "expired_card": _EXPIRED,
    "fraudulent": _GENERIC,
    "generic_decline": _GENERIC,
    "incorrect_address": _ZIP,
    "incorrect_cvc": _CODE,
    "incorrect_number": _NUMBER,
    "incorrect_pin": _PIN,
    "incorrect_zip": _ZIP,
    "insufficient_funds": _FUNDS,
    "invalid_account": _ACCOUNT,
    "invalid_amount": _AMOUNT,
    "invalid_cvc": _CODE,
    "invalid_expiry_month": _EXPIRY,
    "invalid_expiry_year": _EXPIRY,
    "invalid_number": _NUMBER,
    "invalid_pin": _PIN,
    "issuer_not_available": _LATER,
    "lost_card": _GENERIC,
    "merchant_blacklist": _GENERIC,
    METHOD_GONE: _GONE,
    "new_account_information_available": _ACCOUNT,
    "no_action_taken": _GENERIC,
    "not_permitted": _KIND,
    "offline_pin_required": _PIN,
    "online_or_offline_pin_required": _PIN,
    "payment_intent_authentication_failure": _CONFIRM,
    "pickup_card": _GENERIC,
    "pin_try_exceeded": _PIN,
    "processing_error": _LATER,
    "reenter_transaction": _LATER,
    REQUEST_REFUSED: _OURS,
    "restricted_card": _GENERIC,
    "revocation_of_all_authorizations": _STOPPED,
    "revocation_of_authorization": _STOPPED,
    "security_violation": _GENERIC,
    "service_not_allowed": _KIND,
    "stolen_card": _GENERIC,
    "stop_payment_order": _STOPPED,
    "testmode_decline": _TEST,
    "transaction_not_allowed": _KIND,
    "try_again_later": _LATER,
    "withdrawal_count_limit_exceeded": _LIMIT,
}
DECLINE_CODES = frozenset(_BY_CODE)


def decline_texts(code: str) -> DeclineTexts:
    """The texts for a decline code of the card processor; a code that is not known gets the general ones."""
    return _BY_CODE.get(code, _GENERIC)
