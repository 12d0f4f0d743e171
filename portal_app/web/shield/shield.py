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
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit
from uuid import UUID

from portal_app.domain.ip import parse_ip, rate_limit_network
from portal_app.domain.sites.embedding import FRAME, FRAME_ROUTES, is_embed, out_of_frame
from portal_app.domain.sites.origins import hosts_of
from portal_app.services.sign_in.crypto import keyed_hash
from portal_app.settings import settings
from portal_app.visitor import Visitor
from portal_app.web import cluster
from portal_app.web.cookies import device_ref, embed_ref, link_ref, secure, session_refs
from portal_app.web.shield.closed_pages import CLOSED, ClosedPage
from portal_app.web.shield.headers import answer_headers
from portal_app.web.shield.rate_budgets import Budget, Budgets, Concurrency
from portal_app.web.shield.request_body import ABANDONED_COSTS, SECONDS, UNFINISHED_PER_ADDRESS, BodyReceiver
from portal_app.web.shield.room import has_room
from portal_app.web.shield.socket_frames import KnownEvent, calls_portal_handler, is_valid_frame
from portal_app.web.shield.sockets import OPEN, Message, Send, Socket
from portal_app.web.threads import in_thread

Receive = Callable[[], Awaitable[Message]]
App = Callable[[Any, Receive, Send], Awaitable[None]]

