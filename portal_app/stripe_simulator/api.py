"""The routes of the API: Stripe's paths for a secret key, and the few that a publishable key may use."""

import hmac
import re
from collections.abc import Callable

from portal_app.stripe_simulator import disputes, intents, methods, objects, refunds, setups
from portal_app.stripe_simulator.store import Store
from portal_app.stripe_simulator.wire import (
    Fields,
    Problem,
    Thing,
    allowed,
    expanded,
    from_browser,
    missing,
    needed,
    page,
    with_metadata,
)

_FOR_BROWSER = re.compile(r"(GET|POST) /v1/(payment_intent|setup_intent)s/(\w+?)(/confirm)?")
# What a publishable key may not see of an intent.
_PRIVATE = ("metadata", "customer", "application", "latest_charge", "transfer_data", "review", "on_behalf_of")
_SEARCH = re.compile(r"metadata\[['\"](\w+)['\"]\]\s*:\s*['\"]([^'\"]*)['\"]")


def answer(store: Store, method: str, path: str, fields: Fields, key: str) -> Thing:
    """Answer one API call; `key` has been checked. Raises: Problem, as Stripe would answer."""
    wanted = fields.pop("expand", None)
    if key.startswith("pk_"):
        return _for_browser(store, method, path, fields)
    _, noun, *rest = path.strip("/").split("/")
    if noun == "test_helpers" and rest:
        noun, rest = f"test_helpers/{rest[0]}", rest[1:]
    verbs = _VERBS.get(noun, {})
    verb = verbs.get((method, "/".join(["*", *rest[1:]]) if rest else ""))
    if verb is None and len(rest) > 2:
        verb = verbs.get((method, f"*/{rest[1]}/*"))
    if verb is None:
        raise Problem(
            404,
            f"Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs.",
            kind="invalid_request_error",
        )
    done = verb(store, fields, *(rest[:1] + rest[2:]))
    if done.get("object") in ("list", "search_result"):
        done = {**done, "url": path}
    return expanded(done, wanted, store.get)


def _for_browser(store: Store, method: str, path: str, fields: Fields) -> Thing:
    if (method, path) == ("POST", "/v1/confirmation_tokens"):
        return methods.make_token(store, allowed(from_browser(fields), "token"))
    asked = _FOR_BROWSER.fullmatch(f"{method} {path}")
    if asked is None:
        words = "This API call cannot be made with a publishable API key. Please use a secret API key."
        raise Problem(403, words, "secret_key_required")
    intent = intent_of_secret(store, asked[2], asked[3], fields.get("client_secret"))
    if asked[4]:
        given = {**from_browser(fields), "by_browser": True}
        confirm = intents.confirm if asked[2] == "payment_intent" else setups.confirm
        intent = confirm(store, intent, allowed(given, "confirm"))
    return without_private_fields(intent)


def intent_of_secret(store: Store, kind: str, id_: str, secret: object) -> Thing:
    """The intent, for a browser that knows its client secret. Raises: Problem."""
    intent = store.get(kind, id_, "intent")
    if not hmac.compare_digest(str(secret or "").encode(), intent["client_secret"].encode()):
        words = "The client_secret provided does not match any associated intent on this account."
        raise Problem(400, words, f"{kind}_invalid_parameter", "client_secret")
    return intent


def without_private_fields(intent: Thing) -> Thing:
    """What a publishable key may see of an intent."""
    return {name: value for name, value in intent.items() if name not in _PRIVATE}


# ---- customers and their methods ---------------------------------------------------------------


def _make_customer(store: Store, fields: Fields) -> Thing:
    customer = store.put(objects.customer(allowed(fields, "customer")))
    store.tell("customer.created", customer)
    return customer


def _change_customer(store: Store, fields: Fields, id_: str) -> Thing:
    customer = store.get("customer", id_)
    allowed(fields, "customer")
    with_metadata(customer, fields)
    for name in ("email", "name", "phone", "description", "address"):
        if name in fields:
            customer[name] = fields[name] or None
    default = (fields.get("invoice_settings") or {}).get("default_payment_method")
    if default:
        where = "invoice_settings[default_payment_method]"
        if store.get("payment_method", default, where)["customer"] != id_:
            words = f"The customer does not have a payment method with the ID {default}."
            raise Problem(400, words, "resource_missing", where)
        customer["invoice_settings"]["default_payment_method"] = default
    store.put(customer)
    store.tell("customer.updated", customer)
    return customer


def _remove_customer(store: Store, fields: Fields, id_: str) -> Thing:
    store.tell("customer.deleted", store.get("customer", id_))
    store.remove(id_)
    return {"id": id_, "object": "customer", "deleted": True}


def _search_customers(store: Store, fields: Fields) -> Thing:
    """Only `metadata['name']:'value'`, the one query that the portal sends."""
    asked = _SEARCH.fullmatch(str(needed(fields, "query")).strip())
    if asked is None:
        raise Problem(400, "We were unable to parse your search query.", param="query")
    found = [one for one in store.every("customer") if one["metadata"].get(asked[1]) == asked[2]]
    return {**page("", found, fields), "object": "search_result", "next_page": None}


