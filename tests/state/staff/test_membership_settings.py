"""The membership settings on /staff/settings."""

import pytest

from portal_app.db.scope import reading
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import system_principal
from portal_app.domain.errors import PermissionDenied
from portal_app.domain.practice_settings import MEMBERSHIP_SETTINGS, SETTINGS, NumberOutOfRange
from portal_app.pages.staff.settings.memberships import _numbers, _switches
from portal_app.services.practice.settings import change_setting
from portal_app.state.staff.settings import SettingsState
from tests.people import People
from tests.state_helper import happens, look_from, on_screen, shows_refusal


@pytest.fixture
async def page(sqlite_db: str, monkeypatch: pytest.MonkeyPatch) -> SettingsState:
    look_from(monkeypatch, People.create().olga)
    page = on_screen(SettingsState, "/staff/settings")
    await happens(page.refresh)
    return page


def stored(name: str) -> object:
    with reading(system_principal("test")) as tx:
        return SETTINGS[name].read(tx.get_or_404(Practice, "practice"))


async def test_every_membership_setting_is_on_the_page_with_its_value(page: SettingsState):
    shown = {name for name, _, _ in (*_switches(), *_numbers())}
    assert shown == {setting.name for setting in MEMBERSHIP_SETTINGS}
    assert shown == page.membership_switches.keys() | page.membership_numbers.keys()
    assert page.membership_switches["membership_join_online"] is False
    assert page.membership_numbers["membership_autopay_hour"] == "9"


async def test_a_switch_and_a_number_are_saved_and_say_by_whom(page: SettingsState):
    await happens(page.set_switch, name="membership_join_online", on=True)
    await happens(page.save_membership_number, name="membership_days_ahead", form={"number": "7"})
    assert (stored("membership_join_online"), stored("membership_days_ahead")) == (True, 7)
    assert page.membership_switches["membership_join_online"] is True
    assert "Olga Novak" in page.last_changes["membership_days_ahead"]
    await happens(page.save_membership_number, name="membership_days_ahead", form={"number": "0"})
    assert stored("membership_days_ahead") == 0


@pytest.mark.parametrize("typed", ["29", "-1", "", "seven", "1.5", "9" * 30])
async def test_another_number_is_refused_at_its_field(page: SettingsState, typed: str):
    await happens(page.save_membership_number, name="membership_days_ahead", form={"number": typed})
    assert shows_refusal(page, NumberOutOfRange, "membership_days_ahead")
    assert stored("membership_days_ahead") == 0


async def test_no_other_setting_is_saved_by_this_form(page: SettingsState):
    before = stored("dependent_age")
    await happens(page.save_membership_number, name="dependent_age", form={"number": "12"})
    assert stored("dependent_age") == before != 12
    assert page.tone == "late"


def test_who_may_not_manage_plans_changes_none(sqlite_db: str):
    with pytest.raises(PermissionDenied):
        change_setting(People.create().dana, "membership_join_online", True)
