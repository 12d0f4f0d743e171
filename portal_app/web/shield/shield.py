"""The outermost ASGI wrapper: every request and every socket passes it, the built pages included.

Hosts and origins are on an allow list; a socket without an origin is refused. Session cookies never reach
Reflex, which stores and logs what it receives: they are replaced by their hashes. Rate limits and a limit of
sockets per address apply, and frames that no page sends are refused. Every answer gets the headers of its path.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit
from uuid import UUID

from portal_app.domain.embedding import DOORS, FRAME, is_embed, out_of_frame
from portal_app.domain.ip import parse_ip, rate_limit_network
from portal_app.services.sign_in.crypto import keyed_hash
from portal_app.settings import settings
from portal_app.visitor import Visitor
from portal_app.web import cluster
from portal_app.web.cookies import embed_ref, secure, session_refs
from portal_app.web.shield.headers import answer_headers
from portal_app.web.shield.rate_budgets import Budget, Budgets
from portal_app.web.shield.socket_frames import is_valid_frame
from portal_app.web.shield.sockets import OPEN, Message, Send, Socket
from portal_app.web.threads import in_thread

Receive = Callable[[], Awaitable[Message]]
App = Callable[[Any, Receive, Send], Awaitable[None]]

_TOKEN = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89a-f][0-9a-f]{3}-[0-9a-f]{12}")
_LOAD = re.compile(r"[0-9a-z]{1,32}")
_CLOSED = ("/_upload", "/ping", "/_health", "/_all_routes")
_PROBES = ("/livez", "/readyz")
_NOT_PASSED_ON = {b"cookie", b"authorization", b"proxy-authorization"}
RATE, BURST = 20.0, 60.0  # events of one page a second, and at once
ADDRESS_RATE, ADDRESS_BURST = (
    400.0,
    1200.0,
)  # events and requests of one address: a clinic's whole waiting room
SOCKETS_PER_ADDRESS = 50
_OPENING = 5  # what opening a socket costs its address
_log = logging.getLogger("portal.shield")


class Shield:
    def __init__(
        self,
        app: App,
        web_root: Path,
        without_origin: tuple[str, ...] = (),
        foreign: tuple[str, ...] = (),
        framed_by: Callable[[], tuple[str, ...]] = tuple,
    ) -> None:
        """Wraps `app`.

        Args:
            web_root: the folder of the built pages.
            without_origin: path prefixes to which servers post without a browser (webhooks); they are signed.
            foreign: path prefixes that stand for another host (the simulator of Stripe) and set their own headers.
            framed_by: returns the sites that may show the portal in a frame; called for each such page.
        """
        self.app, self.web_root, self.framed_by = app, web_root, framed_by
        self.without_origin, self.foreign = (*without_origin, *foreign), foreign
        self.origins = _origins()
        self.hosts = {urlsplit(origin).netloc for origin in self.origins}
        self.pages = _pages(web_root)
        self.budgets = Budgets(ADDRESS_RATE, ADDRESS_BURST)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        given = {k.lower(): v.decode("latin-1") for k, v in reversed(scope["headers"])}
        if refusal := self._refusal(scope, given):
            return await self._refuse(scope, send, *refusal)
        if page := _page_outside_frame(scope, given):
            return await self._redirect(scope, send, page)
        asked = scope["path"]
        visitor = _visitor(scope, given)
        budget = self.budgets.of_address(rate_limit_network(visitor.ip))
        if asked not in _PROBES and not budget.spend(1 if scope["type"] == "http" else _OPENING):
            return await self._refuse(scope, send, 429, "Too much at once. Please wait a little.")
        scope = self._internal_scope(scope, visitor)
        if scope["type"] == "websocket":
            return await self._socket(scope, receive, send, visitor, budget)
        return await self._http(scope, receive, send, asked)

    def _refusal(self, scope: Any, given: dict[bytes, str]) -> tuple[int, str] | None:
        path, socket = scope["path"], scope["type"] == "websocket"
        if path in _PROBES and not socket:
            return None
        if given.get(b"host", "") not in self.hosts:
            return 421, "wrong host"
        writes = socket or scope["method"] not in ("GET", "HEAD", "OPTIONS")
        open_ = not socket and path.startswith(self.without_origin)
        if writes and not open_ and given.get(b"origin", "") not in self.origins:
            return 403, "wrong origin"
        if path.startswith(_CLOSED):
            return 404, "Not Found"
        return None

    def _internal_scope(self, scope: Any, visitor: Visitor) -> Any:
        if scope["path"].startswith(self.foreign):  # it checks keys of its own and must not see our cookies
            return {**scope, "headers": [(k, v) for k, v in scope["headers"] if k.lower() != b"cookie"]}
        headers = [(k, v) for k, v in scope["headers"] if k.lower() not in _NOT_PASSED_ON]
        headers.append((b"authorization", visitor.header().encode()))
        scheme = ("ws" if scope["type"] == "websocket" else "http") + ("s" if secure() else "")
        path = scope["path"]
        if path.startswith(DOORS):
            path = path.removeprefix(FRAME)
        if path in self.pages:  # the file server would redirect to the trailing slash
            path += "/"
        return {**scope, "headers": headers, "scheme": scheme, "path": path, "raw_path": path.encode()}

    async def _http(self, scope: Any, receive: Receive, send: Send, asked: str) -> None:
        """Answers an HTTP request. `asked` is the path as the browser knows it: it decides which headers are set."""
        started = False
        hosts: tuple[str, ...] = ()

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
            if message["type"] == "http.response.start" and not scope["path"].startswith(self.foreign):
                headers = answer_headers(asked, message["headers"], self.web_root, hosts)
                message = {**message, "headers": headers}
            await send(message)

        try:
            if is_embed(asked):
                hosts = await in_thread(self.framed_by)
            await self.app(scope, receive, send_with_headers)
        except Exception as bug:  # Starlette's own answer would lack our headers
            _log.error("a route failed: %s", type(bug).__name__, exc_info=bug)
            if not started:
                return await self._refuse(scope, send, 500, "Something went wrong on our side.")
            raise  # half an answer was sent: the server closes the connection, so that nobody takes it for a whole one

    async def _socket(
        self, scope: Any, receive: Receive, send: Send, visitor: Visitor, budget: Budget
    ) -> None:
        asked = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        token = _query_value(asked, "token")
        if not _TOKEN.fullmatch(token):
            return await self._refuse(scope, send, 403, "refused")
        with OPEN.count_connection(rate_limit_network(visitor.ip)) as already:
            if already >= SOCKETS_PER_ADDRESS:
                return await self._refuse(scope, send, 403, "refused")
            return await self._open_socket(scope, receive, send, visitor, asked, budget)

    async def _open_socket(
        self,
        scope: Any,
        receive: Receive,
        send: Send,
        visitor: Visitor,
        asked: dict[str, list[str]],
        budget: Budget,
    ) -> None:
        token = _page_key(_query_value(asked, "token"), visitor)
        scope = {**scope, "query_string": urlencode({**asked, "token": token}, doseq=True).encode()}
        refs = tuple(ref for ref in (visitor.patient, visitor.staff) if ref)
        await OPEN.drop_if_dead(token)
        ours = await cluster.claim_page_here(token)
        socket = Socket(token, refs, visitor.ip, send)
        watched = _LimitedReceiver(socket, receive, budget)
        OPEN.add(socket)
        try:
            await self.app(scope, watched.next_message, send)
        finally:
            watched.stop()
            OPEN.remove(socket)
            if ours and token not in OPEN.by_token:
                await cluster.release_page(token)

    async def _redirect(self, scope: Any, send: Send, page: str) -> None:
        headers = answer_headers(scope["path"], [(b"location", page.encode())], self.web_root)
        await send({"type": "http.response.start", "status": 303, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    async def _refuse(self, scope: Any, send: Send, status: int, text: str) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = answer_headers(scope["path"], [(b"content-type", b"text/plain")], self.web_root)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": text.encode()})


class _LimitedReceiver:
    """Receives a socket's messages within the rate limits, until the session ends."""

    def __init__(self, socket: Socket, receive: Receive, address: Budget) -> None:
        self.socket, self.receive = socket, receive
        self.budgets = (Budget(RATE, BURST), address)
        self.ended = asyncio.ensure_future(socket.ended.wait())

    def stop(self) -> None:
        self.ended.cancel()

    async def next_message(self) -> Message:
        arriving = asyncio.ensure_future(self.receive())
        try:
            await asyncio.wait({arriving, self.ended}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            arriving.cancel()
            raise
        if not arriving.done():
            arriving.cancel()
            return await self._close("session ended")
        message = arriving.result()
        self.socket.received.set()
        if message["type"] != "websocket.receive":
            return message
        if not self._is_within_budget(message):
            return await self._close("too many events")
        return message if is_valid_frame(message) else await self._close("unreadable")

    async def _close(self, reason: str) -> Message:
        """Close and wait until the browser has taken it: a connection that is cut at once does not deliver the reason."""
        with suppress(TimeoutError, RuntimeError, OSError):
            async with asyncio.timeout(2):
                await self.socket.send({"type": "websocket.close", "code": 1008, "reason": reason})
                while (await self.receive())["type"] != "websocket.disconnect":
                    pass
        return {"type": "websocket.disconnect", "code": 1008}

    def _is_within_budget(self, message: Message) -> bool:
        cost = 1 + len(message.get("text") or message.get("bytes") or "") / 65536
        return all(budget.spend(cost) for budget in self.budgets)


def _page_key(token: str, visitor: Visitor) -> str:
    """The page's token inside the portal, made of the browser's token, this loading of the page, and the sessions.

    Somebody else who learns a page's token gets another key with it, so they receive nothing that is queued or
    stored for that page. A duplicated tab has the token of the first tab, but loads the page itself.
    """
    return str(UUID(keyed_hash("page", token, visitor.load, visitor.refs)[:32], version=4))


def _query_value(asked: dict[str, list[str]], name: str) -> str:
    return (asked.get(name) or [""])[0]


def _visitor(scope: Any, given: dict[bytes, str]) -> Visitor:
    """Who sent this request: on paths for a frame by the frame's cookie, elsewhere by the portal's own two."""
    address, load, again = _address(scope, given), "", False
    if scope["type"] == "websocket":
        asked = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        load, again = _query_value(asked, "load"), _query_value(asked, "again") == "1"
        load = load if _LOAD.fullmatch(load) else ""
    if is_embed(scope["path"]):
        return Visitor(embed_ref(scope["headers"]), "", address, embedded=True, load=load, again=again)
    return Visitor(*session_refs(scope["headers"]), address, load=load, again=again)


def _page_outside_frame(scope: Any, given: dict[bytes, str]) -> str:
    """The portal's own page instead of a page for a frame that was opened outside a frame; "" for anything else."""
    if scope["type"] != "http" or given.get(b"sec-fetch-dest") != "document" or not is_embed(scope["path"]):
        return ""
    asked = scope.get("query_string", b"").decode("latin-1")
    return quote(out_of_frame(scope["path"])) + (f"?{asked}" if asked else "")


def _origins() -> frozenset[str]:
    """The portal's public address; in a demo also the loopback address that means the same."""
    ours = urlsplit(settings().public_url)
    origins = {f"{ours.scheme}://{ours.netloc}"}
    if settings().demo and ours.hostname == "localhost":
        origins.add(f"{ours.scheme}://{ours.netloc.replace('localhost', '127.0.0.1')}")
    return frozenset(origins)


def _address(scope: Any, given: dict[bytes, str]) -> str:
    """The visitor's IP address: counted back by PORTAL_TRUSTED_PROXY_HOPS, else the socket's."""
    if hops := settings().trusted_proxy_hops:
        steps = [step.strip() for step in given.get(b"x-forwarded-for", "").split(",") if step.strip()]
        if len(steps) >= hops and (told := parse_ip(steps[-hops])):
            return told
    return parse_ip((scope.get("client") or ("",))[0]) or "?"


def _pages(web_root: Path) -> frozenset[str]:
    """Built pages by their addresses without the trailing slash."""
    found = (f"/{page.parent.relative_to(web_root).as_posix()}" for page in web_root.rglob("index.html"))
    return frozenset(page for page in found if page != "/.")
