"""The settings that a practice changes while it is open, each declared once.

A setting has a name (that of its history too), a type, a default, a validator and a permission.
`services.practice_settings.change_setting` is the one writer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from portal_app.domain.access import Permission
from portal_app.domain.billing.processor_limits import check_maximum
from portal_app.domain.credentials.types import PAY_LINK_DAYS
from portal_app.domain.errors import NotFound, UserError
from portal_app.domain.money import InvalidAmount, Money
from portal_app.domain.sites.embedding import origins


class NumberOutOfRange(UserError):
    """A setting that is a number lies outside of what it may be."""

    code = "setting.number_out_of_range"
    message = "Choose a number from {lowest} to {highest}"


DEPENDENT_AGES = (12, 18)  # years: the youngest and the oldest a practice may choose


class AgeOutOfRange(UserError):
    code = "setting.age_out_of_range"
    message = "Choose an age from {youngest} to {oldest}"
    field = "dependent_age"


class LinkDaysOutOfRange(UserError):
    code = "setting.link_days_out_of_range"
    message = "Choose {shortest} to {longest} days"
    field = "pay_link_days"


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
        """The value as it is stored, checked. NotFound for another type, UserError for one that is not allowed."""
        if type(value) not in self.types:
            raise NotFound
        return self.validate(value)

    def read(self, practice: Any) -> Any:
        """The value of now, from the practice's row."""
        found = getattr(practice, self.column or self.name)
        for step in self.path[:-1]:
            found = found.get(step, {})
        return found.get(self.path[-1], self.default) if self.path else found

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
        raise InvalidAmount(value.currency, field="minimum_payment")
    if value is not None:
        check_maximum(value)
    return value


def _age(value: int) -> int:
    youngest, oldest = DEPENDENT_AGES
    if not youngest <= value <= oldest:
        raise AgeOutOfRange(youngest=youngest, oldest=oldest)
    return value


def _days(value: int) -> int:
    shortest, longest = PAY_LINK_DAYS
    if not shortest <= value <= longest:
        raise LinkDaysOutOfRange(shortest=shortest, longest=longest)
    return value


def _sites(value: Sequence[object]) -> list[str]:
    sites = [site for site in value if isinstance(site, str)]
    if len(sites) != len(value):
        raise NotFound
    return list(origins(sites))


def _switch(name: str, default: bool) -> Setting:
    return Setting(name, (bool,), default, _any)


def _membership(name: str, default: Any, validate: Callable[[Any], Any] = _any) -> Setting:
    """A setting about memberships: they share one column of the practice's row."""
    return Setting(
        f"membership_{name}",
        (default.__class__,),
        default,
        validate,
        Permission.MANAGE_PLANS,
        "membership_settings",
        (name,),
    )


def _between(lowest: int, highest: int) -> Callable[[int], int]:
    """A validator for whole numbers."""

    def check(value: int) -> int:
        if not lowest <= value <= highest:
            raise NumberOutOfRange(lowest=lowest, highest=highest)
        return value

    return check


MEMBERSHIP_SETTINGS = (
    _membership("days_ahead", 0, _between(0, 28)),  # how long before the bill date its invoice is made
    _membership("autopay_hour", 9, _between(0, 20)),  # of the practice's day
    _membership("amount_notice_days", 10, _between(1, 60)),  # whatever raises the next charge
    _membership("price_notice_days", 30, _between(1, 120)),  # a new price
    _membership("cancel_online", True),
    _membership("refund_unearned", True),  # shown by days when staff end one at once
    _membership("join_online", False),
    _membership("join_needs_acceptance", True),
    _membership("fee_on_rejoining", False),
    # Of direct primary care, a month, in whole units of the currency: one person, two or more (IRC 223(c)(1)(E)).
    _membership("monthly_limit_of_one", 150, _between(0, 100_000)),
    _membership("monthly_limit_of_several", 300, _between(0, 100_000)),
)


def _agreement(name: str, default: Any, validate: Callable[[Any], Any]) -> Setting:
    """A setting about agreements: they share one column of the practice's row."""
    return Setting(
        f"agreement_{name}",
        (default.__class__,),
        default,
        validate,
        Permission.MANAGE_AGREEMENTS,
        "agreement_settings",
        (name,),
    )


AGREEMENT_SETTINGS = (
    _agreement("expires_days", 30, _between(1, 365)),  # how long a request can be signed
    _agreement("reminder_days", 7, _between(1, 60)),  # between reminders
    _agreement("reminders", 3, _between(0, 10)),  # how many at most
)


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
        *MEMBERSHIP_SETTINGS,
        *AGREEMENT_SETTINGS,
    )
}
SWITCHES = tuple(name for name, setting in SETTINGS.items() if setting.types == (bool,))
