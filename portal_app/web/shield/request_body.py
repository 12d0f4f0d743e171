"""Bodies of requests: whole within a time limit, and a limited number of unfinished ones for each address."""

import asyncio
from collections.abc import Awaitable, Callable

from portal_app.web.shield.sockets import Message

SECONDS = 10.0  # for the whole body; ours have a few kilobytes
UNFINISHED_PER_ADDRESS = 50
ABANDONED_COSTS = 20  # requests: what a body that never ends costs its address


class BodyReceiver:
    """Passes the messages of one request on. `failed`: the client hung up, or was too slow."""

    def __init__(self, receive: Callable[[], Awaitable[Message]], seconds: float) -> None:
        self.receive = receive
        self.deadline = asyncio.get_running_loop().time() + seconds
        self.whole = self.failed = self.too_slow = False

    async def next_message(self) -> Message:
        if self.whole:  # from here on only a hang-up comes
            return await self.receive()
        try:
            async with asyncio.timeout_at(self.deadline):
                message = await self.receive()
        except TimeoutError:
            self.failed = self.too_slow = True
            return {"type": "http.disconnect"}
        if message["type"] == "http.disconnect":
            self.failed = True
        self.whole = not message.get("more_body", False)
        return message
