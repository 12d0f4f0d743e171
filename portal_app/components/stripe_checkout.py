"""Stripe's card form. It ends in one event: a token to charge, or the result of the bank's confirmation (3-D Secure).

The page's own button submits it from wherever it stands: `rx.el.button(type="submit", form=form_id)`. Never
put it inside another form or a modal dialog (the bank's window would lie under it). While it works, the form
and the parents of such buttons carry `data-busy`. The server answers by raising `attempt` by one: with
`next_action_secret` when the bank asks for confirmation, else with `released=True`. Without either the form stays busy.
"""

from typing import Any, TypedDict

import reflex as rx

from portal_app.components.elements import Element

_SCRIPT = rx.asset("stripe_checkout.jsx", shared=True)


class CheckoutResult(TypedDict):
    """The result as the browser reports it; the server asks the processor itself."""

    id: str  # of the payment or setup intent
    status: str
    code: str
    message: str


def _token(token: rx.Var[str]) -> tuple[rx.Var[str]]:
    return (token,)


def _result(result: rx.Var[CheckoutResult]) -> tuple[rx.Var[CheckoutResult]]:
    return (result,)


def _nothing() -> tuple[()]:
    return ()


class StripeCheckout(rx.NoSSRComponent):
    """Publishable key and script URL come from a state: constants would be compiled into the bundle."""

    library = _SCRIPT.importable_path
    tag = "StripeCheckout"
    lib_dependencies: list[str] = ["@stripe/stripe-js@10.2.1", "@stripe/react-stripe-js@7.0.1"]

    form_id: rx.Var[str]
    publishable_key: rx.Var[str]
    script_url: rx.Var[str]  # "" = Stripe's own
    mode: rx.Var[str]  # "payment" or "setup"
    amount: rx.Var[int]  # in the processor's units
    currency: rx.Var[str]
    locale: rx.Var[str]  # "en" or "es"
    save_card: rx.Var[bool]
    next_action_secret: rx.Var[str]
    setup_secret: rx.Var[str]
    attempt: rx.Var[int]
    released: rx.Var[bool]

    on_token: rx.EventHandler[_token]
    on_setup: rx.EventHandler[_nothing]  # asks for a `setup_secret` when there is none yet
    on_result: rx.EventHandler[_result]


_checkout: Any = StripeCheckout
stripe_checkout: Element = _checkout.create
