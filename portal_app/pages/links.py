"""/links and /stop-reset: what a message's link opens. Its secret never leaves the browser in an address."""

from typing import Any

import reflex as rx

from portal_app.components.birth_date import birth_date_fields
from portal_app.components.chrome import call_us
from portal_app.components.forms import form
from portal_app.components.kit import (
    card,
    el,
    empty,
    link,
    loading,
    notice,
    skel,
    status_tag,
    submit,
    summary_row,
)
from portal_app.components.shell import page
from portal_app.components.ways_in import assurance, done, step_title
from portal_app.components.words import _, here
from portal_app.state.linked import LinkedBillState
from portal_app.state.ways_in import LinkDoorState, StopResetState

L, R, B = LinkDoorState, StopResetState, LinkedBillState


def secret() -> rx.Component:
    """ui.js puts the link's secret in when the form is sent."""
    return el.input(type="hidden", name="token", custom_attrs={"data-fragment": "1"})


def lost() -> rx.Component:
    """The page was loaded again, or opened without its link."""
    return el.div(
        el.p(_("Open the link in our message once more."), class_name="font-bold"),
        el.p(_("This page works only straight from the link."), class_name="text-ink-2 mt-1"),
        link(_("Sign in instead"), href=here("/sign-in"), cls="btn btn-second mt-4"),
        class_name="when-no-token mt-4",
    )


def sheet(*kids: Any) -> rx.Component:
    return rx.fragment(el.div(*kids, class_name="card p-6 md:p-8"), assurance())


@page("/links", "Open your link", on_load=L.begin, side="open")
def landing() -> rx.Component:
    asked = form(
        secret(),
        birth_date_fields(
            el.span(_("Your date of birth"), class_name="font-bold"),
            error=L.error,
            why=_("So that nobody else opens it."),
        ),
        submit(_("Continue"), cls="w-full mt-6"),
        busy=L.busy,
        sending=_("Opening…"),
        on_submit=L.open,
        cls="when-token mt-6",
    )
    steps = rx.cond(L.ticket != "", done(L.ticket, L.start_over, "/links/bill"), asked)
    return sheet(step_title(_("Open your link"), focus=False), lost(), steps)


@page("/links/bill", "Your bill", on_load=B.load, side="link")
def bill() -> rx.Component:
    return rx.cond(B.missing, nothing(), rx.cond(B.ready, shown(), waiting()))


def shown() -> rx.Component:
    return card(
        el.h1(_("Your bill"), class_name="text-xl font-bold"),
        el.div(
            el.p(B.figure, class_name="text-fig font-bold tnum tracking-tight"),
            status_tag(B.tone, B.status),
            class_name="flex flex-wrap items-center gap-x-4 gap-y-1 mt-2",
        ),
        el.dl(
            summary_row(_("Services"), B.total),
            rx.cond(B.paid != "", summary_row(_("Amount paid"), B.paid)),
            summary_row(_("Sent on"), B.issued),
            summary_row(_("Due on"), B.due_day),
            summary_row(_("Number"), B.number),
            class_name="mt-4",
        ),
        el.p(_("For your privacy this link shows no names and no services."), class_name="text-ink-2 mt-4"),
        link(_("Sign in to see everything"), href=here("/sign-in"), cls="btn btn-second w-full mt-4"),
        cls="p-6 md:p-8",
    )


def nothing() -> rx.Component:
    return card(
        el.h1(_("Your bill"), class_name="sr-only"),
        empty(
            "link",
            _("There is nothing to show here"),
            _("Sign in to see everything, or call us."),
            link(_("Sign in"), href=here("/sign-in"), cls="btn btn-second mt-5"),
        ),
        call_us("text-center pb-6 text-ink-2"),
    )


def waiting() -> rx.Component:
    return loading(
        _("Getting your bill…"),
        card(
            el.h1(_("Your bill"), class_name="text-xl font-bold"),
            skel("h-11 w-40 mt-2"),
            skel("h-40 w-full mt-4"),
            cls="p-6 md:p-8",
        ),
    )


@page("/stop-reset", "Stop the reset", on_load=R.begin, side="open")
def stop_reset() -> rx.Component:
    asked = form(
        secret(),
        el.p(
            _(
                "Somebody asked our desk to remove the password, authenticator app and passkeys of your "
                "sign-in. If that was not you, stop it here."
            ),
            class_name="mt-3",
        ),
        rx.cond(R.error != "", notice("late", R.error, cls="mt-4", role="alert")),
        submit(_("Stop the reset"), cls="w-full mt-6"),
        busy=R.busy,
        sending=_("Stopping the reset…"),
        on_submit=R.stop,
        cls="when-token",
    )
    stopped = el.div(
        notice("paid", _("The reset is stopped. Your sign-in stays as it is."), role="status"),
        el.p(_("Call us, so that we can find out who asked."), class_name="mt-3"),
        class_name="mt-4",
    )
    return sheet(
        step_title(_("Stop the reset"), focus=False), rx.cond(R.stopped, stopped, rx.fragment(lost(), asked))
    )
