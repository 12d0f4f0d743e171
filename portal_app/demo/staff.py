"""Who works at the demo practice. Each sets up an authenticator app when they first sign in."""

from dataclasses import dataclass
from pathlib import Path

from portal_app.demo.passwords import keep_passwords, new_password, passwords_in
from portal_app.domain.access import Principal, Role
from portal_app.services.sign_in.staff import add_staff_member
from portal_app.services.staff.sign_in_settings import has_password, reset_staff_sign_in, staff_emails
from portal_app.settings import settings


@dataclass(frozen=True, slots=True)
class StaffSignIn:
    """A member of the demo's staff; the password is made per installation."""

    who: str
    email: str
    role: Role


STAFF = (
    StaffSignIn("Olga Novak, who owns the practice", "olga@juniper.example", Role.OWNER),
    StaffSignIn("Nora Cohen, billing", "nora@juniper.example", Role.BILLING),
    StaffSignIn("Dana Lee, front desk", "dana@juniper.example", Role.FRONT_DESK),
)
# The password of all three before each installation made its own. It was published, so it is replaced.
_PUBLISHED = "lantern-quartz-4-meadow"


def add_staff(principal: Principal, folder: Path | None = None) -> None:
    """Add those who are missing. Give a new password to those whose password is published or not stored here.

    A new password ends their sessions. Stored after each step: a run that was interrupted is continued by the next one.
    """
    folder = folder or settings().data_dir
    known = passwords_in(folder)
    there = staff_emails(principal)
    for one in STAFF:
        if one.email in there and one.email in known and not has_password(principal, one.email, _PUBLISHED):
            continue
        password = new_password()
        if one.email in there:
            reset_staff_sign_in(principal, one.email, password)
        else:
            add_staff_member(principal, one.email, one.who.partition(",")[0], one.role, password)
        known[one.email] = password
        keep_passwords(folder, known)


def sign_in_lines(folder: Path | None = None) -> list[str]:
    """Each with email and password, as `make run` and `portal demo --who` print them."""
    known = passwords_in(folder or settings().data_dir)
    lines: list[str] = []
    for one in STAFF:
        lines += [
            f"{one.email}, {known.get(one.email, 'no password yet: portal demo makes one')}",
            f"  {one.who}",
        ]
    return lines
