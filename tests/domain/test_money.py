"""Reading an amount that a person typed."""

import pytest

from portal_app.domain.money import InvalidAmount, Money


@pytest.mark.parametrize("typed", ["$20", "$ 20.00", " $20.0 ", "20"])
def test_the_sign_of_the_currency_may_precede_an_amount(typed: str) -> None:
    assert Money.parse(typed) == Money(20_00)


@pytest.mark.parametrize("typed", ["€5", "$"])
def test_another_currencys_sign_or_only_a_sign_is_no_amount(typed: str) -> None:
    with pytest.raises(InvalidAmount):
        Money.parse(typed)


@pytest.mark.parametrize(
    "typed",
    ["-5", "$$5", "-$5", "$-5", "0.001", "10.005", "1e3", "NaN", " 12,50 ", "1000000000000", "", None],
)
def test_all_11_what_is_no_amount_is_refused(typed: object) -> None:
    with pytest.raises(InvalidAmount):
        Money.parse(typed)


@pytest.mark.parametrize(
    ("amount", "plain"),
    [
        (Money(1_250_50), "1250.50"),
        (Money(-5), "-0.05"),
        (Money(5000, "UGX"), "5000"),
        (Money(-1_005, "KWD"), "-1.005"),
        (Money(12_3456, "CLF"), "12.3456"),
    ],
)
def test_programs_read_the_decimals_of_the_currency(amount: Money, plain: str) -> None:
    assert amount.plain() == plain


@pytest.mark.parametrize(
    ("currency", "typed"), [("UGX", "5.50"), ("MGA", "5.5"), ("JPY", "5.0"), ("KWD", "1.0005")]
)
def test_b40_decimals_that_the_currency_has_not_are_refused(currency: str, typed: str) -> None:
    with pytest.raises(InvalidAmount):
        Money.parse(typed, currency)
