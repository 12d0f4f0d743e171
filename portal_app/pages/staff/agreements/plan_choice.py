"""A card on the page of a plan: which membership contract its owners sign."""

import reflex as rx

from portal_app.components.form_fields import busy_mark
from portal_app.components.i18n import _, each, here
from portal_app.components.kit import card, el, feedback, h2, link
from portal_app.pages.staff.memberships.form_parts import checked_choice, submit_small
from portal_app.state.staff.agreements.plan_choice import PlanAgreementState

S = PlanAgreementState


def plan_agreement() -> rx.Component:
    return rx.cond(
        S.shown,
        card(
            h2(_("Agreement of the plan")),
            el.p(
                _(
                    "Who pays for a membership signs it when the membership begins, and a new version before it is"
                    " renewed."
                ),
                class_name="text-sm text-ink-2",
            ),
            feedback(S),
            el.form(
                checked_choice(
                    S,
                    _("Membership contract"),
                    "agreement",
                    el.option(_("No agreement"), value=""),
                    each(S.choices, lambda item: el.option(item.name, value=item.id)),
                    default_value=S.chosen,
                ),
                el.div(
                    submit_small(_("Save the agreement"), cls=""),
                    link(_("All agreements"), href=here("/staff/agreements"), cls="link"),
                    class_name="flex flex-wrap items-center gap-4 mt-4",
                ),
                on_submit=S.save_agreement,
                no_validate=True,
                data_guard="1",
                data_busy=busy_mark(S.busy),
                key=S.chosen,
            ),
            cls="p-5 max-w-[48rem]",
        ),
    )
