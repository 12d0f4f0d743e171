"""Setup intents: a card is attached to a customer without a charge."""

from portal_app.stripe_simulator import intents, methods, objects
from portal_app.stripe_simulator.published.cards import Asks
from portal_app.stripe_simulator.store import Store
from portal_app.stripe_simulator.wire import Fields, Problem, Thing, allowed, yes


def make(store: Store, fields: Fields) -> Thing:
    """POST /v1/setup_intents. Raises: Problem."""
    allowed(fields, "setup")
    if fields.get("customer"):
        store.get("customer", fields["customer"], "customer")
    method = methods.find(store, fields["payment_method"])["id"] if fields.get("payment_method") else None
    intent = store.put(objects.setup_intent(method, fields))
    store.tell("setup_intent.created", intent)
    if not yes(fields.get("confirm")):
        return intent
    return confirm(store, intent, {**fields, "payment_method": method} if method else fields)


def confirm(store: Store, intent: Thing, fields: Fields) -> Thing:
    """Attach the method to the customer, or ask the payer for confirmation first, as the test card says. Raises: Problem."""
    if intent["status"] in ("succeeded", "canceled"):
        words = f"You cannot confirm this SetupIntent because it has already {intent['status']}."
        raise Problem(400, words, "setup_intent_unexpected_state", setup_intent=intent)
    method = methods.chosen(store, intent, fields)
    methods.usable(store, method, intent)
    intent.update(payment_method=method["id"], last_setup_error=None)
    acts = methods.behaviour(store, method)
    if acts.code and acts.declines_on_file:
        raise intents.declined(store, intent, method, acts.code, acts.decline_code)
    if acts.asks is Asks.NEVER:
        return intents.set_up(store, intent, method)
    store.put(methods.ask_payer(intent))
    store.tell("setup_intent.requires_action", intent)
    return intent


def cancel(store: Store, intent: Thing) -> Thing:
    """POST /v1/setup_intents/…/cancel."""
    intent.update(status="canceled", next_action=None)
    store.put(intent)
    store.tell("setup_intent.canceled", intent)
    return intent
