"""What all sign-in pages share: the title of a step, the code field, the last step, the text below the card."""

from typing import Any

import reflex as rx

from portal_app.components.elements import as_text, fragment
from portal_app.components.form_fields import field, text_input
from portal_app.components.i18n import _, embedded, fill, here
from portal_app.components.kit import button, el, icon, link, raw_a
from portal_app.state.layout import LayoutState

LANDING = "/invoices"  # the first page after signing in
CODE_LOOK = "tnum text-xl! tracking-[0.25em] font-bold max-w-60"


def step_title(*text: Any, focus: bool = True) -> rx.Component:
    """The title of a step. `focus`: it appears in place of another step, so a screen reader is told."""
    marks: dict[str, Any] = {"data_focus": "1"} if focus else {}
    return el.h1(*text, class_name="text-xl font-bold", **marks)


def code_field(
    label: Any, *, error: Any = None, form_error: Any = None, hint: Any = None, digits: bool = True
) -> rx.Component:
    """Filled from the message by the browser; a paste of the whole sentence will do (state/typed_fields.py)."""
    control = text_input(
        "code",
        "code" if digits else "letters_code",
        error=error,
        form_error=form_error,
        hint=hint is not None,
        cls=CODE_LOOK if digits else "tnum font-bold uppercase tracking-wide",
    )
    return field(label, "code", control, error=error, hint=hint)


def link_token() -> rx.Component:
    """A hidden field that ui.js fills with the link's secret when the form is sent."""
    return el.input(type="hidden", name="token", custom_attrs={"data-fragment": "1"})


def way(label: Any, path: str, shape: str) -> rx.Component:
    """A link to another way to sign in."""
    return el.li(
        link(
            icon(shape, 20),
            label,
            href=onward(path),
            cls="btn btn-second w-full justify-start! text-left gap-3!",
        )
    )


def passkey_button(
    label: Any, what: str, *, kind: str = "second", next_: str = "", then: str = ""
) -> rx.Component:
    """ui.js asks the browser; `then` is the id of the button that tells the page it is done."""
    words = {
        "data-passkey": what,
        "data-says": "passkey-error",
        "data-failed": _("That did not work. Try again, or use another way."),
        "data-unknown": _("This browser has no passkeys. Use another way."),
        **({"data-next": next_} if next_ else {}),
        **({"data-then": then} if then else {}),
    }
    return el.div(
        button(
            icon("fingerprint", 20), label, kind=kind, cls="w-full justify-start! gap-3!", custom_attrs=words
        ),
        el.p(id="passkey-error", role="alert", class_name="text-late font-bold"),
    )


def done(ticket: Any, start_over: Any, next_: str = "") -> rx.Component:
    """The last step: ui.js trades the ticket for a session cookie, and leaves for `next_`."""
    again = button(_("Start again"), kind="second", on_click=start_over, cls="mt-4")
    return el.div(
        el.p(_("Signing you in…"), data_focus="1", class_name="when-sent font-semibold"),
        el.div(
            el.p(_("We could not finish signing you in."), class_name="font-semibold"),
            again,
            class_name="when-failed",
        ),
        custom_attrs={"data-ticket": ticket, "data-next": here(next_ or LANDING)},
    )


def onward(path: str) -> Any:
    """Another sign-in page, which leads to the page that was asked for too. In a frame it opens a window of its own."""
    return here(path) if embedded() else as_text(here(path)) + LayoutState.onward


def another_way() -> rx.Component:
    back_to_code = link(_("Sign in with a code instead"), href=onward("/sign-in"), cls="btn btn-quiet")
    return el.div(back_to_code, class_name="mt-3 -mx-2")


def assurance() -> rx.Component:
    call = raw_a(LayoutState.phone, href="tel:" + LayoutState.phone, class_name="link tnum whitespace-nowrap")
    emergency = raw_a("911", href="tel:911", class_name="link tnum whitespace-nowrap")
    return el.div(
        el.p(
            icon("shield-check", 19, "text-brand mt-0.5"),
            _("Only you and your care team can see what is in here."),
            class_name="flex gap-2",
        ),
        el.p(
            rx.cond(LayoutState.phone != "", fragment(*fill("Can’t get in? Call {phone}.", phone=call), " ")),
            fragment(*fill("In an emergency call {number}.", number=emergency)),
            class_name="mt-3",
        ),
        class_name="text-sm text-ink-2 mt-5 px-1",
    )
