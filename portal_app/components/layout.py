"""The layout around every page: header, navigation, person menu, offline notice, error page."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import reflex as rx
from reflex_components_core.base.error_boundary import ErrorBoundary

from portal_app.components.connection import offline
from portal_app.components.elements import as_text, fragment
from portal_app.components.i18n import _, fill, here, language
from portal_app.components.kit import (
    card,
    el,
    icon,
    initials,
    link,
    notice,
    raw_a,
    skel,
)
from portal_app.components.nav import Noun, side_item, tabs
from portal_app.components.session_warning import idle_warning, session_marks
from portal_app.i18n import LANGUAGES, gettext_noop
from portal_app.i18n_paths import default_language, localised_path
from portal_app.settings import settings
from portal_app.state.base import PortalState
from portal_app.state.layout import LayoutState

_boundary: Any = ErrorBoundary

# The entries of the navigation.
PATIENT_NOUNS = (
    Noun(gettext_noop("Invoices"), "receipt-text", "/invoices"),
    Noun(gettext_noop("Payments"), "circle-dollar-sign", "/payments"),
    Noun(gettext_noop("Payment options"), "credit-card", "/payment-options"),
    Noun(gettext_noop("Statements"), "file-text", "/statements"),
    Noun(gettext_noop("Memberships"), "badge-check", "/memberships"),
    Noun(gettext_noop("Agreements"), "signature", "/agreements"),
    Noun(gettext_noop("Members"), "users", "/members"),
)
STAFF_NOUNS = (
    Noun(gettext_noop("Today"), "layout-dashboard", "/staff"),
    Noun(gettext_noop("Transactions"), "arrow-left-right", "/staff/transactions"),
    Noun(gettext_noop("Patients"), "user-search", "/staff/patients"),
    Noun(gettext_noop("Memberships"), "badge-check", "/staff/memberships"),
    Noun(gettext_noop("Agreements"), "file-pen-line", "/staff/agreements"),
    Noun(gettext_noop("To do"), "list-todo", "/staff/tasks"),
    Noun(gettext_noop("Front desk"), "concierge-bell", "/staff/desk"),
    Noun(gettext_noop("Families"), "users", "/staff/family"),
    Noun(gettext_noop("Requests"), "inbox", "/staff/requests"),
    Noun(gettext_noop("Messages"), "mail", "/staff/messages"),
    Noun(gettext_noop("Settings"), "settings", "/staff/settings"),
)


def practice_name() -> rx.Var[str]:
    """The practice's name; a neutral one in the page as built."""
    return as_text(rx.cond(LayoutState.practice != "", LayoutState.practice, _("Patient portal")))


def head() -> list[rx.Component]:
    """The document's head, for every page."""
    font = {"as": "font", "type": "font/woff2", "crossOrigin": "anonymous"}
    return [
        # First, before the first paint. Its name has a hash of its content, so browsers may cache it for ever.
        el.script(src=f"/ui.js?{_stamp('ui.js')}", data_languages=" ".join(settings().languages)),
        el.link(rel="preload", href="/fonts/public-sans.woff2", custom_attrs=font),
        el.link(rel="icon", href="/icon.svg", type="image/svg+xml"),
        el.meta(name="color-scheme", content="light dark"),
        *[
            el.meta(
                name="theme-color",
                content=colour,
                custom_attrs={"media": f"(prefers-color-scheme: {scheme})"},
            )
            for scheme, colour in (("light", "#f6f5f1"), ("dark", "#0e1412"))
        ],
    ]


def _stamp(name: str) -> str:
    asset = Path(__file__).parents[2] / "assets" / name
    return sha256(asset.read_bytes()).hexdigest()[:12]


