"""`portal demo`: loads the demo practice, lists who can sign in, removes it again."""

import sys
from functools import partial
from typing import Annotated

import typer

from portal_app.commands.console import ProgressBar, print_line, require_confirmation
from portal_app.commands.imports import MOST_ROWS, print_report
from portal_app.domain.access import system_principal


def demo(
    who: Annotated[bool, typer.Option("--who", help="List who can sign in; load nothing.")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Show what the demo made, and remove it.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --remove: do not ask.")] = False,
) -> None:
    """Load the demo practice. Once loaded it stays as it is."""
    from portal_app.demo import load, sign_in_lines
    from portal_app.demo import staff as demo_staff
    from portal_app.demo.removal import remove as remove_demo
    from portal_app.services.practice.installation import require_demo

    if who and remove:
        sys.exit("portal: --who or --remove, not both.")
    if who:
        for line in ("Patients", *sign_in_lines(), "Staff", *demo_staff.sign_in_lines()):
            print_line(line)
        return
    if remove:
        agree = partial(require_confirmation, yes=yes)
        remove_demo(system_principal("demo removal"), say=print_line, agree=agree)
        return
    require_demo(system_principal("demo"))  # in production too: a practice's empty database is not a demo's
    with ProgressBar() as progress:
        report = load(system_principal("demo"), progress=progress)
    demo_staff.add_staff(system_principal("demo"))
    print_report(report, MOST_ROWS)
