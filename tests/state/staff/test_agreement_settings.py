"""The agreement settings on /staff/settings."""

import pytest

from portal_app.db.scope import reading
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import system_principal
from portal_app.domain.practice_settings import AGREEMENT_SETTINGS, SETTINGS, NumberOutOfRange
from portal_app.pages.staff.settings.agreements import _numbers
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


async def test_every_agreement_setting_is_on_the_page_with_its_value(page: SettingsState):
    shown = {name for name, _, _ in _numbers()}
    assert shown == {setting.name for setting in AGREEMENT_SETTINGS} == page.agreement_numbers.keys()
    assert page.agreement_numbers["agreement_expires_days"] == "30"


async def test_one_is_saved_and_says_by_whom(page: SettingsState):
    await happens(page.save_agreement_number, name="agreement_reminders", form={"number": "0"})
    assert stored("agreement_reminders") == 0
    assert "Olga Novak" in page.last_changes["agreement_reminders"]


@pytest.mark.parametrize("typed", ["366", "0", "", "many"])
async def test_another_number_is_refused_at_its_field(page: SettingsState, typed: str):
    await happens(page.save_agreement_number, name="agreement_expires_days", form={"number": typed})
    assert shows_refusal(page, NumberOutOfRange, "agreement_expires_days")
    assert stored("agreement_expires_days") == 30


async def test_no_other_setting_is_saved_by_this_form(page: SettingsState):
    before = stored("dependent_age")
    await happens(page.save_agreement_number, name="dependent_age", form={"number": "12"})
    assert stored("dependent_age") == before
