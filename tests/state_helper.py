"""A state as a browser tab holds it, without the browser."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, TypeVar, cast

import pytest
import reflex as rx
from reflex.istate.data import RouterData

from portal_app.domain.access import Principal
from portal_app.domain.errors import UserError
from portal_app.i18n import translate
from portal_app.state import base
from portal_app.state.feedback import Feedback

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
    monkeypatch.setattr(base, "asked_now", lambda: "/")
    monkeypatch.setattr(base, "cause_now", lambda: None)


async def happens(handler: Any, **given: Any) -> list[Any]:
    """Run a handler; returns everything that it yields, or its one answer."""
    answer = handler(**given)
    if isinstance(answer, AsyncIterator):
        return [step async for step in answer]
    said = await answer
    return [] if said is None else [said]


def shows_refusal(page: Feedback, kind: type[UserError], field: str = "") -> bool:
    """Whether the page shows this refusal and no other: at `field`, or as the message of the form."""
    if field:
        shown = page.field_errors.get(field, "") if len(page.field_errors) == 1 else ""
        shown = shown if page.message in ("", shown) else ""  # a payment says it at the field and on top
    else:
        shown = page.message if page.tone == "late" and not page.field_errors else ""
    return is_text_of(kind, shown, page.language)


def is_text_of(kind: type[UserError], text: str, language: str = "en") -> bool:
    """Whether `text` is what a refusal of this kind says, whatever its values."""
    words = re.split(r"\{\w+\}", translate(language, kind.message))
    return re.fullmatch(".+".join(map(re.escape, words)), text) is not None
