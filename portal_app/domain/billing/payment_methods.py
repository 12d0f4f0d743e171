"""Saved cards and bank accounts (SRC cases)."""

from collections.abc import Sequence
from datetime import date, timedelta

from portal_app.domain.billing.errors import NextDefaultNeeded, OnlyPaymentMethod
from portal_app.domain.billing.types import Method
from portal_app.domain.ids import PaymentMethodId

_BRANDS = {
    "visa": "Visa",
    "mastercard": "Mastercard",
    "amex": "American Express",
    "discover": "Discover",
    "diners": "Diners Club",
    "jcb": "JCB",
    "unionpay": "UnionPay",
}


# Kinds that are neither a card nor a bank account, by the processor's code, where the code itself is not the name.
_WALLETS = {"cashapp": "Cash App Pay", "paypal": "PayPal", "wechat_pay": "WeChat Pay"}


def display_name(brand: str, last4: str, kind: str = "card") -> str:
    """How a payment method is named on screen: "Visa ending in 4242", "Link"."""
    method = method_of_kind(kind)
    if method is Method.WALLET:
        return _WALLETS.get(kind) or kind.replace("_", " ").title()
    name = _BRANDS.get(brand) or brand.title() or ("Card" if method is Method.CARD else "Bank account")
    return f"{name} ending in {last4}" if last4 else name


def method_of_kind(kind: str) -> Method:
    """How a payment with this kind of payment method counts; kinds are "card", "bank" or the processor's code."""
    return {"card": Method.CARD, "bank": Method.BANK}.get(kind, Method.WALLET)


def _last_day(month: int, year: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


def last_valid_day(month: int | None, year: int | None) -> date | None:
    """The last day on which a card may be used; None where its expiry is not known."""
    return _last_day(month, year) if month and year else None


def is_expired(month: int | None, year: int | None, today: date) -> bool:
    """Whether the last day of the card is over; False where its expiry is not known."""
    return bool(month and year) and _last_day(month or 1, year or 1) < today


def expires_soon(month: int | None, year: int | None, today: date) -> bool:
    """Whether a card that is still valid expires within 30 days."""
    if not month or not year:
        return False
    return timedelta() <= _last_day(month, year) - today <= timedelta(days=30)


def next_default(
    removed: PaymentMethodId,
    others: Sequence[PaymentMethodId],
    chosen: PaymentMethodId | None,
    *,
    must_choose: bool,
) -> PaymentMethodId:
    """The payment method that becomes the default when `removed` goes (SRC-1, SRC-2).

    Args:
        others: what stays on file, newest first.
        chosen: what the payer chose, if anything.
        must_choose: memberships are paid with `removed`, so the payer's choice is needed.

    Raises: OnlyPaymentMethod, NextDefaultNeeded.
    """
    if not others:
        raise OnlyPaymentMethod
    if chosen is not None and chosen != removed and chosen in others:
        return chosen
    if must_choose:
        raise NextDefaultNeeded
    return others[0]
