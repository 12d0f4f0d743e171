"""The components that every page is made of; colours and sizes come from tokens.css."""

from typing import Any

import reflex as rx
from reflex_components_core.el.elements.inline import A
from reflex_components_core.react_router.dom import ReactRouterLink

from portal_app.components.elements import Element, Elements, as_text, framework, match
from portal_app.components.i18n import _, each, embedded
from portal_app.domain.sites.embedding import is_embed

_plain_link: Any = A
_router_link: Any = ReactRouterLink
el: Elements = framework.el
raw_a: Element = (
    _plain_link.create
)  # for #fragments, files and addresses of the server: rx.el.a is the router's Link


def icon(name: str, size: int = 20, cls: str = "", stroke: float = 2) -> rx.Component:
    """Always a literal name: with a var the page would carry every icon there is."""
    return framework.icon(
        name, size=size, stroke_width=stroke, class_name=f"flex-none {cls}", aria_hidden="true"
    )


def link(*kids: Any, href: Any, cls: str = "link", **props: Any) -> rx.Component:
    """A link inside the portal. In a frame, a page that may not be framed opens in a new window."""
    if embedded() and isinstance(href, str) and not is_embed(href):
        return new_window(*kids, href=href, cls=cls, **props)
    return _router_link.create(*kids, to=href, class_name=cls, **props)


def new_window(*kids: Any, href: Any, cls: str = "link", **props: Any) -> rx.Component:
    """A link that opens a new window, and says so."""
    said = el.span(" ", _("(opens in a new window)"), class_name="sr-only")
    return raw_a(*kids, said, href=href, target="_blank", rel="noopener", class_name=cls, **props)


def download_mark() -> dict[str, str]:
    """Marks a link as a download. Not in a frame: Chromium leaves a partitioned cookie out of such requests."""
    return {} if embedded() else {"download": ""}


def button(*kids: Any, kind: str = "primary", cls: str = "", **props: Any) -> rx.Component:
    props.setdefault("type", "button")
    return el.button(*kids, class_name=f"btn btn-{kind} {cls}", **props)


def opens(handler: Any, on: str = "on_click") -> dict[str, Any]:
    """For what does nothing but open a part of the page. After a cut line that part is opened again, with what is
    typed in it (typed.js)."""
    named = getattr(handler, "handler", handler)  # with or without arguments
    return {on: handler, "data_opens": named.fn.__name__}


def submit(*label: Any, cls: str = "", **props: Any) -> rx.Component:
    """A submit button. It shows that it was pressed (ui.js) until the server has answered."""
    wait = el.span(class_name="spin", aria_hidden="true")
    return el.button(wait, *label, type="submit", class_name=f"btn btn-primary {cls}", **props)


def h1(*text: Any, **props: Any) -> rx.Component:
    return el.h1(*text, class_name="text-xl md:text-2xl font-bold text-ink", **props)


def h2(*text: Any, cls: str = "", **props: Any) -> rx.Component:
    return el.h2(*text, class_name=f"text-lg font-bold text-ink {cls}", **props)


def card(*kids: Any, cls: str = "", **props: Any) -> rx.Component:
    return el.section(*kids, class_name=f"card {cls}", **props)


def back(text: str, href: str) -> rx.Component:
    look = "no-print inline-flex items-center gap-2 min-h-11 -ml-1 px-1 rounded-sm font-semibold text-brand"
    return link(icon("arrow-left", 18), text, href=href, cls=f"{look} hover:underline")


# Every state has a colour, a shape and a word.
TONES = {
    "due": ("clock", "bg-due-soft text-due"),
    "late": ("triangle-alert", "bg-late-soft text-late"),
    "paid": ("check", "bg-paid-soft text-paid"),
    "info": ("info", "bg-info-soft text-info"),
    "quiet": ("minus", "bg-quiet-soft text-quiet"),
}


def tag(tone: str, text: Any) -> rx.Component:
    name, look = TONES[tone]
    return el.span(icon(name, 15, stroke=2.5), text, class_name=f"tag {look}")


