"""/links and /stop-reset: what a message's link opens. Its secret never leaves the browser in an address."""

from typing import Any

import reflex as rx

from portal_app.components.birth_date import birth_date_fields
from portal_app.components.form_fields import form
from portal_app.components.i18n import _, fill, here
from portal_app.components.kit import (
    button,
    card,
    el,
    empty,
    feedback,
    field_error,
    h2,
    icon,
    link,
    loaded,
    loading,
    notice,
    raw_a,
    skel,
    status_tag,
    submit,
    summary_row,
)
from portal_app.components.layout import call_us, letterhead
from portal_app.components.payment import dock_pay, how_much, pay_card, pay_panel
from portal_app.components.screen import page
from portal_app.components.sign_in.steps import assurance, done, link_token, step_title
from portal_app.state.billing.pay_link import LinkedReceiptState, PayLinkState
from portal_app.state.layout import LayoutState
from portal_app.state.sign_in.other_methods import LinkSignInState, StopResetState

L, R, B, P = LinkSignInState, StopResetState, PayLinkState, LinkedReceiptState


def lost() -> rx.Component:
    """The page was loaded again, or opened without its link."""
    return el.div(
        el.p(_("Open the link in our message once more."), class_name="font-bold"),
        el.p(_("This page works only straight from the link."), class_name="text-ink-2 mt-1"),
        ask_for_another(),
        into_portal(_("Sign in instead"), "btn btn-second mt-4"),
        class_name="when-no-token mt-4",
    )


def into_portal(words: str, look: str) -> rx.Component:
    """Out of the link's pages to the invoices, signed in or not. It loads the page: a link has a socket of its own."""
    return raw_a(words, href=here("/invoices"), class_name=look)


def ask_for_another() -> rx.Component:
    """What was asked for outlives the link: where a new one comes from."""
    number = raw_a(
        LayoutState.phone, href="tel:" + LayoutState.phone, class_name="link tnum whitespace-nowrap"
    )
    words = fill("Does the link no longer work? Ask us for a new one: {phone}.", phone=number)
    return rx.cond(LayoutState.phone != "", el.p(*words, class_name="text-ink-2 mt-1"))


def sheet(*kids: Any) -> rx.Component:
    return rx.fragment(el.div(*kids, class_name="card p-6 md:p-8"), assurance())


@page("/links", "Open your link", on_load=L.load, side="open")
def landing() -> rx.Component:
    asked = form(
        link_token(),
        birth_date_fields(
            el.span(_("Your date of birth"), class_name="font-bold"),
            error=field_error(L, "born"),
            why=_("So that nobody else opens it."),
        ),
        submit(_("Continue"), cls="w-full mt-6"),
        busy=L.busy,
        sending=_("Opening…"),
        on_submit=L.open_link,
        cls="when-token mt-6",
    )
    entering = rx.cond(L.ticket != "", done(L.ticket, L.start_over, "/links/bill"), asked)
    dead = el.div(is_over(), class_name="when-link-dead")  # known before anything is asked (ui.js)
    steps = rx.cond(L.over, is_over(data_focus="1"), rx.fragment(lost(), dead, entering))
    return sheet(step_title(_("Open your link"), focus=False), steps)


def is_over(**marks: Any) -> rx.Component:
    """Expired, revoked, guessed: one answer, and where to go from here."""
    return el.div(
        notice("due", _("This link no longer works."), custom_attrs={"data-says": "1"}, **marks),
        el.p(
            _(
                "If you have something to pay or to sign, it is still there: sign in, or ask us for a new link."
            ),
            class_name="mt-4",
        ),
        ask_for_another(),
        into_portal(_("Sign in"), "btn btn-primary w-full mt-5"),
        class_name="mt-4",
    )


@page("/links/bill", "Your invoice", on_load=B.load, side="link", dock=lambda: dock_pay(B))
def invoice() -> rx.Component:
    return loaded(B, shown(), waiting(), no_invoice())


def shown() -> rx.Component:
    return el.div(
        el.div(
            el.h1(_("Your invoice"), class_name="text-xl font-bold"),
            el.div(
                el.p(B.figure, class_name="text-fig font-bold tnum tracking-tight"),
                status_tag(B.status_tone, B.status),
                class_name="flex flex-wrap items-center gap-x-4 gap-y-1 mt-2",
            ),
            rx.cond(
                B.settled,
                notice("paid", _("Nothing is left to pay with this link."), cls="mt-3", role="status"),
            ),
        ),
        pay_panel(B, pay_card(B, _("Pay this invoice"), how_much(B), saved_methods=False)),
        facts(),
        el.p(
            _("For your privacy this link shows no names and no services."), class_name="text-ink-2 text-sm"
        ),
        into_portal(_("Sign in to see everything"), "btn btn-second w-full"),
        class_name="space-y-5",
    )


