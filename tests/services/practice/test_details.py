"""The practice's name and how it is reached: made once, checked, never half written."""

from collections.abc import Iterator

import pytest
from sqlmodel import col, select

from portal_app.db.scope import reading, transaction
from portal_app.db.tables.audit import AuditEntry
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import nobody, system_principal
from portal_app.domain.errors import PermissionDenied, UserError
from portal_app.services.practice.details import find_details, require_practice, set_details
from portal_app.services.practice.errors import (
    CountryUnknown,
    CurrencyFixed,
    DemoNotLoaded,
    DetailTooLong,
    EmailUnusable,
    HoursUnreadable,
    NameMissing,
    PaperUnknown,
    PhoneUnusable,
    PracticeMissing,
    WebsiteUnusable,
)
from portal_app.services.practice.facts import view_practice
from portal_app.settings import settings
from tests.commands.places import PRODUCTION
from tests.people import People

PORTAL = system_principal("test")
NAME = {"name": "Riverside Family Dental"}


@pytest.fixture(autouse=True)
def production(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The settings of a practice."""
    for name, value in PRODUCTION.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


def audited() -> list[tuple[str, list[str]]]:
    with reading(PORTAL) as tx:
        lines = tx.exec(
            select(AuditEntry).where(col(AuditEntry.subject) == "practice").order_by(col(AuditEntry.seq))
        )
        return [(line.action, line.details.get("fields", [])) for line in lines]


def test_the_first_call_makes_the_practice(db: str):
    assert find_details(nobody()) is None
    with pytest.raises(PracticeMissing):
        require_practice(nobody())
    made = set_details(PORTAL, NAME | {"phone": "(212) 555-0100", "email": "Desk@Riverside.example"})
    assert (made.phone, made.email, made.country) == ("+1 212-555-0100", "Desk@riverside.example", "US")
    assert (made.timezone, made.currency, made.locale) == ("America/New_York", "USD", "en_US")
    require_practice(nobody())
    assert find_details(nobody()) == made
    assert audited() == [("insert:practice", [])]


def test_a_later_call_changes_what_it_names_and_nothing_else(sample_people: People):
    before = find_details(nobody())
    assert before
    set_details(PORTAL, {"city": "  Troy\n", "website": "https://riverside.example"}, hours=("es=De 8 a 5",))
    after = find_details(nobody())
    assert after and (after.name, after.phone, after.city) == (before.name, before.phone, "Troy")
    assert after.opening_hours == {"es": "De 8 a 5"}
    set_details(PORTAL, {"website": "", "country": ""})
    emptied = find_details(nobody())
    assert emptied and (emptied.website, emptied.country, emptied.city) == ("", "US", "Troy")
    ((_, fields), _) = audited()[-2:]
    assert sorted(fields) == ["city", "opening_hours", "version", "website"]


def test_other_processes_see_the_new_name_at_once(sample_people: People):
    set_details(PORTAL, NAME | {"name": "Another Name"})
    assert view_practice(nobody()).name == "Another Name"
    with reading(PORTAL) as tx:
        assert tx.get_or_404(Practice, "practice").version == 2


@pytest.mark.parametrize(
    ("details", "hours", "reason"),
    [
        ({"phone": "12"}, None, PhoneUnusable),
        ({"phone": "call us"}, None, PhoneUnusable),
        ({"email": "desk@"}, None, EmailUnusable),
        ({"country": "USA"}, None, CountryUnknown),
        ({"country": "QX"}, None, CountryUnknown),
        ({"website": "riverside"}, None, WebsiteUnusable),
        ({"website": "javascript:alert(1)//a.example"}, None, WebsiteUnusable),
        ({"paper": "letter"}, None, PaperUnknown),
        ({"line1": "x" * 121}, None, DetailTooLong),
        ({"name": " \x00 "}, None, NameMissing),
        ({}, ("fr=Lundi",), HoursUnreadable),
        ({}, ("en=",), HoursUnreadable),
    ],
)
def test_what_is_not_usable_is_refused_and_nothing_is_written(
    sample_people: People, details: dict[str, str], hours: tuple[str, ...] | None, reason: type[UserError]
):
    before = find_details(nobody())
    with pytest.raises(reason):
        set_details(PORTAL, {"city": "Troy"} | details, hours=hours)
    assert find_details(nobody()) == before and audited()[-1][0] == "insert:practice"


def test_a_practice_without_a_name_is_not_made(db: str):
    with pytest.raises(NameMissing):
        set_details(PORTAL, {"city": "Troy"})
    assert find_details(nobody()) is None


def test_a_name_that_was_emptied_has_to_be_set_again(sample_people: People):
    with transaction(PORTAL) as tx:
        tx.get_or_404(Practice, "practice", lock=True).name = ""
    with pytest.raises(PracticeMissing):
        require_practice(nobody())
    with pytest.raises(NameMissing):
        set_details(PORTAL, {"city": "Troy"})
    set_details(PORTAL, NAME)
    require_practice(nobody())


def test_the_currency_stays_once_there_is_money(sample_people: People, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PORTAL_CURRENCY", "EUR")
    settings.cache_clear()
    with pytest.raises(CurrencyFixed) as refused:
        set_details(PORTAL, NAME)
    assert refused.value.values == {"kept": "USD", "wanted": "EUR"}


def test_time_zone_and_locale_follow_the_settings(sample_people: People, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PORTAL_TIMEZONE", "America/Chicago")
    monkeypatch.setenv("PORTAL_LOCALE", "es_US")
    settings.cache_clear()
    changed = set_details(PORTAL, {"city": "Troy"})
    assert (changed.timezone, changed.currency, changed.locale) == ("America/Chicago", "USD", "es_US")


def test_nobody_else_sets_them(sample_people: People):
    with pytest.raises(PermissionDenied):
        set_details(nobody(), NAME)


def test_a_demo_has_a_practice_of_its_own(db: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PORTAL_MODE", "demo")
    monkeypatch.setenv("PORTAL_PUBLIC_URL", "http://localhost:3000")
    settings.cache_clear()
    require_practice(nobody())
    with pytest.raises(DemoNotLoaded):
        set_details(PORTAL, NAME)
