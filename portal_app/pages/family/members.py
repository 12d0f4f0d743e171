"""/members: the family as the viewer may see it."""

import reflex as rx

from portal_app.components.i18n import _, each, fill_var, here
from portal_app.components.kit import card, el, h1, h2, icon, initials, link, loading, notice, skel, tag
from portal_app.components.screen import page
from portal_app.state.family.members import MembersState

S = MembersState
ROW = (
    "flex flex-wrap sm:flex-nowrap items-start gap-x-4 gap-y-3 p-4 md:px-5 border-b border-line last:border-0"
)


@page("/members", "Members", on_load=S.load)
def members() -> rx.Component:
    return el.div(
        h1(_("Members")),
        el.p(_("You, and the people whose care you look after."), class_name="text-ink-2 mt-1"),
        rx.cond(S.ready, listed(), waiting()),
    )


def listed() -> rx.Component:
    return el.div(
        rx.cond(S.acting != "", acts_for_me()),
        el.ul(each(S.people, person), class_name="card mt-5"),
        el.div(
            rx.cond(
                S.add_href != "",
                link(icon("plus", 19), _("Add new member"), href=S.add_href, cls="btn btn-second"),
            ),
            link(
                icon("badge-check", 19),
                _("See your memberships"),
                href=here("/memberships"),
                cls="btn btn-second",
            ),
            class_name="flex flex-wrap gap-3 mt-4",
        ),
        rx.cond(S.covered.length() > 0, covered()),
        rx.cond(S.friends.length() > 0, friends()),
        sharing(),
    )


def acts_for_me() -> rx.Component:
    return notice(
        "info",
        fill_var("{people} may act for you here", people=S.acting),
        el.p(_("Our staff recorded it. If it is wrong, call us."), class_name="mt-0.5"),
        cls="mt-5",
    )


def person(item) -> rx.Component:
    edit = link(
        icon("pencil", 18),
        _("Edit contact details"),
        el.span(" ", item.name, class_name="sr-only"),
        href=item.href,
        cls="btn btn-second w-full sm:w-auto",
    )
    return el.li(
        initials(item.initials, "size-11"),
        el.div(
            el.h2(
                item.name,
                rx.cond(item.is_me, el.span(" ", tag("info", _("You")), class_name="ml-1")),
                class_name="font-bold leading-6",
            ),
            el.p(item.about, class_name="text-sm text-ink-2"),
            el.p(item.reached, class_name="text-sm text-ink-2 break-words"),
            class_name="flex-1 min-w-0 basis-[12rem]",
        ),
        edit,
        class_name=ROW,
        key=item.id,
    )


def covered() -> rx.Component:
    def one(item) -> rx.Component:
        return el.li(
            el.div(
                el.p(item.name, class_name="font-bold"),
                el.p(item.plan, " · ", item.dates, class_name="text-sm text-ink-2"),
                class_name="flex-1 min-w-0",
            ),
            el.span(item.price, class_name="font-semibold tnum"),
            class_name=ROW,
        )

    return el.section(
        h2(_("Also on your membership"), cls="mt-8"),
        el.p(
            _(
                "You see their name, the dates and the price. To see more, ask them to share with you: after "
                "signing in they open Members and press “Choose what you share”."
            ),
            class_name="text-ink-2 mb-3",
        ),
        el.ul(each(S.covered, one), class_name="card"),
    )


def friends() -> rx.Component:
    def one(item) -> rx.Component:
        return el.li(
            el.div(
                el.h3(item.name, class_name="font-bold leading-6"),
                el.ul(each(item.lets, lambda words: el.li(words)), class_name="text-ink-2"),
                el.ul(
                    each(item.contacts, lambda words: el.li(words, class_name="tnum break-words")),
                    class_name="mt-1 font-semibold",
                ),
                class_name="flex-1 min-w-0",
            ),
            class_name=ROW,
            key=item.id,
        )

    return el.section(
        h2(_("Adults who share with you"), cls="mt-8 mb-3"),
        el.ul(each(S.friends, one), class_name="card"),
    )


def sharing() -> rx.Component:
    return card(
        icon("handshake", 26, "text-brand mt-1"),
        el.div(
            h2(_("Share with another adult")),
            el.p(
                _("Let somebody you name pay for you, see how to reach you, or see your appointments."),
                class_name="text-ink-2 mt-1",
            ),
            link(_("Choose what you share"), href=here("/members/sharing"), cls="btn btn-second mt-4"),
            class_name="flex-1 min-w-[min(12rem,100%)]",
        ),
        cls="p-5 md:p-6 mt-8 flex flex-wrap gap-4",
    )


def waiting() -> rx.Component:
    def one() -> rx.Component:
        return el.div(
            skel("size-11 rounded-full!"),
            el.div(skel("h-6 w-40"), skel("h-5 w-52 mt-1"), skel("h-5 w-44 mt-1"), class_name="flex-1"),
            class_name="flex gap-4 p-4 md:px-5 border-b border-line last:border-0",
        )

    return loading(_("Getting your family…"), el.div(one(), one(), one(), class_name="card mt-5"))
