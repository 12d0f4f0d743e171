"""The practice's settings: each is saved by itself and shows who changed it last."""

from collections.abc import AsyncIterator, Callable

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.errors import NotFound
from portal_app.domain.practice_settings import SWITCHES
from portal_app.i18n import gettext_noop, translate
from portal_app.services.practice.settings import Changed, PracticeSettings, change_setting, view_settings
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.feedback import Feedback, run_busy
from portal_app.state.live import watch
from portal_app.state.staff.form_values import read_amount, read_whole_number

_CHANGED_BY = gettext_noop("Changed by {who}, {when}")
_NOT_CHANGED = gettext_noop("Not changed yet")


class SettingsState(Feedback, PortalState):
    ready: rx.Field[bool] = rx.field(False)
    online_payments: rx.Field[bool] = rx.field(False)
    post_automatically: rx.Field[bool] = rx.field(False)
    reminders: rx.Field[bool] = rx.field(False)
    announce_imported: rx.Field[bool] = rx.field(False)
    link_in_messages: rx.Field[bool] = rx.field(False)
    minimum_payment: rx.Field[str] = rx.field("")
    pay_link_days: rx.Field[str] = rx.field("")
    dependent_age: rx.Field[str] = rx.field("")
    embed_origins: rx.Field[str] = rx.field("")
    membership_switches: rx.Field[dict[str, bool]] = rx.field(default_factory=dict)  # by the setting's name
    membership_numbers: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    agreement_numbers: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    last_changes: rx.Field[dict[str, str]] = rx.field(default_factory=dict)  # setting → who changed it last
    saving: rx.Field[str] = rx.field("")  # the setting that is saved while the page is busy

    @rx.event
    @requires(Permission.MANAGE_SETTINGS)
    async def load(self):
        watch("settings", SettingsState.refresh)
        if self._newly_here():
            self._clear_feedback()
        self.busy = False
        self._show(await in_thread(view_settings, me()))
        self.ready = True

    @rx.event
    @requires(Permission.MANAGE_SETTINGS, activity=False)
    async def refresh(self):
        """Called by the server when a setting is changed."""
        self._show(await in_thread(view_settings, me()))

    @rx.event
    @requires(Permission.MANAGE_SETTINGS)
    async def set_switch(self, name: str, on: bool):
        """Turns a setting on or off."""
        if name not in SWITCHES:
            raise NotFound
        async for step in self._save(name, lambda: on):
            yield step

    @rx.event
    @requires(Permission.MANAGE_SETTINGS)
    async def save_minimum(self, form: dict[str, str]):
        """The smallest online payment; empty is no limit but the card processor's own."""
        typed = form.get("amount", "").strip()
        async for step in self._save("minimum_payment", lambda: read_amount(form) if typed else None):
            yield step

    @rx.event
    @requires(Permission.MANAGE_SETTINGS)
    async def save_age(self, form: dict[str, str]):
        async for step in self._save("dependent_age", lambda: read_whole_number(form, "age")):
            yield step

    @rx.event
    @requires(Permission.MANAGE_SETTINGS)
    async def save_link_days(self, form: dict[str, str]):
        async for step in self._save("pay_link_days", lambda: read_whole_number(form, "days")):
            yield step

    @rx.event
    @requires(Permission.MANAGE_SETTINGS)
    async def save_origins(self, form: dict[str, str]):
        typed = form.get("origins", "")
        async for step in self._save("embed_origins", lambda: typed.replace(",", " ").split()):
            yield step

    @rx.event
    @requires(Permission.MANAGE_SETTINGS)
    async def save_membership_number(self, name: str, form: dict[str, str]):
        if name not in self.membership_numbers:
            raise NotFound
        async for step in self._save(name, lambda: read_whole_number(form, "number", digits=6, otherwise=-1)):
            yield step

    @rx.event
    @requires(Permission.MANAGE_SETTINGS)
    async def save_agreement_number(self, name: str, form: dict[str, str]):
        if name not in self.agreement_numbers:
            raise NotFound
        async for step in self._save(name, lambda: read_whole_number(form, "number", otherwise=-1)):
            yield step

    async def _save(self, name: str, read_value: Callable[[], object]) -> AsyncIterator[None]:
        """Saves one setting; its form is busy meanwhile, and shows what `read_value` or the service refuses."""
        self.saving = name
        async for step in run_busy(self, self._change(name, read_value), default_field=name):
            yield step

    async def _change(self, name: str, read_value: Callable[[], object]) -> None:
        await in_thread(change_setting, me(), name, read_value())
        self._show(await in_thread(view_settings, me()))
        self._show_done(gettext_noop("Saved."))

    def _show(self, view: PracticeSettings) -> None:
        self.online_payments, self.post_automatically = view.online_payments, view.post_automatically
        self.reminders, self.announce_imported = view.reminders, view.announce_imported
        self.link_in_messages, self.pay_link_days = view.link_in_messages, str(view.pay_link_days)
        self.minimum_payment = view.minimum_payment.plain() if view.minimum_payment else ""
        self.dependent_age, self.embed_origins = str(view.dependent_age), "\n".join(view.embed_origins)
        self.membership_switches = {
            name: value for name, value in view.memberships.items() if isinstance(value, bool)
        }
        self.membership_numbers = {
            name: str(value) for name, value in view.memberships.items() if not isinstance(value, bool)
        }
        self.agreement_numbers = {name: str(value) for name, value in view.agreements.items()}
        self.last_changes = {
            name: last_change_text(self.language, change) for name, change in view.changed.items()
        }


def last_change_text(language: str, change: Changed) -> str:
    """Who changed a setting last, and when."""
    if change.at is None:
        return translate(language, _NOT_CHANGED)
    return translate(language, _CHANGED_BY, who=change.by, when=change.at)
