""" "My sign-in": password, authenticator app, passkeys, recovery codes and devices; changes need re-authentication."""

from dataclasses import dataclass
from datetime import datetime

import reflex as rx

from portal_app import clock
from portal_app.domain.access import Permission, Principal
from portal_app.domain.errors import NotFound
from portal_app.i18n import date_text, gettext_noop, moment_text, translate
from portal_app.services.credentials import devices, passkeys, passwords, resets, second_factor
from portal_app.services.credentials.passkeys import PasskeyView
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.feedback import run_busy
from portal_app.state.sign_in_settings.devices import DeviceItem, device_items
from portal_app.state.sign_in_settings.reauth import ReauthState
from portal_app.state.typed_fields import as_image

OPENS = ("password", "app", "passkey")  # changes with a form of their own
# Changes that are confirmed by a button.
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


class AccountState(ReauthState, PortalState):
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

    change: rx.Field[str] = rx.field("")  # the one that was started: of OPENS or ASKS_FIRST
    qr: rx.Field[str] = rx.field("")
    secret: rx.Field[str] = rx.field("")
    codes: rx.Field[list[str]] = rx.field(default_factory=list)  # shown once
    passkey_name: rx.Field[str] = rx.field("")
    _passkey: str = ""

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def load(self):
        """After a lost connection an open panel stays: people leave the page to read their code."""
        if self._newly_here():
            self.ready = False
            await self._close_panel()
        else:
            await self._show()

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def close_panel(self):
        await self._close_panel()

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def start_change(self, change: str, passkey: str):
        """Open the change's panel; re-authentication comes first where the last one is too old."""
        self.change, self._passkey = change, passkey
        async for _ in run_busy(self, self._resume_change()):
            yield

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def set_password(self, form: dict[str, str]):
        async for _ in run_busy(self, self._set_password(form)):
            yield

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def confirm_app(self, form: dict[str, str]):
        async for _ in run_busy(self, self._confirm_app(form.get("code", "")), default_field="code"):
            yield

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def confirm_change(self):
        """The change of the panel "confirm", after yes."""
        async for _ in run_busy(self, self._confirm_change()):
            yield

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def finish_passkey(self):
        """The browser has made the passkey over its own route."""
        await self._finish(gettext_noop("Your passkey is added."))

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def edit_passkey_name(self, passkey: str, name: str):
        self._clear_feedback()
        self._passkey, self.passkey_name, self.panel = passkey, name, "name"

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def rename_passkey(self, form: dict[str, str]):
        await in_thread(passkeys.rename_passkey, me(), self._passkey, form.get("name", ""))
        await self._close_panel()

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def end_device(self, device: str):
        await in_thread(devices.end_device, me(), device)
        await self._show()
        self._show_done(gettext_noop("That device is signed out."))

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def end_other_devices(self):
        await in_thread(devices.end_other_devices, me())
        await self._show()
        self._show_done(gettext_noop("All other devices are signed out."))

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def stop_reset(self):
        await in_thread(resets.stop_reset, me())
        await self._show()
        self._show_done(gettext_noop("The reset is stopped. Your sign-in stays as it is."))

    async def _close_panel(self) -> None:
        """Back to the overview."""
        self._clear_reauth()
        self.codes = []
        self.panel = self.change = self.qr = self.secret = self._passkey = ""
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

    async def _resume_change(self) -> None:
        """Open the panel of the change, or the one of re-authentication."""
        if self.change not in OPENS + ASKS_FIRST:
            raise NotFound
        if not await in_thread(passwords.is_reauthenticated, me()):
            await self._start_reauth()
        elif self.change == "app":
            made = await in_thread(second_factor.begin_app, me())
            self.qr, self.secret, self.panel = as_image(made.qr_svg), made.secret, "app"
        else:
            self.panel = self.change if self.change in OPENS else "confirm"
        self.ask_another_proof = self.ask_another_proof and self.panel == "prove"

    async def _start_reauth(self) -> None:
        self.needs_reauth = False
        try:
            await super()._start_reauth()
        finally:
            if self.needs_reauth:  # also when the message with its code could not be sent
                self.panel = "prove"

    async def _set_password(self, form: dict[str, str]) -> None:
        username, password = form.get("username", ""), form.get("password", "")
        if await self._reauth_first(passwords.set_password, username, password):
            await self._finish(
                gettext_noop("Your username and password are set. Other devices are signed out.")
            )

    async def _confirm_app(self, typed: str) -> None:
        if codes := await self._reauth_first(second_factor.confirm_app, typed):
            await self._finish(
                gettext_noop("Your authenticator app is set up. Other devices are signed out.")
            )
            self._show_codes(codes)

    async def _confirm_change(self) -> None:
        change = self.change
        if change not in ASKS_FIRST or self.panel != "confirm":
            raise NotFound
        codes = await self._reauth_first(_make_change, change, self._passkey)
        if codes is not None:
            await self._finish(_DONE[change])
            self._show_codes(codes)

    async def _finish(self, msgid: str) -> None:
        await self._close_panel()
        self._show_done(msgid)

    def _show_codes(self, codes: tuple[str, ...]) -> None:
        if codes:
            self.codes, self.panel = list(codes), "codes"


def _make_change(principal: Principal, change: str, passkey: str) -> tuple[str, ...]:
    """Make a change of `ASKS_FIRST`; returns new recovery codes where it makes some."""
    match change:
        case "recovery":
            return second_factor.new_recovery_codes(principal)
        case "no_password":
            passwords.remove_password(principal)
        case "no_app":
            second_factor.remove_app(principal)
        case "codes_on" | "codes_off":
            second_factor.allow_codes(principal, change == "codes_on")
        case "no_passkey":
            passkeys.remove_passkey(principal, passkey)
        case _:
            raise NotFound
    return ()
