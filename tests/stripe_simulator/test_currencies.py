"""The portal's table of currencies against the simulator's, which says what Stripe takes (B40, B41)."""

import csv
import os
from pathlib import Path

import pytest

from portal_app.domain.billing.processor_limits import (
    is_chargeable,
    nearest_chargeable,
    processor_maximum,
    processor_minimum,
    to_processor_units,
)
from portal_app.domain.money import Money, currency_rule
from portal_app.stripe_simulator.published import currencies
from portal_app.stripe_simulator.wire import Problem

CODES = [code.upper() for code in sorted(currencies.SUPPORTED.split())]
SHARED = Path(os.environ.get("PORTAL_SHARED", Path(__file__).parents[3] / "shared")).resolve()
PUBLISHED = SHARED / "data/04_hardcases/currencies_minor_units.csv"


def refusal(number: int, currency: str) -> str:
    """The code of Stripe's refusal of this number of its units; "" when it takes them."""
    try:
        currencies.check_currency(currency)
        currencies.check_amount(number, currency)
    except Problem as problem:
        return problem.body["error"].get("code", "currency")
    return ""


@pytest.mark.parametrize("code", CODES)
def test_b40_what_the_portal_charges_is_what_stripe_takes(code: str) -> None:
    least, most = processor_minimum(code), processor_maximum(code)
    step = Money(currency_rule(code).step, code)
    for amount in (least, least + step, most - step, most):
        assert nearest_chargeable(amount) == (amount, amount)
        assert refusal(to_processor_units(amount), code.lower()) == ""
    assert refusal(to_processor_units(most + step), code.lower()) == "amount_too_large"
    for minor in range(1000, 1000 + step.minor):
        takes = refusal(to_processor_units(Money(minor, code) + least), code.lower()) == ""
        assert takes == (nearest_chargeable(Money(minor, code) + least)[0] == Money(minor, code) + least)


def test_proc_1_both_know_the_same_currencies() -> None:
    assert all(is_chargeable(code) for code in CODES)
    for other in ("IQD", "IRR", "XAU", "ABC"):
        assert not is_chargeable(other)
        assert refusal(100_00, other.lower()) == "currency"


@pytest.mark.parametrize(
    ("number", "currency", "code"),
    [
        (5001, "ugx", "parameter_invalid_integer"),
        (500050, "isk", "parameter_invalid_integer"),
        (5005, "kwd", "parameter_invalid_integer"),
        (49, "usd", "amount_too_small"),
        (100_000_000, "usd", "amount_too_large"),
        (0, "usd", "parameter_invalid_integer"),
        (500000, "ugx", ""),
        (5010, "kwd", ""),
    ],
)
def test_the_simulator_refuses_what_stripe_refuses(number: int, currency: str, code: str) -> None:
    assert refusal(number, currency) == code


def test_b40_the_table_agrees_with_the_published_list() -> None:
    if not PUBLISHED.exists():
        pytest.skip("currencies_minor_units.csv is not here")
    decimals = {"zero-decimal": 0, "two-decimal": 2, "three-decimal (round last digit to 0)": 3}
    rows = csv.DictReader(PUBLISHED.read_text().splitlines())
    listed = {row["iso"]: decimals[row["stripe_handling"]] for row in rows}
    listed["UGX"] = 2  # listed without decimals; Stripe's special cases say two, always "00"
    ours = {code: currency_rule(code).charged_digits for code in CODES if code in listed}
    assert ours == {code: listed[code] for code in ours}
    assert len(ours) > 120
