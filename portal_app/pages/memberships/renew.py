"""/memberships/renew: the new term and its price, then the button, then the confirmation."""

import reflex as rx

from portal_app.components.form_fields import busy_mark
from portal_app.components.i18n import _, fill_var, here
from portal_app.components.kit import (
    back,
    button,
    card,
    el,
    empty,
    feedback,
    h1,
    link,
    loading,
    notice,
    skel,
    summary_row,
)
from portal_app.components.screen import page
from portal_app.pages.memberships.overview import BOX, price_lines
from portal_app.state.memberships.renew import RenewState

S = RenewState


@page("/memberships/renew", "Renew membership", on_load=S.load, active="/memberships")
def renew_membership() -> rx.Component:
    return el.div(
        back(_("Back to memberships"), here("/memberships")),
        h1(_("Renew membership")),
        el.div(
            rx.cond(
                S.missing,
                not_there(),
                rx.cond(
                    S.ready,
                    rx.cond(S.done, renewed(), rx.cond(S.why_not != "", refused(), offer())),
                    waiting(),
                ),
            ),
            class_name="mt-5",
        ),
    )


def not_there() -> rx.Component:
    return card(
        empty("badge-check", _("We could not find that membership"), _("Only who pays it can change it."))
    )


def refused() -> rx.Component:
    return card(
        el.p(S.plan, class_name="font-bold"),
        el.p(S.why_not, class_name="mt-1"),
        cls=BOX,
    )


def offer() -> rx.Component:
    price_now = rx.cond(S.price_now != "", el.p(fill_var("Now it is {amount}.", amount=S.price_now)))
    return card(
        el.h2(S.plan, class_name="text-lg font-bold"),
        el.dl(
            summary_row(_("Starts"), S.first),
            rx.cond(S.last != "", summary_row(_("Ends"), S.last)),
            summary_row(_("Price"), S.price),
            class_name="mt-3",
        ),
        price_now,
        el.h3(_("What it is made of"), class_name="font-bold mt-5"),
        price_lines(S.lines),
        el.p(
            _("This price is yours for the whole new contract. Your current contract does not change."),
            class_name="text-ink-2 mt-4",
        ),
        rx.cond(
            S.takes_back,
            notice(
                "info", _("Renewing takes your cancellation back: the membership does not end."), cls="mt-4"
            ),
        ),
        feedback(S),
        el.div(
            rx.cond(
                S.sign_href != "",
                link(_("Read and sign the agreement"), href=S.sign_href, cls="btn btn-primary"),
                button(_("Renew"), on_click=S.renew),
            ),
            link(_("Not now"), href=here("/memberships"), cls="btn btn-second"),
            data_busy=busy_mark(S.busy),
            class_name="flex flex-wrap gap-3 mt-5",
        ),
        cls=BOX,
    )


def renewed() -> rx.Component:
    return el.div(
        notice(
            "paid",
            fill_var("Renewed from {first} to {last}", first=S.first, last=S.last),
            el.p(S.price, class_name="mt-0.5"),
            el.p(_("We sent you a confirmation."), class_name="mt-0.5"),
            data_focus="said",
            id="renewed",
        ),
        link(_("See your memberships"), href=here("/memberships"), cls="btn btn-primary mt-5"),
    )


def waiting() -> rx.Component:
    return loading(
        _("Getting your membership…"),
        card(
            skel("h-7 w-44"),
            skel("h-10 w-full mt-4"),
            skel("h-10 w-full mt-2"),
            skel("h-12 w-40 mt-5"),
            cls=BOX,
        ),
    )
