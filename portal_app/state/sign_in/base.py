"""What all sign-in pages share: they start over with each visit of the page."""

import reflex as rx

from portal_app.state.base import PortalState, public


class SignInBase(PortalState):
    def _start_visit(self) -> None:
        """Empty the page when it is newly opened, or before the first form that is sent on it.

        A password manager may send a form before the page's load event. After a lost connection the page stays
        where it was: people leave it to read their code.
        """
        if self._newly_here():
            self._start_over()

    def _start_over(self) -> None:
        """Forget what was typed and sent."""
        self.reset()


class SignInVisit(SignInBase, mixin=True):
    """The handlers of a page that does nothing else when it is opened and when it starts over."""

    @rx.event
    @public
    async def load(self):
        """Forgets what a previous visitor of this tab typed."""
        self._start_visit()

    @rx.event
    @public
    async def start_over(self):
        """Back to the first step, also after a ticket that the server did not take; nothing is kept."""
        self._start_over()
