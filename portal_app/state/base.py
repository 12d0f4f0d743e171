"""The door. Reflex makes every public method of a state callable from any browser, so every one of
them is `guarded` or `public`; the app refuses to start without, and a middleware refuses the rest.

    @rx.event
    @guarded(Permission.MY_BILLS)     # inside rx.event
    async def show(self, page: int = 1): ...
"""

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

import reflex as rx
from pydantic import ConfigDict, PydanticUserError, TypeAdapter, ValidationError
from reflex_base.event.context import EventContext

from portal_app.domain.access import Permission, Principal, Side, nobody
from portal_app.domain.embedding import into_frame, is_embed
from portal_app.domain.errors import NotFound, NotSignedIn, PermissionDenied, UserError
from portal_app.domain.sign_in import SessionScope
from portal_app.domain.text import strip_unstorable
from portal_app.i18n import gettext_noop, translate
from portal_app.i18n_paths import language_of_path, localised_path
from portal_app.services.audit import note_refusal
from portal_app.services.sign_in.sessions import is_keep_alive_due, keep_alive, principal_of
from portal_app.settings import settings
from portal_app.visitor import Visitor, visitor_of

P = ParamSpec("P")
T = TypeVar("T")
Handler = TypeVar("Handler", bound=Callable[..., Any])
Enter = Callable[[Any, bool], Awaitable[Principal]]
Ahead = Callable[[Any, Principal], Any]

SIGN_IN = {Side.PATIENT: "/sign-in", Side.STAFF: "/staff/sign-in"}
# What a permission is called, where its absence is said.
ALLOWED = {
    Permission.VIEW_PATIENTS.value: gettext_noop("see patients"),
    Permission.VIEW_BILLING.value: gettext_noop("see billing"),
    Permission.TAKE_PAYMENTS.value: gettext_noop("take payments"),
    Permission.REFUND.value: gettext_noop("refund"),
    Permission.POST_TO_LEDGER.value: gettext_noop("post to the ledger"),
    Permission.MANAGE_SETTINGS.value: gettext_noop("change settings"),
    Permission.EXPORT.value: gettext_noop("export"),
}
_STRICT = ConfigDict(strict=True)
_UNREADABLE = gettext_noop("We could not read that. Load the page again and try once more.")
_log = logging.getLogger("portal.state")
_principal: ContextVar[Principal] = ContextVar("principal")
_found: ContextVar[Callable[[], Any]] = ContextVar("found")


class PortalState(rx.State):
    """What every page shares: the last thing we had to say no to, and the language of the page."""

    notice: rx.Field[str] = rx.field("")
    language: rx.Field[str] = rx.field("en")
    _bound_ref: str = ""  # the logins this state was filled for; another login starts empty
    _load: str = ""  # the loading of the page that this state was filled for
    _by_itself: tuple[str, ...] = ()  # what runs because the page came back, not because of a person
    _visit: int = 0  # of the page at hand: counted by the doors, a lost connection is none
    _begun: int = -1
    _at: tuple[str, ...] = ()  # the page and what it was asked for
    _arrived_at: str = ""

    def _newly_here(self) -> bool:
        """Once for each visit of a page, for whoever is first: its beginning, or somebody faster than that."""
        new = self._begun != self._visit
        self._begun = self._visit
        return new


def me() -> Principal:
    """Whoever is behind the event at hand."""
    return _principal.get()


