"""Why a card was declined, in words a patient understands. Never the words that accuse."""

_GENERIC = "Your bank declined this payment. Try another card, or call your bank."
_FUNDS = "Your bank says there is not enough money for this payment. Try a smaller amount or another card."
_EXPIRED = "This card has expired. Use another card."
_NUMBER = "The card number is not right. Check it and try again."
_CODE = "The security code is not right. Check the digits on your card and try again."
_EXPIRY = "The expiry date is not right. Check it and try again."
_ZIP = "The postal code does not match the card. Check it and try again."
_LATER = "Your bank could not be reached. Nothing was charged. Try again in a few minutes."
_KIND = "This card cannot be used for this payment. Try another card."
_LIMIT = "This card has reached its limit for now. Try another card, or try again tomorrow."
_CONFIRM = "Your bank wants you to confirm this payment. Try again and follow its steps."
_PIN = "This card needs a PIN and cannot be used here. Try another card."
_ACCOUNT = "This card or account cannot be used. Try another card."
_TWICE = "Your bank thinks this payment was already made. Check your payments before you try again."
_STOPPED = "Your bank was asked to stop this payment. Try another card, or call your bank."
_AMOUNT = "Your bank does not take this amount. Try another amount, or another card."
_TEST = "This is a test card. Use a real card."

_MESSAGES = {
    "authentication_required": _CONFIRM,
    "approve_with_id": _LATER,
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
    "incorrect_number": _NUMBER,
    "incorrect_cvc": _CODE,
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
DECLINE_CODES = frozenset(_MESSAGES)


def decline_message(code: str) -> str:
    """The msgid for a decline code; unknown codes get the general words."""
    return _MESSAGES.get(code, _GENERIC)
