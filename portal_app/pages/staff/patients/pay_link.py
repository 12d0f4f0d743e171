"""In the invoice's panel: a link that pays this bill without signing in."""

import reflex as rx

from portal_app.components.form_fields import busy_mark
from portal_app.components.i18n import _, each
from portal_app.components.kit import button, el, icon
from portal_app.pages.staff.list_parts import told, trouble
from portal_app.state.staff.billing.pay_links import PayLinkState

L = PayLinkState


def pay_link() -> rx.Component:
    show = button(icon("qr-code", 19), _("Show link and QR code"), kind="second", on_click=L.make)
    send = button(icon("send", 19), _("Send by message"), kind="second", on_click=L.send)
    return el.section(
        el.h3(_("Pay link"), class_name="font-bold text-lg"),
        el.p(
            _("Pays this bill without signing in. The date of birth is asked, and no service is shown."),
            class_name="text-ink-2 mt-1",
        ),
        told(L.done),
        trouble(L.trouble, "pay-link-form"),
        el.div(show, send, data_busy=busy_mark(L.busy), class_name="flex flex-wrap gap-3 mt-3"),
        rx.cond(L.address != "", made()),
        rx.cond(L.open_links.length() > 0, still_open()),
        class_name="mt-6 pt-5 border-t border-line",
    )


def made() -> rx.Component:
    words = {"data-copy": "pay-link", "data-says": "pay-link-copied", "data-words": _("Copied.")}
    picture = el.img(
        src=L.qr,
        alt=_("QR code of the pay link"),
        width="200",
        height="200",
        class_name="bg-white p-2 rounded-md border border-line flex-none",
    )
    return el.div(
        picture,
        el.div(
            el.p(L.about, class_name="font-semibold"),
            el.div(el.p(L.address, class_name="break-all text-sm"), id="pay-link", class_name="mt-2"),
            el.p(_("It is shown once: copy it now."), class_name="text-sm text-ink-2 mt-2"),
            button(icon("copy", 19), _("Copy"), kind="quiet", cls="btn-small mt-1", custom_attrs=words),
            el.p(id="pay-link-copied", role="status", class_name="text-sm"),
            class_name="min-w-0",
        ),
        class_name="sm:flex gap-5 mt-4",
    )


def still_open() -> rx.Component:
    def one(item) -> rx.Component:
        return el.li(
            el.span(item.about, class_name="flex-1 min-w-0 tnum"),
            button(
                _("Take back"),
                el.span(": ", item.about, class_name="sr-only"),
                kind="quiet",
                cls="btn-small",
                on_click=L.revoke(item.id),
            ),
            class_name="flex items-center gap-3 py-1.5 border-b border-line last:border-0",
            key=item.id,
        )

    return el.div(
        el.h4(_("Open links"), class_name="font-semibold mt-4"),
        el.ul(each(L.open_links, one), class_name="mt-1"),
    )
