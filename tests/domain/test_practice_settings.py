"""Each setting of the practice is declared once: type, default, validator, permission."""

from typing import Any

import pytest

from portal_app.domain.access import Permission
from portal_app.domain.errors import NotFound, UserError
from portal_app.domain.money import InvalidAmount, Money
from portal_app.domain.practice_settings import SETTINGS, SWITCHES, AgeOutOfRange, LinkDaysOutOfRange, Setting
from portal_app.domain.sites.errors import SiteUnusable, TooManySites


class Row:
    """As much of the practice's row as a setting touches."""

    wording: dict[str, Any] = {"due_soon": {"en": {"body": "old"}, "es": {"body": "antiguo"}}}
    reminders = True
    membership_settings: dict[str, Any] = {}


@pytest.mark.parametrize("name", SETTINGS)
def test_the_default_of_a_setting_is_one_that_may_be_chosen(name: str):
    setting = SETTINGS[name]
    assert setting.checked(setting.default) == setting.default
    owners = {"membership": Permission.MANAGE_PLANS, "agreement": Permission.MANAGE_AGREEMENTS}
    assert setting.permission is owners.get(name.partition("_")[0], Permission.MANAGE_SETTINGS)


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("value", ["on", 1.5, object(), {"a": "b"}])
def test_a_value_of_another_type_is_none_of_a_setting(name: str, value: object):
    with pytest.raises(NotFound):
        SETTINGS[name].checked(value)


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_is_on_or_off_and_no_number(name: str):
    assert SETTINGS[name].checked(True) is True and SETTINGS[name].checked(False) is False
    with pytest.raises(NotFound):
        SETTINGS[name].checked(1)


@pytest.mark.parametrize(
    ("name", "least", "most", "error"),
    [("dependent_age", 12, 18, AgeOutOfRange), ("pay_link_days", 1, 90, LinkDaysOutOfRange)],
)
def test_a_number_stays_within_its_limits(name: str, least: int, most: int, error: type[UserError]):
    check = SETTINGS[name].checked
    assert (check(least), check(most)) == (least, most)
    for wrong in (least - 1, most + 1):
        with pytest.raises(error):
            check(wrong)
    with pytest.raises(NotFound):
        check(True)


def test_the_smallest_payment_is_an_amount_or_none():
    check = SETTINGS["minimum_payment"].checked
    assert (check(None), check(Money(1))) == (None, Money(1))
    for wrong in (Money(0), Money(-5)):
        with pytest.raises(InvalidAmount):
            check(wrong)


def test_websites_are_kept_as_browsers_name_them_each_once():
    check = SETTINGS["embed_origins"].checked
    assert check(("https://A.example/", "https://a.example")) == ["https://a.example"]
    with pytest.raises(SiteUnusable):
        check(["https://a.example", "*"])
    with pytest.raises(TooManySites):
        check([f"https://site{number}.example" for number in range(11)])


def test_a_setting_inside_a_document_leaves_the_others_as_they_are():
    row, before = Row(), Row.wording
    setting = Setting("w", (dict,), {}, lambda value: value, column="wording", path=("due_soon", "en"))
    assert setting.read(row) == {"body": "old"}
    setting.write(row, {"body": "new"})
    assert row.wording == {"due_soon": {"en": {"body": "new"}, "es": {"body": "antiguo"}}}
    assert before["due_soon"]["en"] == {"body": "old"}
    assert (
        Setting("w", (dict,), {}, lambda value: value, column="wording", path=("overdue", "en")).read(row)
        == {}
    )
