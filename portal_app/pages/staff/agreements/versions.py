"""/staff/agreements/versions/[id]: one version as it reads, and two compared word by word."""

import reflex as rx

from portal_app.components.agreement_text import agreement_text
from portal_app.components.elements import match
from portal_app.components.i18n import _, each
from portal_app.components.kit import back, card, el, empty, h2, notice
from portal_app.components.screen import page
from portal_app.pages.staff.list_parts import page_body, page_header, small_field
from portal_app.pages.staff.memberships.form_parts import submit_small
from portal_app.state.staff.agreements.versions import OF_DRAFT, AgreementVersionsState

S = AgreementVersionsState


@page("/staff/agreements/versions/[id]", "Versions", on_load=S.load, side="staff", active="/staff/agreements")
def versions() -> rx.Component:
    missing = card(
        empty("file-pen-line", _("We could not find that agreement"), _("Look for it in the list.")),
        cls="mt-3",
    )
    return el.div(
        back(_("Back to the agreement"), S.editor_href),
        page_header(_("Versions"), sub=S.name),
        page_body(S.ready, rx.cond(S.missing, missing, body()), _("Getting the versions…")),
    )


def body() -> rx.Component:
    none = empty("file-pen-line", _("No version yet"), _("Publish the draft, and its first version is here."))
    return el.div(
        rx.cond(
            S.versions.length() > 0,
            el.div(chooser(), shown(), all_versions(), class_name="space-y-5"),
            card(none),
        ),
        class_name="mt-5",
    )


def chooser() -> rx.Component:
    def option(item) -> rx.Component:
        return el.option(item.name, value=item.id)

    def choice(name: str, label: str, *options: rx.Component) -> rx.Component:
        control = el.select(
            *options,
            name=name,
            default_value=S.chosen[name],
            class_name="input input-small",
            custom_attrs={"id": name},
        )
        return small_field(label, control, name=name)

    draft = el.option(_("The draft"), value=OF_DRAFT)
    return el.form(
        choice("before", _("Compare"), each(S.choices, option)),
        choice("after", _("with"), draft, each(S.choices, option)),
        choice("in", _("Language"), each(S.languages, option)),
        submit_small(_("Show"), cls=""),
        el.p(_("The same version twice is shown as it reads."), class_name="text-sm text-ink-2 w-full"),
        on_submit=S.choose,
        key=S.chosen_key,
        class_name="flex flex-wrap items-end gap-3 no-print",
    )


def shown() -> rx.Component:
    return el.div(
        rx.cond(S.unknown, notice("info", _("There is no such version in this language."))),
        rx.cond(S.same, notice("info", _("Both say the same."))),
        rx.cond(
            S.title != "",
            card(h2(S.title, lang=S.chosen["in"]), agreement_text(S.text, S.chosen["in"]), cls="p-5"),
        ),
        rx.cond(
            S.compared.length() > 0,
            card(
                el.div(each(S.compared, compared_block), lang=S.chosen["in"], class_name="max-w-[65ch]"),
                cls="p-5",
            ),
        ),
    )


def compared_block(item) -> rx.Component:
    words = each(item.pieces, piece)
    look = rx.cond(item.heading, "font-bold mt-4 break-words", "mt-3 whitespace-pre-line break-words")
    changed = rx.cond(item.changed, "border-l-4 border-brand pl-3", "")
    return el.div(el.p(words, class_name=look), class_name=changed, key=item.key)


def piece(item) -> rx.Component:
    """What was taken out is struck through, what is new is underlined; both are said to a screen reader."""
    removed = el.del_(
        el.span(_("taken out:"), " ", class_name="sr-only"), item.text, class_name="bg-late-soft text-late"
    )
    added = el.ins(
        el.span(_("new:"), " ", class_name="sr-only"), item.text, class_name="bg-paid-soft text-paid"
    )
    return match(item.change, ("removed", removed), ("added", added), el.span(item.text))


def all_versions() -> rx.Component:
    def version(item) -> rx.Component:
        return el.li(
            el.p(item.name, class_name="font-semibold"),
            el.p(item.about, " · ", item.languages, class_name="text-sm text-ink-2"),
            class_name="py-2 border-b border-line last:border-0",
            key=item.key,
        )

    return card(h2(_("All versions")), el.ul(each(S.versions, version), class_name="mt-2"), cls="p-5")
