"""The settings that a practice changes while it is open, each declared once.

A setting has a name (that of its history too), a type, a default, a validator and a permission.
`services.practice_settings.change_setting` is the one writer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from portal_app.domain.access import Permission
from portal_app.domain.credentials.types import PAY_LINK_DAYS
from portal_app.domain.embedding import origins
from portal_app.domain.errors import NotFound, UserError
from portal_app.domain.money import Money

DEPENDENT_AGES = (12, 18)  # years: the youngest and the oldest a practice may choose


@dataclass(frozen=True, slots=True)
class Setting:
    """`path`: where in the column the value stands, for a column that holds several settings."""

    name: str
    types: tuple[type, ...]
    default: Any
    validate: Callable[[Any], Any]
    permission: Permission = Permission.MANAGE_SETTINGS
    column: str = ""
    path: tuple[str, ...] = ()

    def checked(self, value: Any) -> Any:
        """`value` as it is stored. NotFound for a value of another type, UserError for one that is not allowed."""
        if type(value) not in self.types:
            raise NotFound
        return self.validate(value)

    def read(self, practice: Any) -> Any:
        """The value of now, from the practice's row."""
        found = getattr(practice, self.column or self.name)
        for step in self.path:
            found = found.get(step, {})
        return found

    def write(self, practice: Any, value: Any) -> None:
        """Put a checked value into the practice's row."""
        column = self.column or self.name
        setattr(practice, column, _put(getattr(practice, column), self.path, value))


def _put(whole: Any, path: tuple[str, ...], value: Any) -> Any:
    """A copy of `whole` with `value` at `path`: a document that is changed in place is not seen as changed."""
    if not path:
        return value
    return {**whole, path[0]: _put(whole.get(path[0], {}), path[1:], value)}


def _any(value: Any) -> Any:
    return value


def _amount(value: Money | None) -> Money | None:
    if value is not None and value.minor <= 0:
        raise UserError("Enter an amount, like {example}", example=Money(40_00, value.currency))
    return value


def _age(value: int) -> int:
    youngest, oldest = DEPENDENT_AGES
    if not youngest <= value <= oldest:
        raise UserError("Choose an age from {youngest} to {oldest}", youngest=youngest, oldest=oldest)
    return value


def _days(value: int) -> int:
    shortest, longest = PAY_LINK_DAYS
    if not shortest <= value <= longest:
        raise UserError("Choose {shortest} to {longest} days", shortest=shortest, longest=longest)
    return value


def _sites(value: list[str] | tuple[str, ...]) -> list[str]:
    if not all(isinstance(site, str) for site in value):
        raise NotFound
    return list(origins(value))


def _switch(name: str, default: bool) -> Setting:
    return Setting(name, (bool,), default, _any)


SETTINGS: dict[str, Setting] = {
    setting.name: setting
    for setting in (
        _switch("online_payments", True),
        _switch("post_automatically", True),
        _switch("reminders", True),
        _switch("announce_imported", False),
        _switch("link_in_messages", False),
        Setting("minimum_payment", (Money, type(None)), None, _amount),
        Setting("pay_link_days", (int,), 14, _days),
        Setting("dependent_age", (int,), 16, _age),
        Setting("embed_origins", (list, tuple), [], _sites),
    )
}
SWITCHES = tuple(name for name, setting in SETTINGS.items() if setting.types == (bool,))
