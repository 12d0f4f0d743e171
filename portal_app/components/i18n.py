"""Translated texts of a page, put in when it is built: each page is built once per language."""

import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from inspect import Parameter, Signature
from typing import Any

import reflex as rx

from portal_app import i18n
from portal_app.components.elements import as_text, foreach
from portal_app.domain.sites.embedding import into_frame
from portal_app.i18n_paths import default_language, localised_path

_language: ContextVar[str] = ContextVar("language", default="")

_embedded: ContextVar[bool] = ContextVar("embedded", default=False)
_depth: ContextVar[int] = ContextVar("depth", default=0)  # of lists within lists


def embedded() -> bool:
    """Whether the page being built is one for a frame in the practice's own site."""
    return _embedded.get()


def language() -> str:
    """The language of the page being built; the default one while none is being built."""
    return _language.get() or default_language()


@contextmanager
def use_language(code: str, *, in_frame: bool = False) -> Generator[None]:
    token, other = _language.set(code), _embedded.set(in_frame)
    try:
        yield
    finally:
        _language.reset(token)
        _embedded.reset(other)


def _(msgid: str) -> str:
    return i18n.translate(language(), msgid)


def fill(msgid: str, **parts: Any) -> list[Any]:
    """The translated sentence in pieces, with a component or a var in each {place}."""
    pieces = re.split(r"\{(\w+)\}", _(msgid))
    return [parts[p] if i % 2 else p for i, p in enumerate(pieces) if p]


def fill_var(msgid: str, **parts: rx.Var[str]) -> rx.Var[str]:
    """The translated sentence as one string that changes with its vars."""
    said = as_text("")
    for piece in fill(msgid, **parts):
        said = said + piece
    return said


def each(rows: Any, row: Callable[[Any], rx.Component]) -> rx.Component:
    """`rx.foreach` in the language and the frame of the page being built: it draws the rows later.

    The framework takes the item's name in the browser from the parameter. Lists within lists get one name each;
    otherwise what an inner row says of the outer item would be asked of the inner one.
    """
    spoken, in_frame, depth = language(), embedded(), _depth.get()

    def draw(item: Any) -> rx.Component:
        deeper = _depth.set(depth + 1)
        try:
            with use_language(spoken, in_frame=in_frame):
                return row(item)
        finally:
            _depth.reset(deeper)

    parameter = Parameter(f"item{depth or ''}", Parameter.POSITIONAL_OR_KEYWORD)
    draw.__signature__ = Signature([parameter])
    return foreach(rows, draw)


def here(path: str) -> str:
    """A path of the portal in the language of the page being built; inside the frame where that page may be framed."""
    return in_window(into_frame(path) if embedded() else path)


def in_window(path: str) -> str:
    """A path of the portal outside of frames, in the language of the page being built."""
    return localised_path(language(), path)