def facts() -> rx.Component:
    return card(
        h2(_("About this invoice")),
        el.dl(
            summary_row(_("Services"), B.total),
            rx.cond(B.paid != "", summary_row(_("Amount paid"), B.paid)),
            summary_row(_("Sent on"), B.issued),
            summary_row(_("Due on"), B.due_day),
            summary_row(_("Number"), B.number),
            class_name="mt-2",
        ),
        cls="p-5 md:p-6",
    )


def no_invoice() -> rx.Component:
    return card(
        el.h1(_("Your invoice"), class_name="sr-only"),
        empty(
            "link",
            _("There is nothing to show here"),
            _("Sign in to see everything, or call us."),
            into_portal(_("Sign in"), "btn btn-second mt-5"),
        ),
        call_us("text-center pb-6 text-ink-2"),
    )


def waiting() -> rx.Component:
    return loading(
        _("Getting your invoice…"),
        el.div(
            el.h1(_("Your invoice"), class_name="text-xl font-bold"),
            skel("h-11 w-40 mt-2"),
            card(
                skel("h-7 w-40"),
                skel("h-12 w-full mt-5"),
                skel("h-40 w-full mt-5"),
                cls="p-5 md:p-6 mt-5",
            ),
        ),
    )


@page("/links/receipt", "Receipt", on_load=P.load, side="link")
def receipt() -> rx.Component:
    return loaded(P, paid(), waiting_for_receipt(), no_receipt())


def paid() -> rx.Component:
    look = rx.cond(P.received, "rounded-xl p-6 bg-paid-soft", "rounded-xl p-6 bg-info-soft")
    return el.div(
        letterhead(),
        el.div(
            rx.cond(P.received, icon("circle-check", 44, "text-paid"), icon("info", 44, "text-info")),
            el.h1(
                rx.cond(P.received, _("Payment received"), P.status),
                data_focus="1",
                class_name="text-xl font-bold mt-3",
            ),
            el.p(P.amount, class_name="text-fig font-bold tnum mt-1"),
            el.p(_("Receipt number"), " ", el.b(P.number, class_name="tnum"), class_name="mt-2"),
            class_name=look,
        ),
        card(
            el.dl(
                summary_row(_("Paid with"), P.shown),
                summary_row(_("Date"), P.on),
                summary_row(_("Invoice"), P.invoice),
                rx.cond(P.refunded != "", summary_row(_("Refunded"), P.refunded)),
                rx.cond(P.left != "", summary_row(_("Left to pay"), P.left)),
            ),
            cls="p-5 md:p-6",
        ),
        el.ul(
            el.li(_("Your bank shows the payment in 1 to 3 days.")),
            el.li(_("This page closes with your visit: print it or keep the number.")),
            el.li(_("The receipt is kept in the portal too, with the invoice.")),
            class_name="list-disc pl-6 space-y-1.5",
        ),
        el.div(
            button(_("Print"), kind="second", custom_attrs={"data-print": "1"}),
            link(_("Back to your invoice"), href=here("/links/bill"), cls="btn btn-second"),
            class_name="no-print flex flex-wrap gap-3",
        ),
        call_us(),
        class_name="space-y-6",
    )


def no_receipt() -> rx.Component:
    return card(
        el.h1(_("Receipt"), class_name="sr-only"),
        empty(
            "receipt-text",
            _("We could not find that receipt"),
            _("Here you see only what you paid in this visit."),
            link(_("Back to your invoice"), href=here("/links/bill"), cls="btn btn-second mt-5"),
        ),
    )


def waiting_for_receipt() -> rx.Component:
    return loading(
        _("Getting your receipt…"),
        el.div(
            skel("h-11 w-11"),
            skel("h-9 w-64 mt-3"),
            skel("h-11 w-40 mt-2"),
            class_name="rounded-xl bg-sunken p-6",
        ),
    )


@page("/stop-reset", "Stop the reset", on_load=R.load, side="open")
def stop_reset() -> rx.Component:
    asked = form(
        link_token(),
        el.p(
            _(
                "Somebody asked our desk to remove the password, authenticator app and passkeys of your "
                "sign-in. If that was not you, stop it here."
            ),
            class_name="mt-3",
        ),
        feedback(R),
        submit(_("Stop the reset"), cls="w-full mt-6"),
        busy=R.busy,
        sending=_("Stopping the reset…"),
        on_submit=R.stop_reset,
        cls="when-token",
    )
    stopped = el.div(
        notice("paid", _("The reset is stopped. Your sign-in stays as it is."), role="status"),
        el.p(_("Call us, so that we can find out who asked."), class_name="mt-3"),
        class_name="mt-4",
    )
    return sheet(
        step_title(_("Stop the reset"), focus=False),
        rx.cond(R.stopped, stopped, rx.fragment(lost(), reset_link_over(), asked)),
    )


def reset_link_over() -> rx.Component:
    """The reset was carried out, or the link is unknown: known before anything is pressed (ui.js)."""
    return el.div(
        notice(
            "due",
            _("This link no longer works. Call us if something is wrong."),
            custom_attrs={"data-says": "1"},
        ),
        class_name="when-link-dead mt-4",
    )