def leaf(size: str = "size-9") -> rx.Component:
    sprig = "M16 18c-5.5 0-8-3-8-8 5.5 0 8 3 8 8Z"
    other = "M16 14c0-5 2.5-8 8-8 0 5-2.5 8-8 8Z"
    drawing = el.svg(
        el.svg.path(
            d="M16 27V13", stroke="currentColor", stroke_width="2.4", stroke_linecap="round", fill="none"
        ),
        el.svg.path(d=sprig, fill="currentColor"),
        el.svg.path(d=other, fill="currentColor", opacity=".7"),
        view_box="0 0 32 32",
        width="100%",
        height="100%",
        aria_hidden="true",
    )
    return el.span(
        drawing, class_name=f"{size} flex-none rounded-md bg-brand text-on-brand grid place-items-center"
    )


def skip_link() -> rx.Component:
    return raw_a(_("Skip to main content"), href="#main", class_name="skip btn btn-primary")


def language_toggle(path: str) -> rx.Component:
    """The other languages, each in its own words; nothing where there is one. ui.js carries the rest of the address."""
    return fragment(*[_in(other, path) for other in settings().languages if other != language()])


def _in(other: str, path: str) -> rx.Component:
    return raw_a(
        icon("languages", 19, "hidden sm:block"),
        LANGUAGES[other],
        href=localised_path(other, path),
        data_language=other,
        class_name="flex items-center gap-2 min-h-11 px-2 sm:px-3 rounded-md font-semibold text-ink-2 hover:bg-sunken",
        custom_attrs={"lang": other, "hrefLang": other},
    )


def refusal() -> rx.Component:
    """What a guard refused last (PortalState.notice), read out at once."""
    return rx.cond(
        PortalState.notice != "", notice("late", PortalState.notice, cls="no-print mb-5", role="alert")
    )


def sign_out(side: str, look: str) -> rx.Component:
    """The sign-out button. ui.js calls the route that ends the session: a page cannot clear the cookie itself."""
    next_page = "/staff/sign-in" if side == "staff" else "/sign-in"
    marks = {"data-sign-out": side, "data-next": here(next_page)}
    return el.button(icon("log-out", 20), _("Sign out"), type="button", class_name=look, custom_attrs=marks)


def person_button() -> rx.Component:
    name = el.span(LayoutState.person, class_name="sr-only sm:not-sr-only")
    return el.button(
        initials(LayoutState.initials),
        el.span(el.span(_("Signed in as"), " ", class_name="sr-only"), name, class_name="font-semibold"),
        icon("chevron-down", 18, "text-ink-3"),
        type="button",
        class_name="flex items-center gap-1 sm:gap-2 min-h-11 pl-1 pr-1 sm:pr-2 rounded-md hover:bg-sunken cursor-pointer",
        custom_attrs={"popoverTarget": "who"},
    )


def person_menu(side: str) -> rx.Component:
    row = "w-full flex items-center gap-3 px-3 min-h-12 rounded-md hover:bg-sunken cursor-pointer font-semibold text-left"
    return el.div(
        el.p(LayoutState.full_name, class_name="px-3 pt-2 font-bold"),
        el.p(_("You are signed in"), class_name="px-3 pb-2 text-sm text-ink-2"),
        rx.cond(LayoutState.sees != "", el.p(LayoutState.sees, class_name="px-3 pb-2 text-sm text-ink-2")),
        el.hr(class_name="border-line mb-1"),
        link(
            icon("key-round", 20),
            _("My sign-in"),
            href=here("/staff/account" if side == "staff" else "/account"),
            cls=row,
        ),
        sign_out(side, row),
        id="who",
        class_name="menu top-16 right-3 w-[min(18rem,calc(100vw-1.5rem))]",
        custom_attrs={"popover": "auto"},
    )


# The width that header, navigation and main share (tokens.css).
PAGE = {"patient": "page", "staff": "page page-wide", "open": "page page-narrow"}
HOME = "grow basis-28 max-w-max min-w-0 flex items-center gap-2.5 min-h-11 rounded-md text-ink"