async def in_thread(service: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a service off the event loop, so that one slow bank stalls nobody else."""
    return await asyncio.to_thread(service, *args, **kwargs)


async def _read(look: Callable[[], T]) -> T:
    """What only reads, by readers of its own: it waits for no bank and no lock.

    Where the database answers within the process it is asked here, while it answers at once: a thread would
    only fight for the interpreter, and everybody waits longer for that than for the answer (decision 0022).
    """
    if not settings().database.startswith("sqlite") or time.monotonic() < _slow.until:
        return await asyncio.get_running_loop().run_in_executor(_readers(), copy_context().run, look)
    begun = time.perf_counter()
    try:
        return look()
    finally:
        if time.perf_counter() - begun > _AT_ONCE:
            _slow.again(time.monotonic())


@functools.cache
def _readers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(8, "look")


_AT_ONCE, _FOR_NOW = 0.02, 60.0  # seconds


class _Slow:
    """Two looks that took long within a minute, and those of the next minute are taken in a thread.

    One alone is the first of its kind, that is made ready.
    """

    last, until = float("-inf"), float("-inf")

    def again(self, now: float) -> None:
        if now - self.last < _FOR_NOW:
            self.until = now + _FOR_NOW
        self.last = now


_slow = _Slow()


def prefetched() -> Any:
    """What the door of the event at hand has asked already, or the refusal that it met."""
    return _found.get()()


def requires(
    permission: Permission, activity: bool = True, prefetch: Ahead | None = None
) -> Callable[[Any], Any]:
    """Let in whoever is signed in on the permission's side and holds it; tell the rest why not.

    `activity=False`: for what the server asks the page to do; it keeps no session alive. Nor does what a
    page loads again because its line was cut.
    `ahead(page, principal)`: what the handler would read first, read in the same step to a thread as who is
    there, of whoever holds the permission; the handler takes it by `prefetched()`. For pages opened all the time.
    It writes nothing.
    """

    async def enter(page: Any, by_itself: bool) -> Principal:
        visitor, language = visitor_now(), language_now()
        side = permission.side
        ref = visitor.ref(side) if visitor.embedded is is_embed(page_now()) else ""

        def sign_in_as() -> tuple[Principal, Callable[[], Any]]:
            found = principal_of(ref, side, touch=False)
            found = replace(found, ip=visitor.ip, language=language)
            return found, _tried(prefetch, page, found) if prefetch and found.may(permission) else _nothing

        found, answer = await _read(sign_in_as)
        _principal.set(found)  # so that the trail can say who was refused
        _found.set(answer)
        if activity and not by_itself and is_keep_alive_due(found):
            await in_thread(keep_alive, found)
        found.require(permission)
        return found

    return lambda handler: _guarded_handler(handler, enter, permission.side, permission)


def public(handler: Any) -> Any:
    """For signing in and the like; `me()` is nobody. The docstring says why."""

    async def enter(_page: Any, _by_itself: bool) -> Principal:
        return nobody(visitor_now().ip, language_now())

    return _guarded_handler(handler, enter, Side.PATIENT, "open")


def visitor_now() -> Visitor:
    """From this socket's handshake, never from stored state: an event without a socket is nobody's."""
    return visitor_of((EventContext.get().router_data or {}).get("headers") or {})


def page_now() -> str:
    """The address of the page that asks, as it says."""
    return str((EventContext.get().router_data or {}).get("pathname", ""))


def place_now() -> tuple[str, ...]:
    """The page that asks, and what it was asked for: another bill, another page of them, is another place."""
    asked = (EventContext.get().router_data or {}).get("query") or {}
    return (page_now(), *(f"{name}={asked[name]}" for name in sorted(asked)))


def cause_now() -> str | None:
    """The event that this one follows from; None when a page sent it, or none is at hand."""
    try:
        return EventContext.get().parent_txid
    except LookupError:
        return None


def language_now() -> str:
    """The language of the page that asks."""
    return language_of_path(page_now())


def embedded_now() -> bool:
    """Whether whoever asks sits in a frame, or says so: there they stay."""
    return visitor_now().embedded or is_embed(page_now())


def scope_now() -> SessionScope:
    """The kind of session that begins here."""
    return SessionScope.EMBED if visitor_now().embedded else SessionScope.FULL


def sign_in_address(side: Side, language: str) -> str:
    return localised_path(language, into_frame(SIGN_IN[side]) if embedded_now() else SIGN_IN[side])


def _guarded_handler(handler: Handler, enter: Enter, side: Side, door: object) -> Handler:
    check = _strictly(handler)

    @functools.wraps(handler)
    async def stepping(self: Any, **given: Any) -> AsyncIterator[Any]:
        try:
            principal = await _arrive(self, enter)
            steps = handler(self, **check(given))
            async for step in _steps(steps, principal):
                yield step
        except Exception as trouble:
            await refused(me(), handler.__qualname__, trouble)
            yield _answer(self, trouble, side, door)

    @functools.wraps(handler)
    async def answering(self: Any, **given: Any) -> Any:
        try:
            _principal.set(await _arrive(self, enter))
            answer = handler(self, **check(given))
            return await answer if inspect.isawaitable(answer) else answer
        except Exception as trouble:
            await refused(me(), handler.__qualname__, trouble)
            return _answer(self, trouble, side, door)

    endpoint: Any = stepping if inspect.isasyncgenfunction(handler) else answering
    endpoint.door = door
    return endpoint


async def _arrive(state: PortalState, enter: Enter) -> Principal:
    if state.notice:
        state.notice = ""
    if (language := language_now()) != state.language:
        state.language = language
    _principal.set(nobody(visitor_now().ip, state.language))
    return await enter(state, cause_now() in state._by_itself)


def _tried(prefetch: Ahead, page: Any, principal: Principal) -> Callable[[], Any]:
    """The answer, or the refusal where the handler asks for it: by then it is known who was refused."""
    try:
        answer = prefetch(page, principal)
    except Exception as trouble:  # said by the door, as any that a handler meets
        return functools.partial(_refuse, trouble)
    return lambda: answer


def _refuse(trouble: Exception) -> None:
    raise trouble


def _nothing() -> None:
    """Nothing was asked ahead."""


async def _steps(steps: AsyncIterator[Any], principal: Principal) -> AsyncIterator[Any]:
    """The handler's own steps; each resumes as whoever asked (the context is not kept between them)."""
    while True:
        _principal.set(principal)
        try:
            step = await anext(steps)
        except StopAsyncIteration:
            return
        yield step


def _answer(state: PortalState, trouble: Exception, side: Side, door: object) -> Any:
    """What the page is told: a refusal in the reader's words, the way to sign in, or a number to call about."""
    language = language_now()
    if isinstance(trouble, NotSignedIn) or _came_by_another_door(trouble):
        linked = door is Permission.ACTION_LINK and not embedded_now()
        return rx.redirect(localised_path(language, "/links") if linked else sign_in_address(side, language))
    if isinstance(trouble, PermissionDenied) and trouble.permission in ALLOWED:
        trouble.values["permission"] = translate(language, ALLOWED[trouble.permission])
    if isinstance(trouble, UserError):
        state.notice = translate(language, trouble.message, **trouble.values)
    else:
        state.notice = translate(
            language, "Something went wrong on our side. Please call us and give this number: {number}",
            number=reported(trouble),
        )  # fmt: skip
    return None


def _came_by_another_door(trouble: Exception) -> bool:
    """By a link that opens one bill, on a page of the whole portal, or the other way round: a way in is shown.

    In a frame there are no links, and its sessions know fewer pages: there it is said.
    """
    mine = isinstance(trouble, PermissionDenied) and trouble.permission.startswith(f"{Side.PATIENT}:")
    return mine and not embedded_now()


async def refused(principal: Principal, what: str, trouble: Exception) -> None:
    """The trail's line for what somebody tried and may not; a trail that cannot be written stops nobody."""
    if not isinstance(trouble, (PermissionDenied, NotFound)):
        return
    try:
        await in_thread(note_refusal, principal, what, type(trouble).__name__)
    except Exception as bug:
        reported(bug)


def reported(trouble: BaseException) -> str:
    """Log where a bug happened, without its words (they may hold health data). The number to ask about."""
    number = secrets.token_hex(4)
    _log.error("bug %s: %s", number, type(trouble).__name__, exc_info=trouble)
    return number


def _strictly(handler: Callable[..., Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Reflex coerces, and passes on raw what it cannot: check each argument against its annotation."""
    parameters = list(inspect.signature(handler).parameters.values())[1:]
    needed = {p.name for p in parameters if p.default is p.empty}
    adapters: dict[str, TypeAdapter[Any]] = {}

    def check(given: dict[str, Any]) -> dict[str, Any]:
        if not adapters and parameters:
            hints = inspect.get_annotations(handler, eval_str=True)
            adapters.update({p.name: _adapter(hints.get(p.name, Any)) for p in parameters})
        if not needed <= given.keys() <= adapters.keys():
            raise UserError(_UNREADABLE)
        try:
            return {name: adapters[name].validate_python(_as_typed(value)) for name, value in given.items()}
        except ValidationError as wrong:
            kinds = ", ".join(sorted({error["type"] for error in wrong.errors(include_input=False)}))
            _log.warning("%s: arguments of the wrong kind were refused (%s)", handler.__qualname__, kinds)
            raise UserError(_UNREADABLE) from None

    return check


def _as_typed(value: Any) -> Any:
    """Text without what nobody can keep. A form sends null for a field that is not on the page just now."""
    if type(value) is dict:
        return {
            k: strip_unstorable(v) if isinstance(v, str) else v for k, v in value.items() if v is not None
        }
    return strip_unstorable(value) if isinstance(value, str) else value


def _adapter(kind: Any) -> TypeAdapter[Any]:
    try:
        return TypeAdapter(kind, config=_STRICT)
    except PydanticUserError:  # a model brings its own configuration
        return TypeAdapter(kind)
