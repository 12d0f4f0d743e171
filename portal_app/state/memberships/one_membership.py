"""A page about the one membership that its address names: `?id=mem_…`."""

from abc import abstractmethod

from portal_app.domain.errors import NotFound
from portal_app.domain.ids import MembershipId, parse_id
from portal_app.services.memberships.view import view_membership
from portal_app.services.memberships.views.types import MembershipView, ViewerRole
from portal_app.state.base import PortalState, in_thread, me
from portal_app.state.feedback import Feedback, LoadedPage


class OneMembership(LoadedPage, Feedback, PortalState, mixin=True):
    """Reads the membership's id from the address; the page fills itself in `_show`."""

    _id: str = ""

    @abstractmethod
    async def _show(self) -> None:
        """Read the membership again and fill the page."""

    def _forget_visit(self) -> None:
        """Back to the skeleton."""
        self.ready = self.missing = False
        self._clear_feedback()

    async def _show_named(self) -> None:
        """Show the membership of the address; "not found" where it is absent or not the viewer's."""
        try:
            self._id = parse_id("mem", self.router.url.query_parameters.get("id", ""))
            await self._show()
        except NotFound:
            self.missing = True

    def _membership(self) -> MembershipId:
        return MembershipId(self._id)

    async def _view_as_owner(self) -> MembershipView:
        """The membership, for whom it is billed to. Raises NotFound for others who may see it."""
        view = await in_thread(view_membership, me(), self._membership())
        if view.role is not ViewerRole.OWNER:
            raise NotFound
        return view
