"""/memberships/receipts: what was paid for memberships in a year, each person's as a PDF."""

import reflex as rx

from portal_app.components.i18n import _, each, fill_var, here
from portal_app.components.kit import account_picker, back, card, el, empty, h1, icon, link, loaded, raw_a
from portal_app.components.screen import page
from portal_app.pages.memberships.overview import BOX
from portal_app.pages.memberships.renew import waiting
from portal_app.state.memberships.receipts import MembershipReceiptsState

S = MembershipReceiptsState


@page("/memberships/receipts", "Receipt for the year", on_load=S.load, active="/memberships")
def membership_receipts() -> rx.Component:
    return el.div(
        back(_("Back to memberships"), here("/memberships")),
        h1(_("Receipt for the year")),
        el.div(loaded(S, content(), waiting(), not_there()), class_name="mt-5"),
    )


def not_there() -> rx.Component:
    return card(
        empty("file-text", _("You pay for no account here"), _("Somebody else answers for yours.")),
    )


def content() -> rx.Component:
    return el.div(
        account_picker(S.accounts),
        el.p(
            _("What you paid for memberships, person by person. Health accounts (HSA, FSA) ask for it."),
            class_name="text-ink-2",
        ),
        rx.cond(
            S.years.length() > 1,
            el.nav(each(S.years, year), aria_label=_("Year"), class_name="flex flex-wrap gap-2"),
        ),
        rx.cond(S.receipts.length() > 0, receipts(), no_receipts()),
        class_name="space-y-5",
    )


def year(item) -> rx.Component:
    return rx.cond(
        item.on,
        link(item.label, href=item.href, cls="btn btn-primary tnum", aria_current="page"),
        link(item.label, href=item.href, cls="btn btn-second tnum"),
    )


def receipts() -> rx.Component:
    return card(
        el.h2(S.paid, class_name="text-lg font-bold"),
        el.ul(each(S.receipts, receipt), class_name="mt-3"),
        rx.cond(
            S.receipts.length() > 1,
            el.div(download(_("Everybody on one PDF"), S.pdf), class_name="mt-5"),
        ),
        cls=BOX,
    )


def receipt(item) -> rx.Component:
    return el.li(
        el.div(
            el.p(item.name, class_name="font-semibold break-words"),
            el.p(item.paid, class_name="tnum text-ink-2"),
            class_name="flex-1 min-w-[min(10rem,100%)]",
        ),
        download(fill_var("PDF for {person}", person=item.name), item.pdf),
        class_name="flex flex-wrap items-center gap-x-4 gap-y-2 py-3 border-b border-line last:border-0",
    )


def download(text, href) -> rx.Component:
    return raw_a(
        icon("download", 19), text, href=href, class_name="btn btn-second", custom_attrs={"download": ""}
    )


def no_receipts() -> rx.Component:
    return card(
        empty("file-text", _("Nothing paid yet"), _("Nothing was paid for memberships in this year.")),
        cls=BOX,
    )
