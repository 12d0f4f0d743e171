"""Tells JSON objects and lists from other values, in a way that the type checker follows."""

from collections.abc import Sequence
from typing import Any, TypeGuard


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether a parsed JSON value is an object."""
    return isinstance(value, dict)


def object_or_empty(value: object) -> dict[str, Any]:
    """The JSON object; {} for anything else."""
    return value if is_object(value) else {}


def is_list_or_tuple(value: object) -> TypeGuard[Sequence[Any]]:
    """Whether a value is a list or a tuple."""
    return isinstance(value, list | tuple)
