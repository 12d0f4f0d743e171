"""/payments: the balance, whose it is and when it is due, paying it, and what was paid."""

from typing import Any

import reflex as rx

from portal_app.components.form_fields import choice, form
from portal_app.components.i18n import _, each, fill_var, here
from portal_app.components.kit import (
    account_picker,
    button,
    card,
    dialog,
    el,
    empty,
    feedback,
    figure_row,
    h1,
    h2,
    icon,
    link,
    loaded,
    loading,
    opens,
    pager,
    skel,
    status_tag,
    submit,
    summary_row,
)
from portal_app.components.layout import letterhead
from portal_app.components.payment import amount_and_receipt, amount_field, pay_card, pay_panel, refund_line
from portal_app.components.screen import page
from portal_app.state.billing.payments import PaymentsState

S = PaymentsState
BOX = "p-5 md:p-6"
LINE = "flex justify-between gap-4 py-2.5 border-b border-line last:border-0"


@page("/payments", "Payments", on_load=PaymentsState.load)
def payments() -> rx.Component:
    return el.div(
        h1(_("Payments")),
        loaded(S, shown(), waiting(), not_there()),
    )


def not_there() -> rx.Component:
    return card(
        empty("circle-dollar-sign", _("You pay for no account here"), _("Somebody else answers for yours.")),
        cls="mt-5",
    )


def shown() -> rx.Component:
    return el.div(
        letterhead(),
        account_picker(S.accounts),
        el.div(
            el.div(balance(), credit(), class_name="space-y-5"),
            el.div(
                pay_panel(
                    S,
                    el.div(choose(), class_name=rx.cond(S.reviewing, "hidden", "")),
                    rx.cond(S.reviewing, review()),
                    message=feedback,
                ),
                class_name="lg:row-span-2 mt-5 lg:mt-0 no-print",
            ),
            el.div(due(), class_name="mt-5"),
            class_name="lg:grid lg:grid-cols-[minmax(0,1fr)_25rem] lg:gap-x-8 lg:items-start",
        ),
        history(),
        class_name="mt-5",
    )


def balance() -> rx.Component:
    """The ledger's balance, what was paid and is being posted, what will be owed after that (LEDG-1)."""
    return card(
        el.h2(S.figure_title, class_name="text-ink-2 font-semibold"),
        el.p(S.figure, class_name="text-fig font-bold tnum tracking-tight"),
        el.p(S.due_words, class_name="text-ink-2"),
        rx.cond(
            S.credit != "",
            el.p(
                fill_var("Your credit of {amount} is counted in.", amount=S.credit), class_name="text-ink-2"
            ),
        ),
        rx.cond(
            S.posting.length() > 0,
            el.dl(
                summary_row(_("Balance"), S.balance),
                each(S.posting, posting),
                summary_row(el.b(S.figure_title), S.figure),
                class_name="mt-4",
            ),
        ),
        rx.cond(S.people.length() > 0, by_person()),
        cls=BOX,
        aria_label=_("Your balance"),
    )


def posting(item) -> rx.Component:
    what = el.span(item.what, el.span(_("being posted"), class_name="block text-sm"))
    return figure_row(what, item.amount)


def by_person() -> rx.Component:
    return el.div(
        el.h3(_("By person"), class_name="font-bold mt-5"),
        el.dl(each(S.people, person), summary_row(el.b(_("Together")), S.together), class_name="mt-1"),
    )


def person(item) -> rx.Component:
    return summary_row(item.name, item.amount)


def credit() -> rx.Component:
    """Offer the credit, which is used only when they say so, and asked once more before (CRED-2)."""
    use = el.button(
        _("Use credit"),
        type="button",
        class_name="btn btn-second mt-4",
        custom_attrs={"command": "show-modal", "commandfor": "use-credit"},
    )
    use_it: Any = S.use_credit
    sure = el.button(
        _("Use credit"),
        type="button",
        on_click=use_it,
        class_name="btn btn-primary mt-6",
        custom_attrs={"command": "close", "commandfor": "use-credit"},
    )
    ask = dialog(
        "use-credit",
        fill_var("Use your credit of {amount}?", amount=S.credit),
        el.p(fill_var("It pays your oldest invoice first: {title}.", title=S.credit_for), class_name="mt-3"),
        el.p(
            _("No card is charged, and you can see it on your invoices at once."),
            class_name="mt-2 text-ink-2",
        ),
        sure,
    )
    return rx.cond(
        S.credit != "",
        card(
            h2(fill_var("You have {amount} of credit", amount=S.credit)),
            el.p(_("It is money we have received and no invoice uses yet."), class_name="text-ink-2 mt-1"),
            rx.cond(S.credit_for != "", el.div(use, ask, class_name="no-print")),
            cls=BOX,
        ),
    )


def choose() -> rx.Component:
    """How much; the next step shows where it goes."""
    return card(
        h2(_("Pay")),
        form(
            how_much(),
            submit(_("Continue"), cls="w-full mt-5"),
            busy=S.busy,
            sending=_("Working it out…"),
            id="choose-form",
            **opens(S.review_payment, "on_submit"),
        ),
        el.p(_("You see what it pays before anything is charged."), class_name="text-sm text-ink-2 mt-3"),
        cls=BOX,
        aria_label=_("Pay"),
    )


