"""Where somebody is signed in, as their page lists it."""

from collections.abc import Iterable
from dataclasses import dataclass

from portal_app.services.devices import Device
from portal_app.speech import ago_text, mark, moment_text, say

_WAYS = {
    "code": mark("with a code"),
    "password": mark("with a password"),
    "password+totp": mark("with a password"),
    "passkey": mark("with a passkey"),
    "desk": mark("with a code from the front desk"),
}


@dataclass(frozen=True)
class DeviceItem:
    id: str
    words: str
    here: bool
    since: str
    seen: str


def device_items(language: str, devices: Iterable[Device]) -> list[DeviceItem]:
    return [
        DeviceItem(
            id=device.id,
            words=device.words,
            here=device.here,
            since=say(
                language,
                "Signed in {when} {how}",
                when=moment_text(language, device.since),
                how=say(language, _WAYS[device.way]) if device.way in _WAYS else "",
            ).strip(),
            seen=say(language, "Last used {when}", when=ago_text(language, device.seen_at)),
        )
        for device in devices
    ]
