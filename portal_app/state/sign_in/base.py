"""What all sign-in pages share: they start over with each visit of the page."""

from portal_app.state.base import PortalState


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
