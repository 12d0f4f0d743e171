"""Which amounts of which currencies Stripe takes (docs.stripe.com/currencies). Says it again on purpose: the portal's
own table must not be what it is checked against."""

from portal_app.stripe_simulator.wire import Problem

SUPPORTED = (
    "usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp byn bzd cad cdf chf"
    " clp cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl htg huf idr ils"
    " inr isk jmd jod jpy kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mur mvr mwk"
    " mxn myr mzn nad ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek sgd shp"
    " sle sos srd std szl thb tjs tnd top try ttd twd tzs uah ugx uyu uzs vnd vuv wst xaf xcd xof xpf yer zar zmw btn"
    " ghs svc"
)
_ONLY_WHOLE = ("isk", "ugx")  # two decimals, which must be 00
_THREE_DECIMALS = ("bhd", "jod", "kwd", "omr", "tnd")  # the last digit must be 0
_LEAST = {
    "usd": 50, "aed": 200, "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "czk": 1500, "dkk": 250, "eur": 50,
    "gbp": 30, "hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "mxn": 1000, "myr": 200, "nok": 300, "nzd": 50,
    "pln": 200, "ron": 200, "sek": 300, "sgd": 50, "thb": 1000,
}  # fmt: skip
_MOST = 99_999_999


def check_currency(currency: str) -> None:
    """Refuse a currency that Stripe does not charge. Raises Problem."""
    if currency not in SUPPORTED.split():
        words = f"Invalid currency: {currency}. Stripe currently supports these currencies: {', '.join(SUPPORTED.split())}"
        raise Problem(400, words, param="currency")


def check_amount(amount: int, currency: str) -> None:
    """Refuse an amount that Stripe does not charge in this currency. Raises Problem."""
    if amount < 1:
        words = "This value must be greater than or equal to 1."
        raise Problem(400, words, "parameter_invalid_integer", "amount")
    check_decimals(amount, currency)
    least = _LEAST.get(currency, 50)
    if amount < least:
        words = f"Amount must be at least {least} in the smallest unit of {currency}"
        raise Problem(400, words, "amount_too_small", "amount")
    if amount > _MOST:
        words = f"Amount must be no more than {_MOST} in the smallest unit of {currency}"
        raise Problem(400, words, "amount_too_large", "amount")


def check_decimals(amount: int, currency: str) -> None:
    """Refuse decimals that Stripe does not charge or refund in this currency. Raises Problem."""
    step = 100 if currency in _ONLY_WHOLE else 10 if currency in _THREE_DECIMALS else 1
    if amount % step:
        words = f"Invalid amount: amounts in {currency} must be evenly divisible by {step}."
        raise Problem(400, words, "parameter_invalid_integer", "amount")
