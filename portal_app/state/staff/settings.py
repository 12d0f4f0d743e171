"""The practice's settings: each is changed by itself, and says who changed it last."""

from collections.abc import AsyncIterator, Callable

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.errors import UserError
from portal_app.domain.practice_settings import SWITCHES
from portal_app.i18n import gettext_noop, translate
from portal_app.services.practice.settings import Changed, PracticeSettings, change_setting, view_settings
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.live import watch
from portal_app.state.staff.labels import plain_amount, typed_money

BY = gettext_noop("Changed by {who}, {when}")
NEVER = gettext_noop("Not changed yet")


class SettingsState(PortalState):
    ready: rx.Field[bool] = rx.field(False)
    online_payments: rx.Field[bool] = rx.field(False)
    post_automatically: rx.Field[bool] = rx.field(False)
    reminders: rx.Field[bool] = rx.field(False)
    announce_imported: rx.Field[bool] = rx.field(False)
    link_in_messages: rx.Field[bool] = rx.field(False)
    minimum: rx.Field[str] = rx.field("")
    link_days: rx.Field[str] = rx.field("")
    age: rx.Field[str] = rx.field("")
    origins: rx.Field[str] = rx.field("")
    changed: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    busy: rx.Field[str] = rx.field("")  # the setting that is being changed
    trouble: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    said: rx.Field[str] = rx.field("")

    @rx.event
    @requires(Permission.MANAGE_SETTINGS)
    async def load(self):
        watch("settings", SettingsState.refresh)
        if self._newly_here():
            self.said, self.trouble = "", {}
        self.busy = ""
        self._show(await in_thread(view_settings, me()))
        self.ready = True

    @rx.event
    @requires(Permission.MANAGE_SETTINGS, activity=False)
    async def refresh(self):
        """Asked for by the server when somebody changes a setting."""
        self._show(await in_thread(view_settings, me()))

    @rx.event
    @requires(Permission.MANAGE_SETTINGS)
    async def switch(self, name: str, on: bool):
        """One of those that are on or off."""
        if name not in SWITCHES:
            raise UserError("We could not find that.")
        async for shown in self._changed(name, lambda: on):
            yield shown

    @rx.event
    @requires(Permission.MANAGE_SETTINGS)
    async def save_minimum(self, form: dict[str, str]):
        """Empty: none but the card processor's own."""
        given = form.get("amount", "").strip()
        async for shown in self._changed("minimum_payment", lambda: typed_money(form) if given else None):
            yield shown

    @rx.event
    @requires(Permission.MANAGE_SETTINGS)
    async def save_age(self, form: dict[str, str]):
        async for shown in self._changed("dependent_age", lambda: _number(form.get("age", ""))):
            yield shown

    @rx.event
    @requires(Permission.MANAGE_SETTINGS)
    async def save_link_days(self, form: dict[str, str]):
        async for shown in self._changed("pay_link_days", lambda: _number(form.get("days", ""))):
            yield shown

    @rx.event
    @requires(Permission.MANAGE_SETTINGS)
    async def save_origins(self, form: dict[str, str]):
        async for shown in self._changed(
            "embed_origins", lambda: form.get("origins", "").replace(",", " ").split()
        ):
            yield shown

    async def _changed(self, name: str, value: Callable[[], object]) -> AsyncIterator[None]:
        """Its form is busy meanwhile; what `value` or the service refuses is said by its field."""
        self.busy, self.said, self.trouble = name, "", {}
        yield
        try:
            await in_thread(change_setting, me(), name, value())
            self._show(await in_thread(view_settings, me()))
            self.said = translate(self.language, "Saved.")
        except UserError as refusal:
            self.trouble = {name: translate(self.language, refusal.message, **refusal.values)}
        finally:
            self.busy = ""

    def _show(self, seen: PracticeSettings) -> None:
        self.online_payments, self.post_automatically = seen.online_payments, seen.post_automatically
        self.reminders, self.announce_imported = seen.reminders, seen.announce_imported
        self.link_in_messages, self.link_days = seen.link_in_messages, str(seen.pay_link_days)
        self.minimum = plain_amount(seen.minimum_payment) if seen.minimum_payment else ""
        self.age, self.origins = str(seen.dependent_age), "\n".join(seen.embed_origins)
        self.changed = {name: self._by(change) for name, change in seen.changed.items()}

    def _by(self, change: Changed) -> str:
        if change.at is None:
            return translate(self.language, NEVER)
        return translate(self.language, BY, who=change.by, when=change.at)


def _number(text: str) -> int:
    """A whole number as it was typed; 0, which no setting takes, for anything else."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else 0
