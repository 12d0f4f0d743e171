"""Who works at the demo practice. Each sets up an authenticator app when they first sign in."""

from contextlib import suppress
from dataclasses import dataclass

from portal_app.domain.access import Principal, Role
from portal_app.domain.errors import Refused
from portal_app.services.sign_in.staff import staff_add


@dataclass(frozen=True, slots=True)
class StaffSignIn:
    """Somebody one may be at the demo practice; `make run` prints it."""

    who: str
    email: str
    password: str
    role: Role


_PASSWORD = "lantern-quartz-4-meadow"  # noqa: S105  (the demo's, printed by make run)
STAFF = (
    StaffSignIn("Olga Novak, who owns the practice", "olga@juniper.example", _PASSWORD, Role.OWNER),
    StaffSignIn("Nora Cohen, billing", "nora@juniper.example", _PASSWORD, Role.BILLING),
    StaffSignIn("Dana Lee, front desk", "dana@juniper.example", _PASSWORD, Role.FRONT_DESK),
)


def add_staff(principal: Principal) -> None:
    """Whoever is not there yet."""
    for one in STAFF:
        with suppress(Refused):
            staff_add(principal, one.email, one.who.partition(",")[0], one.role, one.password)
