"""Re-authentication, in place of a page's forms."""

from typing import Any

import reflex as rx

from portal_app.components.i18n import _
from portal_app.components.kit import button, card, el
from portal_app.components.sign_in.second_factor import second_step


def proof_panel(S: Any) -> rx.Component:
    """The panel that asks for a proof before a change: `S` is a ReauthState with a handler cancel_change."""
    more = rx.cond(
        S.ask_another_proof,
        _("Thank you. One more, please: to your other contact, or another way."),
        _("Before this changes, show us once more that it is you."),
    )
    after = el.button(
        type="button", hidden=True, on_click=S.finish_passkey_proof, custom_attrs={"id": "passkey-proven"}
    )
    return card(
        el.h2(_("Is it you?"), data_focus="1", class_name="text-lg font-bold"),
        el.p(more, class_name="text-ink-2 mt-2"),
        second_step(S, S.check_proof, _("Continue"), passkey={"what": "prove", "then": "passkey-proven"}),
        after,
        el.div(button(_("Cancel"), kind="quiet", on_click=S.cancel_change), class_name="mt-3 -mx-2"),
        cls="p-5 md:p-6",
    )
