"""The page My sign-in: a staff member's password and authenticator app, and where they are signed in."""

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.errors import NotFound
from portal_app.i18n import gettext_noop
from portal_app.services.credentials import devices
from portal_app.services.credentials.errors import ReauthRequired
from portal_app.services.staff import sign_in_settings
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.errors import CodeMissing
from portal_app.state.feedback import Feedback, run_busy
from portal_app.state.sign_in_settings.devices import DeviceItem, device_items
from portal_app.state.staff.errors import PasswordOrCodeMissing
from portal_app.state.typed_fields import as_image

_CHANGES = ("password", "app")
_LONGEST_CODE = 100  # characters that are passed on


class StaffSignInSettingsState(Feedback, PortalState):
    ready: rx.Field[bool] = rx.field(False)
    panel: rx.Field[str] = rx.field("")  # "", reauthenticate, password, app
    change: rx.Field[str] = rx.field("")  # which change was started: "", password, app
    email: rx.Field[str] = rx.field("")
    qr: rx.Field[str] = rx.field("")
    secret: rx.Field[str] = rx.field("")
    devices: rx.Field[list[DeviceItem]] = rx.field(default_factory=list)

    @rx.event
    @requires(Permission.STAFF_SIGNED_IN)
    async def load(self):
        """A change that was started goes on when the connection was lost, for example to open the app."""
        if self._newly_here():
            self._close_panel()
        await self._show()

    @rx.event
    @requires(Permission.STAFF_SIGNED_IN)
    async def cancel_change(self):
        self._close_panel()

    @rx.event
    @requires(Permission.STAFF_SIGNED_IN)
    async def start_change(self, change: str):
        """Opens the form of a change, after re-authentication where the last one is too old.

        Args:
            change: "password" or "app".
        """
        self.change = change
        async for step in run_busy(self, self._open_panel()):
            yield step

    @rx.event
    @requires(Permission.STAFF_SIGNED_IN)
    async def reauthenticate(self, form: dict[str, str]):
        password, code = form.get("password", ""), form.get("code", "")
        async for step in run_busy(self, self._reauthenticate(password, code)):
            yield step

    @rx.event
    @requires(Permission.STAFF_SIGNED_IN)
    async def set_password(self, form: dict[str, str]):
        async for step in run_busy(self, self._set_password(form.get("password", ""))):
            yield step

    @rx.event
    @requires(Permission.STAFF_SIGNED_IN)
    async def confirm_app(self, form: dict[str, str]):
        async for step in run_busy(self, self._confirm_app(form.get("code", "")), "code"):
            yield step

    @rx.event
    @requires(Permission.STAFF_SIGNED_IN)
    async def end_device(self, device: str):
        await in_thread(devices.end_device, me(), device)
        await self._show()
        self._show_done(gettext_noop("That device is signed out."))

    @rx.event
    @requires(Permission.STAFF_SIGNED_IN)
    async def end_other_devices(self):
        await in_thread(devices.end_other_devices, me())
        await self._show()
        self._show_done(gettext_noop("All other devices are signed out."))

    async def _show(self) -> None:
        self.email = (await in_thread(sign_in_settings.view_account, me())).email
        self.devices = device_items(self.language, await in_thread(devices.list_devices, me()))
        self.ready = True

    async def _open_panel(self) -> None:
        if self.change not in _CHANGES:
            raise NotFound
        if not await in_thread(sign_in_settings.is_staff_reauthenticated, me()):
            self.panel = "reauthenticate"
            return
        if self.change == "app":
            app = await in_thread(sign_in_settings.begin_staff_app, me())
            self.qr, self.secret = as_image(app.qr_svg), app.secret
        self.panel = self.change

    def _close_panel(self) -> None:
        """Forgets what was typed and the new app's secret."""
        self._clear_feedback()
        self.busy = False
        self.panel = self.change = self.qr = self.secret = ""

    async def _reauthenticate(self, password: str, code: str) -> None:
        if not (password and code.strip()):
            raise PasswordOrCodeMissing
        await in_thread(sign_in_settings.reauthenticate_staff, me(), password, code[:_LONGEST_CODE])
        await self._open_panel()

    async def _set_password(self, password: str) -> None:
        try:
            await in_thread(sign_in_settings.change_staff_password, me(), password)
        except ReauthRequired:
            self.panel = "reauthenticate"
            raise
        await self._finish(gettext_noop("Your password is changed. Other devices are signed out."))

    async def _confirm_app(self, code: str) -> None:
        if not code.strip():
            raise CodeMissing
        try:
            await in_thread(sign_in_settings.confirm_staff_app, me(), code[:_LONGEST_CODE])
        except ReauthRequired:
            self.panel = "reauthenticate"
            raise
        await self._finish(gettext_noop("Your authenticator app is set up. Other devices are signed out."))

    async def _finish(self, msgid: str) -> None:
        self._close_panel()
        await self._show()
        self._show_done(msgid)
