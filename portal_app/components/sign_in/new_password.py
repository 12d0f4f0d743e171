"""The field for a new password: length counts, no odd characters are asked for, and it can be shown."""

from typing import Any

import reflex as rx

from portal_app.components.elements import fragment
from portal_app.components.form_fields import field, text_input
from portal_app.components.i18n import _
from portal_app.components.kit import button, icon


def new_password(cls: str = "", *, form_error: Any = None) -> rx.Component:
    typed = text_input("password", "new_password", hint=True, form_error=form_error)
    return fragment(
        field(
            _("New password"),
            "password",
            typed,
            hint=_("At least 12 characters. A few words in a row are easy to remember."),
            cls=cls,
        ),
        button(
            icon("eye", 19),
            _("Show the password"),
            kind="quiet",
            cls="-ml-2",
            custom_attrs={"data-reveal": "password", "aria-pressed": "false"},
        ),
    )
