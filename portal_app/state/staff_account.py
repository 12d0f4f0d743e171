"""A member of staff's own sign-in: their password, their authenticator app, and where they are signed in."""

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.errors import NotFound, Refused
from portal_app.services import devices, staff_account
from portal_app.services.second_factor import NeedsProof
from portal_app.speech import mark, say
from portal_app.state.answering import answered
from portal_app.state.base import PortalState, guarded, in_thread, me
from portal_app.state.devices import DeviceItem, device_items
from portal_app.state.typed import as_image

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
    @guarded(Permission.AT_WORK)
    async def load(self):
        """Who comes back to the page with the code of their app goes on with what they began."""
        if self._newly_here():
            self.news = ""
            self._close()
        await self._show()

    @rx.event
    @guarded(Permission.AT_WORK)
    async def close(self):
        self.news = ""
        self._close()

    @rx.event
    @guarded(Permission.AT_WORK)
    async def want(self, what: str):
        """Begin a change; who it is has to be fresh."""
        self.news, self.wanted = "", what
        async for shown in answered(self, self._go_on()):
            yield shown

    @rx.event
    @guarded(Permission.AT_WORK)
    async def prove(self, form: dict[str, str]):
        async for shown in answered(self, self._prove(form.get("password", ""), form.get("code", ""))):
            yield shown

    @rx.event
    @guarded(Permission.AT_WORK)
    async def set_password(self, form: dict[str, str]):
        async for shown in answered(self, self._set_password(form.get("password", ""))):
            yield shown

    @rx.event
    @guarded(Permission.AT_WORK)
    async def confirm_app(self, form: dict[str, str]):
        async for shown in answered(self, self._confirm_app(form.get("code", ""))):
            yield shown

    @rx.event
    @guarded(Permission.AT_WORK)
    async def end_device(self, device: str):
        await in_thread(devices.end_device, me(), device)
        self.news = say(self.language, "That device is signed out.")
        await self._show()

    @rx.event
    @guarded(Permission.AT_WORK)
    async def end_others(self):
        await in_thread(devices.end_other_devices, me())
        self.news = say(self.language, "All other devices are signed out.")
        await self._show()

    def _close(self) -> None:
        self.busy = False
        self.panel = self.error = self.wanted = self.qr = self.secret = ""

    async def _show(self) -> None:
        self.email = (await in_thread(staff_account.view_account, me())).email
        self.devices = device_items(self.language, await in_thread(devices.list_devices, me()))
        self.ready = True

    async def _go_on(self) -> None:
        """To what they want, when it is fresh who they are; else that is asked first."""
        if self.wanted not in CHANGES:
            raise NotFound
        if not await in_thread(staff_account.is_proven_at_work, me()):
            self.panel = "prove"
            return
        if self.wanted == "app":
            made = await in_thread(staff_account.begin_staff_app, me())
            self.qr, self.secret = as_image(made.qr_svg), made.secret
        self.panel = self.wanted

    async def _prove(self, password: str, code: str) -> None:
        if not (password and code.strip()):
            raise Refused("Enter your password and the code of your app")
        await in_thread(staff_account.prove_at_work, me(), password, code[:100])
        await self._go_on()

    async def _set_password(self, password: str) -> None:
        try:
            await in_thread(staff_account.change_staff_password, me(), password)
        except NeedsProof:
            self.panel = "prove"
            raise
        await self._finish(mark("Your password is changed. Other devices are signed out."))

    async def _confirm_app(self, code: str) -> None:
        if not code.strip():
            raise Refused("Enter the code")
        try:
            await in_thread(staff_account.confirm_staff_app, me(), code[:100])
        except NeedsProof:
            self.panel = "prove"
            raise
        await self._finish(mark("Your authenticator app is set up. Other devices are signed out."))

    async def _finish(self, msgid: str) -> None:
        self._close()
        await self._show()
        self.news = say(self.language, msgid)
