"""A member of staff's own sign-in: their password, their authenticator app, and where they are signed in."""

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.errors import NotFound, UserError
from portal_app.i18n import gettext_noop, translate
from portal_app.services.credentials import devices
from portal_app.services.credentials.errors import ReauthRequired
from portal_app.services.staff import sign_in_settings
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.feedback import run_busy
from portal_app.state.sign_in_settings.devices import DeviceItem, device_items
from portal_app.state.typed_fields import as_image

CHANGES = ("password", "app")


class StaffAccountState(PortalState):
    ready: rx.Field[bool] = rx.field(False)
    panel: rx.Field[str] = rx.field("")  # "", prove, password, app
    busy: rx.Field[bool] = rx.field(False)
    error: rx.Field[str] = rx.field("")
    news: rx.Field[str] = rx.field("")
    email: rx.Field[str] = rx.field("")
    wanted: rx.Field[str] = rx.field("")
    qr: rx.Field[str] = rx.field("")
    secret: rx.Field[str] = rx.field("")
    devices: rx.Field[list[DeviceItem]] = rx.field(default_factory=list)

    @rx.event
    @requires(Permission.STAFF_SIGNED_IN)
    async def load(self):
        """Who comes back to the page with the code of their app goes on with what they began."""
        if self._newly_here():
            self.news = ""
            self._close()
        await self._show()

    @rx.event
    @requires(Permission.STAFF_SIGNED_IN)
    async def close(self):
        self.news = ""
        self._close()

    @rx.event
    @requires(Permission.STAFF_SIGNED_IN)
    async def want(self, what: str):
        """Begin a change; who it is has to be fresh."""
        self.news, self.wanted = "", what
        async for shown in run_busy(self, self._go_on()):
            yield shown

    @rx.event
    @requires(Permission.STAFF_SIGNED_IN)
    async def prove(self, form: dict[str, str]):
        async for shown in run_busy(self, self._prove(form.get("password", ""), form.get("code", ""))):
            yield shown

    @rx.event
    @requires(Permission.STAFF_SIGNED_IN)
    async def set_password(self, form: dict[str, str]):
        async for shown in run_busy(self, self._set_password(form.get("password", ""))):
            yield shown

    @rx.event
    @requires(Permission.STAFF_SIGNED_IN)
    async def confirm_app(self, form: dict[str, str]):
        async for shown in run_busy(self, self._confirm_app(form.get("code", ""))):
            yield shown

    @rx.event
    @requires(Permission.STAFF_SIGNED_IN)
    async def end_device(self, device: str):
        await in_thread(devices.end_device, me(), device)
        self.news = translate(self.language, "That device is signed out.")
        await self._show()

    @rx.event
    @requires(Permission.STAFF_SIGNED_IN)
    async def end_others(self):
        await in_thread(devices.end_other_devices, me())
        self.news = translate(self.language, "All other devices are signed out.")
        await self._show()

    def _close(self) -> None:
        self.busy = False
        self.panel = self.error = self.wanted = self.qr = self.secret = ""

    async def _show(self) -> None:
        self.email = (await in_thread(sign_in_settings.view_account, me())).email
        self.devices = device_items(self.language, await in_thread(devices.list_devices, me()))
        self.ready = True

    async def _go_on(self) -> None:
        """To what they want, when it is fresh who they are; else that is asked first."""
        if self.wanted not in CHANGES:
            raise NotFound
        if not await in_thread(sign_in_settings.is_staff_reauthenticated, me()):
            self.panel = "prove"
            return
        if self.wanted == "app":
            made = await in_thread(sign_in_settings.begin_staff_app, me())
            self.qr, self.secret = as_image(made.qr_svg), made.secret
        self.panel = self.wanted

    async def _prove(self, password: str, code: str) -> None:
        if not (password and code.strip()):
            raise UserError("Enter your password and the code of your app")
        await in_thread(sign_in_settings.reauthenticate_staff, me(), password, code[:100])
        await self._go_on()

    async def _set_password(self, password: str) -> None:
        try:
            await in_thread(sign_in_settings.change_staff_password, me(), password)
        except ReauthRequired:
            self.panel = "prove"
            raise
        await self._finish(gettext_noop("Your password is changed. Other devices are signed out."))

    async def _confirm_app(self, code: str) -> None:
        if not code.strip():
            raise UserError("Enter the code")
        try:
            await in_thread(sign_in_settings.confirm_staff_app, me(), code[:100])
        except ReauthRequired:
            self.panel = "prove"
            raise
        await self._finish(gettext_noop("Your authenticator app is set up. Other devices are signed out."))

    async def _finish(self, msgid: str) -> None:
        self._close()
        await self._show()
        self.news = translate(self.language, msgid)
