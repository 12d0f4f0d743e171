"""`portal staff add` and `portal staff reset`."""

from typing import Annotated

import typer

from portal_app import clock
from portal_app.commands.console import out, print_line, require_ready_database
from portal_app.domain.access import Role, system_principal

NewPassword = Annotated[
    str,
    typer.Option(prompt=True, hide_input=True, confirmation_prompt=True, envvar="PORTAL_STAFF_PASSWORD"),
]


def add(
    email: Annotated[str, typer.Argument()],
    name: Annotated[str, typer.Option(prompt=True)],
    role: Annotated[Role, typer.Option(prompt=True)] = Role.OWNER,
    password: NewPassword = "",
) -> None:
    """Add a member of staff, and print the link by which they set up their authenticator app."""
    from portal_app.services.sign_in.staff import add_staff_member

    require_ready_database("staff add")
    add_staff_member(system_principal("staff add"), email, name, role, password)
    print_line(f"{name} may sign in at /staff as {email} ({role}).")
    _print_set_up_link(email)


def reset(email: Annotated[str, typer.Argument()], password: NewPassword = "") -> None:
    """Password or phone lost: set another password, and print a new link to set up an authenticator app."""
    from portal_app.services.staff.sign_in_settings import reset_staff_sign_in

    require_ready_database("staff reset")
    reset_staff_sign_in(system_principal("staff reset"), email, password)
    print_line(f"{email} has a new password; the authenticator app they had does not count.")
    _print_set_up_link(email)


def _print_set_up_link(email: str) -> None:
    from portal_app.i18n import date_text, time_text
    from portal_app.services.sign_in.set_up_links import make_set_up_link
    from portal_app.settings import settings

    if settings().demo:
        out.print("In a demo they set up their authenticator app when they sign in.")
        return
    link = make_set_up_link(system_principal("staff link"), email)
    until = f"{date_text('en', clock.local_date(link.expires_at))}, {time_text('en', link.expires_at)}"
    out.print("Give them this link. With their password they set up their authenticator app there:")
    print_line(f"  {link.address}")
    print_line(f"It works once, until {until}. A new one: portal staff reset {email}")
