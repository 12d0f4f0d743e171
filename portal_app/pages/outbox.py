"""/outbox: what the demo sent. Only a demo has it."""

import reflex as rx

from portal_app.components.i18n import _, each
from portal_app.components.kit import card, el, empty, h1, icon
from portal_app.components.screen import page
from portal_app.settings import settings
from portal_app.state.outbox import OutboxState

S = OutboxState


def outbox() -> rx.Component:
    return el.div(
        h1(_("Outbox")),
        el.p(
            _("Every email and text message this demo has sent. Nothing leaves this computer."),
            class_name="text-ink-2 mt-2",
        ),
        rx.cond(
            S.messages.length() > 0,
            el.ul(each(S.messages, message), class_name="space-y-4 mt-5", aria_live="polite"),
            card(
                empty("mail", _("Nothing sent yet"), _("Ask for a sign-in code, and it appears here.")),
                cls="mt-5",
            ),
        ),
    )


def message(item) -> rx.Component:
    files = el.p(
        icon("paperclip", 17, "mt-1"), item.attachments, class_name="flex gap-1.5 text-sm text-ink-2 mt-2"
    )
    return el.li(
        el.div(
            rx.cond(item.by_text, icon("message-square", 19, "text-brand"), icon("mail", 19, "text-brand")),
            el.h2(item.sent_to, class_name="font-bold min-w-0 break-all flex-1"),
            el.span(item.when, class_name="text-sm text-ink-2"),
            class_name="flex items-center gap-2",
        ),
        rx.cond(item.subject != "", el.p(item.subject, class_name="font-semibold mt-2")),
        el.p(item.body, class_name="whitespace-pre-line mt-1 break-words"),
        rx.cond(item.attachments != "", files),
        class_name="card p-4 md:p-5",
        key=item.id,
    )


if settings().demo:
    page("/outbox", "Outbox", on_load=S.load, side="open")(outbox)
