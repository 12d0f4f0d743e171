"""`portal audit verify`."""

import typer

from portal_app.commands.console import out
from portal_app.domain.access import system_principal


def verify() -> None:
    """Check the hash chain of the audit trail, and the signed agreements against it; say where it was broken."""
    from portal_app.services.agreements.copies.check import check_agreements
    from portal_app.services.audit import verify_chain

    found = verify_chain(system_principal("audit verify"))
    if not found.whole:
        out.print(
            f"The audit trail was changed: line {found.broken_at} is missing or not as it was sealed.",
            style="red",
        )
        raise typer.Exit(1)
    if differences := check_agreements(system_principal("audit verify")):
        for one in differences:
            out.print(f"Changed behind the portal's back: {one.subject} ({one.what}).", style="red")
        raise typer.Exit(1)
    out.print(f"The audit trail is whole: {found.sealed} lines sealed, {found.waiting} wait for their seal.")
