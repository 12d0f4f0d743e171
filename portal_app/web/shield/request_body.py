"""Bodies: whole within a time limit, extended as a large file comes, and few unfinished ones for each address."""

import asyncio
from collections.abc import Awaitable, Callable

from portal_app.web.shield.sockets import Message

SECONDS = 10.0  # for a whole body of a few kilobytes, and for each PACE of a file
PACE = 256_000  # bytes: a file of 20 MB comes whole over a line of 205 kbit/s, and one that stalls has ten seconds
UNFINISHED_PER_ADDRESS = 50
ABANDONED_COSTS = 20  # requests: what a body that never ends costs its address


class BodyReceiver:
    """Passes the messages of one request on. `failed`: the client hung up, or was too slow."""

    def __init__(self, receive: Callable[[], Awaitable[Message]], seconds: float) -> None:
        self.receive, self.seconds, self.since_deadline = receive, seconds, 0
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
        self.since_deadline += len(message.get("body", b""))
        if self.since_deadline >= PACE:
            self.since_deadline, self.deadline = 0, asyncio.get_running_loop().time() + self.seconds
        return message