def status_tag(tone: rx.Var[str], text: rx.Var[str]) -> rx.Component | rx.Var[Any]:
    known = [(k, tag(k, text)) for k in TONES if k != "quiet"]
    return match(tone, *known, tag("quiet", text))


def chip(label: Any, href: Any, on: Any) -> rx.Component:
    """A filter that is a link: Back works, and it can be kept as a bookmark."""
    look = "inline-flex items-center min-h-11 px-4 rounded-full border-[1.5px] font-semibold "
    chosen = link(
        icon("check", 17, "-ml-1 mr-1.5"),
        label,
        href=href,
        aria_current="true",
        cls=look + "bg-brand-soft text-brand-ink border-brand",
    )
    other = link(label, href=href, cls=look + "bg-surface text-ink-2 border-edge hover:bg-sunken")
    return rx.cond(on, chosen, other)


def account_picker(accounts: Any) -> rx.Component:
    """For a guarantor of several accounts: links to this page of each account."""
    chips = each(accounts, lambda item: el.li(chip(item.label, item.href, item.on)))
    return rx.cond(
        accounts.length() > 0,
        el.nav(
            el.ul(chips, class_name="flex flex-wrap gap-2"),
            aria_label=_("Account"),
            class_name="no-print mb-5",
        ),
    )


def initials(text: Any, cls: str = "size-8") -> rx.Component:
    look = "grid place-items-center flex-none rounded-full bg-brand-soft text-brand-ink text-cap font-bold"
    return el.span(text, class_name=f"{look} {cls}", aria_hidden="true")


def notice(tone: str, title: Any, *body: Any, cls: str = "", **props: Any) -> rx.Component:
    ground, ink = TONES[tone][1].split()
    shape = {"paid": "circle-check", "late": "triangle-alert"}.get(tone, "info")
    said = el.div(el.p(title, class_name="font-bold"), *body, class_name="text-ink min-w-0 flex-1")
    return el.div(
        icon(shape, 22, f"{ink} mt-0.5"),
        said,
        class_name=f"flex gap-3 rounded-lg p-4 {ground} {cls}",
        **props,
    )


def feedback(S: Any, cls: str = "mt-4") -> rx.Component:
    """What `S`, a Feedback state, says: what was done, or why the form as a whole was refused.

    It takes the focus when it appears, unless a field is wrong (ui.js), so it is no live region.
    """
    done, look = S.tone == "paid", f"flex gap-3 rounded-lg p-4 {cls}"
    return rx.cond(
        S.message != "",
        el.div(
            rx.cond(
                done,
                icon("circle-check", 22, "text-paid mt-0.5"),
                icon("triangle-alert", 22, "text-late mt-0.5"),
            ),
            el.p(S.message, class_name="font-bold text-ink min-w-0 flex-1"),
            class_name=rx.cond(done, f"{look} bg-paid-soft", f"{look} bg-late-soft"),
            data_focus="said",
            id=rx.cond(done, "form-done", "form-error"),
            key=S.message,
        ),
    )


def done_feedback(S: Any, cls: str = "mt-4") -> rx.Component:
    """Only what was done; `refusal_feedback` stands at the form."""
    return rx.cond((S.message != "") & (S.tone == "paid"), _message("paid", S.message, cls))


def refusal_feedback(S: Any, cls: str = "mt-4", name: str = "form") -> rx.Component:
    """Only why a form was refused; `done_feedback` stands at the top of the page.

    It takes the focus unless a field is wrong (ui.js). `name` is of the form, where a page has several.
    """
    return rx.cond((S.message != "") & (S.tone == "late"), _message("late", S.message, cls, name))


def refusal(S: Any) -> rx.Var[str]:
    """Why a form as a whole was refused; "" when it was not. The fields that share it are marked wrong by it."""
    return as_text(rx.cond(S.tone == "late", S.message, ""))


def field_error(S: Any, name: str) -> rx.Var[str]:
    """Why the field `name` was refused; "" when it was not."""
    return as_text(S.field_errors[name] | "")