def topbar(path: str, side: str, home: str) -> rx.Component:
    name = el.span(
        practice_name(),
        class_name="font-bold leading-5 text-sm sm:text-base max-w-[9rem] sm:max-w-none min-w-0",
    )
    return el.header(
        el.div(
            link(leaf(), name, href=here(home), cls=HOME),
            el.div(
                language_toggle(path),
                rx.cond(LayoutState.person != "", person_button()),
                class_name="flex flex-wrap items-center",
            ),
            class_name=f"{PAGE[side]} flex flex-wrap items-center justify-between gap-x-2 min-h-16",
        ),
        person_menu(side),
        idle_warning(),
        class_name="topbar chrome sticky top-0 z-30 bg-canvas border-b border-line",
    )


def get_help() -> rx.Component:
    number = raw_a(
        icon("phone", 18),
        LayoutState.phone,
        href="tel:" + LayoutState.phone,
        class_name="link inline-flex items-center gap-2 min-h-11 tnum",
    )
    return rx.cond(
        LayoutState.phone != "",
        el.div(
            el.p(_("Get help"), class_name="font-bold"),
            el.p(LayoutState.hours, class_name="text-sm text-ink-2"),
            number,
            class_name="mt-8 px-3 pt-4 border-t border-line",
        ),
    )


def call_us(cls: str = "text-ink-2") -> rx.Component:
    """One sentence with the practice's number, once it is known."""
    number = raw_a(
        LayoutState.phone, href="tel:" + LayoutState.phone, class_name="link tnum whitespace-nowrap"
    )
    return el.p(
        rx.cond(
            LayoutState.phone != "",
            fragment(*fill("Something wrong? Call {phone}.", phone=number)),
            "\u00a0",
        ),
        class_name=cls,
    )


def side_nav(nouns: tuple[Noun, ...], active: str) -> rx.Component:
    return el.nav(
        el.ul(*[side_item(noun, active) for noun in nouns], class_name="space-y-1"),
        get_help(),
        aria_label=_("Main"),
        class_name="chrome hidden md:block w-60 flex-none py-8 pr-6 sticky top-16 self-start",
    )


def docked(action: rx.Component) -> rx.Component:
    """One action in place of the tabs, on a phone."""
    return el.div(
        action,
        role="region",
        aria_label=_("Action"),
        class_name="dock md:hidden fixed bottom-0 inset-x-0 z-30 bg-surface shadow-up px-4 pt-3 "
        "pb-[calc(.75rem+env(safe-area-inset-bottom))] no-print",
    )


def main(*body: Any, cls: str = "") -> rx.Component:
    return el.main(*body, id="main", tab_index=-1, class_name=f"outline-none {cls}")


def patient_frame(body: rx.Component, path: str, active: str, dock: rx.Component | None) -> rx.Component:
    return document(
        topbar(path, "patient", "/invoices"),
        offline(),
        el.div(
            side_nav(PATIENT_NOUNS, active),
            main(refusal(), body, cls="flex-1 min-w-0 py-6 md:py-8"),
            class_name=f"frame {PAGE['patient']} flex pb-28 md:pb-12",
        ),
        docked(dock) if dock is not None else tabs(PATIENT_NOUNS, active),
        session="patient",
    )


def open_frame(
    body: rx.Component, path: str, session: str = "", dock: rx.Component | None = None
) -> rx.Component:
    """The layout before signing in: one card, the language, and help."""
    name = el.span(
        leaf(),
        el.span(practice_name(), class_name="font-bold leading-5 min-w-0"),
        class_name="flex items-center gap-2.5 min-h-11 min-w-0",
    )
    return document(
        el.header(
            name,
            language_toggle(path),
            class_name=f"{PAGE['open']} flex flex-wrap items-center justify-between gap-x-2 pt-6",
        ),
        offline(),
        main(refusal(), body, cls=f"{PAGE['open']} py-8 {'pb-28' if dock else ''}"),
        *([docked(dock)] if dock is not None else []),
        session=session,
    )


