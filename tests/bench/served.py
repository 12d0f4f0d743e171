"""The portal as it is served, with one event more: the least that Reflex can be asked to do."""

import reflex as rx

from portal_app.portal_app import app
from portal_app.state import guards


class BareState(rx.State):
    number: rx.Field[int] = rx.field(0)

    @rx.event
    def count(self):
        self.number += 1


BARE = f"{BareState.get_full_name()}.count"
guards.FRAMEWORK |= {BARE}

__all__ = ["app"]
