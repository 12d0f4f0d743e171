"""The guards of event handlers.

Reflex makes every public method of a state callable from any browser. So each of them has a guard, `requires` or
`public`: the app does not start with a handler without one, and a middleware refuses its events (state/guards.py).

    @rx.event
    @requires(Permission.MY_INVOICES)     # below rx.event
    async def load(self, page: int = 1): ...
"""

# The framework keeps those fields and methods of a state from the browser that begin with an underscore.
# pyright: reportPrivateUsage=false

import asyncio
import functools
import inspect
import logging
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from dataclasses import replace
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlencode

import reflex as rx
from pydantic import ConfigDict, PydanticUserError, TypeAdapter, ValidationError
from reflex_base.event.context import EventContext

from portal_app.domain.access import Permission, Principal, Side, nobody
from portal_app.domain.errors import NotFound, NotSignedIn, PermissionDenied, UserError
from portal_app.domain.json_values import is_object, object_or_empty
from portal_app.domain.sign_in import SessionScope
from portal_app.domain.sites.embedding import into_frame, is_embed, out_of_frame
from portal_app.domain.sites.own_pages import own_page
from portal_app.domain.text import strip_unstorable
from portal_app.i18n import translate
from portal_app.i18n_paths import bare_path, language_of_path, localised_path
from portal_app.services.audit import note_refusal
from portal_app.services.background_writes import write_soon
from portal_app.services.sign_in.sessions import keep_alive_soon, principal_of
from portal_app.settings import settings
from portal_app.state.errors import UnreadableRequest
from portal_app.state.permission_names import permission_name
from portal_app.visitor import Visitor, visitor_of

P = ParamSpec("P")
T = TypeVar("T")
Handler = TypeVar("Handler", bound=Callable[..., Any])
Enter = Callable[[Any, bool], Awaitable[Principal]]
Prefetch = Callable[[Any, Principal], Any]

LANDING = {Side.PATIENT: "/invoices", Side.STAFF: "/staff"}  # the first page after signing in
SIGN_IN = {Side.PATIENT: "/sign-in", Side.STAFF: "/staff/sign-in"}
_STRICT = ConfigDict(strict=True)
_REFUSAL_WAITS = 0.25  # seconds that the answer waits until a refusal is in the audit trail
_log = logging.getLogger("portal.state")
_principal: ContextVar[Principal] = ContextVar("principal")
_prefetched: ContextVar[Callable[[], Any]] = ContextVar("prefetched")


class PortalState(rx.State):
    """What every page shares: the last refusal of a guard, and the language of the page."""

    notice: rx.Field[str] = rx.field("")  # what a guard refused; a form's own refusals are in Feedback
    language: rx.Field[str] = rx.field("en")
    _bound_ref: str = ""  # the sessions this state was filled for; another session starts empty
    _load: str = ""  # id of the page load that this state was filled for
    _automatic_events: tuple[str, ...] = ()  # ids of events that a reconnected page sent, not a person
    _visit: int = 0  # counts visits of pages (state/guards.py); a lost connection is none
    _begun: int = -1  # the visit that was begun last
    _at: tuple[str, ...] = ()  # path and query of the page
    _arrived_at: str = ""

    def _newly_here(self) -> bool:
        """Whether this is the first event of a visit of the page: True once, for its load event or one that comes before."""
        new = self._begun != self._visit
        self._begun = self._visit
        return new


def came_back(state: PortalState) -> bool:
    """Whether the page has reconnected: what its reader sees is still there, though this state may be new."""
    return cause_now() in state._automatic_events


def me() -> Principal:
    """The principal of the event that is being handled."""
    return _principal.get()


