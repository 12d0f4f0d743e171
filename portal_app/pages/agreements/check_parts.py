"""The page before the last press: what is signed, as whom, with what answers and which signature; with a way back."""

from typing import Any

import reflex as rx

from portal_app.components.elements import as_text
from portal_app.components.form_fields import form
from portal_app.components.i18n import _, each, fill_var
from portal_app.components.kit import button, card, el, refusal_feedback, submit, summary_row
from portal_app.pages.agreements.signature_parts import BOX, tick


def check_page(S: Any) -> rx.Component:
    return el.div(
        card(
            el.h2(_("Check before you sign"), class_name="text-lg font-bold", data_focus="1"),
            el.dl(
                summary_row(_("Agreement"), S.title),
                summary_row(_("For"), S.patient),
                summary_row(_("Signed by"), S.name_on_file),
                rx.cond(S.check.relationship != "", summary_row(_("Signs as"), S.check.relationship)),
                each(S.check.answers, lambda row: summary_row(row.label, row.answer)),
                class_name="mt-3",
            ),
            el.p(_("Signature"), class_name="text-ink-2 mt-3"),
            rx.cond(S.check.drawing != "", drawn(S), typed(S)),
            refusal_feedback(S),
            form(
                tick(S, "intent", intent(S)),
                el.p(
                    _(
                        "With this you sign as if on paper. You get a copy; to change it later takes a new one."
                    ),
                    class_name="text-sm text-ink-2",
                ),
                submit(_("Sign"), cls="w-full sm:w-auto"),
                busy=S.busy,
                sending=_("Signing…"),
                on_submit=S.sign,
                cls="mt-4 space-y-5",
                key="check",
            ),
            cls=BOX,
        ),
        button(_("Back"), kind="quiet", on_click=S.back_to_form, cls="mt-3 -ml-2"),
    )


def intent(S: Any) -> Any:
    return rx.cond(
        S.for_another,
        fill_var("I have read it and want to sign it for {name}", name=as_text(S.patient)),
        _("I have read it and want to sign it"),
    )


def typed(S: Any) -> rx.Component:
    return el.p(
        S.check.typed, class_name="text-lg italic font-semibold mt-1 break-words", id="typed-signature"
    )


def drawn(S: Any) -> rx.Component:
    """The lines as they will stand on the copy."""
    lines = el.svg.path(
        d=S.check.drawing,
        stroke="currentColor",
        stroke_width="4.5",
        stroke_linecap="round",
        stroke_linejoin="round",
        fill="none",
    )
    return el.svg(
        lines,
        view_box="0 0 600 200",
        role="img",
        aria_label=_("Your drawn signature"),
        class_name="w-full max-w-[24rem] border-b border-edge mt-1",
        id="drawn-signature",
    )
