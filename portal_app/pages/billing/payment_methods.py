"""/payment-options: the cards and bank accounts on file, and what each of them pays."""

import reflex as rx

from portal_app.components.form_fields import busy_mark, choice, field_kind, form, hidden
from portal_app.components.i18n import _, each, fill_var, language
from portal_app.components.kit import (
    account_picker,
    button,
    card,
    el,
    empty,
    feedback,
    h1,
    h2,
    icon,
    link,
    loaded,
    loading,
    opens,
    skel,
    submit,
    tag,
)
from portal_app.components.screen import page
from portal_app.components.stripe_checkout import stripe_checkout
from portal_app.state.billing.payment_methods import TURN_OFF, PaymentMethodsState

S = PaymentMethodsState
SETUP_FORM = "setup-form"


@page("/payment-options", "Payment options", on_load=PaymentMethodsState.load)
def payment_options() -> rx.Component:
    return el.div(
        h1(_("Payment options")),
        el.div(
            loaded(S, shown(), waiting(), not_there()),
            class_name="mt-5",
        ),
    )


def not_there() -> rx.Component:
    return card(
        empty("credit-card", _("You pay for no account here"), _("Somebody else answers for yours.")),
    )


def shown() -> rx.Component:
    return el.div(
        account_picker(S.accounts),
        feedback(S, ""),
        rx.cond(S.offer.length() > 0, past_due()),
        rx.cond(
            S.payment_methods.length() > 0,
            el.ul(each(S.payment_methods, payment_method), class_name="space-y-4"),
            rx.cond(~S.adding, no_payment_methods()),
        ),
        rx.cond(
            S.only_one, el.p(_("To remove your only way to pay, add another first."), class_name="text-ink-2")
        ),
        rx.cond(S.adding, add_card(), add_button()),
        rx.cond(S.upcoming.length() > 0, upcoming_charges()),
        rx.cond(S.removing != "", removal_dialog()),
        class_name="space-y-5",
    )


def upcoming_charges() -> rx.Component:
    """What is charged by itself next: when, how much, on which card."""
    return card(
        h2(_("Next automatic payments")),
        el.ul(each(S.upcoming, upcoming_charge), class_name="mt-2"),
        el.p(_("Credit on your account is used first."), class_name="text-sm text-ink-2 mt-3"),
        cls="p-5 md:p-6",
    )


def upcoming_charge(item) -> rx.Component:
    return el.li(
        el.p(item.title, class_name="font-semibold"),
        el.p(item.text, class_name="text-ink-2"),
        class_name="py-2.5 border-b border-line last:border-0",
    )


def no_payment_methods() -> rx.Component:
    return card(
        empty("credit-card", _("Nothing saved yet"), _("Save a card, and paying takes one press.")),
    )


def payment_method(item) -> rx.Component:
    names = el.div(
        el.h2(item.shown, class_name="font-bold"),
        rx.cond(item.name != "", el.p(item.name, class_name="text-ink-2")),
        rx.cond(
            item.tone == "late",
            el.div(tag("late", item.note), class_name="mt-1.5"),
            rx.cond(
                item.tone == "due",
                el.div(tag("due", item.note), class_name="mt-1.5"),
                rx.cond(item.note != "", el.p(item.note, class_name="text-sm text-ink-2")),
            ),
        ),
        rx.cond(item.pays != "", el.p(item.pays, class_name="text-sm font-semibold mt-1")),
        class_name="flex-1 min-w-[min(10rem,100%)]",
    )
    shape = rx.cond(
        item.kind == "bank", icon("landmark", 26, "text-ink-3"), icon("credit-card", 26, "text-ink-3")
    )
    return el.li(
        el.div(
            shape,
            names,
            rx.cond(item.is_default, tag("info", _("Default"))),
            class_name="flex flex-wrap items-start gap-x-3.5 gap-y-2",
        ),
        changes(item),
        class_name="card p-5",
        key=item.id,  # what is typed and opened stays with its card when their order changes
    )


def changes(item) -> rx.Component:
    """Name, default, remove: folded until it is opened."""
    label = el.summary(
        _("Change"),
        el.span(" ", item.shown, class_name="sr-only"),
        class_name="link inline-flex items-center min-h-11 w-fit",
    )
    rename = form(
        hidden("source", item.id),
        name_field(item),
        busy=S.busy,
        sending=_("Saving…"),
        on_submit=S.rename_method,
        cls="mt-2",
    )
    return el.details(label, rename, default_and_remove(item), class_name="mt-2")


def name_field(item) -> rx.Component:
    return el.div(
        el.label(
            _("Name (optional)"), html_for="name-" + item.id, class_name="block text-sm font-semibold mb-1.5"
        ),
        el.div(
            el.input(
                name="name",
                default_value=item.name,
                max_length=60,
                class_name="input flex-1 min-w-[min(10rem,100%)]",
                custom_attrs={"id": "name-" + item.id},
                **field_kind("text"),
            ),
            submit(_("Save name"), cls="btn-second"),
            class_name="flex flex-wrap gap-3",
        ),
    )


