"""/memberships/autopay: automatic payment on or off, with which card; what a charge did not take, paid at once."""

from typing import Any

import reflex as rx

from portal_app.components.form_fields import busy_mark, choice, form, hidden
from portal_app.components.i18n import _, each, fill_var, here
from portal_app.components.kit import (
    back,
    button,
    card,
    el,
    feedback,
    h1,
    icon,
    link,
    loaded,
    notice,
    submit,
)
from portal_app.components.screen import page
from portal_app.pages.memberships.overview import BOX
from portal_app.pages.memberships.renew import not_there, waiting
from portal_app.state.memberships.autopay import AutopayState

S = AutopayState


@page("/memberships/autopay", "Automatic payment", on_load=S.load, active="/memberships")
def autopay() -> rx.Component:
    return el.div(
        back(_("Back to memberships"), here("/memberships")),
        h1(_("Automatic payment")),
        el.div(loaded(S, content(), waiting(), not_there()), class_name="mt-5"),
    )


def content() -> rx.Component:
    return el.div(
        el.p(S.plan, class_name="text-ink-2 -mt-4"),
        feedback(S, ""),
        rx.cond(S.owed != "", unpaid()),
        rx.cond(S.is_on, current_autopay()),
        rx.cond(S.may_be_on, rx.cond(S.methods.length() > 0, choose(), no_other()), at_the_practice()),
        rx.cond(S.is_on, off()),
        class_name="space-y-5",
    )


def unpaid() -> rx.Component:
    """A charge that failed: what happens next and when, and paying it now (PAY-8)."""
    pay = link(_("Pay now"), href=S.pay_href, cls="btn btn-primary mt-3")
    saves = S.is_on & (S.pay_now != "") & (S.methods.length() > 0)
    return el.div(
        notice("late", S.owed, el.p(S.owed_note), rx.cond(saves, rx.fragment(), pay)),
        rx.cond(saves, save_and_pay()),
        class_name="space-y-5",
    )


def save_and_pay() -> rx.Component:
    return card(
        el.h2(_("Pay it now, and use this card from now on"), class_name="text-lg font-bold"),
        form(
            hidden("payment", S.payment),
            methods("pay"),
            submit(S.pay_now, cls="w-full sm:w-auto"),
            busy=S.busy,
            sending=_("Sending your payment…"),
            on_submit=S.save_and_pay,
            key=S.payment,
            cls="mt-4 space-y-5",
        ),
        el.p(another(), class_name="mt-3"),
        el.p(link(_("Pay it without changing the card"), href=S.pay_href), class_name="mt-3"),
        cls=BOX,
    )


def current_autopay() -> rx.Component:
    return card(
        el.h2(_("Automatic payment is on"), class_name="text-lg font-bold"),
        el.p(S.now, class_name="mt-1"),
        credit(),
        cls=BOX,
        id="on",
    )


def credit() -> rx.Component:
    return el.div(
        el.p(_("Credit on your account is used first."), class_name="text-ink-2 mt-3"),
        rx.cond(
            S.credit != "",
            el.p(fill_var("You have {amount} credit now.", amount=S.credit), class_name="text-ink-2"),
        ),
    )


def choose() -> rx.Component:
    """Everything that one agrees to stands above the button."""
    title = rx.cond(S.is_on, _("Use another card or account"), _("Pay each invoice automatically"))
    return rx.cond(
        S.is_on & (S.pay_now != ""),
        rx.fragment(),  # "Save and pay" changes the card too
        card(
            el.h2(title, class_name="text-lg font-bold"),
            form(
                methods("on"),
                rx.cond(S.is_on, rx.fragment(), credit()),
                submit(
                    rx.cond(S.is_on, _("Use this one"), _("Turn on automatic payment")),
                    cls="w-full sm:w-auto",
                ),
                busy=S.busy,
                sending=_("Saving…"),
                on_submit=S.turn_on,
                cls="mt-4 space-y-5",
            ),
            el.p(another(), class_name="mt-3"),
            cls=BOX,
        ),
    )


def methods(where: str) -> rx.Component:
    def method(item) -> rx.Component:
        return choice(
            "payment_method",
            item.id,
            item.label,
            sub=item.note,
            checked=item.first,
            side=icon("credit-card", 24, "text-ink-3"),
        )

    return el.fieldset(
        el.legend(_("With which card or account?"), class_name="font-bold mb-2"),
        el.div(each(S.methods, method), class_name="grid gap-2"),
        key=where,
    )


def another() -> rx.Component:
    return link(_("Add a card or bank account"), href=here("/payment-options"))


def no_other() -> rx.Component:
    """Nothing saved yet, or nothing but what is used."""
    other = card(
        el.h2(_("Use another card or account"), class_name="text-lg font-bold"),
        el.p(another(), class_name="mt-2"),
        cls=BOX,
    )
    return rx.cond(S.is_on, other, nothing_saved())


def nothing_saved() -> rx.Component:
    return card(
        el.p(_("Save a card or bank account first, then turn automatic payment on here."), class_name="mb-4"),
        link(
            icon("plus", 20),
            _("Add a card or bank account"),
            href=here("/payment-options"),
            cls="btn btn-primary",
        ),
        cls=BOX,
    )


def at_the_practice() -> rx.Component:
    words: Any = _("Automatic payment cannot be turned on here. Call us about how it is paid.")
    return card(el.p(words), cls=BOX)


def off() -> rx.Component:
    """Asks once, in place."""
    return card(
        el.details(
            el.summary(
                _("Turn automatic payment off"), class_name="link inline-flex items-center min-h-11 w-fit"
            ),
            el.p(
                _("Your membership goes on. You pay each invoice yourself, and no charge follows by itself."),
                class_name="mt-1 text-ink-2",
            ),
            el.div(
                button(_("Turn it off"), kind="second", on_click=S.turn_off),
                data_busy=busy_mark(S.busy),
                class_name="mt-4 mb-2",
            ),
        ),
        cls="px-5 py-3 md:px-6",
    )
