"""Stripe's published test cards and test bank accounts (docs.stripe.com/testing), and how each behaves."""

import time
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Asks(StrEnum):
    """When the card's bank asks the payer (3-D Secure)."""

    NEVER = "never"
    UNLESS_SET_UP = "unless_set_up"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How a test number behaves. Codes are Stripe's; "" is success."""

    code: str = ""
    decline_code: str = ""
    declines_on_file: bool = True  # whether saving it is declined too
    asks: Asks = Asks.NEVER
    refund: str = ""  # "fails" after having succeeded, or "pending" before it succeeds
    dispute: str = ""  # reason
    inquiry: bool = False
    blocked: bool = False
    failed_checks: tuple[str, ...] = ()


def _declined(decline_code: str, **more: Any) -> Behaviour:
    return Behaviour("card_declined", decline_code, **more)


FINE = Behaviour()
# number → (Stripe's short name of it, behaviour)
_CARDS: dict[str, tuple[str, Behaviour]] = {
    "4242424242424242": ("visa", FINE),
    "4000056655665556": ("visa_debit", FINE),
    "5555555555554444": ("mastercard", FINE),
    "2223003122003222": ("", FINE),
    "5200828282828210": ("mastercard_debit", FINE),
    "5105105105105100": ("mastercard_prepaid", FINE),
    "378282246310005": ("amex", FINE),
    "371449635398431": ("", FINE),
    "6011111111111117": ("discover", FINE),
    "3056930009020004": ("diners", FINE),
    "36227206271667": ("", FINE),
    "3566002020360505": ("jcb", FINE),
    "6200000000000005": ("unionpay", FINE),
    "6205500000000000004": ("", FINE),
    "4000000000000002": ("visa_chargeDeclined", _declined("generic_decline")),
    "4000000000009995": ("visa_chargeDeclinedInsufficientFunds", _declined("insufficient_funds")),
    "4000000000009987": ("visa_chargeDeclinedLostCard", _declined("lost_card")),
    "4000000000009979": ("visa_chargeDeclinedStolenCard", _declined("stolen_card")),
    "4000000000006975": ("visa_chargeDeclinedVelocityLimitExceeded", _declined("card_velocity_exceeded")),
    "4000000000000069": ("chargeDeclinedExpiredCard", Behaviour("expired_card")),
    "4000000000000127": ("chargeDeclinedIncorrectCvc", Behaviour("incorrect_cvc")),
    "4000000000000119": ("chargeDeclinedProcessingError", Behaviour("processing_error")),
    "4000000000000341": ("chargeCustomerFail", _declined("generic_decline", declines_on_file=False)),
    "4100000000000019": ("radarBlock", _declined("fraudulent", blocked=True, declines_on_file=False)),
    "4000002500003155": ("authenticationRequiredOnSetup", Behaviour(asks=Asks.UNLESS_SET_UP)),
    "4000002760003184": ("authenticationRequired", Behaviour(asks=Asks.ALWAYS)),
    "4000008260003178": (
        "authenticationRequiredChargeDeclinedInsufficientFunds",
        Behaviour("card_declined", "insufficient_funds", declines_on_file=False, asks=Asks.ALWAYS),
    ),
    "4000008400001629": (
        "",
        Behaviour("card_declined", "generic_decline", declines_on_file=False, asks=Asks.ALWAYS),
    ),
    "4000000000003220": ("threeDSecure2Required", Behaviour(asks=Asks.ALWAYS)),
    "4000000000003063": ("threeDSecureRequired", Behaviour(asks=Asks.ALWAYS)),
    "4000000000003055": ("threeDSecureOptional", FINE),
    "4000000000000259": ("createDispute", Behaviour(dispute="fraudulent")),
    "4000000000002685": ("createDisputeProductNotReceived", Behaviour(dispute="product_not_received")),
    "4000000000001976": ("createDisputeInquiry", Behaviour(dispute="fraudulent", inquiry=True)),
    "4000000000005423": ("createIssuerFraudRecord", FINE),
    "4000000000000077": ("bypassPending", FINE),
    "4000000000007726": ("pendingRefund", Behaviour(refund="pending")),
    "4000000000005126": ("refundFail", Behaviour(refund="fails")),
    "4000000000000101": ("cvcCheckFail", Behaviour(failed_checks=("cvc_check",))),
    "4000000000000036": ("avsZipFail", Behaviour(failed_checks=("address_postal_code_check",))),
    "4000000000000010": (
        "avsFail",
        Behaviour(failed_checks=("address_line1_check", "address_postal_code_check")),
    ),
    "4000000000000028": ("avsLine1Fail", Behaviour(failed_checks=("address_line1_check",))),
    "4000000000000044": ("avsUnchecked", FINE),
}
_NUMBERS = {name: number for number, (name, _) in _CARDS.items() if name}

MESSAGES = {
    "insufficient_funds": "Your card has insufficient funds.",
    "expired_card": "Your card has expired.",
    "incorrect_cvc": "Your card's security code is incorrect.",
    "incorrect_number": "Your card number is incorrect.",
    "processing_error": "An error occurred while processing your card. Try again in a little bit.",
    "authentication_required": "Your card was declined. This transaction requires authentication.",
    "card_not_supported": "Your card does not support this type of purchase.",
}

# account number → why its debit fails in the end; None never ends
BANK_ACCOUNTS: dict[str, str | None] = {
    "000123456789": "",
    "000111111113": "account_closed",
    "000111111116": "no_account",
    "000222222227": "insufficient_funds",
    "000333333335": "debit_not_authorized",
    "000000000009": None,
    "000555555559": "",
}
# account number → why the bank returns its debit after it had succeeded
RETURNED_LATER = {"000555555559": "insufficient_funds"}
_BANK_NAMES = {
    "success": "000123456789",
    "accountClosed": "000111111113",
    "noAccount": "000111111116",
    "insufficientFunds": "000222222227",
    "debitNotAuthorized": "000333333335",
    "processing": "000000000009",
    "dispute": "000555555559",
}
_BRANDS = {
    "34": "amex", "37": "amex", "36": "diners", "30": "diners", "35": "jcb", "62": "unionpay",
    "60": "discover", "64": "discover", "65": "discover", "4": "visa", "5": "mastercard", "2": "mastercard",
}  # fmt: skip


def behaviour(number: str) -> Behaviour:
    return _CARDS[number][1] if number in _CARDS else FINE


def published(number: str) -> bool:
    """Only Stripe's own test numbers are ever stored."""
    return number in _CARDS or number in BANK_ACCOUNTS


def by_name(name: str) -> dict[str, object] | None:
    """`pm_card_visa`, `tok_visa`, `pm_usBankAccount_success`: the number that the name stands for."""
    bank = _BANK_NAMES.get(name.removeprefix("pm_usBankAccount_"))
    if bank:
        account = {"account_number": bank, "routing_number": "110000000"}
        return {"type": "us_bank_account", "us_bank_account": account}
    number = _NUMBERS.get(name.removeprefix("pm_card_").removeprefix("tok_"))
    if number is None:
        return None
    card = {"number": number, "exp_month": 12, "exp_year": time.gmtime().tm_year + 1, "cvc": "123"}
    return {"type": "card", "card": card}


def brand(number: str) -> str:
    starts = (number[:2], number[:1])
    return next((_BRANDS[start] for start in starts if start in _BRANDS), "visa")


def passes_luhn(number: str) -> bool:
    digits = [int(digit) for digit in reversed(number)]
    return sum(digits[0::2] + [sum(divmod(digit * 2, 10)) for digit in digits[1::2]]) % 10 == 0