_TOKEN = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89a-f][0-9a-f]{3}-[0-9a-f]{12}")
_LOAD = re.compile(r"[0-9a-z]{1,32}")
# The socket, the session and PDFs once more, for the pages that an action link opens.
_LINKS = "/links"
_LINK_ROUTES = (f"{_LINKS}/_event", f"{_LINKS}/auth/", f"{_LINKS}/documents/")
_CLOSED = ("/_upload", "/ping", "/_health", "/_all_routes")
_PROBES = ("/livez", "/readyz")
_NOT_PASSED_ON = {b"cookie", b"authorization", b"proxy-authorization"}
RATE, BURST = 20.0, 60.0  # events of one page a second, and at once
ADDRESS_RATE, ADDRESS_BURST = (
    400.0,
    1200.0,
)  # events and requests of one address: a clinic's whole waiting room
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
        self.hosts = {host for origin in self.origins for host in hosts_of(origin)}
        self.pages = _pages(web_root)
        # Whether a page could send this event; portal_app.py sets it, since only states know their handlers.
        self.is_known_event: KnownEvent = lambda name, payload: True
        self.budgets, self.bodies = Budgets(ADDRESS_RATE, ADDRESS_BURST), Concurrency()

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
        http = scope["type"] == "http"
        if not (http and asked in _PROBES) and not budget.spend(1 if http else _OPENING):
            return await self._refuse(scope, send, 429, "Too much at once. Please wait a little.")
        scope = self._internal_scope(scope, visitor)
        if scope["type"] == "websocket":
            return await self._socket(scope, receive, send, visitor, budget)
        if scope["method"] in ("GET", "HEAD"):
            return await self._http(scope, receive, send, asked)
        return await self._post(scope, receive, send, budget, asked)

    async def _post(self, scope: Any, receive: Receive, send: Send, budget: Budget, asked: str) -> None:
        """A request with a body. One that never ends, or that ends with a hang-up, costs its address more than others."""
        with self.bodies.count(budget.whose) as already:
            if already >= UNFINISHED_PER_ADDRESS:
                return await self._refuse(scope, send, 429, "Too much at once. Please wait a little.")
            body = BodyReceiver(receive, SECONDS)
            await self._http(scope, body.next_message, send, asked, body)
            if body.failed:
                budget.spend(ABANDONED_COSTS)
        return None

    def _refusal(self, scope: Any, given: dict[bytes, str]) -> tuple[int, str] | None:
        path, socket = scope["path"], scope["type"] == "websocket"
        if path in _PROBES and not socket:
            return None
        if given.get(b"host", "").lower() not in self.hosts:
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
        if path.startswith(FRAME_ROUTES):
            path = path.removeprefix(FRAME)
        if path.startswith(_LINK_ROUTES):
            path = path.removeprefix(_LINKS)
        if path in self.pages:  # the file server would redirect to the trailing slash
            path += "/"
        return {**scope, "headers": headers, "scheme": scheme, "path": path, "raw_path": path.encode()}

    async def _http(
        self, scope: Any, receive: Receive, send: Send, asked: str, body: BodyReceiver | None = None
    ) -> None:
        """Answers an HTTP request. `asked` is the path as the browser knows it: it decides which headers are set."""
        started = False
        hosts: tuple[str, ...] = ()

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if body and body.failed:  # nobody reads what the route makes of half a request
                return
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
            if body and body.failed:
                return await self._answer_unfinished(scope, send, body, started=started)
            _log.error("a route failed: %s", type(bug).__name__, exc_info=bug)
            if not started:
                return await self._refuse(scope, send, 500, "Something went wrong on our side.")
            raise  # half an answer was sent: the server closes the connection, so that nobody takes it for a whole one

    async def _answer_unfinished(self, scope: Any, send: Send, body: BodyReceiver, *, started: bool) -> None:
        """A client that hung up is told nothing, one that was too slow 408. Neither is a bug."""
        if body.too_slow and not started:
            await self._refuse(scope, send, 408, "Too slow.", (b"connection", b"close"))

    async def _socket(
        self, scope: Any, receive: Receive, send: Send, visitor: Visitor, budget: Budget
    ) -> None:
        asked = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        token = _query_value(asked, "token")
        if OPEN.suspended or not _TOKEN.fullmatch(token):
            return await self._refuse(scope, send, 403, "refused")
        with OPEN.connections.count(rate_limit_network(visitor.ip)) as already:
            if not await has_room(visitor, already):
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
        watched = _LimitedReceiver(socket, receive, budget, self.is_known_event)
        OPEN.add(socket)
        CLOSED.opened(token)
        try:
            await self.app(scope, watched.next_message, send)
        finally:
            watched.stop()
            OPEN.remove(socket)
            if ours and token not in OPEN.by_token:
                await cluster.release_page(token)
                CLOSED.close(token, ClosedPage(socket.refs, rate_limit_network(visitor.ip), socket.used))

    async def _redirect(self, scope: Any, send: Send, page: str) -> None:
        headers = answer_headers(scope["path"], [(b"location", page.encode())], self.web_root)
        await send({"type": "http.response.start", "status": 303, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    async def _refuse(
        self, scope: Any, send: Send, status: int, text: str, *more: tuple[bytes, bytes]
    ) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = answer_headers(scope["path"], [(b"content-type", b"text/plain"), *more], self.web_root)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": text.encode()})


class _LimitedReceiver:
    """Receives a socket's messages within the rate limits, until the session ends."""

    def __init__(self, socket: Socket, receive: Receive, address: Budget, is_known: KnownEvent) -> None:
        self.socket, self.receive, self.is_known = socket, receive, is_known
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
            return await self._close("away" if OPEN.suspended else "session ended")
        message = arriving.result()
        self.socket.received.set()
        if message["type"] != "websocket.receive":
            return message
        if not self._is_within_budget(message):
            return await self._close("too many events")
        if not is_valid_frame(message, self.is_known):
            # Once per socket; to open another one costs the address as much as five events.
            _log.warning("a socket is closed: it sent what no page sends")
            return await self._close("unreadable")
        self.socket.used = self.socket.used or calls_portal_handler(message)
        return message

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
    """Who sent this request: in a frame and from a link's pages by their own cookie, elsewhere by the portal's two."""
    address, load, again = _address(scope, given), "", False
    if scope["type"] == "websocket":
        asked = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        load, again = _query_value(asked, "load"), _query_value(asked, "again") == "1"
        load = load if _LOAD.fullmatch(load) else ""
    embedded, linked = is_embed(scope["path"]), scope["path"].startswith(_LINK_ROUTES)
    refs = session_refs(scope["headers"])
    if embedded or linked:
        refs = ((embed_ref if embedded else link_ref)(scope["headers"]), "")
    device = device_ref(scope["headers"], embedded=embedded)
    return Visitor(*refs, address, embedded=embedded, load=load, again=again, device=device, linked=linked)


def _page_outside_frame(scope: Any, given: dict[bytes, str]) -> str:
    """The portal's own page instead of a page for a frame that was opened outside a frame; "" for anything else."""
    if scope["type"] != "http" or given.get(b"sec-fetch-dest") != "document" or not is_embed(scope["path"]):
        return ""
    asked = scope.get("query_string", b"").decode("latin-1")
    return quote(out_of_frame(scope["path"])) + (f"?{asked}" if asked else "")


def _origins() -> frozenset[str]:
    """The portal's public address; in a demo also the loopback address that means the same."""
    ours = urlsplit(settings().public_url)
    origins = {settings().public_url}
    if settings().demo and ours.hostname == "localhost":
        origins.add(f"{ours.scheme}://{ours.netloc.replace('localhost', '127.0.0.1')}")
    return frozenset(origins)


def _address(scope: Any, given: dict[bytes, str]) -> str:
    """The visitor's IP address: counted back by PORTAL_TRUSTED_PROXY_HOPS, else the socket's."""
    if hops := settings().trusted_proxy_hops:
        # A proxy may append to the visitor's own header, or add one below it: together they are one list.
        lines = (v.decode("latin-1") for k, v in scope["headers"] if k.lower() == b"x-forwarded-for")
        steps = [step.strip() for step in ",".join(lines).split(",") if step.strip()]
        if len(steps) >= hops and (told := parse_ip(steps[-hops])):
            return told
    elif b"x-forwarded-for" in given or b"forwarded" in given:
        _say_that_there_is_a_proxy()
    return parse_ip((scope.get("client") or ("",))[0]) or "?"


@cache
def _say_that_there_is_a_proxy() -> None:
    """Once: a visitor can write this header too, and shall not fill the log."""
    _log.warning(
        "a request came through a proxy, and PORTAL_TRUSTED_PROXY_HOPS is 0: all its visitors count as one address"
    )


def _pages(web_root: Path) -> frozenset[str]:
    """Built pages by their addresses without the trailing slash."""
    found = (f"/{page.parent.relative_to(web_root).as_posix()}" for page in web_root.rglob("index.html"))
    return frozenset(page for page in found if page != "/.")