def how_much() -> rx.Component:
    invoices = el.fieldset(
        el.legend(_("Which invoices?"), class_name="text-sm font-semibold mb-1.5"),
        el.div(each(S.due, invoice_choice), class_name="grid gap-2"),
        class_name="when-chosen",
    )
    return el.fieldset(
        el.legend(_("How much?"), class_name="font-bold mb-2"),
        el.div(
            choice("how", "all", S.all_words, checked=True),
            choice("how", "part", _("Another amount"), sub=_("It pays the oldest first.")),
            amount_field(S, "when-part"),
            choice("how", "chosen", _("Some invoices")),
            invoices,
            class_name="grid gap-2",
        ),
        class_name="mt-4",
    )


def invoice_choice(item) -> rx.Component:
    return rx.cond(
        item.payable,
        choice(
            "bill-" + item.id,
            "on",
            item.title,
            sub=item.number + " · " + item.status,
            side=el.span(item.amount, class_name="tnum font-semibold"),
            kind="checkbox",
        ),
    )


def review() -> rx.Component:
    """PART-1, ALL-7: which invoice gets how much, before it is confirmed."""
    change = button(_("Change"), kind="quiet", cls="mt-1", on_click=S.change_payment)
    what = el.div(
        el.h3(_("It pays"), class_name="font-bold mt-4"),
        el.ul(each(S.parts, part)),
        el.p(
            el.span(_("Together"), class_name="font-bold"),
            el.span(S.full_amount, class_name="font-bold tnum"),
            class_name="flex justify-between gap-4 pt-2.5",
        ),
        change,
    )
    title = _("Check your payment")
    return pay_card(S, title, what, button_look="mt-6", data_focus="1")


def part(item) -> rx.Component:
    return el.li(
        el.div(
            el.p(item.title, class_name="font-semibold"),
            el.p(item.about, class_name="text-sm text-ink-2"),
            class_name="min-w-0",
        ),
        el.span(item.amount, class_name="tnum font-semibold"),
        class_name=LINE,
    )


def due() -> rx.Component:
    return rx.cond(
        S.due.length() > 0,
        el.section(
            h2(_("What is due, and when"), cls="mb-3"), el.ul(each(S.due, due_row), class_name="card")
        ),
        card(
            icon("circle-check", 40, "text-paid"),
            el.div(
                h2(_("Nothing to pay")),
                el.p(_("When we send you an invoice, you will see it here."), class_name="text-ink-2"),
            ),
            cls=f"{BOX} flex items-center gap-4",
        ),
    )


def due_row(item) -> rx.Component:
    look = "row relative flex items-start gap-2 p-4 md:px-5 first:rounded-t-lg last:rounded-b-lg border-b border-line last:border-0"
    return el.li(
        el.div(
            el.h3(
                link(item.title, href=item.href, cls="row-link font-bold text-ink"), class_name="leading-6"
            ),
            el.p(item.number, class_name="text-sm text-ink-2"),
            el.div(status_tag(item.tone, item.status), class_name="mt-1.5"),
            class_name="flex-1 min-w-0",
        ),
        el.span(item.amount, class_name="tnum font-bold leading-6"),
        icon("chevron-right", 20, "text-ink-3 mt-[2px]"),
        class_name=look,
    )


def history() -> rx.Component:
    nothing = card(empty("circle-dollar-sign", _("No payments yet"), _("What you have paid is kept here.")))
    return el.section(
        h2(_("Your payments"), cls="mt-8 mb-3"),
        rx.cond(
            S.history.length() > 0, el.ul(each(S.history, past), class_name="card px-4 md:px-5"), nothing
        ),
        pager(S.page),
        el.p(
            link(
                _("Statements and papers for taxes"),
                href=here("/statements"),
                cls="link inline-flex items-center min-h-11",
            ),
            class_name="no-print mt-2",
        ),
    )


def past(item) -> rx.Component:
    return el.li(
        el.div(
            el.div(
                el.p(item.when, class_name="font-semibold"),
                el.p(item.shown, class_name="text-sm text-ink-2"),
                el.div(status_tag(item.tone, item.status), class_name="mt-1"),
                class_name="flex-1 min-w-0",
            ),
            amount_and_receipt(item),
            class_name="flex justify-between gap-4",
        ),
        rx.cond(
            item.refunds.length() > 0, el.ul(each(item.refunds, refund_line), class_name="mt-2 space-y-1")
        ),
        class_name="py-3 border-b border-line last:border-0",
    )


def waiting() -> rx.Component:
    return loading(
        _("Getting your balance…"),
        el.div(
            card(skel("h-6 w-24"), skel("h-11 w-40 mt-1"), skel("h-6 w-32 mt-1"), cls=BOX),
            card(
                skel("h-7 w-20"),
                skel("h-14 w-full mt-5"),
                skel("h-14 w-full mt-2"),
                cls=f"{BOX} mt-5 lg:mt-0",
            ),
            class_name="mt-5 lg:grid lg:grid-cols-[minmax(0,1fr)_25rem] lg:gap-x-8 lg:items-start",
        ),
        h2(_("Your payments"), cls="mt-8 mb-3"),
        card(skel("h-12 w-full"), skel("h-12 w-full mt-3"), cls=f"{BOX}"),
    )
