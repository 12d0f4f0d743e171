"""Paying: how much, with what, and what to do when it does not go straight through.

Every piece takes the state of its page, which has `PaymentStepsState`.
"""

from typing import Any

import reflex as rx

from portal_app.components.elements import fragment, match
from portal_app.components.form_fields import busy_mark, choice, form, hidden, named_input
from portal_app.components.i18n import _, each, embedded, fill, fill_var, language
from portal_app.components.kit import (
    button,
    card,
    el,
    h2,
    icon,
    link,
    notice,
    opens,
    raw_a,
    refusal_feedback,
    submit,
)
from portal_app.components.stripe_checkout import stripe_checkout
from portal_app.state.billing.pay_link import PayLinkState
from portal_app.state.billing.payment_form import PaymentFormState
from portal_app.state.layout import LayoutState
from portal_app.state.memberships.join import JoinState

State = type[PaymentFormState] | type[PayLinkState] | type[JoinState]
FORM = "pay-form"
CARD_FORM = "card-form"


def pay_panel(S: State, *form_card: rx.Component, message: Any = refusal_feedback) -> rx.Component:
    """The place to pay: `form_card` while one may pay; the form of a card that the bank asks about stays on the page."""
    hidden_card = rx.cond(S.card_wanted, el.div(card_fields(S), class_name="hidden"))
    return el.div(
        message(S, "mb-4"),
        rx.cond(S.held != "", held(S)),
        rx.cond(S.why_not != "", at_the_practice(S)),
        rx.cond(S.can_pay, fragment(*form_card), hidden_card),
        rx.cond(S.duplicate_warning != "", confirm_duplicate(S)),
    )


def dock_pay(S: State) -> rx.Component:
    """The pay button at the bottom of a phone's screen."""
    return rx.cond(S.can_pay, pay_button(S, "w-full"))


def pay_button(S: State, cls: str) -> rx.Component:
    """Sends the pay form. The hidden one belongs to the card's form, which marks its parent while it works."""
    twin = el.button(type="submit", form=CARD_FORM, hidden=True, tab_index=-1, aria_hidden="true")
    press = submit(pay_words(S), cls="w-full text-lg min-h-14", form=FORM)
    return el.div(el.div(twin, press), data_busy=busy_mark(S.busy), class_name=cls)


def may_save(S: State) -> rx.Component:
    """Only the account's own guarantor may save a card, not another adult who pays an invoice there."""
    save = choice("save", "on", _("Save this card for next time"), kind="checkbox", form=FORM)
    whose = getattr(S, "whose", None)
    return save if whose is None else rx.cond(whose == "", save)


def card_fields(S: State) -> rx.Component:
    """The processor's own form: what is typed there never reaches the portal."""
    return el.div(
        stripe_checkout(
            form_id=CARD_FORM,
            publishable_key=S.card_key,
            script_url=S.card_script,
            mode="payment",
            amount=S.card_amount,
            currency=S.card_currency,
            locale=language(),
            save_card=S.card_save,
            next_action_secret=S.bank_secret,
            attempt=S.card_attempt,
            released=S.card_released,
            on_token=S.pay_with_card,
            on_result=S.check_bank_answer,
        ),
        el.span(hidden=True, custom_attrs={"data-submits": CARD_FORM, "data-turn": S.card_asked}),
    )


def pay_words(S: State) -> rx.Component:
    """The text of the Pay button. With "another amount" it does not repeat the full amount (tokens.css)."""
    return fragment(
        el.span(fill_var("Pay {amount}", amount=S.full_amount), class_name="when-all"),
        el.span(_("Pay this amount"), class_name="when-part-label"),
    )


def pay_card(
    S: State,
    title: str,
    *what: Any,
    button_look: str = "hidden md:block mt-6",
    saved_methods: bool = True,
    **heading: Any,
) -> rx.Component:
    """The form to pay: `what` says or asks how much; then with what, and the button. Without `saved_methods` only a new card."""
    return card(
        h2(title, **heading),
        form(
            hidden("payment", S.payment),
            *what,
            pay_with(S) if saved_methods else hidden("source", "new"),
            busy=S.busy,
            sending=_("Sending your payment…"),
            on_submit=S.pay,
            id=FORM,
        ),
        el.div(
            rx.cond(S.card_wanted, card_fields(S)),
            may_save(S) if saved_methods else fragment(),
            class_name="when-new gap-3 mt-3",
        ),
        pay_button(S, "mt-6" if embedded() else button_look),  # a frame has no dock
        el.p(
            _("We charge your card only when you press Pay. You get a receipt by email.")
            if saved_methods
            else _("We charge your card only when you press Pay, and we do not keep it."),
            class_name="text-sm text-ink-2 mt-3",
        ),
        cls="pay p-5 md:p-6",
        aria_label=title,
    )


