"""/agreements/[id]: read and sign one agreement, or see who has signed and take the copy."""

import reflex as rx

from portal_app.components.i18n import _, here
from portal_app.components.kit import back, card, el, empty, link, loaded, loading, skel
from portal_app.components.layout import call_us
from portal_app.components.screen import page
from portal_app.pages.agreements.sign_parts import BOX, steps
from portal_app.state.agreements.agreement import AgreementState

S = AgreementState


@page("/agreements/[id]", "Agreement", on_load=S.load, active="/agreements")
def agreement() -> rx.Component:
    return el.div(
        back(_("Back to agreements"), here("/agreements")),
        loaded(S, steps(S, call_us_below), waiting(), not_there()),
    )


def call_us_below() -> rx.Component:
    return call_us("text-ink-2 mt-5")


def waiting() -> rx.Component:
    return loading(
        _("Getting the agreement…"),
        el.h1(_("Agreement"), class_name="sr-only"),
        skel("h-9 w-64"),
        skel("h-6 w-40 mt-3"),
        card(skel("h-6 w-full"), skel("h-40 w-full mt-4"), skel("h-40 w-full mt-4"), cls=f"{BOX} mt-5"),
    )


def not_there() -> rx.Component:
    return card(
        el.h1(_("Agreement"), class_name="sr-only"),
        empty(
            "file-text",
            _("We could not find that agreement"),
            _("It may not be yours, or the link is old."),
            link(_("See your agreements"), href=here("/agreements"), cls="btn btn-second mt-5"),
        ),
    )
