"""What all ways in share: they begin anew with each visit of the page, and with nothing less."""

from portal_app.state.base import PortalState


class SignInBase(PortalState):
    def _start_afresh(self) -> None:
        """At the beginning of a visit, and before the first thing that somebody sends.

        A password manager sends a form before the page has begun; who comes back from reading
        their code finds the page where they left it, though its connection was lost meanwhile.
        """
        if self._newly_here():
            self._start_over()

    def _start_over(self) -> None:
        """Nothing typed, nothing asked."""
        self.reset()
