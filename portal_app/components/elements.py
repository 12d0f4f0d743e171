"""Types for the framework's elements and a few of its functions, whose own types leave many keywords unknown.

The name of an element is checked: a misspelt one is a type error. Its keywords are not: the framework accepts more
attributes and events than it declares.
"""

from collections.abc import Callable
from typing import Any, Protocol

import reflex as rx
from reflex_base.vars.sequence import StringVar

framework: Any = rx  # for what has no type of its own below


class Element(Protocol):
    def __call__(self, *children: Any, **props: Any) -> rx.Component: ...


class Svg(Element, Protocol):
    path: Element


class Elements(Protocol):
    """The elements of HTML that pages use."""

    a: Element
    aside: Element
    b: Element
    blockquote: Element
    button: Element
    caption: Element
    code: Element
    dd: Element
    del_: Element
    details: Element
    dialog: Element
    div: Element
    dl: Element
    dt: Element
    em: Element
    fieldset: Element
    footer: Element
    form: Element
    h1: Element
    h2: Element
    h3: Element
    h4: Element
    header: Element
    hr: Element
    img: Element
    input: Element
    ins: Element
    label: Element
    legend: Element
    li: Element
    link: Element
    main: Element
    meta: Element
    nav: Element
    ol: Element
    option: Element
    p: Element
    script: Element
    section: Element
    select: Element
    span: Element
    summary: Element
    svg: Svg
    table: Element
    tbody: Element
    td: Element
    textarea: Element
    tfoot: Element
    th: Element
    thead: Element
    tr: Element
    ul: Element


fragment: Element = framework.fragment


def match(cond: Any, *cases: Any) -> Any:
    """The result of the first case (value, result) whose value `cond` has; the last of `cases` is the default result."""
    return framework.match(cond, *cases)


def as_text(value: Any) -> StringVar[str]:
    """A var that may be compared with text and joined to it."""
    made: Any = rx.Var.create(value)
    return made.to(str)


def foreach(rows: Any, row: Callable[[Any], rx.Component]) -> rx.Component:
    """One component for each row of a list in a state."""
    return framework.foreach(rows, row)
