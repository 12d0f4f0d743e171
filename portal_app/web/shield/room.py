"""Whether another page gets a socket: each address has a limit, which does not keep out those who are signed in."""

from portal_app.domain.ip import rate_limit_network
from portal_app.settings import settings
from portal_app.visitor import Visitor
from portal_app.web.shield.closed_pages import valid_sessions
from portal_app.web.shield.sockets import OPEN

SOCKETS_PER_SESSION = 50  # beyond the limit of sockets of an address (PORTAL_SOCKETS_PER_ADDRESS)


async def has_room(visitor: Visitor, open_now: int | None = None) -> bool:
    """Whether another page of this visitor's may open a socket.

    Args:
        open_now: how many their address has, without the one that is asked about; counted here when left out.
    """
    if open_now is None:
        open_now = OPEN.connections.of_address.get(rate_limit_network(visitor.ip), 0)
    if open_now < settings().sockets_per_address:
        return True
    valid = await valid_sessions(ref for ref in (visitor.patient, visitor.staff) if ref)
    return any(len(OPEN.by_ref.get(ref, ())) < SOCKETS_PER_SESSION for ref in valid)
