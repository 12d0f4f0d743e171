"""A hostile browser: it speaks to the served portal's socket by hand, and keeps to none of a page's rules."""

import asyncio
import json
import uuid
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from portal_app.domain.access import Side
from portal_app.domain.sign_in import SessionScope
from portal_app.web.cookies import cookie_name

ROOT = "reflex___state____state"
PORTAL_STATE = f"{ROOT}.portal_app___state___base____portal_state"
HYDRATE = f"{ROOT}.hydrate_and_load"
VISIT = f"{PORTAL_STATE}.portal_app___state___layout____layout_state.load_visitor_layout"
_IN_SPANISH = '"language_rx_state_":"es"'
AT_A_TIME = 40  # events: the shield lets 60 through at once
PATIENCE = 10  # seconds: the machine may be busy


class Closed(Exception):
    """The portal hung up, or did not take the call."""


@dataclass(frozen=True)
class Caller:
    """Who calls: by which cookie, by which path, from which address."""

    cookie: str = ""
    side: Side = Side.PATIENT
    scope: SessionScope = SessionScope.FULL
    address: str = "198.51.100.1"

    @property
    def framed(self) -> bool:
        return self.scope is SessionScope.EMBED

    @property
    def headers(self) -> dict[str, str]:
        jar = f"{cookie_name(self.side, self.scope)}={self.cookie}" if self.cookie else ""
        return {"Cookie": jar, "X-Forwarded-For": self.address}


@dataclass
class Page:
    """One socket. `heard` is all it was told, as text; `told` the same as updates."""

    socket: aiohttp.ClientWebSocketResponse
    token: str
    framed: bool = False
    heard: list[str] = field(default_factory=list)
    told: list[dict[str, Any]] = field(default_factory=list)
    new_token: str = ""

    async def tell(self, name: object, payload: object = None, path: str = "/", **more: object) -> None:
        """One event, as any client may write it."""
        here = {"pathname": path, "asPath": path, "query": {}}
        event = {"name": name, "payload": {} if payload is None else payload, "router_data": here, **more}
        await self.say("42/_event," + json.dumps(["event", event]))

    async def say(self, text: str) -> None:
        try:
            await self.socket.send_str(text)
        except (ConnectionError, RuntimeError) as gone:
            raise Closed from gone

    async def hear(self, seconds: float = PATIENCE) -> str:
        """The next word that is said to this page; an "are you there?" is answered on the way."""
        async with asyncio.timeout(seconds):
            while True:
                got = await self.socket.receive()
                if got.type is not aiohttp.WSMsgType.TEXT:
                    raise Closed(str(self.socket.close_code))
                if got.data == "2":
                    await self.say("3")
                    continue
                self._keep(got.data)
                return got.data

    def _keep(self, text: str) -> None:
        self.heard.append(text)
        if text.startswith("42/_event,"):
            kind, *rest = json.loads(text.removeprefix("42/_event,"))
            if kind == "event":
                self.told.append(rest[0])
            if kind == "new_token":
                self.new_token = rest[0]

    async def until(self, words: str) -> None:
        while words not in await self.hear():
            pass

    async def hydrate(self, variables: dict[str, Any] | None = None, path: str = "/") -> None:
        await self.tell(HYDRATE, {"vars": variables or {}, "hashes": []}, path)
        await self.until('"is_hydrated_rx_state_":true')

    async def settle(self) -> None:
        """Whatever was told before has been done: events of one page wait for each other."""
        await self.tell(VISIT, path="/es/embed" if self.framed else "/es/sign-in")
        await self.until(_IN_SPANISH)

    def deltas(self) -> dict[str, dict[str, Any]]:
        """What the page knows: every state, with what was said of it last."""
        known: dict[str, dict[str, Any]] = {}
        for update in self.told:
            for state, values in (update.get("delta") or {}).items():
                known.setdefault(state, {}).update(values)
        return known

    async def gone(self, seconds: float = 10) -> bool:
        """Whether the portal hangs up, be it after some last words."""
        try:
            while True:
                await self.hear(seconds)
        except Closed:
            return True
        except TimeoutError:
            return False

    async def close(self) -> None:
        await self.socket.close()


class Line:
    """Calls to one served portal, be it `via` another address."""

    def __init__(self, url: str, client: aiohttp.ClientSession, via: str = "") -> None:
        self.url, self.client, self.via = url, client, via or url
        self.host = url.removeprefix("http://")

    async def call(
        self,
        caller: Caller,
        token: str = "",
        *,
        origin: str | None = "",
        host: str = "",
        boot: dict[str, Any] | None = None,
        load: str = "",
    ) -> Page:
        """Closed when the portal does not take the call. `origin=None` says none.

        `load`: the word of one loading of a page, with "&again=1" behind it when the page comes by itself.
        """
        token = token or str(uuid.uuid4())
        headers = caller.headers | {"Host": host or self.host}
        if origin is not None:
            headers["Origin"] = origin or self.url
        path = "/embed/_event/" if caller.framed else "/_event/"
        asked = f"{self.via}{path}?token={token}&EIO=4&transport=websocket" + (
            f"&load={load}" if load else ""
        )
        try:
            socket = await self.client.ws_connect(asked, headers=headers, max_msg_size=0, autoclose=False)
        except (aiohttp.ClientError, ConnectionError) as refused:
            raise Closed(str(refused)) from refused
        page = Page(socket, token, caller.framed)
        await page.hear()
        await page.say("40/_event," + (json.dumps(boot) if boot else ""))
        await page.until("40/_event,")
        return page

    async def hydrated(self, caller: Caller, token: str = "", path: str = "/") -> Page:
        page = await self.call(caller, token)
        await page.hydrate(path=path)
        return page

    async def ask(self, method: str, path: str, caller: Caller, **more: Any) -> tuple[int, str]:
        """A plain request, as the page's own script would make it; `headers` overrule."""
        headers = {"Host": self.host, "Origin": self.url} | caller.headers | more.pop("headers", {})
        headers = {name: value for name, value in headers.items() if value}
        asked = self.client.request(method, self.url + path, headers=headers, allow_redirects=False, **more)
        async with asked as answer:
            return answer.status, (await answer.read()).decode(errors="replace")
