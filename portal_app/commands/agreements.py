"""`portal verify FILE` and `portal seal-key replace`."""

from pathlib import Path
from typing import Annotated

import typer

from portal_app.commands.console import out
from portal_app.domain.access import system_principal

_SAID = {
    "genuine": "Genuine: sealed by this practice on {day}, and not a byte was changed since.",
    "changed": "Changed: made of a copy that this practice sealed{on}. It is not that copy any more.",
    "not_ours": "Not ours: it carries no seal of this practice.",
}


def verify(file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]) -> None:
    """Say whether a file is a copy of a signed agreement as this practice sealed it. Exit code 0 only if it is."""
    from portal_app.services.agreements.copies.verify import LARGEST, Verdict, verify_upload

    with file.open("rb") as opened:
        content = opened.read(LARGEST + 1)
    found = verify_upload(system_principal("verify"), content)
    day = f"{found.sealed_on:%Y-%m-%d}" if found.sealed_on else ""
    genuine = found.verdict is Verdict.GENUINE
    out.print(
        _SAID[found.verdict].format(day=day, on=f" on {day}" if day else ""), style="" if genuine else "red"
    )
    if not genuine:
        raise typer.Exit(1)


def replace() -> None:
    """Make a new key for seals. Copies sealed before stay verifiable."""
    from portal_app.gateways import sealer
    from portal_app.services.agreements.copies.signing_keys import replace_key

    replace_key(system_principal("seal-key replace"), sealer())
    out.print("Copies are sealed with a new key from now on. Those sealed before can still be checked.")
