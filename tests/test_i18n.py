from datetime import UTC, date, datetime, timedelta

import pytest

from portal_app import clock
from portal_app.domain.money import Money
from portal_app.i18n import (
    ago_text,
    date_text,
    money_text,
    month_short,
    month_text,
    names_text,
    paid_with_text,
    plural,
    time_text,
    translate,
    weekday_text,
)


@pytest.mark.parametrize(
    ("kept", "spanish"),
    [
        ("Check 1183", "Cheque 1183"),
        ("Health savings account", "Cuenta de ahorros para la salud"),
        ("Visa ending in 4242", "Visa terminada en 4242"),
        ("Cash", "Efectivo"),
    ],
)
def test_what_was_paid_with_is_said_in_the_readers_language(kept: str, spanish: str):
    assert paid_with_text("en", kept) == kept
    assert paid_with_text("es", kept) == spanish


@pytest.mark.parametrize(
    ("amount", "english", "spanish"),
    [
        (Money(125050), "$1,250.50", "$1,250.50"),
        (Money(0), "$0.00", "$0.00"),
        (Money(30), "$0.30", "$0.30"),
        (Money(-8000), "−$80.00", "−$80.00"),
        (Money(99_999_999_999), "$999,999,999.99", "$999,999,999.99"),
        (Money(500, "JPY"), "¥500", "¥500"),
        (Money(123456, "EUR"), "€1,234.56", "EUR 1,234.56"),
    ],
)
def test_money_reads_as_in_the_united_states_in_both_languages(amount: Money, english: str, spanish: str):
    assert money_text("en", amount) == english
    assert money_text("es", amount).replace("\xa0", " ") == spanish


@pytest.mark.parametrize(
    ("currency", "shown"),
    [
        ("RSD", "RSD 1,234.56"),
        ("ALL", "ALL 1,234.56"),
        ("LBP", "LBP 1,234.56"),
        ("MMK", "MMK 1,234.56"),
        ("IQD", "IQD 123.456"),
        ("KWD", "KWD 123.456"),
        ("MGA", "MGA 123,456"),
        ("UGX", "UGX 123,456"),
        ("ISK", "ISK 123,456"),
    ],
)
def test_b42_the_decimals_that_are_charged_are_shown(currency: str, shown: str):
    for language in ("en", "es"):
        assert money_text(language, Money(123456, currency)).replace("\xa0", " ") == shown
        assert money_text(language, Money(-123456, currency)).replace("\xa0", " ") == f"−{shown}"


@pytest.mark.parametrize(
    ("day", "english", "spanish"),
    [
        (date(2026, 12, 5), "December 5", "5 de diciembre"),
        (date(2025, 12, 5), "December 5, 2025", "5 de diciembre de 2025"),
        (date(2027, 1, 1), "January 1, 2027", "1 de enero de 2027"),
    ],
)
def test_a_date_says_its_year_only_when_it_is_not_this_one(day: date, english: str, spanish: str):
    assert (date_text("en", day), date_text("es", day)) == (english, spanish)


def test_a_time_is_the_practices_own():
    moment = datetime(2026, 12, 1, 15, 20, tzinfo=UTC)  # 10:20 in New York
    assert time_text("en", moment).replace("\xa0", " ") == "10:20 am"
    assert time_text("es", moment).replace("\xa0", " ") == "10:20 a.m."


def test_the_pieces_of_a_calendar():
    day = date(2026, 12, 1)
    assert weekday_text("en", day) == "Tuesday, December 1"
    assert weekday_text("es", day) == "martes, 1 de diciembre"
    assert (month_short("en", day), month_short("es", day)) == ("Dec", "dic")
    assert (month_text("en", 3, 2028), month_text("es", 3, 2028)) == ("March 2028", "marzo de 2028")


@pytest.mark.parametrize(
    ("minutes", "english", "spanish"),
    [
        (0, "just now", "hace un momento"),
        (5, "5 minutes ago", "hace 5 minutos"),
        (120, "2 hours ago", "hace 2 horas"),
    ],
)
def test_how_long_ago(minutes: int, english: str, spanish: str):
    then = clock.now() - timedelta(minutes=minutes)
    assert (ago_text("en", then), ago_text("es", then)) == (english, spanish)


def test_names_are_listed_as_people_say_them():
    assert names_text("en", ["Eva"]) == "Eva"
    assert names_text("en", ["Eva", "Tim"]) == "Eva and Tim"
    assert names_text("en", ["Eva", "Tim", "Tom"]) == "Eva, Tim and Tom"
    assert names_text("es", ["Eva", "Tim", "Tom"]) == "Eva, Tim y Tom"


def test_what_is_filled_in_is_written_as_the_reader_writes_it():
    assert translate("es", "You can pay up to {amount}", amount=Money(7000)) == "Puede pagar hasta $70.00"
    assert translate("es", "Due {day}", day=date(2026, 12, 5)) == "Vence el 5 de diciembre"
    assert translate("en", "For {people}", people=("Eva", "Tim")) == "For Eva and Tim"


def test_a_language_without_a_catalog_speaks_english():
    assert translate("fr", "Sign in") == "Sign in"
    assert translate("en", "") == ""


def test_the_number_chooses_its_form():
    words = ("{n} invoice to pay", "{n} invoices to pay")
    assert [plural("en", *words, n) for n in (1, 2)] == ["1 invoice to pay", "2 invoices to pay"]
    assert [plural("es", *words, n) for n in (1, 1200)] == ["1 factura por pagar", "1,200 facturas por pagar"]
