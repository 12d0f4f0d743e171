"""/links/sign: what a sign link opens after the date of birth. One agreement and nothing else of the portal (SIGN-2)."""

import reflex as rx

from portal_app.components.i18n import _
from portal_app.components.kit import card, el, empty, loaded
from portal_app.components.layout import call_us
from portal_app.components.screen import page
from portal_app.pages.agreements.agreement import waiting
from portal_app.pages.agreements.sign_parts import steps
from portal_app.pages.sign_in.links import into_portal
from portal_app.state.agreements.sign_link import SignLinkState

S = SignLinkState


@page("/links/sign", "Sign an agreement", on_load=S.load, side="link")
def sign_by_link() -> rx.Component:
    return loaded(S, steps(S, into_all_agreements), waiting(), nothing())


def into_all_agreements() -> rx.Component:
    return el.div(
        into_portal(_("Sign in to see everything"), "btn btn-second w-full mt-5"),
        call_us("text-ink-2 mt-5"),
    )


def nothing() -> rx.Component:
    return card(
        el.h1(_("Sign an agreement"), class_name="sr-only"),
        empty(
            "link",
            _("There is nothing to show here"),
            _("Sign in to see everything, or call us."),
            into_portal(_("Sign in"), "btn btn-second mt-5"),
        ),
        call_us("text-center pb-6 text-ink-2"),
    )
