"""Setting up an authenticator app: a QR code to scan, or a key to type."""

from typing import Any

import reflex as rx

from portal_app.components.elements import fragment
from portal_app.components.form_fields import form
from portal_app.components.i18n import _
from portal_app.components.kit import button, el, field_error, refusal_feedback, submit
from portal_app.components.sign_in.steps import code_field


def app_code_form(S: Any, label: str) -> rx.Component:
    """The field for the app's code, the last step of staff: `S` has `give_code`, and `start_over` leads back to the first step."""
    return fragment(
        refusal_feedback(S),
        form(
            code_field(_("6-digit code"), error=field_error(S, "code")),
            submit(label, cls="w-full mt-6"),
            busy=S.busy,
            sending=_("Checking the code…"),
            on_submit=S.give_code,
            cls="mt-5",
        ),
        el.div(button(_("Start again"), kind="quiet", on_click=S.start_over), class_name="mt-3 -mx-2"),
    )


def to_scan(qr: Any, secret: Any) -> rx.Component:
    """How to set up the app: the QR code to scan, and the key to type instead."""
    drawn = el.img(
        src=qr,
        alt=_("QR code for your authenticator app"),
        width="200",
        height="200",
        class_name="bg-white p-3 rounded-md border border-line",
    )
    return el.ol(
        el.li(_("Open an authenticator app on your phone.")),
        el.li(
            _("Scan this code with it:"),
            el.div(drawn, class_name="my-3"),
            el.p(
                _("Or type this key:"),
                " ",
                el.code(secret, class_name="font-bold tnum break-words"),
                class_name="text-sm",
            ),
        ),
        el.li(_("Type the 6 digits the app shows.")),
        class_name="list-decimal pl-6 mt-3 space-y-2",
    )