def _message(tone: str, words: Any, cls: str, name: str = "form") -> rx.Component:
    marks = {"id": f"{name}-error"} if tone == "late" else {}
    return notice(tone, words, cls=cls, data_focus="said", key=words, **marks)


def empty(shape: str, title: Any, text: Any, *action: Any) -> rx.Component:
    """An empty list: what will be here, and one thing to do."""
    leaf = el.div(
        icon(shape, 28),
        class_name="grid place-items-center size-14 rounded-full bg-brand-soft text-brand-ink mx-auto",
    )
    return el.div(
        leaf,
        el.p(title, class_name="text-lg font-bold mt-4"),
        el.p(text, class_name="text-ink-2 mt-1 max-w-[36ch] mx-auto"),
        *action,
        class_name="text-center py-10 px-4",
    )


def loaded(S: Any, shown: rx.Component, waiting: rx.Component, missing: rx.Component) -> rx.Component:
    """The body of `S`, a LoadedPage state: its skeleton, its content, or that it is not there."""
    return rx.cond(S.missing, missing, rx.cond(S.ready, shown, waiting))


def skel(cls: str) -> rx.Component:
    return el.div(class_name=f"skel {cls}", aria_hidden="true")


def loading(label: str, *kids: Any) -> rx.Component:
    """A skeleton of the page's own size, so that nothing moves when its content comes."""
    return el.div(el.p(label, role="status", class_name="sr-only"), *kids)


def summary_row(key: Any, value: Any) -> rx.Component:
    """A key and its value; a value that does not fit beside its key moves below it."""
    return el.div(
        el.dt(key, class_name="text-ink-2 min-w-0"),
        el.dd(value, class_name="font-semibold text-right tnum min-w-0 ml-auto"),
        class_name="flex flex-wrap justify-between gap-x-4 py-2.5 border-b border-line last:border-0",
    )


def figure_row(key: Any, amount: Any) -> rx.Component:
    """A key and its amount; a long key wraps, the amount does not."""
    return el.div(
        el.dt(key, class_name="text-ink-2 min-w-0"),
        el.dd(amount, class_name="font-semibold text-right tnum whitespace-nowrap"),
        class_name="flex justify-between gap-4 py-2.5 border-b border-line last:border-0",
    )


def dialog(name: str, title: Any, *body: Any) -> rx.Component:
    """Opened by a button with command="show-modal" and commandfor: no server, focus kept by the browser."""
    close = el.button(
        icon("x", 22),
        el.span(_("Close"), class_name="sr-only"),
        type="button",
        class_name="grid place-items-center size-11 -mr-2 rounded-md hover:bg-sunken cursor-pointer",
        custom_attrs={"command": "close", "commandfor": name},
    )
    head = el.div(
        el.h2(title, id=f"{name}-title", class_name="text-lg font-bold"),
        close,
        class_name="flex items-center justify-between gap-3",
    )
    return el.dialog(
        el.div(head, *body, class_name="p-5 md:p-6"),
        id=name,
        aria_labelledby=f"{name}-title",
        class_name="sheet",
    )


def pager(page: Any, *, oldest_first: bool = False) -> rx.Component:
    """Links to the pages before and after a `Page`; they keep the filters of the list."""
    return page_links(page.count, page.previous, page.next, page.label, oldest_first=oldest_first)


def page_links(
    count: Any, previous: Any, following: Any, label: Any, *, oldest_first: bool = False
) -> rx.Component:
    back, on = (_("Earlier"), _("Later")) if oldest_first else (_("Newer"), _("Older"))
    look = "btn btn-second no-print"
    return rx.cond(
        count > 1,
        el.nav(
            rx.cond(previous != "", link(icon("chevron-left", 19), back, href=previous, cls=look), el.span()),
            el.span(label, class_name="text-ink-2 tnum"),
            rx.cond(
                following != "", link(on, icon("chevron-right", 19), href=following, cls=look), el.span()
            ),
            aria_label=_("Pages"),
            class_name="flex flex-wrap items-center justify-between gap-3 mt-4",
        ),
    )
