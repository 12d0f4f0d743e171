"""Settings of the practice: permission, validation, history."""

import pytest

from portal_app.db.scope import reading
from portal_app.db.tables.practice import Practice
from portal_app.domain.errors import NotFound, PermissionDenied, UserError
from portal_app.domain.money import Money
from portal_app.domain.sites.errors import SiteUnusable
from portal_app.services.practice.embedding import framed_by
from portal_app.services.practice.facts import practice
from portal_app.services.practice.settings import change_setting, view_settings
from tests.people import (
    People,
)
from tests.services.billing.billing_helper import PORTAL


def test_settings_record_who_changed_them_and_are_valid_in_every_process(sample_people: People) -> None:
    with reading(PORTAL) as tx:
        before = practice(tx).version
    assert change_setting(sample_people.olga, "online_payments", False) is True
    assert change_setting(sample_people.olga, "online_payments", False) is False
    assert change_setting(sample_people.olga, "minimum_payment", Money(5_00)) is True
    assert change_setting(sample_people.olga, "dependent_age", 15) is True
    assert change_setting(sample_people.olga, "embed_origins", ["https://juniper.example"]) is True
    seen = view_settings(sample_people.olga)
    assert (seen.online_payments, seen.minimum_payment, seen.dependent_age) == (False, Money(5_00), 15)
    assert (seen.changed["online_payments"].by, seen.changed["post_automatically"].by) == ("Olga Novak", "")
    with reading(PORTAL) as tx:
        facts = practice(tx)
    assert (facts.version, facts.online_payments, facts.dependent_age) == (before + 4, False, 15)


def test_messages_and_pay_links_are_settings_too(sample_people: People) -> None:
    changes = {"reminders": False, "announce_imported": True, "link_in_messages": True, "pay_link_days": 30}
    for name, value in changes.items():
        assert change_setting(sample_people.olga, name, value) is True
    seen = view_settings(sample_people.olga)
    assert {name: getattr(seen, name) for name in changes} == changes
    assert {seen.changed[name].by for name in changes} == {"Olga Novak"}


OF_ITS_OWN = {  # what a person may have typed; anything else comes from no form of ours
    ("pay_link_days", 0): "setting.link_days_out_of_range",
    ("pay_link_days", 91): "setting.link_days_out_of_range",
    ("dependent_age", 11): "setting.age_out_of_range",
    ("dependent_age", 19): "setting.age_out_of_range",
    ("minimum_payment", Money(0)): "amount.invalid",
    ("embed_origins", tuple(f"https://site{n}.example" for n in range(11))): "site.too_many",
    ("wording:due_soon:en", "no amount"): "template.placeholder_missing",
}


@pytest.mark.parametrize(("asked", "code"), OF_ITS_OWN.items())
def test_an_invalid_setting_is_refused_by_its_code(
    sample_people: People, asked: tuple[str, object], code: str
) -> None:
    name, value = asked
    value = list(value) if isinstance(value, tuple) else value
    with pytest.raises(UserError) as refused:
        change_setting(sample_people.olga, name, {"body": value} if name.startswith("wording") else value)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pay_link_days", True),
        ("reminders", "off"),
        ("dependent_age", True),
        ("minimum_payment", "5"),
        ("online_payments", 1),
        ("embed_origins", "https://juniper.example"),
        ("embed_origins", [7]),
        ("wording", {"due_soon": {"en": {"subject": "Hello"}}}),
        ("wording:due_soon:fr", {"body": "{amount}"}),
        ("wording:sign_in_code:en", {"body": "{code}"}),
        ("due_soon:en", {"body": "{amount}"}),
        ("name", "Mine"),
        ("version", 1),
    ],
)
def test_what_no_form_of_ours_sends_is_no_setting(sample_people: People, name: str, value: object) -> None:
    with pytest.raises(NotFound):
        change_setting(sample_people.olga, name, value)


def test_changing_settings_needs_its_permission(sample_people: People) -> None:
    for who in (sample_people.nora, sample_people.dana, sample_people.maria):
        with pytest.raises(PermissionDenied):
            change_setting(who, "online_payments", False)
        with pytest.raises(PermissionDenied):
            view_settings(who)
    with reading(PORTAL) as tx:
        assert tx.get_or_404(Practice, "practice").online_payments


@pytest.mark.parametrize(
    "text",
    [
        "juniper.example",
        "http://juniper.example",
        "https://juniper.example/pay",
        "https://*.example",
        "https://user@juniper.example",
        "https://juniper",
        "javascript:alert(1)",
        "https://juniper.example;script-src *",
        "'self'",
        "https://juniper.example?x",
        "null",
    ],
)
def test_an_address_that_is_no_website_may_not_frame_the_portal(sample_people: People, text: str) -> None:
    with pytest.raises(SiteUnusable):
        change_setting(sample_people.olga, "embed_origins", [text])
    assert framed_by(PORTAL) == ()


def test_addresses_of_websites_are_stored_as_browsers_send_them(sample_people: People) -> None:
    typed = ["https://Juniper.Example/", "https://www.juniper.example:8443", "http://localhost:8000"]
    change_setting(sample_people.olga, "embed_origins", [*typed, "https://juniper.example"])
    assert framed_by(PORTAL) == (
        "https://juniper.example",
        "https://www.juniper.example:8443",
        "http://localhost:8000",
    )
