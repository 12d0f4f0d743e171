"""The format of Stripe's requests and answers: nested form fields, errors, lists, expanded objects."""

import copy
import json
import re
from collections.abc import Iterable
from typing import Any

Fields = dict[str, Any]  # a request's parameters, nested
Thing = dict[str, Any]  # one of Stripe's objects


class Problem(Exception):
    """An error answer. `kept`: what was written stays (a decline), and the idempotency key replays the answer."""

    def __init__(
        self,
        status: int,
        message: str,
        code: str | None = None,
        param: str | None = None,
        kind: str = "invalid_request_error",
        kept: bool = False,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status, self.kept = status, kept
        error = {"type": kind, "message": message, "code": code, "param": param, **more}
        self.body = {"error": {name: value for name, value in error.items() if value is not None}}


def missing(kind: str, id_: str, param: str = "id") -> Problem:
    """Named in the path it is a 404, named in a parameter a 400."""
    in_path = param in ("id", "intent")
    return Problem(404 if in_path else 400, f"No such {kind}: '{id_}'", "resource_missing", param)


def needed(fields: Fields, name: str) -> Any:
    if fields.get(name) in (None, ""):
        raise Problem(400, f"Missing required param: {name}.", "parameter_missing", name)
    return fields[name]


def integer(value: Any, param: str) -> int:
    if isinstance(value, bool) or not re.fullmatch(r"-?\d+", str(value)):
        raise Problem(400, f"Invalid integer: {value}", "parameter_invalid_integer", param)
    return int(value)


def yes(value: Any) -> bool:
    return value in (True, "true")


_ANYWHERE = {"metadata", "expand"}
_ALLOWED = {
    "customer": "email name phone description address invoice_settings shipping preferred_locales",
    "payment_method": "type card us_bank_account link cashapp amazon_pay billing_details allow_redisplay",
    "intent": (
        "amount currency automatic_payment_methods capture_method confirm confirmation_method"
        " confirmation_token customer description off_session payment_method payment_method_data"
        " payment_method_options payment_method_types receipt_email return_url setup_future_usage"
        " statement_descriptor statement_descriptor_suffix use_stripe_sdk error_on_requires_action"
        " mandate_data"
    ),
    "change": "amount currency customer description payment_method receipt_email setup_future_usage",
    "confirm": (
        "payment_method payment_method_data confirmation_token off_session return_url receipt_email"
        " setup_future_usage use_stripe_sdk error_on_requires_action mandate_data by_browser"
    ),
    "cancel": "cancellation_reason",
    "setup": (
        "customer usage payment_method_types payment_method payment_method_data"
        " automatic_payment_methods confirm description return_url confirmation_token use_stripe_sdk"
        " payment_method_options mandate_data"
    ),
    "refund": "payment_intent charge amount reason",
    "dispute": "evidence submit",
    "token": "payment_method payment_method_data return_url setup_future_usage",
}
# What Stripe.js adds to everything it sends.
_FROM_BROWSER = {
    "key", "client_secret", "payment_user_agent", "referrer", "guid", "muid", "sid",
    "client_attribution_metadata", "expected_payment_method_type", "use_stripe_sdk", "_stripe_version",
}  # fmt: skip


def allowed(fields: Fields, what: str) -> Fields:
    """Returns the fields. Raises Problem for one that Stripe does not know."""
    known = _ANYWHERE | set(_ALLOWED[what].split())
    for name in fields:
        if name not in known:
            raise Problem(400, f"Received unknown parameter: {name}", "parameter_unknown", name)
    return fields


def from_browser(fields: Fields) -> Fields:
    return {name: value for name, value in fields.items() if name not in _FROM_BROWSER}


def nested(pairs: Iterable[tuple[str, str]]) -> Fields:
    """`card[number]=4242` as {"card": {"number": "4242"}}; `expand[]` and `expand[0]` as lists."""
    root: Fields = {}
    for name, value in pairs:
        path = [name.split("[", 1)[0], *re.findall(r"\[([^\[\]]*)\]", name)]
        place = root
        for step in path[:-1]:
            place = place.setdefault(step, {})
        last = path[-1] or str(len(place))
        place[last] = {"true": True, "false": False}.get(value, value)
    return _lists(root)


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _lists(part) for name, part in value.items()}
    if inner and all(name.isdigit() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner


def with_metadata(thing: Thing, fields: Fields) -> None:
    """Merges new metadata into the old; an empty value removes its key."""
    if "metadata" not in fields:
        return
    merged = {**thing["metadata"], **(fields["metadata"] or {})} if fields["metadata"] else {}
    thing["metadata"] = {name: value for name, value in merged.items() if value != ""}


_COMPARED = {
    "gt": lambda left, right: left > right,
    "gte": lambda left, right: left >= right,
    "lt": lambda left, right: left < right,
    "lte": lambda left, right: left <= right,
    "eq": lambda left, right: left == right,
}


def page(url: str, things: list[Thing], fields: Fields) -> Thing:
    """One page of a list that is newest first."""
    size = integer(fields.get("limit") or 10, "limit")
    if created := fields.get("created"):
        limits = created if isinstance(created, dict) else {"eq": created}
        things = [
            thing
            for thing in things
            if all(_COMPARED[how](thing["created"], int(value)) for how, value in limits.items())
        ]
    if after := fields.get("starting_after"):
        ids = [thing["id"] for thing in things]
        if after not in ids:
            raise missing("object", after, "starting_after")
        things = things[ids.index(after) + 1 :]
    return {"object": "list", "data": things[:size], "has_more": len(things) > size, "url": url}


_EXPANDED_KINDS = {"latest_charge": "charge"}


def expanded(thing: Thing, paths: Any, get: Any) -> Thing:
    """The object with the ids at `paths` replaced by the objects they name."""
    if not paths:
        return thing
    thing = copy.deepcopy(thing)
    for path in paths if isinstance(paths, list) else [paths]:
        nodes = [thing]
        for part in path.split("."):
            nodes = [found for node in nodes for found in _expanded_part(node, part, path, get)]
    return thing


def _expanded_part(node: Thing, part: str, path: str, get: Any) -> list[Thing]:
    if part == "data" and isinstance(node.get("data"), list):
        return node["data"]
    if part not in node:
        raise Problem(400, f"This property cannot be expanded ({path}).", param="expand[]")
    if isinstance(node[part], str):
        node[part] = get(_EXPANDED_KINDS.get(part, part), node[part])
    return [node[part]] if isinstance(node[part], dict) else []


def written(thing: Thing) -> str:
    return json.dumps(thing, indent=2)
