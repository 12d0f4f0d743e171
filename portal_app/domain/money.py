"""Money: a whole number of minor units of one currency. Never a float, never a bare int."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from portal_app.domain.errors import UserError


class CurrencyRule(NamedTuple):
    """How amounts of a currency are written and charged: the one table behind parsing, showing and charging."""

    digits: int = 2  # decimals of what is typed, kept and shown
    charged_digits: int = 2  # decimals of the whole number that the card processor is sent
    step: int = 1  # the processor charges only multiples of so many minor units


# ISO 4217 (amendment 176), except where the card processor charges otherwise (docs.stripe.com/currencies#special-cases).
_WHOLE = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF UYI VND VUV XAF XOF XPF"
_WHOLE_CHARGED_WITH_DECIMALS = "ISK UGX"  # always "00"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
_FOUR = "CLF UYW"
_RULES: dict[str, CurrencyRule] = {
    **dict.fromkeys(_WHOLE.split(), CurrencyRule(0, 0)),
    **dict.fromkeys(_WHOLE_CHARGED_WITH_DECIMALS.split(), CurrencyRule(0, 2)),
    **dict.fromkeys(_THREE.split(), CurrencyRule(3, 3, 10)),
    **dict.fromkeys(_FOUR.split(), CurrencyRule(4, 4)),
}
_USUAL = CurrencyRule()
_SIGNS: dict[str, str] = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
# Nine digits before the separator: more than any practice invoices, less than any overflow.
_TYPED = re.compile(r"(\d{1,9})(?:([.,])(\d+))?", re.ASCII)


def currency_rule(currency: str) -> CurrencyRule:
    """How amounts of this currency (ISO 4217) are written and charged."""
    return _RULES.get(currency, _USUAL)


def minor_digits(currency: str) -> int:
    """How many decimals its amounts have: 2 for USD, 0 for JPY, 3 for KWD."""
    return currency_rule(currency).digits


@dataclass(frozen=True, slots=True)
class Money:
    """`minor` whole minor units (cents) of `currency` (ISO 4217)."""

    minor: int
    currency: str = "USD"

    @classmethod
    def parse(cls, text: object, currency: str = "USD", decimal_mark: str = ".") -> Money:
        """Read what a person typed: '40', '40.5', '1200.00', '$40.00' where the currency is USD.

        The currency's sign or none, digits, at most one `decimal_mark`, at most the currency's decimals.
        Everything else is refused (ALL-11), also an ambiguous '12,50': an amount is never guessed.

        Raises: InvalidAmount.
        """
        bare = (
            text.strip(" ").removeprefix(_SIGNS.get(currency, "")).lstrip(" ")
            if isinstance(text, str)
            else ""
        )
        typed = _TYPED.fullmatch(bare)
        digits = minor_digits(currency)
        if typed is None or (typed[2] or decimal_mark) != decimal_mark:
            raise InvalidAmount(currency)
        if len(typed[3] or "") > digits:
            raise InvalidAmount(currency)
        return cls(int(typed[1] + (typed[3] or "").ljust(digits, "0")), currency)

    def _minor_of(self, other: Money) -> int:
        """The other's minor units; amounts of two currencies are a programming error."""
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not add up")
        return other.minor

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._minor_of(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._minor_of(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __mul__(self, times: int) -> Money:
        return Money(self.minor * times, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._minor_of(other)

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._minor_of(other)

    def __gt__(self, other: Money) -> bool:
        return self.minor > self._minor_of(other)

    def __ge__(self, other: Money) -> bool:
        return self.minor >= self._minor_of(other)

    def __bool__(self) -> bool:
        return self.minor != 0

    def zero(self) -> Money:
        return Money(0, self.currency)

    def decimal(self) -> Decimal:
        """The amount in whole units, with all its decimals: 12.50 of 1250 cents."""
        return Decimal(self.minor).scaleb(-minor_digits(self.currency))

    def plain(self) -> str:
        """As programs and form fields write it, without sign or grouping: "1250.50", "-3.00", "5000" of JPY."""
        return f"{self.decimal():.{minor_digits(self.currency)}f}"


class InvalidAmount(UserError):
    """What was typed is no amount of money that can be used here; an example says how one looks (ALL-11)."""

    code = "amount.invalid"
    message = "Enter an amount, like {example}"

    def __init__(self, currency: str, *, field: str = "") -> None:
        super().__init__(field=field, example=Money(40_00, currency))


def total(amounts: Iterable[Money], currency: str = "USD") -> Money:
    """The sum of `amounts`; zero in `currency` when there are none."""
    every = list(amounts)
    return sum(every[1:], every[0]) if every else Money(0, currency)


def split_by_weight(amount: Money, weights: list[int]) -> list[Money]:
    """Split `amount` in proportion to `weights`; minor units that remain go to the first parts, one each.

    The parts always add up to the whole, negative amounts included.
    """
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0:
        raise ValueError("weights must be whole, not negative, and not all zero")
    sign, size = (-1 if amount.minor < 0 else 1), abs(amount.minor)
    parts = [size * weight // whole for weight in weights]
    with_weight = [i for i, weight in enumerate(weights) if weight]
    for i in with_weight[: size - sum(parts)]:
        parts[i] += 1
    return [Money(sign * part, amount.currency) for part in parts]


def split_by_largest_remainder(amount: Money, weights: list[int]) -> list[Money]:
    """Split `amount`, not negative, in proportion to `weights`; minor units that remain go to the largest remainders.

    Of equal remainders the first is served. The parts always add up to the whole.
    """
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0 or amount.minor < 0:
        raise ValueError("weights must be whole, not negative, and not all zero; the amount not negative")
    parts = [amount.minor * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: -(amount.minor * weights[i] % whole))
    for i in by_remainder[: amount.minor - sum(parts)]:
        parts[i] += 1
    return [Money(part, amount.currency) for part in parts]


def percent_of(amount: Money, percent: int) -> Money:
    """`percent` hundredths of `amount`, not negative, rounded half up to the minor unit."""
    return Money((amount.minor * percent + 50) // 100, amount.currency)
