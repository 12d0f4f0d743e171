"""The family, contact details and sharing, as pages hold them."""

from portal_app.state.members.contact import ContactState
from portal_app.state.members.people import MembersState
from portal_app.state.members.sharing import SharingState

__all__ = ["ContactState", "MembersState", "SharingState"]
