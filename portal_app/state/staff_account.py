"""A member of staff sees where they are signed in, and signs out there."""

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.services import devices
from portal_app.speech import say
from portal_app.state.base import PortalState, guarded, in_thread, me
from portal_app.state.devices import DeviceItem, device_items


class StaffAccountState(PortalState):
    ready: rx.Field[bool] = rx.field(False)
    news: rx.Field[str] = rx.field("")
    devices: rx.Field[list[DeviceItem]] = rx.field(default_factory=list)

    @rx.event
    @guarded(Permission.AT_WORK)
    async def load(self):
        self.news = ""
        await self._show()

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

    async def _show(self) -> None:
        self.devices = device_items(self.language, await in_thread(devices.list_devices, me()))
        self.ready = True