def how_much(S: State) -> rx.Component:
    whole = el.label(
        el.input(type="radio", name="how_much", value="all", default_checked=True),
        S.all_words,
    )
    part = el.label(el.input(type="radio", name="how_much", value="part"), _("Another amount"))
    return el.fieldset(
        el.legend(_("How much?"), class_name="font-bold mb-2"),
        el.div(whole, part, class_name="seg relative"),
        amount_field(S, "when-part mt-3"),
        class_name="mt-4",
    )


def amount_field(S: Any, cls: str) -> rx.Component:
    """Another amount than all, with the smallest one below it."""
    return el.div(
        el.label(_("Amount"), html_for="amount", class_name="block text-sm font-semibold mb-1.5"),
        named_input(
            "amount",
            "money",
            aria_describedby="amount-hint form-error",
            aria_invalid=rx.cond(S.field_errors["amount"], "true", "false"),
            class_name="input w-40 tnum",
        ),
        el.p(S.at_least, id="amount-hint", class_name="text-sm text-ink-2 mt-1.5 tnum"),
        class_name=cls,
    )


def pay_with(S: Any) -> rx.Component:
    """The processor's form is loaded only once a new card is chosen."""
    new = choice("source", "new", _("A new card"), side=icon("plus", 22, "text-ink-3"))
    chosen: Any = S.load_card_form
    return rx.cond(
        S.payment_methods.length() > 0,
        el.fieldset(
            el.legend(_("Pay with"), class_name="font-bold mb-2"),
            el.div(
                each(S.payment_methods, payment_method), el.div(new, **opens(chosen)), class_name="grid gap-2"
            ),
            class_name="mt-5",
        ),
        hidden("source", "new"),
    )


def payment_method(item: Any) -> rx.Component:
    return choice(
        "source",
        item.id,
        item.label,
        sub=item.note,
        checked=item.first,
        side=icon("credit-card", 24, "text-ink-3"),
    )


def held(S: State) -> rx.Component:
    """A payment in flight, to continue or to cancel (ALL-13)."""
    go_on = button(rx.cond(S.held_by_bank, _("Continue"), _("Check again")), on_click=S.continue_payment)
    give_up = button(_("Cancel this payment"), kind="second", on_click=S.cancel_payment)
    choices = el.div(go_on, give_up, class_name="flex flex-wrap gap-3 mt-4")
    elsewhere = getattr(S, "held_elsewhere", None)  # of a pay link only
    return card(
        notice(
            "due",
            S.held,
            el.p(
                _("Until it is decided, this invoice waits. You cannot be charged twice."), class_name="mt-1"
            ),
            choices if elsewhere is None else rx.cond(elsewhere, fragment(), choices),
            data_focus="1",
        ),
        cls="overflow-hidden",
        data_busy=busy_mark(S.busy),
        aria_label=_("Your last payment"),
    )


def at_the_practice(S: State) -> rx.Component:
    why = match(
        S.why_not,
        ("small", _("This amount is too small to pay by card online.")),
        ("credit", _("Your credit covers this. Use your credit: no card is charged.")),
        _("You cannot pay online at the moment."),
    )
    number = raw_a(
        LayoutState.phone, href="tel:" + LayoutState.phone, class_name="link tnum whitespace-nowrap"
    )
    return card(
        h2(_("How to pay")),
        el.p(why, class_name="mt-2"),
        el.p(*fill("Pay at your next visit, or call {phone}.", phone=number), class_name="mt-2"),
        el.p(LayoutState.hours, class_name="text-sm text-ink-2 mt-1"),
        cls="p-5 md:p-6",
    )


def confirm_duplicate(S: State) -> rx.Component:
    """The same amount, minutes after it was paid: confirmed before it is paid a second time."""
    return el.dialog(
        el.div(
            el.h2(S.duplicate_warning, id="again-title", class_name="text-lg font-bold"),
            el.p(_("Nothing was charged this time."), class_name="text-ink-2 mt-2"),
            el.div(
                button(_("Pay again"), on_click=S.confirm_duplicate),
                button(_("Do not pay again"), kind="second", on_click=S.cancel_duplicate),
                class_name="flex flex-wrap gap-3 mt-6",
            ),
            class_name="p-5 md:p-6",
        ),
        data_open="1",
        aria_labelledby="again-title",
        class_name="sheet",
    )


def amount_and_receipt(item: Any) -> rx.Component:
    """The right side of a payment in a list: what was paid, and its receipt where there is one."""
    receipt = link(_("Receipt"), href=item.href, cls="link no-print inline-flex items-center min-h-11")
    return el.div(
        el.p(item.amount, class_name="tnum font-semibold"),
        rx.cond(item.href != "", receipt),
        class_name="text-right",
    )


def refund_line(item: Any) -> rx.Component:
    words = el.span(
        icon("info", 17, "inline mr-1.5 text-info"),
        el.span(item.what, class_name="font-semibold"),
        rx.cond(item.note != "", el.span(item.note, class_name="block text-sm text-ink-2")),
    )
    return el.li(
        words,
        el.span(item.amount, class_name="tnum font-semibold whitespace-nowrap"),
        class_name="flex justify-between gap-4 rounded-md bg-info-soft px-3 py-2",
    )