async def in_thread(service: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a service in a thread, so that a slow one does not stop the event loop."""
    return await asyncio.to_thread(service, *args, **kwargs)


async def _read(query: Callable[[], T]) -> T:
    """Run a short read that waits for no lock and no network: on SQLite on the event loop, else in a thread.

    SQLite answers within the process, faster than a thread would get the interpreter (decision 0022).
    After slow answers reads go to threads for a while.
    """
    if not settings().database.startswith("sqlite") or time.monotonic() < _slow.until:
        return await asyncio.get_running_loop().run_in_executor(_reader_threads(), copy_context().run, query)
    begun = time.thread_time()  # of this thread alone: a busy machine makes no read slow
    try:
        return query()
    finally:
        if time.thread_time() - begun > _SLOW_READ:
            _slow.note(time.monotonic())


@functools.cache
def _reader_threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(8, "read")


_SLOW_READ, _WINDOW = 0.02, 60.0  # seconds of processor time, seconds


class _SlowReads:
    """After two slow reads within a minute, the reads of the next minute run in threads.

    One alone does not count: the first read of its kind also compiles its query.
    """

    last, until = float("-inf"), float("-inf")

    def note(self, now: float) -> None:
        if now - self.last < _WINDOW:
            self.until = now + _WINDOW
        self.last = now


_slow = _SlowReads()


def prefetched() -> Any:
    """The answer of the guard's `prefetch`. Raises what the prefetch raised."""
    return _prefetched.get()()


def requires(
    permission: Permission, activity: bool = True, prefetch: Prefetch | None = None
) -> Callable[[Any], Any]:
    """Guard: let the handler run for whoever is signed in on the permission's side and holds it.

    Args:
        permission: the one that is needed; the others are told its name.
        activity: False for events that the server asked the page to send: they keep no session alive. Nor do
            events that a page sends because it reconnected.
        prefetch: a read (page, principal) that the handler needs first. It runs in the same step as the read of the
            session, and the handler takes its answer by `prefetched()`. For pages that are opened all the time.
    """

    async def enter(page: Any, automatic: bool) -> Principal:
        visitor, language = visitor_now(), language_now()
        side = permission.side
        ref = visitor.ref(side) if visitor.embedded is is_embed(page_now()) else ""

        def read_session() -> tuple[Principal, Callable[[], Any]]:
            found = replace(principal_of(ref, side), ip=visitor.ip, device=visitor.device, language=language)
            return found, _run_prefetch(prefetch, page, found) if prefetch and found.may(
                permission
            ) else _nothing

        found, answer = await _read(read_session)
        _principal.set(found)  # so that the audit trail can say who was refused
        _prefetched.set(answer)
        if activity and not automatic:
            keep_alive_soon(found)
        found.require(permission)
        return found

    return lambda handler: _guarded_handler(handler, enter, permission.side, permission)


def public(handler: Any) -> Any:
    """Guard: let everybody run the handler; `me()` is nobody. The handler's docstring says why that is right."""

    async def enter(_page: Any, _automatic: bool) -> Principal:
        return nobody(visitor_now().ip, language_now(), visitor_now().device)

    return _guarded_handler(handler, enter, Side.PATIENT, "open")


def visitor_now() -> Visitor:
    """Session cookies and address, from the handshake of this event's socket and never from stored state."""
    return visitor_of((EventContext.get().router_data or {}).get("headers") or {})


def page_now() -> str:
    """The path of the page that sent the event, as the page says."""
    return str((EventContext.get().router_data or {}).get("pathname", ""))


def place_now() -> tuple[str, ...]:
    """Path and query of the page that sent the event: another invoice or another page of a list is another place."""
    query = object_or_empty((EventContext.get().router_data or {}).get("query"))
    return (page_now(), *(f"{name}={query[name]}" for name in sorted(query)))


def cause_now() -> str | None:
    """The id of the event that caused this one; None when a page sent it, or outside of events."""
    try:
        return EventContext.get().parent_txid
    except LookupError:
        return None


def language_now() -> str:
    """The language of the page that sent the event."""
    return language_of_path(page_now())


def embedded_now() -> bool:
    """Whether the page is in a frame of the practice's site, by its cookie or by its own word."""
    return visitor_now().embedded or is_embed(page_now())


def scope_now() -> SessionScope:
    """The kind of session that begins here."""
    return SessionScope.EMBED if visitor_now().embedded else SessionScope.FULL


def sign_in_address(side: Side, language: str) -> str:
    """The sign-in page of the side, in the frame for a framed page. It leads back to the page of this event."""
    page = localised_path(language, into_frame(SIGN_IN[side]) if embedded_now() else SIGN_IN[side])
    asked = own_page(bare_path(asked_now()), side)
    if embedded_now() and not is_embed(into_frame(asked)):
        asked = ""
    return f"{page}?{urlencode({'next': asked})}" if asked not in ("", LANDING[side]) else page


def asked_now() -> str:
    """Path and query of the page that sent the event, out of its frame."""
    data = EventContext.get().router_data or {}
    asked = str(data.get("asPath") or data.get("pathname", "")).partition("#")[0]
    return out_of_frame(asked) if is_embed(asked) else asked


def _guarded_handler(handler: Handler, enter: Enter, side: Side, guard: object) -> Handler:
    """The handler behind its guard: who it is, the types of the arguments, the answer to an exception."""
    check = _argument_check(handler)

    @functools.wraps(handler)
    async def run_steps(self: Any, **given: Any) -> AsyncIterator[Any]:
        try:
            principal = await _enter(self, enter)
            steps = handler(self, **check(given))
            async for step in _resume_steps(steps, principal):
                yield step
        except Exception as trouble:
            await refused(me(), handler.__qualname__, trouble)
            yield _show_error(self, trouble, side, guard)

    @functools.wraps(handler)
    async def run_once(self: Any, **given: Any) -> Any:
        try:
            _principal.set(await _enter(self, enter))
            answer = handler(self, **check(given))
            return await answer if inspect.isawaitable(answer) else answer
        except Exception as trouble:
            await refused(me(), handler.__qualname__, trouble)
            return _show_error(self, trouble, side, guard)

    endpoint: Any = run_steps if inspect.isasyncgenfunction(handler) else run_once
    endpoint.guard = guard
    return endpoint


async def _enter(state: PortalState, enter: Enter) -> Principal:
    """Clear the last notice, set the language, and find out who it is."""
    if state.notice:
        state.notice = ""
    if (language := language_now()) != state.language:
        state.language = language
    _principal.set(nobody(visitor_now().ip, state.language, visitor_now().device))
    return await enter(state, came_back(state))


def _run_prefetch(prefetch: Prefetch, page: Any, principal: Principal) -> Callable[[], Any]:
    """A function that gives the answer, or raises the error when the handler calls it: then it is the handler's."""
    try:
        answer = prefetch(page, principal)
    except Exception as trouble:
        return functools.partial(_raise, trouble)
    return lambda: answer


def _raise(trouble: Exception) -> None:
    raise trouble


def _nothing() -> None:
    """For a handler without prefetch."""


async def _resume_steps(steps: AsyncIterator[Any], principal: Principal) -> AsyncIterator[Any]:
    """The handler's own steps, each with its principal set: the context is not kept between steps."""
    while True:
        _principal.set(principal)
        try:
            step = await anext(steps)
        except StopAsyncIteration:
            return
        yield step


def _show_error(state: PortalState, trouble: Exception, side: Side, guard: object) -> Any:
    """Answer an exception: the refusal in the page's language, a redirect to sign in, or a number to call about."""
    language = language_now()
    if isinstance(trouble, NotSignedIn) or _has_other_session(trouble):
        linked = guard is Permission.ACTION_LINK and not embedded_now()
        return rx.redirect(localised_path(language, "/links") if linked else sign_in_address(side, language))
    if isinstance(trouble, PermissionDenied):
        trouble.values["permission"] = permission_name(language, trouble.permission)
    if isinstance(trouble, UserError):
        state.notice = translate(language, trouble.message, **trouble.values)
    else:
        state.notice = translate(
            language, "Something went wrong on our side. Please call us and give this number: {number}",
            number=reported(trouble),
        )  # fmt: skip
    return None


def _has_other_session(trouble: Exception) -> bool:
    """A session of an action link on a page of the whole portal, or the other way round: they have to sign in.

    In a frame there are no action links, and its sessions may open fewer pages: there the refusal is shown.
    """
    patients = isinstance(trouble, PermissionDenied) and trouble.permission.startswith(f"{Side.PATIENT}:")
    return patients and not embedded_now()


async def refused(principal: Principal, what: str, trouble: Exception) -> None:
    """Note in the audit trail what somebody tried and may not do. That it cannot be written stops nobody."""
    if not isinstance(trouble, (PermissionDenied, NotFound)):
        return
    noted = write_soon(principal, note_refusal, what, type(trouble).__name__)
    await asyncio.wait([asyncio.wrap_future(noted)], timeout=_REFUSAL_WAITS)


def reported(trouble: BaseException) -> str:
    """Log where a bug happened, without its message (it may hold health data); returns the number to ask about."""
    number = secrets.token_hex(4)
    _log.error("bug %s: %s", number, type(trouble).__name__, exc_info=trouble)
    return number


def _argument_check(handler: Callable[..., Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Check each argument against its annotation: Reflex coerces, and passes on raw what it cannot coerce."""
    parameters = list(inspect.signature(handler).parameters.values())[1:]
    needed = {p.name for p in parameters if p.default is p.empty}
    adapters: dict[str, TypeAdapter[Any]] = {}

    def check(given: dict[str, Any]) -> dict[str, Any]:
        if not adapters and parameters:
            hints = inspect.get_annotations(handler, eval_str=True)
            adapters.update({p.name: _adapter(hints.get(p.name, Any)) for p in parameters})
        if not needed <= given.keys() <= adapters.keys():
            raise UnreadableRequest
        try:
            return {name: adapters[name].validate_python(_clean(value)) for name, value in given.items()}
        except ValidationError as wrong:
            kinds = ", ".join(sorted({error["type"] for error in wrong.errors(include_input=False)}))
            _log.warning("%s: arguments of the wrong kind were refused (%s)", handler.__qualname__, kinds)
            raise UnreadableRequest from None

    return check


def _clean(value: Any) -> Any:
    """A form's values without unstorable characters, and without the null sent for a field that is not on the page."""
    if is_object(value):
        return {
            k: strip_unstorable(v) if isinstance(v, str) else v for k, v in value.items() if v is not None
        }
    return strip_unstorable(value) if isinstance(value, str) else value


def _adapter(kind: Any) -> TypeAdapter[Any]:
    try:
        return TypeAdapter(kind, config=_STRICT)
    except PydanticUserError:  # a model brings its own configuration
        return TypeAdapter(kind)
