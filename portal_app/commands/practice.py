"""`portal practice` and `portal practice set`: the practice's name and how it is reached."""

import sys
from typing import Annotated

import typer

from portal_app.commands.console import print_line, require_right_database
from portal_app.domain.access import system_principal

_LABELS = {
    "name": "name",
    "phone": "phone",
    "email": "email",
    "line1": "address",
    "line2": "",
    "city": "city",
    "region": "state",
    "postal_code": "ZIP code",
    "country": "country",
    "website": "website",
    "paper": "paper",
    "timezone": "time zone",
    "currency": "currency",
    "locale": "locale",
}


def show(context: typer.Context) -> None:
    """Show the practice's name and how it is reached. `portal practice set` changes it."""
    if context.invoked_subcommand:
        return
    from portal_app.services.practice.details import find_details
    from portal_app.services.practice.errors import PracticeMissing

    found = find_details(system_principal("practice"))
    if found is None:
        raise PracticeMissing
    for name, label in _LABELS.items():
        if text := getattr(found, name):
            print_line(f"{label:<10} {text}")
    for language, text in found.opening_hours.items():
        print_line(f"{f'hours {language}':<10} {text}")


def set_(
    name: Annotated[str | None, typer.Option(help="As patients know it. Needed the first time.")] = None,
    phone: Annotated[str | None, typer.Option()] = None,
    email: Annotated[str | None, typer.Option()] = None,
    line1: Annotated[str | None, typer.Option(help="Street and number.")] = None,
    line2: Annotated[str | None, typer.Option()] = None,
    city: Annotated[str | None, typer.Option()] = None,
    region: Annotated[str | None, typer.Option(help="State or province.")] = None,
    postal_code: Annotated[str | None, typer.Option()] = None,
    country: Annotated[str | None, typer.Option(help="Two letters, like US.")] = None,
    website: Annotated[str | None, typer.Option()] = None,
    paper: Annotated[str | None, typer.Option(help="us-letter or a4, for PDFs.")] = None,
    hours: Annotated[
        list[str] | None,
        typer.Option(help='Opening hours in one language, like "en=Monday to Friday". Once per language.'),
    ] = None,
) -> None:
    """Set the practice's name and how it is reached. What is not given stays; "" empties it."""
    from portal_app.services.practice.details import set_details

    given = {
        "name": name,
        "phone": phone,
        "email": email,
        "line1": line1,
        "line2": line2,
        "city": city,
        "region": region,
        "postal_code": postal_code,
        "country": country,
        "website": website,
        "paper": paper,
    }
    details = {key: text for key, text in given.items() if text is not None}
    if not details and not hours:
        sys.exit('portal: say what to set, like: portal practice set --name "Riverside Family Dental"')
    require_right_database("practice set")
    stored = set_details(system_principal("practice set"), details, hours=tuple(hours) if hours else None)
    print_line(
        f"{stored.name}: {stored.timezone}, {stored.currency}, {stored.locale}. Show it: portal practice"
    )