def _methods_of(store: Store, fields: Fields, id_: str) -> Thing:
    store.get("customer", id_)
    return page("", store.every("payment_method", customer=id_, type=fields.get("type")), fields)


def _method_of(store: Store, fields: Fields, id_: str, method_id: str) -> Thing:
    method = store.get("payment_method", method_id)
    if method["customer"] != id_:
        raise missing("PaymentMethod", method_id)
    return method


def _list_methods(store: Store, fields: Fields) -> Thing:
    if not fields.get("customer"):
        return page("", [], fields)
    store.get("customer", fields["customer"], "customer")
    return page(
        "", store.every("payment_method", customer=fields["customer"], type=fields.get("type")), fields
    )


def _change_method(store: Store, fields: Fields, id_: str) -> Thing:
    method = store.get("payment_method", id_)
    with_metadata(method, fields)
    if "allow_redisplay" in fields:
        method["allow_redisplay"] = fields["allow_redisplay"]
    methods.set_expiry(method, fields.get("card") or {})
    store.put(method)
    store.tell("payment_method.updated", method)
    return method


def _attach(store: Store, fields: Fields, id_: str) -> Thing:
    customer = store.get("customer", needed(fields, "customer"), "customer")
    return methods.attach(store, methods.find(store, id_, "id"), customer["id"])


# ---- the same few verbs for every noun ---------------------------------------------------------

Verb = Callable[..., Thing]


def _get(kind: str, param: str = "id") -> Verb:
    return lambda store, fields, id_: store.get(kind, id_, param)


def _list(kind: str, *narrowed_by: str) -> Verb:
    def things(store: Store, fields: Fields) -> Thing:
        return page("", store.every(kind, **{name: fields.get(name) for name in narrowed_by}), fields)

    return things


def _on_intent(kind: str, what: Callable[[Store, Thing, Fields], Thing]) -> Verb:
    return lambda store, fields, id_: what(store, store.get(kind, id_, "intent"), fields)


def _confirm(store: Store, intent: Thing, fields: Fields) -> Thing:
    return intents.confirm(store, intent, allowed(fields, "confirm"))


def _events(store: Store, fields: Fields) -> Thing:
    kinds = fields.get("types") or [fields.get("type")]
    found = [event for event in store.every("event") if kinds == [None] or event["type"] in kinds]
    return page("", found, fields)


_VERBS: dict[str, dict[tuple[str, str], Verb]] = {
    "customers": {
        ("POST", ""): _make_customer,
        ("GET", ""): _list("customer", "email"),
        ("GET", "*"): lambda store, fields, id_: (
            _search_customers(store, fields) if id_ == "search" else store.get("customer", id_)
        ),
        ("POST", "*"): _change_customer,
        ("DELETE", "*"): _remove_customer,
        ("GET", "*/payment_methods"): _methods_of,
        ("GET", "*/payment_methods/*"): _method_of,
    },
    "payment_methods": {
        ("POST", ""): lambda store, fields: methods.make(store, allowed(fields, "payment_method")),
        ("GET", ""): _list_methods,
        ("GET", "*"): lambda store, fields, id_: methods.find(store, id_, "id"),
        ("POST", "*"): _change_method,
        ("POST", "*/attach"): _attach,
        ("POST", "*/detach"): lambda store, fields, id_: methods.detach(
            store, store.get("payment_method", id_)
        ),
    },
    "payment_intents": {
        ("POST", ""): intents.make,
        ("GET", ""): _list("payment_intent", "customer"),
        ("GET", "*"): _get("payment_intent", "intent"),
        ("POST", "*"): _on_intent("payment_intent", intents.change),
        ("POST", "*/confirm"): _on_intent("payment_intent", _confirm),
        ("POST", "*/cancel"): _on_intent("payment_intent", intents.cancel),
    },
    "setup_intents": {
        ("POST", ""): setups.make,
        ("GET", ""): _list("setup_intent", "customer"),
        ("GET", "*"): _get("setup_intent", "intent"),
        ("POST", "*/confirm"): _on_intent("setup_intent", setups.confirm),
        ("POST", "*/cancel"): _on_intent(
            "setup_intent", lambda store, intent, fields: setups.cancel(store, intent)
        ),
    },
    "confirmation_tokens": {("GET", "*"): _get("confirmation_token")},
    "test_helpers/confirmation_tokens": {
        ("POST", ""): lambda store, fields: methods.make_token(store, allowed(fields, "token")),
    },
    "refunds": {
        ("POST", ""): refunds.make,
        ("GET", ""): _list("refund", "payment_intent", "charge"),
        ("GET", "*"): _get("refund"),
    },
    "charges": {
        ("GET", ""): _list("charge", "payment_intent", "customer"),
        ("GET", "*"): _get("charge"),
    },
    "balance_transactions": {
        ("GET", ""): _list("balance_transaction", "source"),
        ("GET", "*"): _get("balance_transaction"),
    },
    "disputes": {
        ("GET", ""): _list("dispute", "payment_intent", "charge"),
        ("GET", "*"): _get("dispute"),
        ("POST", "*"): disputes.update,
        ("POST", "*/close"): disputes.accept,
    },
    "events": {("GET", ""): _events, ("GET", "*"): _get("event")},
}
