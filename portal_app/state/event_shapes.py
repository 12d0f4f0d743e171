"""Which events a page can send: of a handler that exists, and to the framework's own with the arguments they take.

The framework reports any other as an error with its place in the code. The shield refuses it before that; arguments of
the portal's own handlers are checked where they are called (state/base.py).
"""

from collections.abc import Mapping
from typing import Any, NotRequired

from pydantic import TypeAdapter, ValidationError
from reflex_base.registry import RegistrationContext
from typing_extensions import TypedDict

_ROOT = "reflex___state____state"
_STRICT: Any = {"extra": "forbid", "strict": True}


class _Nothing(TypedDict):
    __pydantic_config__ = _STRICT  # type: ignore[misc]


class _Hydrate(TypedDict):
    __pydantic_config__ = _STRICT  # type: ignore[misc]
    vars: NotRequired[dict[str, Any] | None]
    hashes: NotRequired[list[str] | None]


class _Variables(TypedDict):
    __pydantic_config__ = _STRICT  # type: ignore[misc]
    vars: dict[str, Any]


class _Flag(TypedDict):
    __pydantic_config__ = _STRICT  # type: ignore[misc]
    value: bool


class _PageError(TypedDict):
    __pydantic_config__ = _STRICT  # type: ignore[misc]
    info: str
    component_stack: str


FRAMEWORK_SHAPES: Mapping[str, Any] = {
    f"{_ROOT}.hydrate": _Nothing,
    f"{_ROOT}.hydrate_and_load": _Hydrate,
    f"{_ROOT}.reflex___state____on_load_internal_state.on_load_internal": _Nothing,
    f"{_ROOT}.reflex___state____on_load_internal_state.set_is_hydrated": _Flag,
    f"{_ROOT}.reflex___state____update_vars_internal_state.update_vars_internal": _Variables,
    f"{_ROOT}.reflex___state____frontend_event_exception_state.handle_frontend_exception": _PageError,
}
_CHECKS = {name: TypeAdapter[Any](shape) for name, shape in FRAMEWORK_SHAPES.items()}


def is_known_event(name: str, payload: dict[str, Any]) -> bool:
    """Whether a page of this version could send this event."""
    if name not in RegistrationContext.get().event_handlers:
        return False
    if (check := _CHECKS.get(name)) is None:
        return True
    try:
        check.validate_python(payload)
    except ValidationError:
        return False
    return all(_is_of_known_state(variable) for variable in payload.get("vars") or ())


def _is_of_known_state(variable: str) -> bool:
    """Every state has a handler `setvar`; no page may call it, but it tells that the state exists."""
    return f"{variable.rpartition('.')[0]}.setvar" in RegistrationContext.get().event_handlers