def staff_frame(body: rx.Component, path: str, active: str) -> rx.Component:
    return document(
        topbar(path, "staff", "/staff"),
        offline(),
        el.div(
            el.nav(
                el.ul(*[side_item(noun, active) for noun in STAFF_NOUNS], class_name="space-y-0.5"),
                aria_label=_("Main"),
                class_name="hidden md:block w-52 flex-none py-6 pr-5 sticky top-16 self-start",
            ),
            main(refusal(), body, cls="flex-1 min-w-0 py-6"),
            class_name=f"{PAGE['staff']} flex pb-28 md:pb-10",
        ),
        tabs(STAFF_NOUNS, active),
        session="staff",
    )


def document(*parts: rx.Component, session: str = "", **props: Any) -> rx.Component:
    spoken: dict[str, Any] = {} if language() == default_language() else {"lang": language()}
    marks = {**(session_marks(session) if session else {}), **props.pop("custom_attrs", {})}
    return el.div(
        skip_link(), *demo_notice(), *parts, class_name="min-h-dvh", custom_attrs=marks, **spoken, **props
    )


def demo_notice() -> tuple[rx.Component, ...]:
    """Above every page of a demo, in the page as built: nothing moves when it appears, no script is added."""
    if not settings().demo:
        return ()
    return (el.aside(_("Demo: people and payments are invented"), class_name="demo"),)


def waiting() -> rx.Component:
    """The skeleton shown at once at addresses with an id: no words, so it suits every language."""
    head_line = el.div(
        leaf(),
        skel("h-5 w-40"),
        class_name=f"{PAGE['patient']} flex items-center gap-2.5 h-16",
    )
    band = [el.div(class_name="demo")] if settings().demo else []  # as high as the notice that follows
    return el.div(
        *band,
        el.div(head_line, class_name="border-b border-line"),
        el.div(
            skel("h-9 w-56"),
            skel("h-11 w-40 mt-3"),
            card(
                skel("h-6 w-32"),
                skel("h-11 w-full mt-4"),
                skel("h-14 w-full mt-4"),
                cls="p-5 mt-6",
            ),
            class_name=f"{PAGE['patient']} py-8",
        ),
        class_name="min-h-dvh",
        aria_hidden="true",
    )


def broken() -> rx.Component:
    """After a bug in the page: no stack trace, both languages (CSS shows the reader's)."""
    said = (
        (
            "en",
            "Sorry, something went wrong on our side",
            "Load the page again. If that does not help, call the practice.",
            "Load the page again",
        ),
        (
            "es",
            "Lo sentimos, hubo un problema de nuestra parte",
            "Vuelva a cargar la página. Si eso no ayuda, llame al consultorio.",
            "Volver a cargar la página",
        ),
    )
    return el.main(
        *[
            el.div(
                el.h1(title, class_name="text-xl font-bold"),
                el.p(text, class_name="text-ink-2 mt-2"),
                raw_a(action, href="", class_name="btn btn-primary mt-5"),
                lang=code,
                class_name=f"only-{code}",
            )
            for code, title, text, action in said
        ],
        class_name="max-w-[40rem] mx-auto px-4 py-10",
    )


# In place of the framework's stack trace and of its toast with the server's address in it.
WRAPS: dict[tuple[int, str], Callable[[bool], rx.Component | None]] = {
    (55, "ErrorBoundary"): lambda _: _boundary.create(fallback_render=broken()),
    (5, "Overlay"): lambda _: None,  # `offline` stands in each page, in its language
}


def letterhead() -> rx.Component:
    """The practice's name and address, in print only."""
    return el.div(
        el.p(LayoutState.practice, class_name="font-bold text-lg"),
        el.p(LayoutState.address, " · ", LayoutState.phone),
        class_name="print-only hidden mb-6",
    )
