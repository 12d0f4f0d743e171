""" "My sign-in": what a patient sets up for themself, each change after showing once more who they are."""

from dataclasses import dataclass
from datetime import datetime

import reflex as rx

from portal_app import clock
from portal_app.domain.access import Permission, Principal
from portal_app.domain.errors import NotFound
from portal_app.i18n import date_text, gettext_noop, moment_text, translate
from portal_app.services.credentials import devices, passkeys, passwords, resets, second_factor
from portal_app.services.credentials.errors import ReauthRequired
from portal_app.services.credentials.passkeys import PasskeyView
from portal_app.state.base import in_thread, me, requires
from portal_app.state.feedback import run_busy
from portal_app.state.sign_in_settings.devices import DeviceItem, device_items
from portal_app.state.sign_in_settings.reauth import ReauthState
from portal_app.state.typed_fields import as_image

OPENS = ("password", "app", "passkey")
ASKS_FIRST = ("recovery", "no_password", "no_app", "codes_on", "codes_off", "no_passkey")
_DONE = {
    "recovery": gettext_noop("You have new recovery codes."),
    "no_password": gettext_noop("Your username and password are removed."),
    "no_app": gettext_noop(
        "The authenticator app is removed. Codes to your email or phone are your second step."
    ),
    "codes_on": gettext_noop("Codes by email and text are allowed again."),
    "codes_off": gettext_noop("Codes by email and text no longer sign you in after your password."),
    "no_passkey": gettext_noop("The passkey is removed."),
}


@dataclass(frozen=True)
class PasskeyItem:
    id: str
    name: str
    about: str


