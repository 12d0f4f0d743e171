"""The disputes in a payment's panel: facts, until when to answer, and what to do after one was lost."""

import reflex as rx

from portal_app.components.form_fields import busy_mark
from portal_app.components.i18n import _, each
from portal_app.components.kit import button, el, icon, refusal_feedback, status_tag
from portal_app.pages.staff.list_parts import done_status, fact
from portal_app.state.staff.billing.dispute_panel import PaymentDisputesState

D = PaymentDisputesState


def dispute_section() -> rx.Component:
    return rx.cond(
        D.disputes.length() > 0,
        el.section(
            el.h3(_("Dispute"), class_name="font-bold text-lg"),
            done_status(D),
            refusal_feedback(D, name="dispute-form"),
            el.ul(each(D.disputes, dispute)),
            class_name="mt-6 pt-5 border-t border-line",
        ),
    )


def dispute(item) -> rx.Component:
    answer = el.p(
        _("Answer it at the card processor: what you send there decides, the portal only watches."),
        class_name="text-sm text-ink-2 mt-2",
    )
    return el.li(
        el.div(status_tag(item.tone, item.status), class_name="mt-2"),
        el.dl(
            fact(_("Disputed amount"), item.amount),
            fact(_("Reason"), item.reason),
            fact(_("Since"), item.opened),
            rx.cond(item.answer_by != "", fact(_("Answer by"), item.answer_by)),
            rx.cond(item.fee != "", fact(_("Fee of the card processor"), item.fee)),
            class_name="mt-2 tnum",
        ),
        rx.cond(item.answer_by != "", answer),
        rx.cond(item.due_again != "", el.p(item.due_again, class_name="font-semibold mt-3 tnum")),
        rx.cond(item.undecided & D.may_decide, decision(item)),
        key=item.id,
    )


def decision(item) -> rx.Component:
    return rx.cond(
        D.asked_about == item.id,
        el.div(
            el.p(D.question, data_focus="1", tab_index=-1, class_name="font-bold tnum"),
            el.div(
                button(icon("eraser", 19), _("Write off"), on_click=D.write_off),
                button(_("Keep it due"), kind="second", on_click=D.cancel_write_off),
                data_busy=busy_mark(D.busy),
                class_name="flex flex-wrap gap-3 mt-3",
            ),
            class_name="mt-3",
        ),
        el.div(
            button(
                icon("send", 19), _("Send the invoice again"), kind="second", on_click=D.send_again(item.id)
            ),
            rx.cond(
                D.may_write_off,
                button(
                    icon("eraser", 19), _("Write it off"), kind="second", on_click=D.ask_write_off(item.id)
                ),
            ),
            data_busy=busy_mark(D.busy),
            class_name="flex flex-wrap gap-3 mt-3",
        ),
    )
