"""The list of devices that a person is signed in on."""

from collections.abc import Iterable
from dataclasses import dataclass

from portal_app.i18n import ago_text, gettext_noop, moment_text, translate
from portal_app.services.credentials.devices import Device

_WAYS = {
    "code": gettext_noop("with a code"),
    "password": gettext_noop("with a password"),
    "password+totp": gettext_noop("with a password"),
    "passkey": gettext_noop("with a passkey"),
    "desk": gettext_noop("with a code from the front desk"),
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
            since=translate(
                language,
                "Signed in {when} {how}",
                when=moment_text(language, device.since),
                how=translate(language, _WAYS[device.way]) if device.way in _WAYS else "",
            ).strip(),
            seen=translate(language, "Last used {when}", when=ago_text(language, device.seen_at)),
        )
        for device in devices
    ]
