"""What the card processor charges: in which currencies, how little, how much, in which steps, in which units."""

from portal_app.domain.billing.errors import AboveProcessorMaximum, AmountAboveLastStep, AmountNotInSteps
from portal_app.domain.money import Money, currency_rule

# Currencies that Stripe charges (docs.stripe.com/currencies).
_CURRENCIES = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF"
    " CHF CLP CNY COP CRC CVE CZK DJF DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG"
    " HUF IDR ILS INR ISK JMD JOD JPY KES KGS KHR KMF KRW KWD KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT"
    " MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR"
    " SBD SCR SEK SGD SHP SLE SOS SRD STD SVC SZL THB TJS TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VND VUV WST"
    " XAF XCD XOF XPF YER ZAR ZMW"
)
_CHARGEABLE = frozenset(_CURRENCIES.split())
# The least it takes, in minor units (Stripe, "Minimum and maximum charge amounts").
_LEAST = {
    "USD": 50, "AED": 200, "AUD": 50, "BGN": 100, "BRL": 50, "CAD": 50, "CHF": 50, "CZK": 1500,
    "DKK": 250, "EUR": 50, "GBP": 30, "HKD": 400, "HUF": 17500, "INR": 50, "JPY": 50, "MXN": 1000,
    "MYR": 200, "NOK": 300, "NZD": 50, "PLN": 200, "RON": 200, "SEK": 300, "SGD": 50, "THB": 1000,
}  # fmt: skip
_MOST = 99_999_999  # the largest number it takes, in its units


def is_chargeable(currency: str) -> bool:
    """Whether the card processor charges this currency at all."""
    return currency in _CHARGEABLE


def processor_minimum(currency: str) -> Money:
    """The smallest amount that the card processor charges in this currency."""
    return Money(_LEAST.get(currency, 50), currency)


def processor_maximum(currency: str) -> Money:
    """The largest amount of one charge."""
    rule = currency_rule(currency)
    most = _MOST // _units(currency)
    return Money(most - most % rule.step, currency)


def desk_maximum(currency: str) -> Money:
    """The largest amount that staff record at once: more is a typing error."""
    return Money(_MOST, currency)


def check_maximum(amount: Money, *, at_desk: bool = False) -> None:
    """Refuse an amount that is larger than one payment can be.

    Raises: AboveProcessorMaximum.
    """
    most = desk_maximum(amount.currency) if at_desk else processor_maximum(amount.currency)
    if amount > most:
        raise AboveProcessorMaximum(amount=most)


def check_step(amount: Money, largest: Money) -> None:
    """Refuse an amount between two that the processor charges, and name those (the upper one up to `largest`).

    Raises: AmountNotInSteps.
    """
    below, above = nearest_chargeable(amount)
    if below == above:
        return
    step = processor_step(amount.currency)
    if above > largest:
        raise AmountAboveLastStep(step=step, below=below)
    raise AmountNotInSteps(step=step, below=below, above=above)


def processor_step(currency: str) -> Money:
    """Only multiples of this are charged: 0.010 KWD; elsewhere one minor unit."""
    return Money(currency_rule(currency).step, currency)


def nearest_chargeable(amount: Money) -> tuple[Money, Money]:
    """The chargeable amounts just below and above; both are `amount` where it can be charged itself."""
    over = amount.minor % currency_rule(amount.currency).step
    below = Money(amount.minor - over, amount.currency)
    return below, below + processor_step(amount.currency) if over else below


def in_steps(amount: Money) -> bool:
    """Whether the amount is one of the steps in which its currency is charged and refunded."""
    return amount.minor % currency_rule(amount.currency).step == 0


def may_be_charged(amount: Money) -> bool:
    """Whether the card processor takes this amount of this currency at all."""
    code = amount.currency
    return (
        is_chargeable(code)
        and processor_minimum(code) <= amount <= processor_maximum(code)
        and in_steps(amount)
    )


def to_processor_units(amount: Money) -> int:
    """The number that the processor is sent: 500000 for 5,000 UGX, because it counts that currency with decimals."""
    return amount.minor * _units(amount.currency)


def from_processor_units(number: int, currency: str) -> Money:
    """The amount that the processor reports, of any spelling of the currency's code."""
    code = currency.upper()
    return Money(number // _units(code), code)


def _units(currency: str) -> int:
    """How many of the processor's units one minor unit is."""
    rule = currency_rule(currency)
    return 10 ** (rule.charged_digits - rule.digits)
