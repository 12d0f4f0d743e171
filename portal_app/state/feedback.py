"""What a page says of its content, and of the last thing it was asked to do: busy, done, or why it was refused."""

# The framework keeps those fields and methods of a state from the browser that begin with an underscore.
# pyright: reportPrivateUsage=false

from collections.abc import AsyncIterator, Coroutine
from typing import Any

import reflex as rx

from portal_app.domain.errors import UserError
from portal_app.i18n import translate
from portal_app.state.base import PortalState, me, refused


class LoadedPage(PortalState, mixin=True):
    """A page about something that its address names: skeleton, "not found" or content."""

    ready: rx.Field[bool] = rx.field(False)  # the page has its content
    missing: rx.Field[bool] = rx.field(False)  # what the address names is not there, or not the viewer's


class Feedback(PortalState, mixin=True):
    """The fields of a page with forms.

    What a guard refuses is not here: that is `PortalState.notice`, above every page.
    """

    busy: rx.Field[bool] = rx.field(False)
    message: rx.Field[str] = rx.field("")
    tone: rx.Field[str] = rx.field("late")  # of the message: "paid" for what was done, "late" for a refusal
    field_errors: rx.Field[dict[str, str]] = rx.field(default_factory=dict)  # by the form field's name

    def _clear_feedback(self) -> None:
        self.message, self.field_errors = "", {}

    def _show_done(self, msgid: str, **values: Any) -> None:
        self._show_done_text(translate(self.language, msgid, **values))

    def _show_done_text(self, text: str) -> None:
        """For text in the page's language already: a plural."""
        self.message, self.tone = text, "paid"

    def _show_refusal(
        self, refusal: UserError, fields: tuple[str, ...] = (), default_field: str = ""
    ) -> None:
        """Put the refusal at its field where the form has it, else at `default_field`, else into the message."""
        words = translate(self.language, refusal.message, **refusal.values)
        if field := refusal.field if refusal.field in fields else default_field:
            self.field_errors = {field: words}
        else:
            self.message, self.tone = words, "late"


async def run_busy(
    state: Feedback, work: Coroutine[Any, Any, None], *fields: str, default_field: str = ""
) -> AsyncIterator[None]:
    """Run `work` with the busy flag shown, and show why it was refused: `async for _ in run_busy(…): yield`.

    What is not there or not theirs is also noted in the audit trail, as a guard does.

    Args:
        state: the page, with `Feedback`.
        work: what calls the services; it shows its own result.
        fields: names of the form's fields that can show an error of their own.
        default_field: of a form with one field: whatever has no field of its own is shown there.
    """
    state.busy = True
    state._clear_feedback()
    yield
    try:
        await work
    except UserError as refusal:
        await refused(me(), work.__qualname__, refusal)
        state._show_refusal(refusal, fields, default_field)
    finally:
        state.busy = False
