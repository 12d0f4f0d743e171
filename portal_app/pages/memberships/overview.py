"""/memberships: what one has, who is on it, what it costs and when, what is scheduled."""

from typing import Any

import reflex as rx

from portal_app.components.form_fields import busy_mark
from portal_app.components.i18n import _, each, fill_var, here
from portal_app.components.kit import (
    button,
    card,
    el,
    empty,
    feedback,
    figure_row,
    h1,
    h2,
    icon,
    link,
    loading,
    notice,
    skel,
    status_tag,
    summary_row,
    tag,
)
from portal_app.components.screen import page
from portal_app.state.memberships.memberships import MembershipsState

S = MembershipsState
BOX = "p-5 md:p-6"


@page("/memberships", "Memberships", on_load=S.load)
def memberships() -> rx.Component:
    return el.div(
        h1(_("Memberships")),
        el.div(rx.cond(S.ready, content(), waiting()), class_name="mt-5"),
    )


def content() -> rx.Component:
    nothing = card(
        empty(
            "badge-check",
            _("No membership now"),
            _("A membership gives care for a fixed price. Ask us which one fits you."),
        )
    )
    previous = el.section(
        h2(_("Previous memberships"), cls="mt-8 mb-3"),
        el.ul(each(S.previous, ended), class_name="card"),
    )
    people = link(icon("users", 19), _("See your members"), href=here("/members"), cls="btn btn-second")
    return el.div(
        feedback(S, "mb-5"),
        rx.cond(S.to_sign != "", to_sign()),
        rx.cond(S.asked.length() > 0, el.ul(each(S.asked, request_card), class_name="space-y-5 mb-5")),
        rx.cond(S.current.length() > 0, el.ul(each(S.current, membership), class_name="space-y-5"), nothing),
        rx.cond(S.previous.length() > 0, previous),
        el.div(
            people,
            rx.cond(
                S.pays,
                link(
                    icon("file-text", 19),
                    _("Receipt for the year"),
                    href=here("/memberships/receipts"),
                    cls="btn btn-second",
                ),
            ),
            class_name="flex flex-wrap gap-3 mt-6",
        ),
    )


def to_sign() -> rx.Component:
    """What a membership that began, or is to be renewed, still needs."""
    return notice(
        "due",
        S.to_sign,
        link(_("Read and sign"), href=here("/agreements"), cls="link inline-flex items-center min-h-11"),
        cls="mb-5",
    )


def request_card(item) -> rx.Component:
    """An adult whom somebody wants on their membership: they join only if they agree."""
    return el.li(
        h2(item.title),
        el.ul(each(item.includes, lambda words: el.li(words)), class_name="text-ink-2 mt-1"),
        el.dl(
            summary_row(_("You would start"), item.starts),
            summary_row(_("Answer until"), item.answer_by),
            class_name="mt-3",
        ),
        el.ul(
            el.li(_("They pay for it. You pay nothing.")),
            el.li(_("They see your name, your dates and your price, and nothing of your care.")),
            class_name="list-disc pl-6 mt-3 space-y-1 text-ink-2",
        ),
        el.div(
            button(_("Join"), on_click=S.answer_request(item.id, True)),
            button(_("No, thank you"), kind="second", on_click=S.answer_request(item.id, False)),
            data_busy=busy_mark(S.busy),
            class_name="flex flex-wrap gap-3 mt-5",
        ),
        class_name=f"card {BOX}",
        key=item.id,
    )


def membership(item) -> rx.Component:
    return el.li(
        el.div(
            h2(item.plan),
            status_tag(item.tone, item.status),
            class_name="flex flex-wrap items-start justify-between gap-x-4 gap-y-2",
        ),
        el.ul(
            each(item.includes, lambda words: el.li(words)),
            class_name="text-ink-2 mt-1",
        ),
        rx.cond(item.owed != "", unpaid(item)),
        facts(item),
        members(item),
        rx.cond(item.amount != "", amounts(item)),
        rx.cond(item.changes.length() > 0, scheduled(item)),
        rx.cond(item.renewal != "", el.p(item.renewal, class_name="mt-5 font-semibold")),
        actions(item),
        class_name=f"card {BOX}",
        key=item.id,
    )


def unpaid(item) -> rx.Component:
    """What is past due or in retry: what happens next and when, and what one can do."""
    doing = el.div(
        link(_("Pay now"), href=item.pay_href, cls="btn btn-primary"),
        rx.cond(item.is_automatic, link(_("Use another card"), href=item.autopay_href, cls="btn btn-second")),
        class_name="flex flex-wrap gap-3 mt-3",
    )
    return notice("late", item.owed, el.p(item.owed_note), doing, cls="mt-4")


def facts(item) -> rx.Component:
    next_bill = el.span(
        item.next_bill,
        rx.cond(
            item.next_bill_note != "",
            el.span(item.next_bill_note, class_name="block text-sm font-normal text-ink-2"),
        ),
    )
    return el.dl(
        rx.cond(item.next_bill != "", summary_row(_("Next invoice"), next_bill)),
        rx.cond(item.paid != "", summary_row(_("How it is paid"), item.paid)),
        rx.cond(item.contract != "", summary_row(_("Contract until"), item.contract)),
        class_name="mt-4",
    )


def members(item) -> rx.Component:
    return el.div(
        el.h3(_("On this membership"), class_name="font-bold mt-5"),
        el.ul(each(item.members, member), each(item.asked, asked_adult)),
    )


