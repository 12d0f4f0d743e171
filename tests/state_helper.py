"""A state as a browser tab holds it, without the browser."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, TypeVar, cast

import pytest
import reflex as rx
from reflex.istate.data import RouterData

from portal_app.domain.access import Principal
from portal_app.state import base

AnyState = TypeVar("AnyState", bound=rx.State)


def on_screen(state: type[AnyState], address: str = "/") -> AnyState:
    """A fresh tab at `address`."""
    root = rx.State()
    path, _, query = address.partition("?")
    root.router = RouterData.from_router_data(
        {
            "pathname": path,
            "asPath": address,
            "query": dict(part.split("=") for part in query.split("&") if part),
        }
    )
    return cast(AnyState, root.get_substate(state.get_full_name().split(".")))


def look_from(monkeypatch: pytest.MonkeyPatch, principal: Principal, language: str = "en") -> None:
    """The principal of the next events: the guard takes it as signed in, and checks permissions as always."""
    signed_in = replace(principal, language=language)
    monkeypatch.setattr(base, "principal_of", lambda *_args, **_kwargs: signed_in)
    monkeypatch.setattr(base, "language_now", lambda: language)
    monkeypatch.setattr(base, "visitor_now", lambda: base.Visitor("", "", "127.0.0.1"))
    monkeypatch.setattr(base, "page_now", lambda: "/")
    monkeypatch.setattr(base, "cause_now", lambda: None)


async def happens(handler: Any, **given: Any) -> list[Any]:
    """Run a handler; returns everything that it yields, or its one answer."""
    answer = handler(**given)
    if isinstance(answer, AsyncIterator):
        return [step async for step in answer]
    said = await answer
    return [] if said is None else [said]