def default_and_remove(item) -> rx.Component:
    return el.div(
        rx.cond(
            ~item.is_default,
            button(_("Make it my default"), kind="second", on_click=S.make_default(item.id)),
        ),
        rx.cond(
            ~S.only_one,
            button(icon("trash-2", 18), _("Remove"), kind="second", **opens(S.start_removal(item.id))),
        ),
        class_name="flex flex-wrap gap-3 mt-4",
    )


def add_button() -> rx.Component:
    return button(
        icon("plus", 20), _("Add a card or bank account"), cls="w-full sm:w-auto", **opens(S.start_adding)
    )


def add_card() -> rx.Component:
    """The form for a new card. What is typed there never reaches the portal. Nothing is charged."""
    return card(
        h2(_("Add a card or bank account"), data_focus="1"),
        el.p(_("Nothing is charged now."), class_name="text-ink-2 mt-1 mb-4"),
        stripe_checkout(
            form_id=SETUP_FORM,
            publishable_key=S.card_key,
            script_url=S.card_script,
            mode="setup",
            amount=0,
            currency="usd",
            locale=language(),
            save_card=True,
            setup_secret=S.setup_secret,
            attempt=S.card_attempt,
            released=S.card_released,
            on_setup=S.start_setup,
            on_result=S.finish_setup,
        ),
        el.div(
            el.div(submit(_("Save"), form=SETUP_FORM), data_busy=busy_mark(S.busy)),
            button(_("Not now"), kind="second", on_click=S.cancel_adding),
            class_name="flex flex-wrap gap-3 mt-5",
        ),
        cls="p-5 md:p-6",
        aria_label=_("Add a card or bank account"),
    )


def past_due() -> rx.Component:
    """Offer to pay what is past due with the new payment method (SRC-3)."""
    return card(
        h2(_("Pay what is past due now?")),
        el.ul(each(S.offer, offered), class_name="mt-2"),
        link(
            fill_var("Pay {amount}", amount=S.offer_amount),
            href=S.offer_href,
            cls="btn btn-primary w-full sm:w-auto mt-4",
        ),
        el.p(_("You see it once more before anything is charged."), class_name="text-sm text-ink-2 mt-3"),
        cls="p-5 md:p-6",
    )


def offered(item) -> rx.Component:
    return el.li(
        el.div(
            el.p(item.title, class_name="font-semibold"),
            el.div(tag("late", item.status), class_name="mt-1"),
            class_name="min-w-0",
        ),
        el.span(item.amount, class_name="tnum font-semibold"),
        class_name="flex justify-between gap-4 py-2.5 border-b border-line last:border-0",
    )


def removal_dialog() -> rx.Component:
    """Ask before a payment method is removed: what it pays, and which one takes over (SRC-1)."""
    return el.dialog(
        el.div(
            el.h2(
                fill_var("Remove {shown}?", shown=S.removing_shown),
                id="remove-title",
                class_name="text-lg font-bold",
            ),
            rx.cond(S.removing_pays != "", el.p(S.removing_pays, class_name="mt-2 font-semibold")),
            form(
                hidden("source", S.removing),
                takes_over(),
                el.div(
                    submit(_("Remove")),
                    button(_("Keep it"), kind="second", on_click=S.cancel_removal),
                    class_name="flex flex-wrap gap-3 mt-6",
                ),
                busy=S.busy,
                sending=_("Removing…"),
                on_submit=S.confirm_removal,
            ),
            class_name="p-5 md:p-6",
        ),
        data_open="1",
        aria_labelledby="remove-title",
        class_name="sheet",
    )


def takes_over() -> rx.Component:
    """Its successor, or automatic payment turned off."""
    return rx.cond(
        S.successors.length() > 0,
        el.fieldset(
            el.legend(
                rx.cond(
                    S.removing_pays != "",
                    _("Which one takes over what this one pays?"),
                    _("Which one becomes your default?"),
                ),
                class_name="font-bold mb-2",
            ),
            el.div(
                each(S.successors, successor),
                rx.cond(
                    S.removing_pays != "",
                    choice(
                        "heir",
                        TURN_OFF,
                        _("None: turn automatic payment off"),
                        sub=_("You pay each invoice yourself."),
                    ),
                ),
                class_name="grid gap-2",
            ),
            class_name="mt-4",
        ),
    )


def successor(item) -> rx.Component:
    return choice("heir", item.id, item.label, checked=item.first)


def waiting() -> rx.Component:
    return loading(
        _("Getting your cards…"),
        card(skel("h-6 w-48"), skel("h-5 w-32 mt-2"), skel("h-11 w-24 mt-2"), cls="p-5"),
        skel("h-12 w-64 mt-5"),
    )