def asked_adult(person) -> rx.Component:
    """An adult who has not answered: who asked may withdraw it, asked once, in place."""
    return el.li(
        el.p(person.name, class_name="font-semibold"),
        el.p(person.note, class_name="text-sm text-ink-2"),
        el.details(
            el.summary(
                _("Withdraw the request"),
                el.span(" ", person.name, class_name="sr-only"),
                class_name="link inline-flex items-center min-h-11 w-fit",
            ),
            el.p(fill_var("{person} can then no longer join.", person=person.name), class_name="text-ink-2"),
            el.div(
                button(_("Withdraw the request"), kind="second", on_click=S.withdraw_request(person.id)),
                data_busy=busy_mark(S.busy),
                class_name="mt-2 mb-2",
            ),
        ),
        class_name="py-2.5 border-b border-line last:border-0",
        key=person.id,
    )


def member(person) -> rx.Component:
    return el.li(
        el.div(
            el.p(
                person.name,
                rx.cond(person.is_me, el.span(" ", tag("info", _("You")), class_name="ml-1")),
                class_name="font-semibold",
            ),
            rx.cond(person.dates != "", el.p(person.dates, class_name="text-sm text-ink-2")),
            class_name="min-w-0 flex-1 basis-[8rem]",
        ),
        rx.cond(person.price != "", el.span(person.price, class_name="tnum text-right ml-auto")),
        rx.cond(person.enrolment != "", take_back(person)),
        class_name="flex flex-wrap justify-between gap-x-4 py-2.5 border-b border-line last:border-0",
    )


def take_back(person) -> rx.Component:
    """Asks once, in place."""
    return el.details(
        el.summary(
            _("Take off before starting"),
            el.span(" ", person.name, class_name="sr-only"),
            class_name="link inline-flex items-center min-h-11 w-fit",
        ),
        el.p(
            fill_var("{person} does not start, and nothing is charged for them.", person=person.name),
            class_name="text-ink-2",
        ),
        el.div(
            button(
                fill_var("Take {person} off", person=person.name),
                kind="second",
                on_click=S.take_back(person.enrolment),
            ),
            data_busy=busy_mark(S.busy),
            class_name="mt-2 mb-2",
        ),
        class_name="w-full",
    )


def amounts(item) -> rx.Component:
    """Line by line: each member, the family price where it saves something, coupons."""
    return el.details(
        el.summary(
            el.span(item.amount_label, class_name="font-bold"),
            el.span(item.amount, class_name="font-bold tnum ml-auto"),
            icon("chevron-down", 18, "text-ink-3"),
            class_name="flex items-center gap-3 min-h-11 cursor-pointer",
        ),
        price_lines(item.lines),
        class_name="mt-4",
    )


def price_lines(lines) -> rx.Component:
    return el.dl(each(lines, lambda row: figure_row(row.label, row.amount)))


def scheduled(item) -> rx.Component:
    def change(words) -> rx.Component:
        return el.li(icon("calendar-clock", 19, "text-ink-3 mt-0.5"), words, class_name="flex gap-2.5 py-1")

    return el.div(
        el.h3(_("Scheduled"), class_name="font-bold mt-5"),
        el.ul(each(item.changes, change), class_name="mt-1"),
    )


def actions(item) -> rx.Component:
    which = el.span(" ", item.plan, class_name="sr-only")

    return el.div(
        rx.cond(item.renew_href != "", link(_("Renew"), which, href=item.renew_href, cls="btn btn-primary")),
        rx.cond(
            item.add_href != "",
            link(icon("plus", 19), _("Add new member"), which, href=item.add_href, cls="btn btn-second"),
        ),
        rx.cond(
            item.autopay_href != "",
            link(
                rx.cond(item.is_automatic, _("Change automatic payment"), _("Pay automatically")),
                which,
                href=item.autopay_href,
                cls="btn btn-second",
            ),
        ),
        rx.cond(
            item.can_undo,
            button(_("Take the cancellation back"), which, kind="second", on_click=S.undo(item.id)),
        ),
        automatic_renewal(item, which),
        rx.cond(
            item.cancel_href != "",
            link(_("Cancel membership"), which, href=item.cancel_href, cls="btn btn-second"),
        ),
        rx.cond(
            item.contact_to_cancel,
            el.p(_("To cancel, contact the practice."), class_name="text-ink-2 w-full"),
        ),
        data_busy=busy_mark(S.busy),
        class_name="flex flex-wrap gap-3 mt-5 empty:hidden",
    )


def automatic_renewal(item, which: rx.Component) -> Any:
    def turn(words: str, on: bool) -> rx.Component:
        return button(words, which, kind="second", on_click=S.set_automatic(item.id, on))  # pyright: ignore[reportCallIssue]

    return rx.match(
        item.automatic,
        ("on", turn(_("Turn off automatic renewal"), False)),
        ("off", turn(_("Turn on automatic renewal"), True)),
        rx.fragment(),
    )


def ended(item) -> rx.Component:
    return el.li(
        el.div(
            el.p(item.plan, class_name="font-bold"),
            el.ul(each(item.members, ended_member), class_name="text-sm text-ink-2"),
            rx.cond(item.renewal != "", el.p(item.renewal, class_name="mt-1")),
            class_name="min-w-0 flex-1 basis-[12rem]",
        ),
        status_tag(item.tone, item.status),
        class_name="flex flex-wrap items-start gap-x-4 gap-y-2 p-4 md:px-5 border-b border-line last:border-0",
        key=item.id,
    )


def ended_member(person) -> rx.Component:
    return el.li(person.name, rx.cond(person.dates != "", el.span(" · ", person.dates)))


def waiting() -> rx.Component:
    return loading(
        _("Getting your memberships…"),
        card(
            skel("h-7 w-44"),
            skel("h-5 w-64 mt-2"),
            skel("h-10 w-full mt-4"),
            skel("h-10 w-full mt-2"),
            skel("h-6 w-24 mt-5"),
            skel("h-12 w-full mt-2"),
            skel("h-12 w-40 mt-5"),
            cls=BOX,
        ),
    )
