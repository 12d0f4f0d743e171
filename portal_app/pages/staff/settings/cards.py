"""What the cards of settings are made of: a switch, a number, who changed it last."""

from typing import Any

import reflex as rx

from portal_app.components.form_fields import form
from portal_app.components.i18n import _
from portal_app.components.kit import card, el, icon, tag
from portal_app.pages.staff.list_parts import small_button, small_input
from portal_app.state.staff.settings import SettingsState

S = SettingsState


def setting_card(name: str, title: str, about: str, *body: Any) -> rx.Component:
    wrong = S.field_errors[name]
    return card(
        el.h2(title, id=f"{name}-title", class_name="text-lg font-bold"),
        el.p(about, id=f"{name}-about", class_name="text-ink-2 mt-1"),
        rx.cond(
            S.field_errors.contains(name),
            el.p(
                icon("circle-alert", 18, "mt-1"),
                wrong,
                id=f"{name}-error",
                class_name="flex gap-1.5 items-start text-late font-bold mt-2",
            ),
        ),
        *body,
        el.p(S.last_changes[name], class_name="text-sm text-ink-2 mt-3"),
        cls="p-5",
    )


def switch(name: str, on: rx.Var[bool], title: str, about: str) -> rx.Component:
    turn = el.div(
        rx.cond(on, tag("paid", _("On")), tag("quiet", _("Off"))),
        # One button for on and off, so that the focus stays on it.
        small_button(
            rx.cond(on, _("Turn off"), _("Turn on")),
            on_click=S.set_switch(name, ~on),
            aria_describedby=f"{name}-title",
        ),
        class_name="flex flex-wrap items-center gap-x-4 gap-y-2 mt-3",
    )
    return setting_card(name, title, about, turn)


def save_form(name: str, handler: Any, *fields: Any) -> rx.Component:
    save = el.button(
        _("Save"),
        type="submit",
        class_name="btn btn-second btn-small min-h-10!",
        aria_describedby=f"{name}-title",
    )
    return form(
        *fields,
        save,
        busy=S.busy & (S.saving == name),
        sending=_("Saving…"),
        on_submit=handler,
        cls="flex flex-wrap items-end gap-3 mt-3",
    )


def described_by_setting(name: str) -> dict[str, Any]:
    return {
        "aria_labelledby": f"{name}-title",
        "aria_describedby": f"{name}-error {name}-about",
        "aria_invalid": rx.cond(S.field_errors.contains(name), "true", "false"),
    }


def number_setting(
    name: str, value: rx.Var[str], title: str, about: str, handler: Any, field: str
) -> rx.Component:
    control = small_input(
        field,
        "number",
        default_value=value,
        key=value,
        cls="tnum max-w-24",
        **described_by_setting(name),
    )
    return setting_card(name, title, about, save_form(name, handler, control))
