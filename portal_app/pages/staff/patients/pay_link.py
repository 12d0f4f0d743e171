"""The pay links in an invoice's panel: each pays this invoice without signing in."""

import reflex as rx

from portal_app.components.form_fields import busy_mark
from portal_app.components.i18n import _, each
from portal_app.components.kit import button, el, icon, refusal_feedback
from portal_app.pages.staff.list_parts import done_status
from portal_app.state.staff.billing.pay_links import InvoicePayLinkState

L = InvoicePayLinkState


def pay_link_section() -> rx.Component:
    show = button(icon("qr-code", 19), _("Show link and QR code"), kind="second", on_click=L.make_link)
    send = button(icon("send", 19), _("Send by message"), kind="second", on_click=L.send_link)
    return el.section(
        el.h3(_("Pay link"), class_name="font-bold text-lg"),
        el.p(
            _("Pays this invoice without signing in. The date of birth is asked, and no service is shown."),
            class_name="text-ink-2 mt-1",
        ),
        done_status(L),
        refusal_feedback(L, name="pay-link-form"),
        el.div(show, send, data_busy=busy_mark(L.busy), class_name="flex flex-wrap gap-3 mt-3"),
        rx.cond(L.address != "", new_link()),
        rx.cond(L.open_links.length() > 0, open_links()),
        class_name="mt-6 pt-5 border-t border-line",
    )


def new_link() -> rx.Component:
    copy = {"data-copy": "pay-link", "data-says": "pay-link-copied", "data-words": _("Copied.")}
    qr_code = el.img(
        src=L.qr,
        alt=_("QR code of the pay link"),
        width="200",
        height="200",
        class_name="bg-white p-2 rounded-md border border-line flex-none",
    )
    return el.div(
        qr_code,
        el.div(
            el.p(L.about, class_name="font-semibold"),
            el.div(el.p(L.address, class_name="break-all text-sm"), id="pay-link", class_name="mt-2"),
            el.p(_("It is shown once: copy it now."), class_name="text-sm text-ink-2 mt-2"),
            button(icon("copy", 19), _("Copy"), kind="quiet", cls="btn-small mt-1", custom_attrs=copy),
            el.p(id="pay-link-copied", role="status", class_name="text-sm"),
            class_name="min-w-0",
        ),
        class_name="sm:flex gap-5 mt-4",
    )


def open_links() -> rx.Component:
    def link_row(item) -> rx.Component:
        return el.li(
            el.span(item.about, class_name="flex-1 min-w-0 tnum"),
            button(
                _("Take back"),
                el.span(": ", item.about, class_name="sr-only"),
                kind="quiet",
                cls="btn-small",
                on_click=L.revoke_link(item.id),
            ),
            class_name="flex items-center gap-3 py-1.5 border-b border-line last:border-0",
            key=item.id,
        )

    return el.div(
        el.h4(_("Open links"), class_name="font-semibold mt-4"),
        el.ul(each(L.open_links, link_row), class_name="mt-1"),
    )
