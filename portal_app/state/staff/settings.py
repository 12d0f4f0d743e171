"""The practice's settings: each is saved by itself and shows who changed it last."""

from collections.abc import AsyncIterator, Callable

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.errors import NotFound, UserError
from portal_app.domain.practice_settings import SWITCHES
from portal_app.i18n import gettext_noop, translate
from portal_app.services.practice.settings import Changed, PracticeSettings, change_setting, view_settings
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.live import watch
from portal_app.state.staff.form_values import amount_for_input, read_amount, read_whole_number

_CHANGED_BY = gettext_noop("Changed by {who}, {when}")
_NOT_CHANGED = gettext_noop("Not changed yet")


class SettingsState(PortalState):
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
    # Name of a setting → who changed it last, and the error of its form.
    last_changes: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    errors: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    busy: rx.Field[str] = rx.field("")  # name of the setting that is being saved
    message: rx.Field[str] = rx.field("")

    @rx.event
    @requires(Permission.MANAGE_SETTINGS)
    async def load(self):
        watch("settings", SettingsState.refresh)
        if self._newly_here():
            self.message, self.errors = "", {}
        self.busy = ""
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

    async def _save(self, name: str, read_value: Callable[[], object]) -> AsyncIterator[None]:
        """Saves one setting; its form is busy meanwhile, and shows what `read_value` or the service refuses."""
        self.busy, self.message, self.errors = name, "", {}
        yield
        try:
            await in_thread(change_setting, me(), name, read_value())
            self._show(await in_thread(view_settings, me()))
            self.message = translate(self.language, "Saved.")
        except UserError as error:
            self.errors = {name: translate(self.language, error.message, **error.values)}
        finally:
            self.busy = ""

    def _show(self, view: PracticeSettings) -> None:
        self.online_payments, self.post_automatically = view.online_payments, view.post_automatically
        self.reminders, self.announce_imported = view.reminders, view.announce_imported
        self.link_in_messages, self.pay_link_days = view.link_in_messages, str(view.pay_link_days)
        self.minimum_payment = amount_for_input(view.minimum_payment) if view.minimum_payment else ""
        self.dependent_age, self.embed_origins = str(view.dependent_age), "\n".join(view.embed_origins)
        self.last_changes = {
            name: last_change_text(self.language, change) for name, change in view.changed.items()
        }


def last_change_text(language: str, change: Changed) -> str:
    """Who changed a setting last, and when."""
    if change.at is None:
        return translate(language, _NOT_CHANGED)
    return translate(language, _CHANGED_BY, who=change.by, when=change.at)
