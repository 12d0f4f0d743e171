"""/staff/account: where a member of staff is signed in."""

import reflex as rx

from portal_app.components.device_list import device_list
from portal_app.components.kit import card, el, h1, loading, notice, skel
from portal_app.components.shell import page
from portal_app.components.words import _
from portal_app.state.staff_account import StaffAccountState

S = StaffAccountState


@page("/staff/account", "My sign-in", on_load=S.load, side="staff")
def staff_account() -> rx.Component:
    return el.div(
        h1(_("My sign-in")),
        el.div(rx.cond(S.news != "", notice("paid", S.news, cls="mt-4")), role="status"),
        el.div(
            rx.cond(
                S.ready,
                device_list(S.devices, S.end_device, S.end_others),
                loading(
                    _("Getting your devices…"), card(skel("h-7 w-48"), skel("h-14 w-full mt-4"), cls="p-5")
                ),
            ),
            class_name="mt-5",
        ),
        class_name="max-w-[44rem]",
    )