class AccountState(ReauthState):
    ready: rx.Field[bool] = rx.field(False)
    panel: rx.Field[str] = rx.field("")  # "", prove, password, app, passkey, name, confirm, codes

    username: rx.Field[str] = rx.field("")
    has_password: rx.Field[bool] = rx.field(False)
    has_app: rx.Field[bool] = rx.field(False)
    by_contact: rx.Field[bool] = rx.field(True)
    recovery_left: rx.Field[int] = rx.field(0)
    locked: rx.Field[bool] = rx.field(False)
    reset_at: rx.Field[str] = rx.field("")
    passkeys: rx.Field[list[PasskeyItem]] = rx.field(default_factory=list)
    devices: rx.Field[list[DeviceItem]] = rx.field(default_factory=list)

    wanted: rx.Field[str] = rx.field("")
    qr: rx.Field[str] = rx.field("")
    secret: rx.Field[str] = rx.field("")
    codes: rx.Field[list[str]] = rx.field(default_factory=list)  # shown once
    named: rx.Field[str] = rx.field("")
    _passkey: str = ""

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def load(self):
        """Who comes back to the page with the code of their app goes on with what they began."""
        if self._newly_here():
            self.ready, self.news = False, ""
            await self._close()
        else:
            await self._show()

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def close(self):
        self.news = ""
        await self._close()

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def want(self, what: str, passkey: str):
        """Begin a change; who it is has to be fresh."""
        self.news, self.wanted, self._passkey = "", what, passkey
        async for shown in run_busy(self, self._go_on()):
            yield shown

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def prove(self, form: dict[str, str]):
        async for shown in run_busy(self, self._proven(form.get("code", ""))):
            yield shown

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def proven(self):
        """By a passkey, over its own route."""
        async for shown in run_busy(self, self._go_on()):
            yield shown

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def set_password(self, form: dict[str, str]):
        async for shown in run_busy(self, self._set_password(form)):
            yield shown

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def confirm_app(self, form: dict[str, str]):
        async for shown in run_busy(self, self._confirm_app(form.get("code", ""))):
            yield shown

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def do_it(self):
        """What was asked about, after yes."""
        async for shown in run_busy(self, self._do_it()):
            yield shown

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def passkey_added(self):
        """Over its own route; the browser has made it."""
        self.news = translate(self.language, "Your passkey is added.")
        await self._close()

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def name_it(self, passkey: str, name: str):
        self._passkey, self.named, self.panel, self.news, self.error = passkey, name, "name", "", ""

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def rename(self, form: dict[str, str]):
        await in_thread(passkeys.rename_passkey, me(), self._passkey, form.get("name", ""))
        await self._close()

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def end_device(self, device: str):
        await in_thread(devices.end_device, me(), device)
        self.news = translate(self.language, "That device is signed out.")
        await self._show()

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def end_others(self):
        await in_thread(devices.end_other_devices, me())
        self.news = translate(self.language, "All other devices are signed out.")
        await self._show()

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def stop_reset(self):
        await in_thread(resets.stop_reset, me())
        self.news = translate(self.language, "The reset is stopped. Your sign-in stays as it is.")
        await self._show()

    async def _close(self) -> None:
        """Back to the overview; what was said last stays."""
        said = self.news
        self._calm()
        self.news, self.codes = said, []
        self.panel = self.wanted = self.qr = self.secret = self._passkey = ""
        await self._show()

    async def _show(self) -> None:
        view = await in_thread(passwords.view_sign_in, me())
        keys = await in_thread(passkeys.list_passkeys, me())
        there = await in_thread(devices.list_devices, me())
        self.username, self.has_password, self.has_app = view.username, view.has_password, view.has_app
        self.by_contact, self.recovery_left, self.locked = (
            view.code_by_contact, view.recovery_codes, view.locked,
        )  # fmt: skip
        reset = datetime.fromisoformat(view.reset_at) if view.reset_at else None
        self.reset_at = moment_text(self.language, reset) if reset else ""
        self.passkeys = [self._passkey_item(key) for key in keys]
        self.devices = device_items(self.language, there)
        self.ready = True

    def _passkey_item(self, key: PasskeyView) -> PasskeyItem:
        added = date_text(self.language, clock.local_date(key.added))
        about = translate(self.language, "Added on {date}", date=added)
        return PasskeyItem(key.id, key.name, about)

    async def _go_on(self) -> None:
        """To what they want, when it is fresh who they are; else that is asked first."""
        if self.wanted not in OPENS + ASKS_FIRST:
            raise NotFound
        if not await in_thread(passwords.is_reauthenticated, me()):
            await self._start_reauth()
        elif self.wanted == "app":
            made = await in_thread(second_factor.begin_app, me())
            self.qr, self.secret, self.panel = as_image(made.qr_svg), made.secret, "app"
        else:
            self.panel = self.wanted if self.wanted in OPENS else "confirm"
        self.ask_another_proof = self.ask_another_proof and self.panel == "prove"

    async def _start_reauth(self) -> None:
        self.needs_reauth = False
        try:
            await super()._start_reauth()
        finally:
            if self.needs_reauth:  # asked, though the message with its code may not have gone
                self.panel = "prove"

    async def _set_password(self, form: dict[str, str]) -> None:
        try:
            await in_thread(passwords.set_password, me(), form.get("username", ""), form.get("password", ""))
        except ReauthRequired:
            await self._start_reauth()
            raise
        await self._finish(gettext_noop("Your username and password are set. Other devices are signed out."))

    async def _confirm_app(self, typed: str) -> None:
        try:
            made = await in_thread(second_factor.confirm_app, me(), typed)
        except ReauthRequired:
            await self._start_reauth()
            raise
        await self._finish(gettext_noop("Your authenticator app is set up. Other devices are signed out."))
        self._show_codes(made)

    async def _do_it(self) -> None:
        what, made = self.wanted, ()
        if what not in ASKS_FIRST or self.panel != "confirm":
            raise NotFound
        try:
            made = await in_thread(_change, me(), what, self._passkey) or ()
        except ReauthRequired:
            await self._start_reauth()
            raise
        await self._finish(_DONE[what])
        self._show_codes(made)

    async def _finish(self, msgid: str) -> None:
        await self._close()
        self.news = translate(self.language, msgid)

    def _show_codes(self, made: tuple[str, ...]) -> None:
        if made:
            self.codes, self.panel = list(made), "codes"


def _change(principal: Principal, what: str, passkey: str) -> tuple[str, ...] | None:
    """One of `ASKS_FIRST`."""
    match what:
        case "recovery":
            return second_factor.new_recovery_codes(principal)
        case "no_password":
            passwords.remove_password(principal)
        case "no_app":
            second_factor.remove_app(principal)
        case "codes_on" | "codes_off":
            second_factor.allow_codes(principal, what == "codes_on")
        case "no_passkey":
            passkeys.remove_passkey(principal, passkey)
    return None
